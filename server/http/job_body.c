/* SPDX-License-Identifier: Apache-2.0 */
#include "http/job_body.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "http/handlers.h"
#include "service/info.h"
#include "service/price.h"
#include "service/words.h"
#include "wire/image_ref.h"
#include "json/put.h"

#define EXPIRES_US       (7 * INT64_C(86400000000))
#define SECOND           1000000
#define CPU_MAX          4096000
#define BYTES_MAX        (INT64_C(1) << 50)
#define BANDWIDTH_MAX    10000000
#define QUOTE_EXTRA      10 /* a tenth above the best offer */
#define EGRESS_ALLOWLIST 1  /* of egress_names */
#define BLOB_IMAGE       "blob:sha256:"

/* clang-format off */
static const char *const only_signed[] = { "\"signed\"", NULL };
static const char *const only_batch[] = { "\"batch\"", NULL };

#define W struct job_wish
static const struct json_field wish_fields[] = {
    JSON_TEXTS(W, regions, "regions", JSON_MAY, REGIONS - 1, "Any of these parts of the world; by default all."),
    JSON_I64(W, tier, "tier", JSON_MAY, 0, TIERS - 1, "Reputation of the machine at least, 0 to 3."),
    JSON_BOOL(W, verified, "verified", JSON_MAY, "Only machines whose capability was verified."),
    JSON_ENUM(W, isolation, "isolation", JSON_MAY, isolation_names, "How strictly it keeps containers apart, at least."),
    JSON_ENUM(W, interconnect, "interconnect", JSON_MAY, interconnect_names, "Between its GPUs, at least."),
    JSON_I64(W, bandwidth, "bandwidth_mbps", JSON_MAY, 0, BANDWIDTH_MAX, "Its line, at least."),
    JSON_TEXT(W, label, "data_label", JSON_MAY, 1, NAME_MAX_BYTES, "Only machines that say they hold this data."),
    JSON_END
};
#undef W

#define J struct job_body
/* All that a job needs may be left out when one only asks what it would cost. */
#define JOB_FIELDS(NEED) \
    JSON_TEXT(J, name, "name", JSON_MAY, 1, NAME_MAX_BYTES, "A name that people read."), \
    JSON_TEXT(J, image, "image", NEED, 1, IMAGE_MAX, "`blob:sha256:<digest>` of an OCI archive in the blob store, or an OCI reference with tag or digest."), \
    JSON_BOOL(J, registry_login, "registry_login", JSON_MAY, "Have the image fetched with the login that the account keeps for its registry. The machine that runs the job learns it."), \
    JSON_TEXTS(J, command, "command", JSON_MAY, COMMAND_ARGS_MAX, "Arguments, instead of the image's."), \
    JSON_TEXTS(J, entrypoint, "entrypoint", JSON_MAY, COMMAND_ARGS_MAX, "Program, instead of the image's."), \
    JSON_TEXT_MAP(J, env, "env", JSON_MAY, ENV_MAX, "Environment variables."), \
    JSON_TEXT(J, workdir, "workdir", JSON_MAY, 1, TEXT_MAX, "Working directory."), \
    JSON_TEXT(J, pool, "pool", JSON_MAY, 1, POOL_NAME_SIZE - 1, "The name of a pool; or give pools."), \
    JSON_TEXTS(J, pools, "pools", JSON_MAY, WANTS_MAX, "Names of pools, any of which will do; the limit price is meant for the first."), \
    JSON_ENUM(J, rank, "rank", JSON_MAY, rank_names, "Across pools: the lowest price, or the most reference throughput for the money."), \
    JSON_I64(J, nodes, "nodes", JSON_MAY, 1, GANG_NODES_MAX, "Machines at once: all of them or none."), \
    JSON_BOOL(J, same_site, "same_site", JSON_MAY, "All machines at one site."), \
    JSON_OBJECT(J, wish, "requires", JSON_MAY, wish_fields, "What a machine must be or have. What nobody offers waits."), \
    JSON_I64(J, cpu_millis, "cpu_millis", JSON_MAY, 1, CPU_MAX, "Thousandths of a vCPU that it needs."), \
    JSON_I64(J, memory_bytes, "memory_bytes", JSON_MAY, 1, BYTES_MAX, "Memory that it needs."), \
    JSON_I64(J, scratch_bytes, "scratch_bytes", JSON_MAY, 0, BYTES_MAX, "Disk that it needs."), \
    JSON_I64(J, gpus, "gpus", JSON_MAY, 0, UNITS_MAX, "GPUs that it needs."), \
    JSON_I64(J, units, "units", JSON_MAY, 1, UNITS_MAX, "Units of the pool, of each machine; by default as many as the needs take."), \
    JSON_MONEY(J, budget, "budget", NEED, 1, INT64_C(1000000000000000), "What it may cost in all, however often it is placed."), \
    JSON_MONEY(J, limit, "limit_price_per_unit_hour", JSON_MAY, 1, INT64_C(1000000000000000), "The most to pay for a unit and hour; by default the best offer and 10 %."), \
    JSON_I64(J, seconds, "max_duration_seconds", JSON_MAY, DURATION_MIN_S, DURATION_MAX_S, "The longest it may run."), \
    JSON_I64(J, checkpoint_seconds, "checkpoint_seconds", JSON_MAY, DURATION_MIN_S, DURATION_MAX_S, "The longest time of its work that it may lose: how often it saves."), \
    JSON_TIME(J, expires_us, "expires_at", JSON_MAY, "Until when the bid rests; by default seven days."), \
    JSON_ENUM(J, tif, "time_in_force", JSON_MAY, tif_names, "How long the bid rests, and whether it may trade at once."), \
    JSON_ENUM(J, own, "own", JSON_MAY, own_names, "Machines of the account and its team, which cost nothing: first, only, or never. One that puts out a tenant and runs for less than ten minutes counts as a declined lease: the machine sells nothing for a while."), \
    JSON_BOOL(J, interruptible, "interruptible", JSON_MAY, "It may have to make room after ten minutes, with two minutes' notice, and then rests again."), \
    JSON_I64(J, auction_ms, "auction_ms", JSON_MAY, 0, AUCTION_MAX_MS, "Ask machines for sealed offers first, for so long."), \
    JSON_I64(J, attempts, "max_attempts", JSON_MAY, 1, ATTEMPTS_MAX, "How often it is placed when machines fail it."), \
    JSON_REFUSED("level", only_signed, "How the result is checked. Only signed is supported yet."), \
    JSON_REFUSED("kind", only_batch, "Only batch is supported yet."), \
    JSON_ENUM(J, egress, "egress", JSON_MAY, egress_names, "Network of the container: none, only whom it names in allow, or the public internet."), \
    JSON_TEXTS(J, allow, "allow", JSON_MAY, EGRESS_ALLOW_MAX, "With egress allowlist: hosts as host or host:port, *.host for all below one."), \
    JSON_TEXTS(J, outputs, "outputs", JSON_MAY, COMMAND_ARGS_MAX, "Files or folders in /out to keep; by default everything there.")
const struct json_field post_jobs_fields[] = { JOB_FIELDS(JSON_NEED), JSON_END };
const struct json_field post_quotes_fields[] = { JOB_FIELDS(JSON_MAY), JSON_END };
#undef JOB_FIELDS
#undef J
/* clang-format on */

void job_body_init(struct job_body *j, int64_t now_us)
{
    j->seconds = DURATION_DEFAULT_S;
    j->checkpoint_seconds = RISK_DEFAULT_S;
    j->attempts = ATTEMPTS_DEFAULT;
    j->nodes = 1;
    j->expires_us = now_us + EXPIRES_US;
}

/* ---- what the table cannot say ---- */

#define WRONG(pointer, ...) complain(&rq->complaints, &rq->arena, &rq->err, (pointer), __VA_ARGS__)

static bool is_visible(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '!' || s.p[i] > '~') return false;
    return true;
}

static void check_image(struct req *rq, struct str image)
{
    uint8_t digest[32];
    const struct str prefix = STR(BLOB_IMAGE);

    if (!is_visible(image)) WRONG("/image", "must be letters, digits and signs without blanks");
    if (!str_starts(image, STR("blob:"))) return;
    const struct str hex = { image.p + prefix.n, image.n >= prefix.n ? image.n - prefix.n : 0 };
    if (!str_starts(image, prefix) || !str_hex(hex, digest, sizeof(digest)))
        WRONG("/image", "must be blob:sha256: and 64 lower-case hexadecimal digits");
}

static void check_registry(struct req *rq, const struct job_body *j)
{
    if (j->registry_login && j->image.p && !is_registry(image_registry(j->image)))
        WRONG("/registry_login", "goes with an image of a registry only");
}

static bool is_output(struct str s)
{
    return str_is(s, "/out") || str_starts(s, STR("/out/"));
}

static const char *at(struct req *rq, const char *list, size_t i)
{
    const char *pointer = arena_fmt(&rq->arena, "%s/%zu", list, i);

    return pointer ? pointer : list;
}

static void check_paths(struct req *rq, const struct job_body *j)
{
    if (j->workdir.n > 0 && j->workdir.p[0] != '/') WRONG("/workdir", "must begin with /");
    for (size_t i = 0; i < j->outputs.n; i++)
        if (!is_output(j->outputs.v[i]))
            WRONG(at(rq, "/outputs", i), "must be /out or a path in it");
}

/* ---- pools ---- */

static bool has_pool(const struct asking *q, const struct pool *pool)
{
    for (int32_t i = 0; i < q->bid.wants_n; i++)
        if (q->pools[i] == pool) return true;
    return false;
}

static void take_pool(struct req *rq, struct asking *q, const char *pointer, struct str name)
{
    const struct job_body *j = &q->job;
    const struct needs needs = { (int32_t)j->gpus, (int32_t)j->cpu_millis, j->memory_bytes,
                                 j->scratch_bytes };
    const struct pool *pool = info_pool_named(rq->svc->info, name);
    int32_t units = 1;

    if (!pool) {
        WRONG(pointer, "is no pool of this market");
        return;
    }
    if (has_pool(q, pool)) WRONG(pointer, "is named twice");
    if (!pool_units_for(pool, &needs, &units))
        WRONG(pointer, "has no number of units that serves what the job needs");
    if (j->units > 0 && j->units < units)
        WRONG("/units", "must be at least %d for what the job needs of %s", units, pool->name);
    q->pools[q->bid.wants_n] = pool;
    q->bid.wants[q->bid.wants_n++] =
        (struct want){ pool->number, j->units > 0 ? (int32_t)j->units : units };
}

static void check_pools(struct req *rq, struct asking *q)
{
    const struct job_body *j = &q->job;

    if (j->pool.p && j->pools.n > 0) WRONG("/pools", "must not be given beside pool");
    if (!j->pool.p && j->pools.n == 0)
        WRONG("/pool", "must be given, or pools with at least one name");
    if (rq->complaints.n > 0) return;
    if (j->pool.p) take_pool(rq, q, "/pool", j->pool);
    for (size_t i = 0; i < j->pools.n; i++)
        take_pool(rq, q, at(rq, "/pools", i), j->pools.v[i]);
}

static void check_rank(struct req *rq, const struct asking *q)
{
    for (int32_t i = 0; i < q->bid.wants_n && q->job.rank == RANK_VALUE; i++)
        if (q->pools[i]->throughput <= 0)
            WRONG("/rank", "cannot be value, as %s has no reference throughput", q->pools[i]->name);
}

static void check_limit(struct req *rq, const struct asking *q)
{
    char tick[MONEY_TEXT_SIZE];
    const int32_t n = q->job.rank == RANK_PRICE ? q->bid.wants_n : 1;

    if (q->job.limit == 0) return;
    for (int32_t i = 0; i < n; i++) {
        if (pool_on_tick(q->pools[i], (struct money){ q->job.limit })) continue;
        money_format(q->pools[i]->tick, tick);
        WRONG("/limit_price_per_unit_hour", "must be a multiple of the pool's tick, %s", tick);
        return;
    }
    for (int32_t i = n; i < q->bid.wants_n; i++)
        if (price_limit(rq->svc->info, &q->bid, i).micros <= 0)
            WRONG("/limit_price_per_unit_hour", "is less than a tick in %s", q->pools[i]->name);
}

/* ---- what goes together ---- */

static void check_regions(struct req *rq, struct asking *q)
{
    const struct str_list *list = &q->job.wish.regions;

    for (size_t i = 0; i < list->n; i++) {
        int r = 1;
        while (r < REGIONS && !str_is(list->v[i], region_names[r]))
            r++;
        if (r == REGIONS)
            WRONG(at(rq, "/requires/regions", i),
                  "must be one of africa, asia, europe, middle-east, north-america, oceania, "
                  "south-america");
        else
            q->bid.wish.regions |= 1 << r;
    }
}

static void check_auction(struct req *rq, const struct job_body *j)
{
    if (j->auction_ms == 0) return;
    if (j->tif != TIF_GOOD_TILL_TIME)
        WRONG("/auction_ms", "goes with time_in_force good-till-time only");
    if (j->nodes > 1) WRONG("/auction_ms", "is for one machine only");
    if (j->own == OWN_ONLY) WRONG("/auction_ms", "does not go with own only");
}

static void check_together(struct req *rq, const struct job_body *j)
{
    check_auction(rq, j);
    if (j->tif == TIF_POST_ONLY && j->own == OWN_ONLY)
        WRONG("/time_in_force", "cannot be post-only with own only");
    if (j->nodes > 1 && j->own == OWN_ONLY) WRONG("/own", "cannot be only for several machines");
}

static void fill_bid(struct asking *q)
{
    const struct job_body *j = &q->job;
    struct bid_spec *s = &q->bid;

    s->limit = (struct money){ j->limit };
    s->budget = (struct money){ j->budget };
    s->nodes = (int32_t)j->nodes;
    s->same_site = j->same_site && j->nodes > 1;
    s->seconds = (int32_t)j->seconds;
    s->checkpoint_seconds = (int32_t)j->checkpoint_seconds;
    s->expires_us = j->expires_us;
    s->attempts_max = (int32_t)j->attempts;
    s->tif = (enum time_in_force)j->tif;
    s->rank = (enum rank)j->rank;
    s->own = (enum own)j->own;
    s->interruptible = j->interruptible;
    s->auction_ms = (int32_t)j->auction_ms;
    s->wish.tier_min = (int32_t)j->wish.tier;
    s->wish.verified = j->wish.verified;
    s->wish.isolation_min = j->wish.isolation;
    s->wish.egress = j->egress;
    s->wish.interconnect_min = j->wish.interconnect;
    s->wish.bandwidth_min_mbps = (int32_t)j->wish.bandwidth;
    s->wish.label = label_number(j->wish.label);
}

static bool is_label_sign(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

/* A name of DNS with two labels or more, the last of which is no number, so that it is no address.
 */
static bool is_host(struct str host)
{
    size_t label = 0, labels = 1;
    if (host.n > 2 && host.p[0] == '*' && host.p[1] == '.')
        host = (struct str){ host.p + 2, host.n - 2 };
    if (host.n == 0 || host.n > 253) return false;
    for (size_t i = 0; i < host.n; i++) {
        const bool dot = host.p[i] == '.';
        if ((dot && label == 0) || (!dot && !is_label_sign(host.p[i])) || label > 63) return false;
        labels += dot;
        label = dot ? 0 : label + 1;
    }
    const char last = host.p[host.n - 1];
    return labels >= 2 && label > 0 && !(last >= '0' && last <= '9');
}

static void check_egress(struct req *rq, const struct job_body *j)
{
    const bool listed = j->egress == EGRESS_ALLOWLIST;
    if (listed && j->allow.n == 0) WRONG("/allow", "is required with egress allowlist");
    if (!listed && j->allow.n > 0) WRONG("/allow", "goes with egress allowlist only");
    for (size_t i = 0; i < j->allow.n; i++) {
        struct str host = j->allow.v[i], port = { NULL, 0 };
        int64_t number = 0;
        if (str_cut(j->allow.v[i], ':', &host, &port) && !str_i64(port, 1, 65535, &number))
            WRONG(at(rq, "/allow", i), "must have a port from 1 to 65535");
        else if (number == 25)
            WRONG(at(rq, "/allow", i), "must not be port 25, which is closed");
        else if (!is_host(host))
            WRONG(at(rq, "/allow", i),
                  "must be the name of a host, as example.org, *.example.org or example.org:443");
    }
}

bool job_body_check(struct req *rq, struct asking *q)
{
    check_egress(rq, &q->job);
    check_image(rq, q->job.image);
    check_registry(rq, &q->job);
    check_paths(rq, &q->job);
    check_together(rq, &q->job);
    check_regions(rq, q);
    fill_bid(q);
    check_pools(rq, q);
    if (q->bid.wants_n > 0) check_rank(rq, q);
    if (rq->complaints.n == 0) check_limit(rq, q);
    return rq->complaints.n == 0;
}

bool job_body_check_moment(struct req *rq, const struct asking *q)
{
    const struct bid_spec *s = &q->bid;
    const int64_t now = clock_wall_us();

    if (s->expires_us <= now) WRONG("/expires_at", "must not have passed");
    if (s->expires_us > now + (int64_t)DURATION_MAX_S * SECOND)
        WRONG("/expires_at", "must be at most 30 days ahead");
    if (price_want(rq->svc->info, s).micros < price_least(rq->svc->info, s).micros)
        WRONG("/budget", "does not pay for the least that is billed");
    return rq->complaints.n == 0;
}

/* ---- a limit from the books ---- */

/* What the best offer in this pool is worth in the first. 0: there is no offer. */
static int64_t best_offer(struct req *rq, const struct asking *q, int32_t w)
{
    struct depth *d = arena_alloc(&rq->arena, sizeof(*d));

    if (!d || !writer_depth(rq->svc->writer, q->pools[w]->number, d) || d->asks.n == 0) return 0;
    const int64_t best = d->asks.levels[0].price.micros;
    if (w == 0 || q->job.rank == RANK_PRICE) return best;
    const __int128 same = (__int128)best * q->pools[0]->throughput / q->pools[w]->throughput;
    return same > MONEY_INPUT_MAX.micros ? MONEY_INPUT_MAX.micros : (int64_t)same;
}

int64_t job_body_tick(const struct asking *q)
{
    int64_t tick = q->pools[0]->tick.micros;

    for (int32_t i = 1; i < q->bid.wants_n && q->job.rank == RANK_PRICE; i++) {
        const int64_t other = q->pools[i]->tick.micros;
        int64_t a = tick, b = other;
        while (b != 0) {
            const int64_t rest = a % b;
            a = b;
            b = rest;
        }
        if (__builtin_mul_overflow(tick / a, other, &tick)) return MONEY_INPUT_MAX.micros;
    }
    return tick;
}

void job_body_quote(struct req *rq, struct asking *q)
{
    const int64_t tick = job_body_tick(q);
    int64_t best = 0;

    if (q->job.limit > 0) return;
    for (int32_t i = 0; i < q->bid.wants_n; i++) {
        const int64_t price = best_offer(rq, q, i);
        if (price > 0 && (best == 0 || price < best)) best = price;
    }
    q->no_quote = best == 0;
    if (q->bid.own == OWN_ONLY) { /* what it costs nothing at */
        q->no_quote = false;
        best = tick;
    }
    const int64_t wanted = best + (best + QUOTE_EXTRA - 1) / QUOTE_EXTRA;
    q->bid.limit = (struct money){ (wanted + tick - 1) / tick * tick };
}

/* ---- what it is about ---- */

static void put_words(struct buf *b, const char *name, const struct str_list *list)
{
    if (list->n == 0) return;
    json_open(b, name, '[');
    for (size_t i = 0; i < list->n; i++)
        json_put_text(b, NULL, list->v[i]);
    json_close(b, ']');
}

static void put_some(struct buf *b, const char *name, struct str s)
{
    if (s.p) json_put_text(b, name, s);
}

static void put_number(struct buf *b, const char *name, int64_t v)
{
    if (v != 0) json_put_i64(b, name, v);
}

static int by_name(const void *a, const void *b)
{
    const struct str x = ((const struct str_pair *)a)->name, y = ((const struct str_pair *)b)->name;
    const int order = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);

    return order != 0 ? order : (x.n > y.n) - (x.n < y.n);
}

/* Names are different, as a body that has one twice is refused. */
static void put_env(struct buf *b, const struct str_map *env)
{
    struct str_pair v[ENV_MAX];

    if (env->n == 0) return;
    assert(env->n <= ENV_MAX); /* as the table says */
    memcpy(v, env->v, env->n * sizeof(*v));
    qsort(v, env->n, sizeof(*v), by_name);
    json_open(b, "env", '{');
    for (size_t i = 0; i < env->n; i++) {
        if (i > 0) buf_char(b, ',');
        json_canonical_text(v[i].name, b);
        buf_char(b, ':');
        json_canonical_text(v[i].value, b);
    }
    json_close(b, '}');
}

/* It is kept for ever with every job, so what says nothing is left out; who reads it knows what
 * then holds. Canonical: sorted by name. */
void job_body_blueprint(const struct job_body *j, struct buf *b)
{
    json_open(b, NULL, '{');
    put_words(b, "allow", &j->allow);
    put_words(b, "command", &j->command);
    put_number(b, "cpu_millis", j->cpu_millis);
    put_some(b, "data_label", j->wish.label);
    if (j->egress > 0) json_put_text(b, "egress", str_of(egress_names[j->egress]));
    put_words(b, "entrypoint", &j->entrypoint);
    put_env(b, &j->env);
    json_put_text(b, "image", j->image);
    if (j->wish.isolation > 0)
        json_put_text(b, "isolation", str_of(isolation_names[j->wish.isolation]));
    put_number(b, "memory_bytes", j->memory_bytes);
    put_some(b, "name", j->name);
    put_words(b, "outputs", &j->outputs);
    if (j->registry_login) json_put_bool(b, "registry_login", true);
    put_number(b, "scratch_bytes", j->scratch_bytes);
    put_some(b, "workdir", j->workdir);
    json_close(b, '}');
}
