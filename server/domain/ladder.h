/* SPDX-License-Identifier: Apache-2.0 */
/* One side of one book, in the order in which it is served, and found by what would serve.
 *
 *   asks  price, then size, then priority; an ask lies in one of 64 cells, its size is what is free
 *   bids  price from the highest down, then priority; a bid accepts a set of cells and needs a size
 *
 * Asked for an order that lies in these cells, is large (for bids: small) enough and within a
 * limit, it answers with the best one without looking at the dear, the small or the misplaced ones
 * that stand before it: O(log n), whatever the others are. Requirements that are not cells come as
 * a predicate and are checked order by order, no more than LADDER_LOOKS in a row of alike orders.
 *
 * Orders carry their own place (struct rung); the ladder's nodes come from a room that is shared by
 * all ladders of a market and reserved before a command changes anything. Nothing depends on how
 * wide the prices are spread, and an empty ladder owns no memory. Private to the market. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/mem.h"
#include "domain/bounds.h"

/* Orders of one price, size and cell that a walk passes over because the predicate refuses them;
 * for bids, of one price and one of 64 classes of (cells, size). After one more such order the rest
 * of the row is passed over: that is part of the rules, since an order in it does not trade now. */
#define LADDER_LOOKS LINE_LOOK

/* And bids of one price that a walk passes over because their row has been looked at enough, before
 * it leaves that price: it bounds the time of a command. */
#define LADDER_SKIPS LIMIT_SKIPS

/* Prices are from minus this to this: a million million dollars. Limits may be anything. */
#define LADDER_PRICE_MAX (INT64_C(1) << 60)

enum ladder_side { LADDER_ASKS, LADDER_BIDS };

/* An order's place. It belongs to the order, which finds itself from it by its offset. Zero when it
 * has never been on a ladder; its members are the ladder's. */
struct rung {
    uintptr_t before, after; /* its neighbours in a line, or what the line hangs on */
    int64_t priority, number;
};

/* What decides where an order stands. */
struct ladder_order {
    int64_t price;
    uint64_t cells; /* an ask: the bit of its cell; a bid: those it accepts, at least one */
    int64_t priority, number; /* no two orders of a ladder have both in common */
    int32_t size;             /* at least 1 */
};

/* The memory of ladders, all of one market. */
struct ladder_room {
    struct mem mem;
    struct ladder_chunk *chunks; /* the memory of all nodes */
    void *spare[4];              /* nodes of each kind that are not in use */
    size_t spares[4];
    struct ladder_ends *ends; /* of all ladders, `ends_cap` of them: a power of two, or none */
    size_t ends_cap;
    size_t leaves, inners, queues; /* in use on all ladders, */
    int32_t height;                /* and the highest that one of them has been */
    size_t bytes;                  /* taken from `mem`, spares included */
};

struct ladder {
    struct ladder_room *room;
    struct ladder_node *root;  /* a leaf when `height` is 0; NULL: empty */
    struct ladder_leaf *first; /* the leaf with the best orders */
    size_t n;                  /* orders */
    int64_t priority, number;  /* the latest that has ever been added */
    uint64_t cuts;             /* rows that a walk left for LADDER_LOOKS or LADDER_SKIPS */
    uint64_t misses;           /* orders that a predicate has refused, ever */
    uint64_t changes;          /* a walk is over when something has changed */
    int64_t mirror;            /* of prices: 0, or all ones for bids */
    int32_t height;
    bool bids, fit;
};

void ladder_room_init(struct ladder_room *room, struct mem mem);
void ladder_room_done(struct ladder_room *room); /* its ladders must be empty */

/* Nodes for `adds` more orders, on whichever ladders. False: no memory, nothing lost. */
MUST_CHECK bool ladder_reserve(struct ladder_room *room, size_t adds);

/* Without `fit` sizes play no part (goods that are divisible): an order may then be filled in part
 * and stays just where it is. */
void ladder_init(struct ladder *l, struct ladder_room *room, enum ladder_side side, bool fit);

/* Take all orders off without a look at them: none of them may be taken off any more, all may be
 * added. */
void ladder_clear(struct ladder *l);

/* Room must have been reserved, and the order be on no ladder. O(log n); an order that is not the
 * latest so far finds its place by priority. */
void ladder_add(struct ladder *l, struct rung *r, const struct ladder_order *o);

/* Usually O(1), at worst O(log n). The order must be on this ladder. */
void ladder_remove(struct ladder *l, struct rung *r);

/* Orders will soon be taken off, or added: let what that needs come near the processor meanwhile.
 * It changes nothing. Whoever has a group of commands before him, and a large ladder, saves most of
 * the waiting for memory by it. */
static inline void ladder_expect_remove(const struct rung *r)
{
    __builtin_prefetch((const char *)r->before); /* a tag does no harm */
    __builtin_prefetch((const char *)r->after);
}
void ladder_expect_adds(const struct ladder *l, const struct ladder_order *orders, size_t n);

static inline bool ladder_holds(const struct rung *r)
{
    return r->before != 0;
}

/* What an order must be to serve. */
struct ladder_query {
    uint64_t cells; /* it lies in, or accepts, at least one of them */
    int64_t limit;  /* asks: its price is at most that; bids: at least */
    int32_t size;   /* asks: it has at least as many; bids: it needs at most as many */
    int32_t misses; /* refused by the predicate: after so many the walk is over; 0: however many */
    bool from;      /* begin at this price, */
    int64_t at;     /* not at the best */
    bool (*serves)(void *arg, struct rung *r); /* NULL: all do, and no row is cut */
    void *arg;
};

/* A walk along the orders that serve, best first. It is the caller's storage, to be read by nobody,
 * and ends when the ladder is changed. Let it stand in something that lasts: a local variable is
 * zeroed by our compiler options each time. */
struct ladder_walk {
    struct ladder *ladder;
    struct ladder_query query;
    uint64_t cells;   /* of the query, less those of which this row has been looked at enough */
    uint64_t changes; /* of the ladder, when the walk began */
    struct ladder_leaf *leaf; /* what comes next, in slot `at`; NULL: nothing */
    struct rung *rung;        /* and of its line; NULL: the first */
    int32_t at;
    int32_t row_size; /* of the row that is being looked at */
    int64_t row_price;
    int32_t skips;
    bool in_row;
    uint8_t looks[64];
    int32_t misses; /* so far; may be read */
};

/* From here on the walk looks for orders of this size, which is smaller than that of its query. */
void ladder_narrow(struct ladder_walk *w, int32_t size);

/* The best order that serves, and the next one after it. NULL: none. The predicate may be asked
 * about an order again in another walk, and must not change the ladder. */
struct rung *ladder_first(struct ladder *l, const struct ladder_query *q, struct ladder_walk *w);
struct rung *ladder_next(struct ladder_walk *w);

/* All that a ladder must be: asserts. O(n). */
void ladder_check(const struct ladder *l);
