/* SPDX-License-Identifier: Apache-2.0 */
/* Bring what is derived from an object in line with it: its place in the book, its timer, its
 * share of the sums. May be called as often as one likes. Private to the market. */
#pragma once

#include "domain/state.h"

/* The third key of a timer: at one time and number an order comes before a lease. */
enum timer_of { TIMER_ORDER, TIMER_LEASE };

void index_ask(struct market *m, struct ask_entry *a);
void index_bid(struct market *m, struct bid_entry *b);
void index_lease(struct market *m, struct lease_entry *l);

/* When the clock has something to say to the lease (docs/market.md, Due); INT64_MAX: never. */
int64_t index_lease_due_us(const struct market_rules *rules, const struct lease *l);
