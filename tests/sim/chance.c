/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/chance.h"

#include <assert.h>
#include <math.h>

uint64_t chance_u64(struct chance *c)
{
    uint64_t z = c->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

int64_t chance_between(struct chance *c, int64_t low, int64_t high)
{
    assert(low <= high && high - low < INT64_C(1) << 32);
    const uint64_t span = (uint64_t)(high - low) + 1;
    return low + (int64_t)(((chance_u64(c) >> 32) * span) >> 32);
}

bool chance_in(struct chance *c, int64_t part, int64_t of)
{
    return chance_between(c, 1, of) <= part;
}

int64_t chance_wait(struct chance *c, int64_t mean)
{
    /* 53 random bits make a number above 0 and at most 1. */
    const double u = ((double)(chance_u64(c) >> 11) + 1) / 9007199254740992.0;
    const int64_t wait = (int64_t)(-log(u) * (double)mean);
    return wait > 0 ? wait : 1;
}
