/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/adaptive.h"

#include <assert.h>

#define SHOUT_US INT64_C(1000000)

/* A seller's view of a price: itself, or for a buyer its reflection just above all prices. */
static int64_t seen(const struct adaptive_terms *t, int price)
{
    if (price == 0) return 0;
    return t->buys ? t->top + 1 - price : price;
}

int adaptive_quote(struct adaptive *a, const struct adaptive_terms *t,
                   const struct adaptive_view *v)
{
    const int64_t floor = seen(t, t->limit), now_us = v->now * SHOUT_US;
    const struct pricing_rule rule = { .policy = PRICING_ADAPTIVE,
                                       .floor_micros = floor,
                                       .tick_micros = 1,
                                       .stand_us = t->life * SHOUT_US };

    if (a->price == 0) {
        pricing_begin(&a->pricing, t->seed, seen(t, t->start), now_us);
        return a->price = t->start;
    }
    const struct pricing_seen s = {
        .price_micros = seen(t, a->price),
        .units = 1,
        .units_free = 1,
        .fills = v->dealt ? 1 : 0,
        .best_ask_micros = seen(t, v->best_same),
        .best_bid_micros = seen(t, v->best_other),
        .last_trade_micros = seen(t, v->last_price),
        .last_trade_us = v->last_at * SHOUT_US,
    };
    const struct pricing_step step = pricing_next(&a->pricing, &rule, &s, now_us);

    if (step.price_micros != s.price_micros) pricing_moved(&a->pricing, step.price_micros, now_us);
    a->price = (int)(t->buys ? t->top + 1 - step.price_micros : step.price_micros);
    assert(a->price >= 1);
    return a->price;
}
