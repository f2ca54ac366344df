/* SPDX-License-Identifier: Apache-2.0 */
/* The two sides of a pool, each in the order in which it is served.
 *
 *   asks  price, then free units, then priority: the first that serves a bid is the one it takes
 *   bids  limit from the highest down, then priority: the first that an ask serves goes first
 *
 * Asks without a free unit do not stand in the book. O(log n) to put or to find, nothing is
 * allocated. Private to the market. */
#pragma once

#include "domain/state.h"

/* Put the order where its state, price, free units and priority now say, or take it out. */
void book_put_ask(struct ask_entry *a);
void book_put_bid(struct bid_entry *b);

/* The best order of the side, and the next one down; NULL: none. */
struct ask_entry *book_best_ask(const struct book *book);
struct ask_entry *book_next_ask(const struct ask_entry *a);
struct bid_entry *book_best_bid(const struct book *book);
struct bid_entry *book_next_bid(const struct bid_entry *b);

/* The first ask that stands behind all of this price with fewer than `units` free. */
struct ask_entry *book_ask_from(const struct book *book, struct money price, int32_t units);

/* The first bid for no more than `units` that does not stand before this limit and priority. */
struct bid_entry *book_bid_from(const struct book *book, struct money limit, int64_t priority,
                                int32_t units);
