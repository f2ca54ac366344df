/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/settle.h"

#include <assert.h>

#include "domain/state.h"

static int64_t min_i64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t max_i64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static const struct money more_than_any = { INT64_MAX };

static struct money cover(struct money price, int64_t units, int64_t seconds)
{
    struct money cost;

    return money_charge_ceil(price, units, seconds, &cost) ? cost : more_than_any;
}

static struct money charge(struct money price, int64_t units, int64_t seconds)
{
    struct money cost;

    return money_charge_floor(price, units, seconds, &cost) ? cost : more_than_any;
}

struct money settle_limit(const struct market *m, const struct bid *b, int32_t w)
{
    if (w == 0 || b->spec.rank == RANK_PRICE) return b->spec.limit;

    const struct pool *const first = &state_book(m, b->spec.wants[0].pool)->pool;
    const struct pool *const pool = &state_book(m, b->spec.wants[w].pool)->pool;
    assert(first->throughput > 0 && pool->throughput > 0);

    const __int128 limit = (__int128)b->spec.limit.micros * pool->throughput / first->throughput;
    const int64_t most = MONEY_INPUT_MAX.micros;
    const int64_t cut = limit > most ? most : (int64_t)limit;
    return (struct money){ cut - cut % pool->tick.micros };
}

/* The most that `seconds` of any of its wants can cost. */
static struct money most(const struct market *m, const struct bid *b, int64_t seconds)
{
    struct money out = { 0 };

    for (int32_t w = 0; w < b->spec.wants_n; w++) {
        const int64_t units = (int64_t)b->spec.wants[w].units * b->spec.nodes;
        const struct money cost = cover(settle_limit(m, b, w), units, seconds);
        if (money_cmp(cost, out) > 0) out = cost;
    }
    return out;
}

struct money settle_want(const struct market *m, const struct bid *b)
{
    const struct money left = { b->spec.budget.micros - b->spent.micros };

    assert(left.micros >= 0);
    if (b->spec.own == OWN_ONLY) return (struct money){ 0 };
    return money_min(left, most(m, b, b->spec.seconds));
}

struct money settle_least(const struct market *m, const struct bid *b)
{
    if (b->spec.own == OWN_ONLY) return (struct money){ 0 };
    return most(m, b, m->rules.bill_min_seconds);
}

int32_t settle_seconds_max(const struct bid *b, struct money sum, int32_t units)
{
    const struct money left = { b->spec.budget.micros - b->spent.micros };
    const struct money all = money_min(left, cover(sum, units, b->spec.seconds));

    if (sum.micros == 0) return b->spec.seconds;
    return (int32_t)money_seconds_for(all, sum, units, b->spec.seconds);
}

struct money settle_part(struct money price, int32_t units, int32_t seconds_max)
{
    return charge(price, units, seconds_max);
}

int64_t settle_ill_us(const struct node *n, int64_t now_us)
{
    return n->ill_us + (n->ill_since_us != 0 ? now_us - n->ill_since_us : 0);
}

struct seconds settle_seconds(const struct lease *l, int64_t signed_seconds, int64_t now_us,
                              int64_t ill_us, int32_t least)
{
    assert(signed_seconds >= 0);
    assert(now_us >= l->ready_us);

    if (l->ready_us == 0) return (struct seconds){ 0 };

    assert(ill_us >= 0 && ill_us <= now_us - l->ready_us);
    const int64_t observed = (now_us - l->ready_us - ill_us) / US_PER_SECOND;
    const int64_t run = max_i64(min_i64(signed_seconds, observed), ill_us > 0 ? 0 : least);
    return (struct seconds){ .observed = observed, .billed = min_i64(run, l->seconds_max) };
}

int64_t settle_survived(const struct lease *l, int32_t checkpoint_seconds)
{
    const int64_t missed = (int64_t)l->seconds_looked - checkpoint_seconds;

    return min_i64(max_i64(l->seconds_kept, missed), l->seconds_max);
}

int64_t settle_preparation(const struct market_rules *rules, const struct lease *l, int64_t now_us)
{
    assert(l->accepted_us != 0);
    assert(now_us >= l->accepted_us);

    return min_i64((now_us - l->accepted_us) / US_PER_SECOND, rules->prepare_pay_max_seconds);
}

int64_t settle_unrun(const struct market_rules *rules, const struct lease *l, int64_t prepared)
{
    if (l->base.micros == 0 || l->own || l->fault == WHOSE_PROVIDER) return prepared;
    return max_i64(prepared, min_i64(rules->min_run_seconds, l->seconds_max));
}

/* How long a displacer has run, of what is billed. */
static int64_t ran(const struct lease *l, int64_t billed)
{
    return min_i64(billed, min_i64(l->seconds_signed, l->seconds_observed));
}

struct bill settle_bill(const struct market_rules *rules, const struct lease *l, int64_t seconds)
{
    return settle_bill_run(rules, l, seconds, ran(l, seconds));
}

struct bill settle_bill_run(const struct market_rules *rules, const struct lease *l,
                            int64_t seconds, int64_t run)
{
    const struct money all = money_min(charge(l->price, l->units, seconds), l->hold);
    const struct money own =
        l->base.micros > 0 ? money_min(charge(l->base, l->units, run), all) : all;
    const struct money fee = money_share_floor(own, rules->fee_bps);

    return (struct bill){
        .charge = all,
        .fee = fee,
        .payout = { own.micros - fee.micros },
        .insurance = { all.micros - own.micros },
    };
}
