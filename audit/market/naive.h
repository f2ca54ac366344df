/* SPDX-License-Identifier: Apache-2.0 */
/* The naive market: docs/market.md a second time, slow and obvious.
 *
 * It is what the auditor replays with, and the oracle of the property tests. It shares nothing with
 * server/domain: flat arrays in order of number, linear scans, arithmetic of its own in 128 bits.
 * Tests compile it with the server's shapes of commands and objects, to compare both; the auditor
 * has its own shapes too (market/shapes.h). Memory grows with what is open, not with what has been:
 * who uses it has it forget what is over.
 *
 *   naive.c           accounts, money, teams; which command is whose
 *   naive_orders.c    nodes, asks, jobs: what owners ask for
 *   naive_walk.c      lines, and how far one looks along them
 *   naive_match.c     who serves whom, the shelf, prices, parking
 *   naive_displace.c  ripe leases, sealed bids, the call
 *   naive_lease.c     the life of a lease and what it means for its bid
 *   naive_due.c       what is due, what is over */
#pragma once

#include "market/shapes.h"

#define NAIVE_LINES 256 /* moves of one command, before they are added up */

#define SECOND_US INT64_C(1000000)
#define MONTH_S   INT64_C(2592000)

struct naive {
    struct market_rules rules;
    struct pool *pools;
    struct pool_state *states; /* of the pool with the same index */
    size_t pools_n;
    int64_t last_seq, last_us;

    struct balance *accounts;
    struct standing *standings; /* of the account with the same index */
    size_t accounts_n, accounts_cap;
    struct node *nodes;
    size_t nodes_n, nodes_cap;
    struct ask *asks;
    size_t asks_n, asks_cap;
    struct bid *bids;
    size_t bids_n, bids_cap;
    struct lease *leases;
    size_t leases_n, leases_cap;
    struct payout *payouts;
    size_t payouts_n, payouts_cap;
    struct offer *offers;
    size_t offers_n, offers_cap;

    /* What the last command did. */
    int64_t seq, now; /* its number and time */
    enum err_code refused;
    int64_t again_us;
    struct posting lines[NAIVE_LINES];
    size_t lines_n;
    struct trade trades[FILLS_MAX];
    size_t trades_n;
    int64_t returned; /* the ask whose units came back; 0: none */
};

/* An empty market with the accounts 1, 2 and 3. Ends the program when there is no memory. */
struct naive *naive_new(const struct market_rules *rules, const struct pool *pools, size_t pools_n);
void naive_free(struct naive *n);

/* An account with nothing on it; its number is higher than those of all others. */
void naive_add_account(struct naive *n, int64_t account);

/* One command: n->refused, lines (sorted, added up, none of zero) and trades say what it did. */
void naive_apply(struct naive *n, const struct command *c);

/* May a market have these rules? */
bool naive_rules_valid(const struct market_rules *r);

/* What the clock would do next (docs/market.md, Due): true, *out without number and time; else
 * *next_us says when there is something. */
bool naive_due(const struct naive *n, int64_t now_us, struct command *out, int64_t *next_us);

/* Forget what is over. */
void naive_settle_group(struct naive *n);

/* The objects by number, NULL when there is none. */
struct balance *naive_account(struct naive *n, int64_t account);
struct standing *naive_standing(struct naive *n, int64_t account);
struct node *naive_node(struct naive *n, int64_t node);
struct ask *naive_ask(struct naive *n, int64_t ask);
struct bid *naive_bid(struct naive *n, int64_t bid);
struct lease *naive_lease(struct naive *n, int64_t lease);
struct payout *naive_payout(struct naive *n, int64_t payout);
const struct pool *naive_pool(const struct naive *n, int32_t number);
struct pool_state *naive_pool_state(struct naive *n, int32_t number);

/* The same, but for what is over: commands do not know it. */
struct ask *naive_known_ask(struct naive *n, int64_t ask);
struct bid *naive_known_bid(struct naive *n, int64_t bid);

bool naive_has_to_leave(struct naive *n, const struct lease *l); /* when its node is drained */
bool naive_lease_lives(const struct lease *l);            /* offered … stopping, preempted */
int32_t naive_leased(const struct naive *n, int64_t ask); /* units under its live leases */
bool naive_ask_is_over(const struct naive *n, const struct ask *a);
bool naive_bid_is_over(const struct bid *b);
int64_t naive_owner(const struct naive *n, int64_t account);
struct needs naive_load(const struct naive *n, int64_t node);

/* ---- Shared between the parts of the model ---- */

/* Money. */
int64_t naive_available(struct naive *n, int64_t account);
void naive_move(struct naive *n, int64_t account, enum bucket bucket, int64_t amount);
void naive_hold(struct naive *n, struct bid *b, int64_t hold); /* that much from now on */
__int128 naive_charge(__int128 price, int64_t units, int64_t seconds);
__int128 naive_cover(__int128 price, int64_t units, int64_t seconds);
int64_t naive_limit(const struct naive *n, const struct bid *b, const struct want *w);
int64_t naive_want(const struct naive *n, const struct bid *b);
__int128 naive_least(const struct naive *n, const struct bid *b);
bool naive_wants_too_little(const struct naive *n, const struct bid *b);

/* Orders. */
bool naive_on_tick(const struct pool *p, int64_t price);
void naive_end_ask(struct ask *a, enum order_state state, enum reason reason);
void naive_end_bid(struct naive *n, struct bid *b, enum order_state state, enum job_state job,
                   enum reason reason);

/* Matching. */
enum but { BUT_NOTHING = 0, BUT_PRICE = 1, BUT_FREE = 2 };
bool naive_serves(const struct naive *n, const struct ask *a, const struct bid *b,
                  const struct want *w, int but);
bool naive_serves_own(const struct naive *n, const struct ask *a, const struct bid *b,
                      const struct want *w, int but);
const struct want *naive_want_for(const struct bid *b, int32_t pool); /* NULL: none */
bool naive_within_quota(const struct naive *n, const struct bid *b, const struct want *w);
bool naive_ask_in_books(const struct ask *a);
bool naive_bid_in_books(const struct bid *b);
bool naive_ask_before(const struct ask *a, const struct ask *b);
bool naive_bid_before(const struct naive *n, const struct bid *a, const struct bid *b,
                      int32_t pool);
struct ask *naive_best_ask(struct naive *n, const struct bid *b, const struct want **w);
bool naive_odd(struct naive *n, int32_t pool, int64_t price);
int64_t naive_reference(struct naive *n, int32_t pool); /* 0: not known */
void naive_park_bid(struct naive *n, struct bid *b, int32_t pool);
int32_t naive_seconds_for(const struct bid *b, __int128 price, int32_t units);

struct fill { /* a lease to be */
    struct ask *ask;
    int64_t price, base;
    bool own;
    struct lease *victim;
};
enum who { BID_CAME, BID_RESTED, IN_CALL };
void naive_grant(struct naive *n, struct bid *b, const struct want *w, const struct fill *fills,
                 size_t fills_n, enum who who);

enum collar { UNDER_COLLAR, NO_COLLAR };
bool naive_serves_at_once(struct naive *n, struct ask *a); /* some bid but for gangs */
void naive_bid_meets_asks(struct naive *n, struct bid *b, enum collar collar);
void naive_ask_meets_bids(struct naive *n, struct ask *a, enum collar collar);
bool naive_bid_would_trade(struct naive *n, struct bid *b);
bool naive_ask_would_trade(struct naive *n, struct ask *a); /* gangs apart */

bool naive_take_own(struct naive *n, struct bid *b);

/* A walk along asks, from the best on, for a bid's want; along bids for an ask. A walk that has
 * begun has memory: naive_…_walk_end() gives it back. */
struct ask_stop {
    struct ask *ask;
    int32_t left; /* units that may still be taken */
    int passed;   /* of the line that begins with it */
};
struct ask_walk {
    struct ask_stop *stops;
    size_t n, at;
    size_t level; /* the first of those with the price and the free units of the last one */
    int misses;
    const struct bid *bid;
    const struct want *want;
};
void naive_ask_walk_add(struct ask_walk *k, struct ask *a); /* there must be room */
void naive_ask_walk_sort(struct ask_walk *k);               /* after the last one */
void naive_ask_walk_begin(struct ask_walk *k, const struct bid *b, const struct want *w);
void naive_ask_walk_end(struct ask_walk *k);
/* The next that serves at a price up to `limit`; NULL: none, or as many misses as may be. */
struct ask *naive_ask_walk_next(const struct naive *n, struct ask_walk *k, int64_t limit,
                                int misses_most);
void naive_walk_asks(struct naive *n, struct ask_walk *k, const struct bid *b,
                     const struct want *w);

struct bid_stop {
    struct bid *bid;
    const struct want *want;
    int64_t limit;
};
struct bid_walk {
    struct bid_stop *stops;
    size_t n, at;
    int32_t began; /* free units of the ask when it began, */
    int32_t left;  /* and those that the bids found so far leave */
    int64_t limit; /* where it is, and of the bids of that limit: */
    int passed[64], skipped;
    int misses;
};
void naive_walk_bids(struct naive *n, struct bid_walk *k, const struct ask *a, int64_t from);
struct bid *naive_bid_walk_next(struct naive *n, struct bid_walk *k, const struct ask *a);
void naive_bid_walk_end(struct bid_walk *k);
bool naive_is_ordinary(const struct bid *b); /* it meets others' asks, alone */

/* Displacement. */
void naive_may_displace(struct naive *n, struct bid *b);
enum err_code naive_lease_ripe(struct naive *n, struct lease *l);
enum err_code naive_offer(struct naive *n, const struct command *c);
enum err_code naive_close_auction(struct naive *n, int64_t bid);
enum err_code naive_call(struct naive *n, int32_t pool);

/* Commands. */
void naive_recall(struct naive *n, struct bid *b, enum reason reason);
void naive_after_leases(struct naive *n, struct bid *b);
enum err_code naive_order_command(struct naive *n, const struct command *c);
enum err_code naive_lease_command(struct naive *n, const struct command *c);
