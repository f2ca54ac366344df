/* SPDX-License-Identifier: Apache-2.0 */
/* Matching: a continuous double auction, one order at a time. Private to the market.
 *
 * An order that comes meets those that rest: price, then fit (the smallest free set that serves),
 * then priority, among eligible ones. The trade is at the resting order's price. */
#pragma once

#include "domain/step.h"

/* The ask that an open bid would take now; NULL: none serves it. O(log n) for each price level that
 * has too few units free, O(1) for each ask that is passed over for another reason. */
struct ask_entry *match_ask_for(const struct bid_entry *b, int64_t now_us);

/* An open bid meets the asks: at most one trade. */
void match_bid(struct step *s, struct bid_entry *b);

/* An ask meets the bids, as long as it is open and one of them is served. O(log n) for each bid
 * that it has the units for; the others are not even looked at. */
void match_ask(struct step *s, struct ask_entry *a);
