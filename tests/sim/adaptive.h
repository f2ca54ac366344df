/* SPDX-License-Identifier: Apache-2.0 */
/* Traders who price as nodes do: the pure policy `adaptive` of the agent. It is a seller's; a buyer
 * is its mirror image, with all prices reflected. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "domain/pricing.h"

/* What a trader sees of the market when it is its turn. Prices in ticks, 0: none. */
struct adaptive_view {
    int best_same, best_other; /* quotes of others on our side, quotes of the other side */
    int last_price;            /* of the last deal of the market */
    int64_t last_at, now;      /* in shouts, from 1 */
    bool dealt;                /* this unit, since we looked last */
};

struct adaptive {
    struct pricing pricing;
    int price; /* ticks; 0: has not quoted yet */
};

/* The next quote. `limit` is the value or cost of the unit, `start` where to begin. Prices are 1 …
 * `top`; a quote lives for `life` shouts. */
struct adaptive_terms {
    bool buys;
    int limit, start, top;
    int64_t life;
    uint64_t seed;
};
int adaptive_quote(struct adaptive *a, const struct adaptive_terms *t,
                   const struct adaptive_view *v);
