/* SPDX-License-Identifier: Apache-2.0 */
/* Bring what is derived from an object in line with it: its place in the book, its timer, its
 * share of the sums. May be called as often as one likes. Private to the market. */
#pragma once

#include "domain/state.h"

/* The third key of a timer: at one time and number an order comes before a lease, and a lease
 * before a pool. */
enum timer_of { TIMER_ORDER, TIMER_LEASE, TIMER_POOL };

void index_ask(struct market *m, struct ask_entry *a);
void index_bid(struct market *m, struct bid_entry *b);
void index_lease(struct market *m, struct lease_entry *l);
void index_pool(struct market *m, struct book *book);

/* When the clock has something to say (docs/market.md, Due); INT64_MAX: never. */
int64_t index_ask_due_us(const struct ask_entry *a);
int64_t index_bid_due_us(const struct bid_entry *b);
int64_t index_lease_due_us(const struct market *m, const struct lease_entry *l);
int64_t index_pool_due_us(const struct book *book);

/* When the window of a sealed bid is over. */
int64_t index_auction_us(const struct bid *b);

/* When a running lease has to leave its node; INT64_MAX: it need not. */
int64_t index_drained_us(const struct lease_entry *l);

/* When a running lease is ripe; INT64_MAX: never, or it is. */
int64_t index_ripe_us(const struct market *m, const struct lease *l);
