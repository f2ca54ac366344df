/* SPDX-License-Identifier: Apache-2.0 */
/* How fast a log is replayed, and what of that time is the rules' own.
 *
 *     bench_replay [COMMANDS [SEED [FILE]]]
 *
 * A market of asks, jobs and cancellations around one price is run once and written as a log in
 * memory. Then, in turns, the log is replayed as bourse-server replay does (reading, hashing,
 * applying, comparing), and the same commands are applied alone. Prints one line of JSON with the
 * medians. The log is kept in FILE, for bourse-server replay. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/mem.h"
#include "service/logfile.h"
#include "service/replay.h"
#include "sign/sha.h"

#define NODES   1024 /* each with at most NODE_ASKS_MAX asks */
#define BUYERS  64
#define USD     INT64_C(1000000)
#define TICK    INT64_C(1000)
#define MID     1000 /* ticks */
#define WIDTH   100
#define TURNS   5
#define LOG_MAX ((size_t)16 << 30)

static const struct pool cpu = {
    .number = 1,
    .name = "cpu",
    .unit = { .cpu_millis = 1000, .memory_bytes = 1 << 30, .scratch_bytes = 1 << 30 },
    .tick = { TICK },
};

struct stream {
    uint64_t dice;
    struct market *market;
    struct command *commands; /* those that were applied */
    size_t n, max;
    struct buf log;
    int64_t trades;
    uint64_t trade_hash;
};

static int64_t below(struct stream *s, int64_t n) /* splitmix64 */
{
    uint64_t z = (s->dice += UINT64_C(0x9E3779B97F4A7C15));

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (int64_t)((z ^ (z >> 31)) % (uint64_t)n);
}

/* Its number; 0 when it was refused. */
static int64_t tell(struct stream *s, struct command c)
{
    struct outcome out;

    c.seq = market_last_seq(s->market) + 1;
    c.at_us = market_last_us(s->market) + 1 + below(s, 1000);
    market_apply(s->market, &c, &out);
    if (out.refused != ERR_NONE) return 0;
    const struct trade *t = market_trades(s->market) + out.trades_first;
    for (int32_t i = 0; i < out.trades_n; i++)
        s->trade_hash = trade_hash_add(s->trade_hash, t[i].bid, t[i].ask, t[i].price, t[i].units);
    s->trades += out.trades_n;
    logfile_put_command(&c, &s->log);
    s->commands[s->n++] = c;
    if (s->n % GROUP_MAX == 0) market_settle_group(s->market);
    return c.seq;
}

static int64_t account(struct stream *s)
{
    const int64_t a =
        tell(s, (struct command){ .account = ACCOUNT_WORLD, .kind = COMMAND_OPEN_ACCOUNT });

    (void)tell(s, (struct command){ .account = ACCOUNT_WORLD,
                                    .kind = COMMAND_CREDIT,
                                    .u.credit = { a, { 100000000 * USD } } });
    return a;
}

static void place_ask(struct stream *s, int64_t provider, int64_t node)
{
    const struct money price = { (MID - WIDTH / 4 + below(s, WIDTH)) * TICK };
    struct command c = { .kind = COMMAND_PLACE_ASK, .account = provider };

    c.u.place_ask = (struct ask_spec){ .node = node,
                                       .pool = cpu.number,
                                       .price = price,
                                       .floor = price,
                                       .units = 1 + (int32_t)below(s, 8),
                                       .until_us = INT64_C(1) << 60,
                                       .seconds_min = DURATION_MIN_S,
                                       .seconds_max = DURATION_MAX_S,
                                       .risk_seconds = DURATION_MAX_S };
    (void)tell(s, c);
}

static void submit_job(struct stream *s, int64_t buyer)
{
    struct command c = { .kind = COMMAND_SUBMIT_JOB, .account = buyer };

    c.u.submit_job = (struct bid_spec){ .wants = { { cpu.number, 1 + (int32_t)below(s, 4) } },
                                        .wants_n = 1,
                                        .limit = { (MID - WIDTH * 3 / 4 + below(s, WIDTH)) * TICK },
                                        .budget = { 100 * USD },
                                        .nodes = 1,
                                        .seconds = 3600,
                                        .checkpoint_seconds = 3600,
                                        .expires_us = market_last_us(s->market) + 86400 * USD,
                                        .attempts_max = 3 };
    (void)tell(s, c);
}

/* One of the last few thousand orders, if it is still there. */
static void cancel(struct stream *s)
{
    const struct command *o =
        &s->commands[s->n - 1 - (size_t)below(s, s->n < 4096 ? (int64_t)s->n : 4096)];

    if (o->kind != COMMAND_PLACE_ASK && o->kind != COMMAND_SUBMIT_JOB) return;
    (void)tell(s, (struct command){ .account = o->account,
                                    .kind = o->kind == COMMAND_PLACE_ASK ? COMMAND_CANCEL_ASK
                                                                         : COMMAND_CANCEL_JOB,
                                    .u.order = { o->seq } });
}

static void put_header(struct stream *s)
{
    struct logfile_header *h = mem_zalloc(sizeof(*h));

    snprintf(h->format, sizeof(h->format), LOGFILE_FORMAT);
    snprintf(h->market, sizeof(h->market), "mkt_bench");
    h->first_seq = LOGFILE_FIRST;
    h->version = LOGFILE_VERSION;
    h->rules = market_rules_default;
    h->pools[0] = cpu;
    h->pools_n = 1;
    logfile_genesis(h, h->genesis);
    logfile_put_header(h, &s->log);
    mem_free(h);
}

static void put_footer(struct stream *s)
{
    struct logfile_footer f = { .count = (int64_t)s->n,
                                .last_seq = market_last_seq(s->market),
                                .trades = s->trades };

    sha256_hex(buf_view(&s->log), f.sha256);
    hash_text(market_hash(s->market), f.state_hash);
    hash_text(s->trade_hash, f.trade_hash);
    logfile_put_footer(&f, &s->log);
}

static void make(struct stream *s, int64_t n)
{
    static int64_t nodes[NODES];
    int64_t buyers[BUYERS];

    put_header(s);
    for (size_t i = 0; i < BUYERS; i++)
        buyers[i] = account(s);
    const int64_t provider = account(s);
    struct command node = { .kind = COMMAND_PUT_NODE, .account = provider };
    node.u.put_node.spec = (struct node_spec){ .cpu_millis = INT32_MAX,
                                               .memory_bytes = INT64_C(1) << 60,
                                               .scratch_bytes = INT64_C(1) << 60 };
    for (size_t i = 0; i < NODES; i++)
        nodes[i] = tell(s, node);
    while (s->n < (size_t)n) {
        const int64_t what = below(s, 10);
        if (what < 4)
            place_ask(s, provider, nodes[below(s, NODES)]);
        else if (what < 8)
            submit_job(s, buyers[below(s, BUYERS)]);
        else
            cancel(s);
    }
    put_footer(s);
}

static int64_t replay_us(const struct stream *s)
{
    struct err err = { 0 };
    struct replay_result result;
    struct str rest = buf_view(&s->log), line, tail;
    const int64_t began = clock_monotonic_us();
    struct replay *r = replay_new();
    bool ok = true;

    for (; ok && str_cut(rest, '\n', &line, &tail); rest = tail)
        ok = replay_line(r, (struct str){ line.p, line.n + 1 }, &err);
    ok = ok && replay_end(r, &err);
    const int64_t took = clock_monotonic_us() - began;
    replay_result(r, &result);
    replay_free(r);
    if (ok && result.matches) return took;
    fprintf(stderr, "bench_replay: %s\n", err.detail);
    exit(1);
}

static int64_t apply_us(const struct stream *s)
{
    struct market *m = market_new(&mem_heap, &market_rules_default, &cpu, 1);
    const int64_t began = clock_monotonic_us();
    struct outcome out;

    for (size_t i = 0; i < s->n; i++) {
        market_apply(m, &s->commands[i], &out);
        if (i % GROUP_MAX == GROUP_MAX - 1) market_settle_group(m);
    }
    const int64_t took = clock_monotonic_us() - began;
    market_free(m);
    return took;
}

static int by_value(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static double median_per_s(int64_t us[TURNS], size_t n)
{
    qsort(us, TURNS, sizeof(us[0]), by_value);
    return (double)n * 1e6 / (double)(us[TURNS / 2] > 0 ? us[TURNS / 2] : 1);
}

int main(int argc, char **argv)
{
    int64_t n = 300000, seed = 1, replays[TURNS], applies[TURNS];
    struct err err = { 0 };

    if (argc > 1 && !str_i64(str_of(argv[1]), 200, 100000000, &n)) return 2;
    if (argc > 2 && !str_i64(str_of(argv[2]), 0, INT64_MAX, &seed)) return 2;
    struct stream s = { .dice = (uint64_t)seed, .trade_hash = TRADE_HASH_START };
    s.max = (size_t)n;
    s.commands = mem_zalloc(s.max * sizeof(*s.commands));
    buf_init(&s.log, LOG_MAX);
    s.market = market_new(&mem_heap, &market_rules_default, &cpu, 1);
    if (!s.market) return 1;
    make(&s, n);
    if (s.log.failed) return 1;
    if (argc > 3 && !file_write(argv[3], buf_view(&s.log), 0644, &err)) return 1;
    for (int i = 0; i < TURNS; i++) {
        replays[i] = replay_us(&s);
        applies[i] = apply_us(&s);
    }
    const double replayed = median_per_s(replays, s.n), applied = median_per_s(applies, s.n);
    printf("{\"bench\":\"replay\",\"commands\":%zu,\"bytes\":%zu,\"trades\":%" PRId64
           ",\"commands_per_second\":%.0f,\"applied_per_second\":%.0f,\"share_of_the_rules\":%.2f,"
           "\"footer\":\"match\"}\n",
           s.n, s.log.n, s.trades, replayed, applied, replayed / applied);
    market_free(s.market);
    mem_free(s.commands);
    buf_done(&s.log);
    return 0;
}
