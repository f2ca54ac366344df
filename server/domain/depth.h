/* SPDX-License-Identifier: Apache-2.0 */
/* How much rests at which price. Pure. */
#pragma once

#include "domain/market.h"

enum side { SIDE_ASKS, SIDE_BIDS };

struct depth_level {
    struct money price;
    int64_t units; /* free units offered, or units asked for */
    int64_t orders;
};

#define DEPTH_LEVELS 100

struct depth_side {
    struct depth_level levels[DEPTH_LEVELS]; /* best first */
    size_t n;
};

/* The best levels of one side of a pool, looking at no more than `orders_max` orders: a level that
 * would be cut in the middle is left out. False: no such pool. */
MUST_CHECK bool market_depth(const struct market *m, int32_t pool, enum side side,
                             size_t orders_max, struct depth_side *out);
