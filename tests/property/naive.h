/* SPDX-License-Identifier: Apache-2.0 */
/* The naive market: docs/market.md a second time, slow and obvious.
 *
 * It is the oracle of the property test, so it shares nothing with server/domain but the shapes of
 * commands and the names of states: flat arrays in order of number, linear scans, arithmetic of its
 * own in 128 bits. It has a fixed size; tests keep their books small. */
#pragma once

#include "domain/market.h" /* structs and enums only: no function of it is called */

#define NAIVE_ACCOUNTS 64
#define NAIVE_NODES    1024
#define NAIVE_ASKS     4096
#define NAIVE_BIDS     16384
#define NAIVE_LEASES   16384
#define NAIVE_PAYOUTS  1024
#define NAIVE_POOLS    16

struct naive_account {
    int64_t account, available, held;
};

struct naive_node {
    int64_t node, account;
    struct node_spec spec;
};

struct naive_ask {
    int64_t ask, account, priority;
    struct ask_spec spec;
    int32_t free;
    enum order_state state;
    enum reason reason;
};

struct naive_bid {
    int64_t bid, account, priority;
    struct bid_spec spec;
    enum order_state state;
    enum job_state job;
    int64_t spent, hold, lease;
    int32_t attempts, exit_code;
    enum reason reason;
    int64_t excluded[16];
    int32_t excluded_n;
};

struct naive_lease {
    int64_t lease, bid, ask, node, buyer, provider;
    int32_t pool, units;
    int64_t price, hold;
    int32_t seconds_max;
    enum lease_state state;
    int32_t epoch;
    int64_t traded_us, accepted_us, ready_us, stopping_us, ended_us;
    int64_t seconds_signed, seconds_observed, seconds_billed;
    int64_t charge, fee, payout;
    int32_t exit_code;
    enum reason reason;
    enum fault fault;
};

struct naive_payout {
    int64_t payout, account, amount;
    enum payout_state state;
    int64_t at_us;
};

struct naive_trade {
    int64_t trade, bid, ask, node, buyer, provider;
    int32_t pool, units;
    int64_t price;
    bool bid_rested;
};

struct naive_line {
    int64_t account;
    enum bucket bucket;
    int64_t amount;
};

struct naive {
    struct market_rules rules;
    struct pool pools[NAIVE_POOLS];
    size_t pools_n;
    int64_t last_seq, last_us;

    struct naive_account accounts[NAIVE_ACCOUNTS];
    size_t accounts_n;
    struct naive_node nodes[NAIVE_NODES];
    size_t nodes_n;
    struct naive_ask asks[NAIVE_ASKS];
    size_t asks_n;
    struct naive_bid bids[NAIVE_BIDS];
    size_t bids_n;
    struct naive_lease leases[NAIVE_LEASES];
    size_t leases_n;
    struct naive_payout payouts[NAIVE_PAYOUTS];
    size_t payouts_n;

    /* What the last command did. */
    int64_t seq, now; /* its number and time */
    enum err_code refused;
    struct naive_line lines[64];
    size_t lines_n;
    struct naive_trade trades[FILLS_MAX];
    size_t trades_n;
};

/* An empty market with the accounts 1 and 2. Ends the program when there is no memory. */
struct naive *naive_new(const struct market_rules *rules, const struct pool *pools, size_t pools_n);
void naive_free(struct naive *n);

/* One command: n->refused, lines (sorted, added up, none of zero) and trades say what it did. */
void naive_apply(struct naive *n, const struct command *c);

/* As market_due(). */
bool naive_due(const struct naive *n, int64_t now_us, struct command *out, int64_t *next_us);

/* Forget what is final. */
void naive_settle_group(struct naive *n);

/* Laws that hold for every market, whoever is right about the details: money is conserved, holds
 * equal open obligations, units and nodes are not oversold, no order rests across one that it
 * serves. NULL, or a sentence. */
const char *naive_broken_law(const struct naive *n);

/* The objects by number, NULL when there is none. */
struct naive_account *naive_account(struct naive *n, int64_t account);
struct naive_node *naive_node(struct naive *n, int64_t node);
struct naive_ask *naive_ask(struct naive *n, int64_t ask);
struct naive_bid *naive_bid(struct naive *n, int64_t bid);
struct naive_lease *naive_lease(struct naive *n, int64_t lease);
struct naive_payout *naive_payout(struct naive *n, int64_t payout);
const struct pool *naive_pool(const struct naive *n, int32_t number);

bool naive_lease_lives(const struct naive_lease *l);      /* offered … stopping */
int32_t naive_leased(const struct naive *n, int64_t ask); /* units under its live leases */

bool naive_ask_is_final(const struct naive *n, const struct naive_ask *a);
bool naive_bid_is_final(const struct naive_bid *b);

/* Its open asks whole, and of its other asks the units that are under lease. */
struct needs naive_load(const struct naive *n, int64_t node);

/* Shared between the parts of the model: naive.c, naive_orders.c, naive_lease.c. */
int64_t naive_available(struct naive *n, int64_t account);
void naive_move(struct naive *n, int64_t account, enum bucket bucket, int64_t amount);
__int128 naive_charge(int64_t price, int64_t units, int64_t seconds);
__int128 naive_cover(int64_t price, int64_t units, int64_t seconds);
int64_t naive_want(const struct naive_bid *b, int64_t price);
bool naive_wants_too_little(const struct naive *n, const struct naive_bid *b, int64_t limit);
/* The bid is over, and what is held for it is available again. */
void naive_end_bid(struct naive *n, struct naive_bid *b, enum order_state state, enum job_state job,
                   enum reason reason);
void naive_bid_meets_asks(struct naive *n, struct naive_bid *b);
void naive_ask_meets_bids(struct naive *n, struct naive_ask *a);
void naive_cancel_offer(struct naive *n, struct naive_lease *l);
enum err_code naive_order_command(struct naive *n, const struct command *c);
enum err_code naive_lease_command(struct naive *n, const struct command *c);
