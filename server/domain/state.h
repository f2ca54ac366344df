/* SPDX-License-Identifier: Apache-2.0 */
/* The market's inside. Private to server/domain.
 *
 * Every public object stands first in an entry, which adds what is derived from it: its place in a
 * book, its timer, its share of a sum. Derived things are never changed by hand: whoever has
 * changed an object calls touch_…() (touch.h), which brings them in line and lists the object for
 * the store; loading calls index_…() (index.h) alone. So a rebuilt market is the same market.
 *
 *   books[pool]  asks ──place──▶ ask_entry ──▶ node_entry ──▶ its ask_entries
 *                bids ──place──▶ bid_entry ──▶ account
 *   timers       ──place──▶ ask_entry, bid_entry, lease_entry
 *
 * Leases name bid and ask by number, and find them through the tables. */
#pragma once

#include "domain/market.h"
#include "domain/table.h"
#include "domain/tree.h"

#define US_PER_SECOND INT64_C(1000000)
#define AT_US_MAX     (INT64_C(1) << 60) /* times stay below it, so that durations can be added */
#define BUNDLE_MAX    (INT64_C(1) << 50) /* shares stay below it, so that units × share fits */
#define SEQ_FIRST     16

struct account {
    struct balance balance;
    int32_t open_bids;
    int64_t owed; /* market_check()'s sum of what should be held */
};

struct node_entry {
    struct node node;
    const struct pool *cards; /* of its GPUs; NULL: it has none */
    struct ask_entry *asks;   /* all that are in memory, newest first */
    size_t asks_n;
};

struct ask_entry {
    struct ask ask;
    struct book *book;
    struct node_entry *node;
    struct ask_entry *newer, *older; /* of the node */
    struct place line, timer;
    int32_t leased; /* units under a lease */
    int32_t loaded; /* units of it that are counted in node.offered */
};

struct bid_entry {
    struct bid bid;
    struct book *book;
    struct account *buyer;
    struct place line, timer;
    bool counted; /* in buyer->open_bids */
};

struct lease_entry {
    struct lease lease;
    struct place timer;
};

/* One pool's two sides; what rests stands in `asks` and `bids` (book.h says in which order). */
struct book {
    struct pool pool;
    struct tree asks, bids;
};

/* What the group has touched; the arrays grow by touch_reserve(). */
struct touches {
    const struct balance **balances;
    const struct node **nodes;
    const struct ask **asks;
    const struct bid **bids;
    const struct lease **leases;
    const struct payout **payouts;
    struct trade *trades;
    size_t balances_n, nodes_n, asks_n, bids_n, leases_n, payouts_n, trades_n;
    size_t balances_cap, nodes_cap, asks_cap, bids_cap, leases_cap, payouts_cap, trades_cap;
};

struct market {
    struct mem mem;
    struct market_rules rules;
    struct book *books;
    size_t books_n;
    struct table balances; /* struct account */
    struct table nodes;    /* struct node_entry */
    struct table asks;     /* struct ask_entry */
    struct table bids;     /* struct bid_entry */
    struct table leases;   /* struct lease_entry */
    struct table payouts;  /* struct payout */
    struct tree timers;
    struct touches touches;
    int64_t last_seq, last_us;
};

struct book *state_book(const struct market *m, int32_t pool); /* NULL: no such pool */

/* Over: unknown to commands, and dropped when the group is settled (docs/market.md). */
bool state_ask_over(const struct ask_entry *a);
bool state_bid_over(const struct bid *b);
bool state_payout_over(const struct payout *p);

/* What commands may find: NULL for what is unknown or over. */
struct account *state_account(const struct market *m, int64_t account);
struct node_entry *state_node(const struct market *m, int64_t node);
struct ask_entry *state_ask(const struct market *m, int64_t ask);
struct bid_entry *state_bid(const struct market *m, int64_t bid);
struct lease_entry *state_lease(const struct market *m, int64_t lease);
struct payout *state_payout(const struct market *m, int64_t payout);

/* New objects, tied to those they name, which must be there, and to their tables, in which room
 * must be reserved. Their derived things follow with index_…() or touch_…(). */
struct account *state_add_account(struct market *m, int64_t account);
struct node_entry *state_add_node(struct market *m, const struct node *n); /* see room_equip() */
struct ask_entry *state_add_ask(struct market *m, const struct ask *a);
struct bid_entry *state_add_bid(struct market *m, const struct bid *b);
struct lease_entry *state_add_lease(struct market *m, const struct lease *l);
struct payout *state_add_payout(struct market *m, const struct payout *p);

/* Take out what is over; nothing may lead to it any more. */
void state_drop_ask(struct market *m, struct ask_entry *a);
