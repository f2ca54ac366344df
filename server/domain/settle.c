/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/settle.h"

#include <assert.h>

#define US_PER_SECOND INT64_C(1000000)

static int64_t min_i64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t max_i64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static struct money cover(struct money price, int32_t units, int64_t seconds)
{
    struct money cost;

    if (!money_charge_ceil(price, units, seconds, &cost)) return (struct money){ INT64_MAX };
    return cost;
}

struct money settle_hold_at(const struct bid *b, struct money price)
{
    const struct money left = { b->spec.budget.micros - b->spent.micros };

    assert(left.micros >= 0);
    return money_min(left, cover(price, b->spec.units, b->spec.seconds));
}

struct money settle_want(const struct bid *b)
{
    return settle_hold_at(b, b->spec.limit);
}

struct money settle_least(const struct market_rules *rules, const struct bid *b)
{
    return cover(b->spec.limit, b->spec.units, rules->bill_min_seconds);
}

struct seconds settle_seconds(const struct market_rules *rules, const struct lease *l,
                              int64_t signed_seconds, int64_t now_us)
{
    assert(signed_seconds >= 0);
    assert(now_us >= l->ready_us);

    if (l->ready_us == 0) return (struct seconds){ 0 };

    const int64_t observed = (now_us - l->ready_us) / US_PER_SECOND;
    const int64_t run = max_i64(min_i64(signed_seconds, observed), rules->bill_min_seconds);
    return (struct seconds){ .observed = observed, .billed = min_i64(run, l->seconds_max) };
}

int64_t settle_preparation(const struct market_rules *rules, const struct lease *l, int64_t now_us)
{
    assert(l->accepted_us != 0);
    assert(now_us >= l->accepted_us);

    return min_i64((now_us - l->accepted_us) / US_PER_SECOND, rules->prepare_pay_max_seconds);
}

struct bill settle_bill(const struct market_rules *rules, const struct lease *l, int64_t seconds)
{
    struct money cost;

    if (!money_charge_floor(l->price, l->units, seconds, &cost)) cost.micros = INT64_MAX;
    const struct money charge = money_min(cost, l->hold);
    const struct money fee = money_share_floor(charge, rules->fee_bps);
    return (struct bill){
        .charge = charge,
        .fee = fee,
        .payout = { charge.micros - fee.micros },
    };
}
