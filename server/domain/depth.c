/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/depth.h"

#include "domain/book.h"

/* One order's price and units, best first; false at the end. */
struct walk {
    struct ladder_walk walk;
    const struct ask_entry *ask;
    const struct bid_line *bid;
};

static bool walk_take(struct walk *w, enum side side, struct money *price, int64_t *units)
{
    if (side == SIDE_ASKS) {
        if (!w->ask) return false;
        *price = w->ask->ask.spec.price;
        *units = w->ask->ask.free;
        w->ask = book_ask_after(&w->walk);
        return true;
    }
    if (!w->bid) return false;
    *price = w->bid->limit;
    *units = book_line_bid(w->bid)->bid.spec.wants[w->bid->want].units;
    w->bid = book_bid_after(&w->walk);
    return true;
}

bool market_depth(const struct market *m, int32_t pool, enum side side, size_t orders_max,
                  struct depth_side *out)
{
    struct book *const book = state_book(m, pool);
    struct walk w = { 0 };
    struct money price;
    int64_t units;

    if (!book) return false;
    if (side == SIDE_ASKS)
        w.ask = book_best_ask(&w.walk, book);
    else
        w.bid = book_best_bid(&w.walk, book);
    out->n = 0;
    for (size_t seen = 0; walk_take(&w, side, &price, &units); seen++) {
        struct depth_level *last = out->n > 0 ? &out->levels[out->n - 1] : NULL;
        const bool same = last && money_cmp(last->price, price) == 0;
        if (seen == orders_max) {
            if (same) out->n--; /* there is more of it than we may look at */
            break;
        }
        if (!same) {
            if (out->n == DEPTH_LEVELS) break;
            last = &out->levels[out->n++];
            *last = (struct depth_level){ .price = price };
        }
        last->units += units;
        last->orders++;
    }
    return true;
}
