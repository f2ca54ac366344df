/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/pool.h"

#include <assert.h>

#include "base/limits.h"

/* Raise *units to what `need` asks for when one unit brings `share`. */
static bool raise(int64_t need, int64_t share, int64_t *units)
{
    assert(need >= 0);
    assert(share >= 0);

    if (need == 0) return true;
    if (share == 0) return false;
    const int64_t wanted = need / share + (need % share != 0);
    if (wanted > *units) *units = wanted;
    return true;
}

bool pool_units_for(const struct pool *pool, const struct needs *needs, int32_t *units)
{
    int64_t n = 1;

    if (!raise(needs->gpus, pool->unit.gpus, &n)) return false;
    if (!raise(needs->cpu_millis, pool->unit.cpu_millis, &n)) return false;
    if (!raise(needs->memory_bytes, pool->unit.memory_bytes, &n)) return false;
    if (!raise(needs->scratch_bytes, pool->unit.scratch_bytes, &n)) return false;
    if (n > UNITS_MAX) return false;
    *units = (int32_t)n;
    return true;
}

/* Lower *units to how many shares there are in `left`; nothing fits where too much is taken. */
static void lower(int64_t left, int64_t share, int64_t *units)
{
    if (share == 0) return;
    const int64_t there = left > 0 ? left / share : 0;
    if (there < *units) *units = there;
}

int32_t pool_units_in(const struct pool *pool, const struct needs *left)
{
    int64_t n = UNITS_MAX;

    lower(left->gpus, pool->unit.gpus, &n);
    lower(left->cpu_millis, pool->unit.cpu_millis, &n);
    lower(left->memory_bytes, pool->unit.memory_bytes, &n);
    lower(left->scratch_bytes, pool->unit.scratch_bytes, &n);
    return (int32_t)n;
}

bool pool_on_tick(const struct pool *pool, struct money price)
{
    assert(pool->tick.micros > 0);
    return price.micros > 0 && money_cmp(price, MONEY_INPUT_MAX) <= 0 &&
           price.micros % pool->tick.micros == 0;
}
