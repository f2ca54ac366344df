/* SPDX-License-Identifier: Apache-2.0 */
#include "stream.h"

#include <assert.h>

#include "base/limits.h"

#define SECOND INT64_C(1000000)
#define USD    INT64_C(1000000)
#define FUNDS  (INT64_C(100) * 1000 * 1000 * USD)
#define TICK   INT64_C(1000)
#define MID    1000 /* ticks */
#define WIDTH  100  /* ticks around it */

const struct pool stream_pool = {
    .number = 1,
    .name = "cpu",
    .unit = { .cpu_millis = 1000, .memory_bytes = 1 << 30, .scratch_bytes = 1 << 30 },
    .tick = { TICK },
};

struct market_rules stream_rules(void)
{
    struct market_rules rules = market_rules_default;

    rules.quote_seconds = 0;
    return rules;
}

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
    if (out.refused != ERR_NONE) {
        s->refused++;
        return 0;
    }
    s->applied++;
    s->trades += out.trades_n;
    if (s->applied_one) s->applied_one(s->arg, &c, &out);
    if (s->applied % GROUP_MAX == 0) market_settle_group(s->market);
    return c.seq;
}

static int64_t account(struct stream *s)
{
    const int64_t a =
        tell(s, (struct command){ .account = ACCOUNT_WORLD, .kind = COMMAND_OPEN_ACCOUNT });

    (void)tell(s, (struct command){ .account = ACCOUNT_WORLD,
                                    .kind = COMMAND_CREDIT,
                                    .u.credit = { a, { FUNDS } } });
    return a;
}

void stream_begin(struct stream *s)
{
    for (size_t i = 0; i < STREAM_BUYERS; i++)
        s->buyers[i] = account(s);
    s->provider = account(s);

    struct command put = { .account = s->provider, .kind = COMMAND_PUT_NODE };
    put.u.put_node.spec = (struct node_spec){ .cpu_millis = INT32_MAX,
                                              .memory_bytes = INT64_C(1) << 60,
                                              .scratch_bytes = INT64_C(1) << 60 };
    for (size_t i = 0; i < STREAM_NODES; i++)
        s->nodes[i] = tell(s, put);
    assert(s->applied == STREAM_FIRST);
}

static void remember(struct stream *s, const struct stream_order *order)
{
    if (order->number == 0) return;

    const size_t at =
        s->orders_n < STREAM_REMEMBER ? s->orders_n++ : (size_t)below(s, STREAM_REMEMBER);
    s->orders[at] = *order;
}

static void place_ask(struct stream *s)
{
    const struct money price = { (MID - WIDTH / 4 + below(s, WIDTH)) * TICK };
    struct command c = { .account = s->provider, .kind = COMMAND_PLACE_ASK };

    c.u.place_ask = (struct ask_spec){ .node = s->nodes[below(s, STREAM_NODES)],
                                       .pool = stream_pool.number,
                                       .price = price,
                                       .floor = price,
                                       .units = 1 + (int32_t)below(s, 8),
                                       .until_us = INT64_C(1) << 60,
                                       .seconds_min = DURATION_MIN_S,
                                       .seconds_max = DURATION_MAX_S,
                                       .risk_seconds = DURATION_MAX_S };
    remember(s, &(struct stream_order){ tell(s, c), c.account, true });
}

static void submit_job(struct stream *s)
{
    struct command c = { .account = s->buyers[below(s, STREAM_BUYERS)],
                         .kind = COMMAND_SUBMIT_JOB };

    c.u.submit_job =
        (struct bid_spec){ .wants = { { stream_pool.number, 1 + (int32_t)below(s, 4) } },
                           .wants_n = 1,
                           .limit = { (MID - WIDTH * 3 / 4 + below(s, WIDTH)) * TICK },
                           .budget = { 100 * USD },
                           .nodes = 1,
                           .seconds = 3600,
                           .checkpoint_seconds = 3600,
                           .expires_us = market_last_us(s->market) + 86400 * SECOND,
                           .attempts_max = 3 };
    remember(s, &(struct stream_order){ tell(s, c), c.account, false });
}

static void cancel(struct stream *s)
{
    if (s->orders_n == 0) return;

    const struct stream_order *const o = &s->orders[below(s, (int64_t)s->orders_n)];
    (void)tell(s, (struct command){ .account = o->account,
                                    .kind = o->ask ? COMMAND_CANCEL_ASK : COMMAND_CANCEL_JOB,
                                    .u.order = { o->number } });
}

void stream_next(struct stream *s)
{
    const int64_t what = below(s, 10);

    if (what < 4)
        place_ask(s);
    else if (what < 8)
        submit_job(s);
    else
        cancel(s);
}
