/* SPDX-License-Identifier: Apache-2.0 */
/* A book of divisible goods: any quantity of an order may trade with any of another, price, then
 * time.
 *
 * The market's own orders are bundles and are matched by match.h; this is the plain double auction
 * over the same ladders, for benchmarks that other engines can be held against and for simulations.
 */
#pragma once

#include "domain/ladder.h"
#include "domain/table.h"

struct cross_order {
    int64_t order;  /* its number; positive and never used before */
    int64_t owner;  /* nobody trades with himself */
    int64_t price;  /* the limit */
    uint64_t cells; /* an ask: the bit of its cell; a bid: those it accepts */
    int64_t open;   /* at least 1 */
    bool bid;
};

struct cross_fill {
    int64_t taker, maker;  /* orders */
    int64_t buyer, seller; /* owners */
    int64_t price;         /* the maker's */
    int64_t quantity;
    bool bid_rested;
};

struct cross {
    struct ladder_room room;
    struct ladder sides[2]; /* asks, bids */
    struct table orders;    /* struct cross_entry */
    int64_t priority;       /* of the last order that came to rest */
    struct ladder_walk walk;
};

void cross_init(struct cross *c, struct mem mem);
void cross_done(struct cross *c);

/* Memory for so many more orders. False: there is none, and nothing lost. */
MUST_CHECK bool cross_reserve(struct cross *c, size_t orders);

/* An order meets those that rest, best price first and oldest first, and rests with what remains of
 * it; memory for it must have been reserved. `o->open` is brought up to date and *n is how many
 * fills have been written. False: `fills` is full; call again, before anything else. O(log n) for
 * the order, and for each fill. */
MUST_CHECK bool cross_place(struct cross *c, struct cross_order *o, struct cross_fill *fills,
                            size_t fills_max, size_t *n);

/* False: no such order rests. */
bool cross_cancel(struct cross *c, int64_t order);

/* These orders will soon be cancelled, or placed, since a group of commands waits already: let what
 * is needed for them come near the processor, all at once. It changes nothing. */
void cross_expect_cancels(const struct cross *c, const int64_t *orders, size_t n);
void cross_expect_orders(const struct cross *c, const int64_t *orders, size_t n);
