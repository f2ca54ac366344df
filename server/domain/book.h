/* SPDX-License-Identifier: Apache-2.0 */
/* The two sides of a pool, each in the order in which it is served, and what else waits there.
 *
 *   asks   price, then free units, then priority: the first that serves a bid is the one it takes
 *   bids   limit from the highest down, then priority: the first that an ask serves goes first
 *   shelf  gangs, in the order of bids
 *   ripe   leases that may be displaced: lowest limit, then latest start, then highest number
 *
 * Private to the market. */
#pragma once

#include "domain/state.h"

/* Put the order where its state now says, or take it out. Room for ladders must be reserved. */
void book_put_ask(struct ask_entry *a);
void book_put_bid(struct market *m, struct bid_entry *b);
void book_put_ripe(struct market *m, struct lease_entry *l);

/* The asks that serve want `w` of the bid at `now_us`, one after the other. The walk is over when a
 * book is changed, or when so many have been passed over that the rules say so (bounds.h); after
 * NULL it may not go on. */
struct ask_walk {
    struct ladder_walk walk;
    const struct bid_entry *bid;
    int32_t want;
    int64_t now_us;
    uint64_t call; /* not 0: the units that this call has taken are not free */
};
struct ask_entry *book_first_ask(struct ask_walk *w, const struct bid_entry *b, int32_t want,
                                 int64_t now_us);
/* The same in a call, at its price, for one that may be passed over no more than `misses` (> 0)
 * times. */
struct ask_entry *book_call_ask(struct ask_walk *w, const struct bid_entry *b, int32_t want,
                                struct money price, int64_t now_us, uint64_t call, int32_t misses);
struct ask_entry *book_next_ask(struct ask_walk *w);

/* The ordinary bids that the ask serves, one after the other. */
struct bid_walk {
    struct ladder_walk walk;
    const struct ask_entry *ask;
    int64_t now_us;
};
struct bid_line *book_first_bid(struct bid_walk *w, const struct ask_entry *a, int64_t now_us);
struct bid_line *book_next_bid(struct bid_walk *w);

/* The same from those of this limit on, down to `least`. */
struct bid_line *book_bid_from(struct bid_walk *w, const struct ask_entry *a, int64_t now_us,
                               struct money limit, struct money least);

/* From here on only bids that need no more than `units` are looked for. */
void book_narrow(struct bid_walk *w, int32_t units);

/* All of a side, best first, whatever it serves. */
struct ask_entry *book_best_ask(struct ladder_walk *w, struct book *book);
struct ask_entry *book_ask_after(struct ladder_walk *w);
struct bid_line *book_best_bid(struct ladder_walk *w, struct book *book);
struct bid_line *book_bid_after(struct ladder_walk *w);

/* The first gang that stands behind this limit and priority (0: the first of all), and needs no
 * more than `units` of a node. */
struct bid_line *book_gang_after(const struct book *book, struct money limit, int64_t priority,
                                 int32_t units);

struct bid_entry *book_line_bid(const struct bid_line *line);
