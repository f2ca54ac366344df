/* SPDX-License-Identifier: Apache-2.0 */
/* How fast a log is replayed, and what of that time is the rules' own.
 *
 *     bench_replay [COMMANDS [SEED [FILE]]]
 *
 * The market of stream.h is run once and written as a log in
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
#include "stream.h"

#define TURNS   5
#define LOG_MAX ((size_t)16 << 30)

struct tape {
    struct stream stream;
    struct command *commands; /* those that were applied */
    size_t n;
    struct buf log;
    uint64_t trade_hash;
};

static void record(void *arg, const struct command *c, const struct outcome *out)
{
    struct tape *const tape = arg;
    const struct trade *t = market_trades(tape->stream.market) + out->trades_first;

    for (int32_t i = 0; i < out->trades_n; i++)
        tape->trade_hash =
            trade_hash_add(tape->trade_hash, t[i].bid, t[i].ask, t[i].price, t[i].units);
    logfile_put_command(c, &tape->log);
    tape->commands[tape->n++] = *c;
}

static void put_header(struct tape *tape)
{
    struct logfile_header *h = mem_zalloc(sizeof(*h));

    snprintf(h->format, sizeof(h->format), LOGFILE_FORMAT);
    snprintf(h->market, sizeof(h->market), "mkt_bench");
    h->first_seq = LOGFILE_FIRST;
    h->version = LOGFILE_VERSION;
    h->rules = stream_rules();
    h->pools[0] = stream_pool;
    h->pools_n = 1;
    logfile_genesis(h, h->genesis);
    logfile_put_header(h, &tape->log);
    mem_free(h);
}

static void put_footer(struct tape *tape)
{
    struct logfile_footer f = { .count = (int64_t)tape->n,
                                .last_seq = market_last_seq(tape->stream.market),
                                .trades = tape->stream.trades };

    sha256_hex(buf_view(&tape->log), f.sha256);
    hash_text(market_hash(tape->stream.market), f.state_hash);
    hash_text(tape->trade_hash, f.trade_hash);
    logfile_put_footer(&f, &tape->log);
}

static void make(struct tape *tape, size_t n)
{
    put_header(tape);
    stream_begin(&tape->stream);
    while (tape->n < n)
        stream_next(&tape->stream);
    put_footer(tape);
}

static int64_t replay_us(const struct tape *tape)
{
    struct err err = { 0 };
    struct replay_result result;
    struct str rest = buf_view(&tape->log), line, tail;
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

static int64_t apply_us(const struct tape *tape)
{
    const struct market_rules rules = stream_rules();
    struct market *m = market_new(&mem_heap, &rules, &stream_pool, 1);
    const int64_t began = clock_monotonic_us();
    struct outcome out;

    for (size_t i = 0; i < tape->n; i++) {
        market_apply(m, &tape->commands[i], &out);
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

    if (argc > 1 && !str_i64(str_of(argv[1]), STREAM_FIRST, 100000000, &n)) return 2;
    if (argc > 2 && !str_i64(str_of(argv[2]), 0, INT64_MAX, &seed)) return 2;
    static struct tape tape;
    const struct market_rules rules = stream_rules();
    tape.trade_hash = TRADE_HASH_START;
    tape.commands = mem_zalloc((size_t)n * sizeof(*tape.commands));
    buf_init(&tape.log, LOG_MAX);
    tape.stream.dice = (uint64_t)seed;
    tape.stream.applied_one = record;
    tape.stream.arg = &tape;
    tape.stream.market = market_new(&mem_heap, &rules, &stream_pool, 1);
    if (!tape.stream.market) return 1;
    make(&tape, (size_t)n);
    if (tape.log.failed) return 1;
    if (argc > 3 && !file_write(argv[3], buf_view(&tape.log), 0644, &err)) return 1;
    for (int i = 0; i < TURNS; i++) {
        replays[i] = replay_us(&tape);
        applies[i] = apply_us(&tape);
    }
    const double replayed = median_per_s(replays, tape.n), applied = median_per_s(applies, tape.n);
    printf("{\"bench\":\"replay\",\"commands\":%zu,\"bytes\":%zu,\"trades\":%" PRId64
           ",\"commands_per_second\":%.0f,\"applied_per_second\":%.0f,\"share_of_the_rules\":%.2f,"
           "\"footer\":\"match\"}\n",
           tape.n, tape.log.n, tape.stream.trades, replayed, applied, replayed / applied);
    market_free(tape.stream.market);
    mem_free(tape.commands);
    buf_done(&tape.log);
    return 0;
}
