/* SPDX-License-Identifier: Apache-2.0 */
/* Matching: a continuous double auction, one order at a time. Private to the market.
 *
 * An order that comes meets those that rest: price, then fit (the smallest free set that serves),
 * then priority, among eligible ones. The trade is at the resting order's price. */
#pragma once

#include "domain/step.h"

/* One ask that a bid would take. */
struct pick {
    struct ask_entry *a;
    struct money price;
};

/* What a bid would take now: of one pool, one ask for each node. */
struct plan {
    int32_t want;
    int32_t n; /* nodes of the bid, or 0: nothing serves it */
    struct pick picks[GANG_NODES_MAX];
};

/* How a trade came about. */
struct how {
    bool came; /* it is the bid that the command is about: its hold may change at once */
    bool own;
    struct lease_entry *victim; /* a displacement: the lease that makes room */
};

/* What an open bid would take of others' asks now, and at what price as the one that comes. Looks
 * only; the bid need not have entered. O(log n) for each of its wants and passed asks. */
void match_plan(struct market *m, const struct bid_entry *b, int64_t now_us, struct plan *out);

/* The first of its trades that would be odd (collar.h); NULL: none. */
const struct pick *match_odd(const struct step *s, const struct plan *plan);

/* An open bid meets the asks: its owner's, then others'. */
void match_bid(struct step *s, struct bid_entry *b);

/* An ask meets the bids, as long as it is in the book and one of them is served. */
void match_ask(struct step *s, struct ask_entry *a);

/* Would the order trade if it came now, so that it is not for post-only? An ask with ordinary bids
 * only. They look only; the order need not have entered. */
bool match_ask_would_trade(const struct ask_entry *a, int64_t now_us);
bool match_bid_would_trade(struct market *m, const struct bid_entry *b, int64_t now_us);

/* The bid takes the picks: leases, trades, holds. */
void match_grant(struct step *s, struct bid_entry *b, const struct plan *plan, struct how how);

/* What a trade of `a` with the resting line is at, by the rule of the resting price. */
struct money match_price(const struct ask_entry *a, const struct bid_line *line,
                         const struct bid_entry *b);
