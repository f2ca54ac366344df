/* SPDX-License-Identifier: Apache-2.0 */
#include "service/price.h"

struct money price_limit(const struct market_info *i, const struct bid_spec *s, int32_t w)
{
    const struct pool *first = info_pool(i, s->wants[0].pool);
    const struct pool *pool = info_pool(i, s->wants[w].pool);

    if (w == 0 || s->rank == RANK_PRICE) return s->limit;
    if (!first || !pool || first->throughput <= 0) return (struct money){ 0 };
    const __int128 limit = (__int128)s->limit.micros * pool->throughput / first->throughput;
    const int64_t most = MONEY_INPUT_MAX.micros;
    const int64_t cut = limit > most ? most : (int64_t)limit;
    return (struct money){ cut - cut % pool->tick.micros };
}

static struct money cost(struct money price, int64_t units, int64_t seconds)
{
    struct money out;

    return money_charge_ceil(price, units, seconds, &out) ? out : (struct money){ INT64_MAX };
}

/* The most that `seconds` of any of its wants can cost. */
static struct money most(const struct market_info *i, const struct bid_spec *s, int64_t seconds)
{
    struct money out = { 0 };

    for (int32_t w = 0; w < s->wants_n && s->own != OWN_ONLY; w++) {
        const int64_t units = (int64_t)s->wants[w].units * s->nodes;
        const struct money c = cost(price_limit(i, s, w), units, seconds);
        if (money_cmp(c, out) > 0) out = c;
    }
    return out;
}

struct money price_want(const struct market_info *i, const struct bid_spec *s)
{
    return money_min(s->budget, most(i, s, s->seconds));
}

struct money price_least(const struct market_info *i, const struct bid_spec *s)
{
    return most(i, s, i->rules.bill_min_seconds);
}
