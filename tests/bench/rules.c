/* SPDX-License-Identifier: Apache-2.0 */
/* How many commands a second the rules apply, in memory and on one core.
 *
 *     bench_rules [COMMANDS [SEED]]
 *
 * A stream of asks, jobs and cancellations around one price, settled in groups as the writer does.
 * The reference is a sort of as many random numbers in the same run: a machine that is twice as
 * fast shows twice the rate and the same ratio. Prints one line of JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "domain/market.h"

#define BUYERS   64
#define SECOND   INT64_C(1000000)
#define USD      INT64_C(1000000)
#define TICK     INT64_C(1000)
#define MID      1000 /* ticks */
#define WIDTH    100  /* ticks around it */
#define REMEMBER 4096 /* orders of which one may be cancelled */
#define NODES    4096 /* each with at most NODE_ASKS_MAX asks */

static const struct pool cpu = {
    .number = 1,
    .name = "cpu",
    .unit = { .cpu_millis = 1000, .memory_bytes = 1 << 30, .scratch_bytes = 1 << 30 },
    .tick = { TICK },
};

struct stream {
    struct market *market;
    uint64_t dice;
    int64_t buyers[BUYERS], provider, nodes[NODES];
    int64_t orders[REMEMBER], owners[REMEMBER];
    bool asks[REMEMBER];
    size_t orders_n;
    int64_t applied, refused, trades;
};

static uint64_t roll(uint64_t *state) /* splitmix64 */
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static int64_t below(struct stream *s, int64_t n)
{
    return (int64_t)(roll(&s->dice) % (uint64_t)n);
}

static int64_t tell(struct stream *s, struct command c)
{
    struct outcome out;
    c.seq = market_last_seq(s->market) + 1;
    c.at_us = market_last_us(s->market) + 1;
    market_apply(s->market, &c, &out);
    if (out.refused != ERR_NONE) {
        s->refused++;
        return 0;
    }
    s->applied++;
    s->trades += out.trades_n;
    return c.seq;
}

static int64_t account(struct stream *s)
{
    const int64_t a =
        tell(s, (struct command){ .account = ACCOUNT_WORLD, .kind = COMMAND_OPEN_ACCOUNT });
    (void)tell(s, (struct command){ .account = ACCOUNT_WORLD,
                                    .kind = COMMAND_CREDIT,
                                    .u.credit = { a, { 1000 * 1000 * USD } } });
    return a;
}

static void begin(struct stream *s)
{
    for (size_t i = 0; i < BUYERS; i++)
        s->buyers[i] = account(s);
    s->provider = account(s);
    for (size_t i = 0; i < NODES; i++)
        s->nodes[i] =
            tell(s, (struct command){ .account = s->provider,
                                      .kind = COMMAND_PUT_NODE,
                                      .u.put_node.spec = { .cpu_millis = INT32_MAX,
                                                           .memory_bytes = INT64_C(1) << 60,
                                                           .scratch_bytes = INT64_C(1) << 60 } });
    market_settle_group(s->market);
}

static void remember(struct stream *s, int64_t order, int64_t owner, bool ask)
{
    if (order == 0) return;
    const size_t at = s->orders_n < REMEMBER ? s->orders_n++ : (size_t)below(s, REMEMBER);
    s->orders[at] = order;
    s->owners[at] = owner;
    s->asks[at] = ask;
}

static void place_ask(struct stream *s)
{
    const struct money price = { (MID - WIDTH / 4 + below(s, WIDTH)) * TICK };
    const struct ask_spec spec = { .node = s->nodes[below(s, NODES)],
                                   .pool = cpu.number,
                                   .price = price,
                                   .floor = price,
                                   .units = 1 + (int32_t)below(s, 8),
                                   .until_us = INT64_C(1) << 60,
                                   .seconds_min = DURATION_MIN_S,
                                   .seconds_max = DURATION_MAX_S,
                                   .risk_seconds = DURATION_MAX_S };
    remember(s,
             tell(s, (struct command){ .account = s->provider,
                                       .kind = COMMAND_PLACE_ASK,
                                       .u.place_ask = spec }),
             s->provider, true);
}

static void submit_job(struct stream *s)
{
    const int64_t buyer = s->buyers[below(s, BUYERS)];
    const struct bid_spec spec = { .wants = { { cpu.number, 1 + (int32_t)below(s, 4) } },
                                   .wants_n = 1,
                                   .limit = { (MID - WIDTH * 3 / 4 + below(s, WIDTH)) * TICK },
                                   .budget = { 100 * USD },
                                   .nodes = 1,
                                   .seconds = 3600,
                                   .checkpoint_seconds = 3600,
                                   .expires_us = market_last_us(s->market) + 86400 * SECOND,
                                   .attempts_max = 3 };
    remember(s,
             tell(s, (struct command){ .account = buyer,
                                       .kind = COMMAND_SUBMIT_JOB,
                                       .u.submit_job = spec }),
             buyer, false);
}

static void cancel(struct stream *s)
{
    if (s->orders_n == 0) return;
    const size_t at = (size_t)below(s, (int64_t)s->orders_n);
    (void)tell(s, (struct command){ .account = s->owners[at],
                                    .kind = s->asks[at] ? COMMAND_CANCEL_ASK : COMMAND_CANCEL_JOB,
                                    .u.order = { s->orders[at] } });
}

static int by_value(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Sort n random numbers: microseconds, at least 1. */
static int64_t reference_us(size_t n, uint64_t seed)
{
    uint64_t *v = mem_heap.resize(mem_heap.arg, NULL, n * sizeof(*v));
    if (v == NULL) exit(1);
    for (size_t i = 0; i < n; i++)
        v[i] = roll(&seed);
    const int64_t start = clock_monotonic_us();
    qsort(v, n, sizeof(*v), by_value);
    const int64_t took = clock_monotonic_us() - start;
    (void)mem_heap.resize(mem_heap.arg, v, 0);
    return took > 0 ? took : 1;
}

int main(int argc, char **argv)
{
    int64_t n = 500000, seed = 1;
    if (argc > 1 && !str_i64(str_of(argv[1]), 1, 100000000, &n)) return 2;
    if (argc > 2 && !str_i64(str_of(argv[2]), 0, INT64_MAX, &seed)) return 2;
    static struct stream s;
    struct market_rules rules = market_rules_default;
    rules.quote_seconds = 0; /* asks come and go faster than the clock */
    s.dice = (uint64_t)seed;
    s.market = market_new(&mem_heap, &rules, &cpu, 1);
    if (s.market == NULL) return 1;
    begin(&s);
    s.applied = s.refused = 0;

    const int64_t start = clock_monotonic_us();
    for (int64_t i = 0; i < n; i++) {
        const int64_t what = below(&s, 10);
        if (what < 4)
            place_ask(&s);
        else if (what < 8)
            submit_job(&s);
        else
            cancel(&s);
        if (i % GROUP_MAX == GROUP_MAX - 1) market_settle_group(s.market);
    }
    const int64_t took = clock_monotonic_us() - start;
    const int64_t sort = reference_us((size_t)n, (uint64_t)seed);
    printf("{\"bench\":\"rules\",\"commands\":%" PRId64 ",\"applied\":%" PRId64
           ",\"refused\":%" PRId64 ",\"trades\":%" PRId64
           ",\"commands_per_second\":%.0f,\"sort_of_as_many_takes\":%.3f,"
           "\"hash\":\"%016" PRIx64 "\"}\n",
           n, s.applied, s.refused, s.trades, (double)n * 1e6 / (double)(took > 0 ? took : 1),
           (double)sort / (double)(took > 0 ? took : 1), market_hash(s.market));
    market_free(s.market);
    return 0;
}
