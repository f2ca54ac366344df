#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A whole market on this machine: a private PostgreSQL below ./var, the server, three machines of two
# providers at three prices, and one job in a real container, paid to the cent. `./dev demo` builds and
# calls this. Each step prints the request that it makes, so that it can be repeated by hand.
#
#   demo.sh [--once]      stay until Ctrl-C, or end after the job with one line of JSON
set -eu
cd "$(dirname "$0")/.."

once=no
case ${1:-} in
--once) once=yes ;;
'') ;;
*) sed -n '3,7p' "$0"; exit 2 ;;
esac

bin=$PWD/build
var=$PWD/var
api=127.0.0.1:${BOURSE_PORT:-8080} agents=127.0.0.1:${BOURSE_AGENT_PORT:-8081}
metrics=127.0.0.1:${BOURSE_METRICS_PORT:-9464}
url=http://$api
pids=()

step() { printf '\n\033[1m%s\033[0m\n' "$*" >&2; }
show() { printf '  $ %s\n' "$*" >&2; }
fail() { echo "demo: $*" >&2; exit 1; }
now_ms() { date +%s%3N; }

# field PATH: one value of the JSON on standard input, e.g. `field data 0 node_id`.
field() {
    python3 -c 'import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1:]:
    value = value[int(key) if isinstance(value, list) else key]
print("" if value is None else value if isinstance(value, str) else json.dumps(value))' "$@"
}

# request KEY METHOD PATH [BODY]: show it, make it, print the answer; ends the demo on a refusal.
request() {
    local key=$1 method=$2 path=$3 body=${4:-} out
    # shellcheck disable=SC2016 # the quotes are those that the shown command needs
    show "curl -X $method $url$path -H 'Authorization: Bearer …'${body:+ -d '$body'}"
    local args=(-sS -X "$method" -H "Authorization: Bearer $key" -w '\n%{http_code}')
    if [ -n "$body" ]; then args+=(-H 'Content-Type: application/json' -d "$body"); fi
    if [ "$method" = POST ]; then args+=(-H "Idempotency-Key: demo-$(openssl rand -hex 8)"); fi
    out=$(curl "${args[@]}" "$url$path")
    case ${out##*$'\n'} in
    2*) printf '%s\n' "${out%$'\n'*}" ;;
    *) fail "$method $path was refused: $out" ;;
    esac
}

# shellcheck disable=SC2317 # called by the trap
finish() {
    local status=$? pid
    trap - EXIT INT TERM
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    tools/engine.sh stop "$var/engine" || true
    tools/pg.sh stop "$var/pg" || true
    exit "$status"
}

wait_for() { # wait_for SECONDS WHAT COMMAND…
    local seconds=$1 what=$2 end
    shift 2
    end=$(($(date +%s) + seconds))
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -lt "$end" ] || fail "$what did not happen within $seconds s; see $var/*.log"
        sleep 0.1
    done
}

start_market() {
    step "1. A database and a market of its own, below ./var"
    db=$(tools/pg.sh start "$var/pg")
    show "bourse-server init --state var/server --db '$db'"
    [ -d "$var/server" ] || "$bin/bourse-server" init --state "$var/server" --db "$db" >&2
    show "bourse-server run --state var/server --db '…' --listen $api"
    "$bin/bourse-server" run --state "$var/server" --db "$db" --listen "$api" --agent-listen "$agents" \
        --metrics-listen "$metrics" --public-url "$url" --static-dir static --openapi openapi.yaml >"$var/server.log" 2>&1 &
    pids+=($!)
    wait_for 30 "the server's start" curl -sf "$url/readyz"
}

# account_of NAME: prints "ID KEY"; made once, then remembered below ./var.
account_of() {
    local file=$var/accounts/$1
    mkdir -p "$var/accounts"
    if [ ! -s "$file" ]; then
        show "bourse-server account create --name $1"
        "$bin/bourse-server" account create --state "$var/server" --db "$db" --name "$1" |
            grep -oE 'acct_[a-z0-9]+|brs_live_[A-Za-z0-9_-]+' | tr '\n' ' ' >"$file"
        echo >>"$file"
    fi
    cat "$file"
}

# start_machine KEY NAME PRICE: a node whose agent sells two units of cpu at PRICE.
start_machine() {
    local key=$1 name=$2 price=$3 token dir=$var/$2
    if [ ! -d "$dir" ]; then
        token=$(request "$key" POST /v1/join-tokens "{\"name\":\"$name\"}" | field token)
        show "bourse-agent join --server http://$agents --token brs_join_… --state var/$name --name $name"
        "$bin/bourse-agent" join --server "http://$agents" --token "$token" --state "$dir" --name "$name" >&2
    fi
    cat >"$dir/agent.conf" <<EOF
engine = $engine
name = $name
price_per_unit_hour = $price
units = 2
cpu_millis = 2000
memory_bytes = 2147483648
scratch_bytes = 4294967296
EOF
    show "bourse-agent run --state var/$name        # sells 2 units of cpu at \$$price an hour"
    "$bin/bourse-agent" run --state "$dir" >"$var/$name.log" 2>&1 &
    pids+=($!)
}

offers_are() { # offers_are N: that many asks are open in the pool cpu
    [ "$(curl -sf "$url/v1/pools/cpu" | field asks open)" -ge "$1" ]
}

start_machines() {
    step "2. A container engine, two providers, three machines at three prices"
    engine=$(tools/engine.sh start "$var/engine")
    echo "  containers run in $engine" >&2
    local ada bela
    read -r _ ada < <(account_of ada)
    read -r _ bela < <(account_of bela)
    start_machine "$ada" ada-1 0.05
    start_machine "$ada" ada-2 0.08
    start_machine "$bela" bela-1 0.06
    wait_for 60 "the machines' offers" offers_are 3
    show "curl $url/v1/pools/cpu/depth"
    curl -sS "$url/v1/pools/cpu/depth" | python3 -c 'import json, sys
for ask in json.load(sys.stdin)["asks"]:
    print("  offered: {} units at {} USD".format(ask["units"], ask["price_per_unit_hour"]["amount"]))' >&2
}

# upload NAME: its image becomes a blob; no registry is needed.
upload() {
    local sha
    sha=$(sha256sum "$var/examples/$1.tar" | cut -d' ' -f1)
    show "curl -T var/examples/$1.tar $url/v1/blobs/$sha"
    curl -sSf -o /dev/null -H "Authorization: Bearer $buyer_key" -T "$var/examples/$1.tar" "$url/v1/blobs/$sha"
}

make_buyer() {
    step "3. A buyer with \$25, and two images that need no registry"
    read -r buyer buyer_key < <(account_of carol)
    show "bourse-server account credit $buyer 25.00"
    "$bin/bourse-server" account credit --state "$var/server" --db "$db" "$buyer" 25.00 >&2
    examples/build.sh "$var/examples" >&2
    upload charlm
    upload hello
}

# watch_job ID UNTIL: long polls until its state is one of UNTIL; prints the last answer.
watch_job() {
    local id=$1 until=$2 answer state='' etag='' headers=$var/headers end
    end=$(($(date +%s) + 300))
    while [ "$(date +%s)" -lt "$end" ]; do
        answer=$(curl -sS -D "$headers" -H "Authorization: Bearer $buyer_key" -H 'Prefer: wait=20' \
            ${etag:+-H "If-None-Match: $etag"} "$url/v1/jobs/$id")
        etag=$(sed -n 's/^[Ee][Tt][Aa][Gg]: *\(.*\)\r$/\1/p' "$headers")
        [ -n "$answer" ] || continue
        state=$(printf '%s' "$answer" | field state)
        case " $until " in *" $state "*) printf '%s' "$answer"; return 0 ;; esac
    done
    fail "the job $id is still $state"
}

over="settled failed cancelled expired"

run_job() {
    step "4. One job: train a language model, at most \$1, at most ten minutes"
    local answer
    answer=$(request "$buyer_key" POST /v1/jobs "$(cat "$var/examples/charlm.json")")
    job=$(printf '%s' "$answer" | field job job_id)
    printf '%s' "$answer" | python3 -c 'import json, sys
a = json.load(sys.stdin)
for t in a["trades"]:
    print("  traded at once: {} units at {} USD an hour, the cheapest offer".format(t["units"], t["price_per_unit_hour"]["amount"]))' >&2
    show "curl $url/v1/jobs/$job -H 'Prefer: wait=20' -H 'If-None-Match: …'"
    watch_job "$job" "running checking $over" >/dev/null
    echo "  running; its log as it comes:" >&2
    show "curl $url/v1/jobs/$job/log -H 'Accept: text/plain'"
    answer=$(watch_job "$job" "$over")
    curl -sS -H "Authorization: Bearer $buyer_key" -H 'Accept: text/plain' "$url/v1/jobs/$job/log" | sed 's/^/  | /' >&2
    state=$(printf '%s' "$answer" | field state)
    request "$buyer_key" GET "/v1/jobs/$job/outputs" | python3 -c 'import json, sys
for o in json.load(sys.stdin)["data"]:
    print("  {:>9} bytes  sha256 {}…  {}".format(o["size_bytes"], o["sha256"][:16], o["path"]))' >&2
    echo "  $state" >&2
}

show_proof() {
    step "5. What it cost, and who can check it"
    local key
    request "$buyer_key" GET "/v1/jobs/$job/receipt" >"$var/receipt.json"
    key=$(curl -sS "$url/.well-known/bourse" | field public_key)
    show "bourse receipt verify --market-key $key var/receipt.json"
    receipt_ok=false
    if "$bin/bourse" receipt verify --market-key "$key" "$var/receipt.json" >&2; then receipt_ok=true; fi
    local lease
    lease=$(request "$buyer_key" GET "/v1/jobs/$job" | field leases 0)
    charged=$(printf '%s' "$lease" | field charge amount)
    fee=$(printf '%s' "$lease" | field fee amount)
    payout=$(printf '%s' "$lease" | field payout amount)
    request "$buyer_key" GET "/v1/postings?job_id=$job" | python3 -c 'import json, sys
for entry in json.load(sys.stdin)["data"]:
    for line in entry["lines"]:
        print("  {:>6} {:14} {:13} {:10} {:>15}".format(entry["entry"], entry["kind"], line["account"], line["bucket"], line["amount"]["amount"]))' >&2
}

# Five short jobs on machines that have the image: from the order to the running container.
run_warm_jobs() {
    step "6. Five short jobs, to see how fast a start is"
    local i id answer times=() all=settled
    for i in 1 2 3 4 5 6 7 8; do # the first three bring the image to the machines
        answer=$(request "$buyer_key" POST /v1/jobs "$(cat "$var/examples/hello.json")" 2>/dev/null)
        id=$(printf '%s' "$answer" | field job job_id)
        answer=$(watch_job "$id" "$over")
        [ "$(printf '%s' "$answer" | field state)" = settled ] || all=no
        [ "$i" -gt 3 ] || continue
        times+=("$(printf '%s' "$answer" | python3 -c 'import json, sys
from datetime import datetime
at = lambda t: datetime.fromisoformat(t.replace("Z", "+00:00"))
job = json.load(sys.stdin)
print(round((at(job["leases"][0]["ready_at"]) - at(job["created_at"])).total_seconds() * 1000))')")
    done
    [ "$all" = settled ] || fail "a short job did not settle"
    running_ms=$(printf '%s\n' "${times[@]:0:5}" | sort -n | sed -n 3p)
    echo "  from the order to the running container: ${times[*]} ms, median $running_ms" >&2
}

# The database's own arithmetic, not the server's.
check_ledger() {
    local wrong
    wrong=$(tools/pg.sh sql "$db" "SELECT (SELECT count(*) FROM (SELECT seq FROM postings GROUP BY seq HAVING sum(amount) <> 0) e)
        + (SELECT count(*) FROM balances b
           WHERE available <> (SELECT coalesce(sum(amount), 0) FROM postings p WHERE p.account = b.account AND p.bucket = 0)
              OR held <> (SELECT coalesce(sum(amount), 0) FROM postings p WHERE p.account = b.account AND p.bucket = 1))
        + abs((SELECT sum(available + held) FROM balances))")
    [ "$wrong" = 0 ] || fail "the ledger does not balance: $wrong"
    echo "  every entry sums to zero, every balance is the sum of its postings" >&2
}

mkdir -p "$var"
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
start_market
start_machines
make_buyer
run_job
show_proof
run_warm_jobs
check_ledger
if [ "$once" = yes ]; then
    printf '{"job":"%s","state":"%s","charged":"%s","payout":"%s","fee":"%s","receipt_ok":%s,"submit_to_running_ms":%d}\n' \
        "$job" "$state" "$charged" "$payout" "$fee" "$receipt_ok" "$running_ms"
    [ "$state" = settled ] && [ "$receipt_ok" = true ] || exit 1
    exit 0
fi
step "The market stays up; look at it:"
echo "  dashboard   $url/          sign in with $buyer_key" >&2
echo "  metrics     http://$metrics/metrics" >&2
echo "  Ctrl-C ends everything; ./var keeps the database" >&2
wait -n "${pids[@]}" || fail "a program ended by itself; see $var/*.log"
