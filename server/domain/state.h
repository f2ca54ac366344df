/* SPDX-License-Identifier: Apache-2.0 */
/* The market's inside. Private to server/domain.
 *
 * Every public object stands first in an entry, which adds what is derived from it: its place in a
 * book, its timer, its share of a sum. Derived things are never changed by hand: whoever has
 * changed an object calls touch_…() (touch.h), which brings them in line and lists the object for
 * the store; loading calls index_…() (index.h) alone. So a rebuilt market is the same market.
 *
 *   books[pool]  asks ──rung──▶ ask_entry ──▶ node_entry ──▶ its ask_entries
 *                bids ──rung──▶ bid_line, one of a bid_entry for each of its wants ──▶ account
 *                shelf ─place─▶ bid_line of a gang
 *                ripe ──place─▶ lease_entry that may be displaced
 *                parked ─place▶ order that waits for a call
 *   owners       asks ──place─▶ ask_entry     bids ──place──▶ bid_entry that takes its owner's
 * first timers       ──place──▶ ask_entry, bid_entry, lease_entry, book
 *
 * Leases name bid and ask by number, and find them through the tables. */
#pragma once

#include "domain/ladder.h"
#include "domain/market.h"
#include "domain/table.h"
#include "domain/tree.h"

#define US_PER_SECOND INT64_C(1000000)
#define US_PER_MS     INT64_C(1000)
#define AT_US_MAX     (INT64_C(1) << 60) /* times stay below it, so that durations can be added */
#define BUNDLE_MAX    (INT64_C(1) << 50) /* shares stay below it, so that units × share fits */
#define SEQ_FIRST     16

/* An account, or the team that it is a member of: orders of one owner do not trade. */
struct owner {
    struct tree asks; /* in a book: pool, free, priority, number */
    struct tree bids; /* open and in the books, own first or only, no gangs: priority, number */
    int32_t members;
};

struct account {
    struct balance balance;
    struct standing standing;
    struct owner *owner;
    int32_t open_bids;
    int32_t live_leases; /* as the buyer */
    int32_t own_units;   /* under its own leases now */
    int32_t asks;        /* that are not over */
    int64_t owed;        /* market_check()'s sum of what should be held */
};

struct node_entry {
    struct node node;
    const struct pool *cards; /* of its GPUs; NULL: it has none */
    struct account *account;
    struct node_entry *site; /* may be itself */
    struct ask_entry *asks;  /* all that are in memory, newest first */
    size_t asks_n;
    struct lease_entry *leases; /* all that are in memory */
    int32_t live_asks;          /* that are not over */
    uint64_t plan;              /* scratch of gang plans: the last one that took this node; */
    uint64_t site_plan;         /* the last one that counted nodes of this site, */
    int32_t site_nodes;         /* and how many it has found */
};

struct ask_entry {
    struct ask ask;
    struct book *book;
    struct node_entry *node;
    struct ask_entry *newer, *older; /* of the node */
    struct rung line;
    struct ladder_order stands; /* as what it stands in the line */
    struct place timer;
    struct place spot;    /* in its owner's asks, in its pool's parked or busy orders, */
    struct tree *spot_in; /* or nowhere: NULL */
    int32_t leased;       /* units under a lease */
    int32_t heirs;        /* leases that wait for units of it */
    int32_t loaded;       /* units of it that are counted in node.offered */
    int32_t taken;        /* see `plan` */
    uint64_t plan;        /* scratch: the last call that took units of it, or explanation, */
    int64_t frees_us;     /* which says when all its leases have ended */
    bool counted;         /* in account->asks and node->live_asks */
    bool called;          /* parked, but a call is being held */
};

/* A bid in the book of one of its wants. */
struct bid_line {
    struct bid_entry *bid;
    struct book *book;
    struct money limit; /* limit(w) of docs/market.md */
    int32_t want;
    struct rung rung;          /* an ordinary bid's, */
    struct money stands_limit; /* and as what it stands there; */
    int64_t stands_priority;
    struct place shelf; /* a gang's */
};

struct bid_entry {
    struct bid bid;
    struct account *buyer;
    struct bid_line *lines; /* as many as it has wants; the only one is `line` */
    struct bid_line line;
    uint64_t cells; /* that its wish allows */
    struct place timer;
    struct place spot;      /* in its owner's bids, or in a pool's parked orders, */
    struct tree *spot_in;   /* or nowhere: NULL */
    struct book *parked_in; /* whose call it waits for; NULL: none */
    struct offer *offers;   /* of a sealed one; OFFERS_MAX of them, or NULL */
    int32_t offers_n;
    int64_t leases_hold; /* sum of the holds of its live leases */
    bool counted;        /* in buyer->open_bids */
    bool called;         /* parked, but a call is being held */
};

struct lease_entry {
    struct lease lease;
    struct place timer, ripe;
    struct node_entry *node;
    struct lease_entry *next, *before; /* of the node */
    struct lease_entry *heir;          /* the lease that waits for this one */
    int64_t limit;                     /* limit(w) of its bid: whom to displace first */
    bool counted;                      /* in the sums of bid, buyer */
};

/* One pool's two sides, and what else waits there. */
struct book {
    struct pool_state state;
    struct pool pool;
    struct ladder asks, bids;
    struct tree shelf;
    struct tree ripe;
    struct tree parked;
    struct tree busy; /* open asks without a free unit: price, number */
    struct place timer;
    int64_t resting_nodes; /* of the bids in it: an event makes no more trades than that */
};

/* What the group has touched; the arrays grow by touch_reserve(). */
struct touches {
    const struct balance **balances;
    const struct standing **standings;
    const struct pool_state **pools;
    const struct node **nodes;
    const struct ask **asks;
    const struct bid **bids;
    const struct lease **leases;
    const struct payout **payouts;
    struct trade *trades;
    struct offer *offers;
    size_t balances_n, standings_n, pools_n, nodes_n, asks_n, bids_n, leases_n, payouts_n, trades_n,
        offers_n;
    size_t balances_cap, standings_cap, pools_cap, nodes_cap, asks_cap, bids_cap, leases_cap,
        payouts_cap, trades_cap, offers_cap;
};

/* One of the bids that a walk finds for an ask, and what the ask gets from it. */
struct met {
    struct bid_line *line;
    struct money price;
};

struct market {
    struct mem mem;
    struct market_rules rules;
    struct met *met; /* scratch: room for FILLS_MAX of the event on the way */
    struct book *books;
    size_t books_n;
    struct ladder_room room;
    struct table balances; /* struct account */
    struct table owners;   /* struct owner */
    struct table nodes;    /* struct node_entry */
    struct table asks;     /* struct ask_entry */
    struct table bids;     /* struct bid_entry */
    struct table leases;   /* struct lease_entry */
    struct table payouts;  /* struct payout */
    struct tree timers;
    struct touches touches;
    uint64_t plan;       /* number of the last gang plan or call: scratch, not state */
    uint64_t gang_looks; /* asks that gang plans looked at, ever: scratch as well */
    bool loaded;         /* not lived through from its first command on */
    int64_t outage_us;   /* who was waited for then already, */
    int64_t amnesty_us;  /* is not late before that: of this process, not state */
    int64_t last_seq, last_us;
};

struct book *state_book(const struct market *m, int32_t pool); /* NULL: no such pool */

/* The traits that an ask of the node has when it enters, and whether those are these. */
struct traits state_traits(const struct node_entry *n);
bool state_has_traits(const struct node_entry *n, const struct traits *t);

/* In the books: open, and neither stale, sealed nor parked (nor, an ask, without a free unit). */
bool state_ask_in(const struct ask_entry *a);
bool state_bid_in(const struct bid_entry *b);

static inline bool state_is_gang(const struct bid *b)
{
    return b->spec.nodes > 1;
}

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
/* `lines`: room for the wants of a bid that has several, from the market's memory; else NULL. */
struct bid_entry *state_add_bid(struct market *m, const struct bid *b, struct bid_line *lines);
MUST_CHECK bool state_make_lines(struct market *m, const struct bid_spec *s, struct bid_line **out);
struct lease_entry *state_add_lease(struct market *m, const struct lease *l);
struct payout *state_add_payout(struct market *m, const struct payout *p);

/* The account's orders are its team's now, or its own: call after standing.team has changed. */
void state_set_owner(struct market *m, struct account *a);

/* What stands in the entry of a bid and follows from its terms alone: also for bids that are looked
 * at before they enter. Its lines are there. */
void state_dress_bid(const struct market *m, struct bid_entry *b);

/* Take out what is over; nothing may lead to it any more. */
void state_drop_ask(struct market *m, struct ask_entry *a);
void state_drop_bid(struct market *m, struct bid_entry *b);
void state_drop_lease(struct market *m, struct lease_entry *l);
