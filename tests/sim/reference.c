/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/reference.h"

/* The best quote, or -1: the highest price if `sign` is 1, the lowest if -1, then the oldest. */
static int best(const struct reference_quote *quotes, int sign)
{
    int found = -1;

    for (int i = 0; i < TRADERS_MAX; i++) {
        if (quotes[i].price == 0) continue;
        if (found >= 0) {
            const int better_by = sign * (quotes[i].price - quotes[found].price);
            if (better_by < 0) continue;
            if (better_by == 0 && quotes[i].since >= quotes[found].since) continue;
        }
        found = i;
    }
    return found;
}

/* What an ask that comes gets from the bid that rests: its limit, or a tick more than the next best
 * bid would have given, and what the ask itself says at least. */
static int met(const struct reference *r, struct reference_quote *bid,
               const struct reference_quote *ask)
{
    const int limit = bid->price;
    if (r->rule == PRICE_RESTING) return limit;

    bid->price = 0;
    const int next = best(r->bids, 1);
    bid->price = limit;
    const int over =
        next >= 0 && r->bids[next].price >= ask->price ? r->bids[next].price + 1 : ask->price;
    return over < limit ? over : limit;
}

static bool quote(void *arg, bool buys, int who, int price, struct deal *out)
{
    struct reference *const r = arg;
    struct reference_quote *const mine = buys ? &r->bids[who] : &r->asks[who];

    *mine = (struct reference_quote){ price, ++r->clock };
    const int buyer = best(r->bids, 1), seller = best(r->asks, -1);
    if (buyer < 0 || seller < 0) return false;

    struct reference_quote *const bid = &r->bids[buyer], *const ask = &r->asks[seller];
    if (bid->price < ask->price) return false;
    *out = (struct deal){ buyer, seller, ask->price };
    if (bid->since < ask->since) out->price = met(r, bid, ask);
    bid->price = ask->price = 0;
    return true;
}

void reference_open(struct reference *r, enum price_rule rule, struct venue *out)
{
    *r = (struct reference){ .rule = rule };
    *out = (struct venue){ quote, r };
}
