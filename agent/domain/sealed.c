/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/sealed.h"

static bool serves(const struct sealed_bid *bid, const struct ask_seen *ask)
{
    if (bid->max_seconds < ask->min_lease_seconds || bid->max_seconds > ask->max_lease_seconds)
        return false;
    for (size_t w = 0; w < bid->wants_n; w++)
        if (str_eq(bid->wants[w].pool, ask->pool)) return bid->wants[w].units <= ask->units_free;
    return false;
}

static int64_t worth(const struct ask_seen *ask)
{
    return ask->policy == PRICING_FIXED ? ask->price_micros : ask->floor_micros;
}

bool sealed_answer(const struct sealed_bid *bid, const struct ask_seen *asks, size_t n,
                   struct sealed_offer *out)
{
    bool found = false;
    struct sealed_offer best = { 0, 0 };

    for (size_t i = 0; i < n; i++) {
        if (!serves(bid, &asks[i])) continue;
        const int64_t price = worth(&asks[i]);
        if (found && price >= best.price_micros) continue;
        best = (struct sealed_offer){ i, price };
        found = true;
    }
    if (found) *out = best;
    return found;
}
