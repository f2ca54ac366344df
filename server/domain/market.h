/* SPDX-License-Identifier: Apache-2.0 */
/* The market: books, free units, leases and balances in memory, changed by commands alone. Pure.
 *
 * market_apply() either refuses a command and changes nothing, or changes the state and puts every
 * object it touched on the list of its kind (`touched`). The writer stores a group's commands and
 * what they touched in one transaction and then calls market_settle_group(). If the transaction
 * fails, the whole market is thrown away and loaded again. Objects that are over (docs/market.md)
 * are unknown to later commands at once, but stay in memory, to be looked at, until
 * market_settle_group(); pointers to touched objects are valid until then.
 *
 * Matching: price, then fit (the smallest free set that serves), then sequence, among eligible
 * orders; a trade is at the resting order's price (design.md §3).
 *
 * Memory comes through `struct mem`; when there is none a command is refused with ERR_OVERLOADED
 * before anything has changed. */
#pragma once

#include "base/err.h"
#include "base/mem.h"
#include "domain/command.h"
#include "wire/lease.h"

struct market;

enum order_state {
    ORDER_OPEN = 1,
    ORDER_FILLED = 2,
    ORDER_CANCELLED = 3,
    ORDER_EXPIRED = 4,
    ORDER_FAILED = 5
};

/* Job states as in design.md §4. Numbers are stored. */
enum job_state {
    JOB_OPEN = 1,
    JOB_PLACED = 2,
    JOB_RUNNING = 3,
    JOB_CHECKING = 4,
    JOB_SETTLED = 5,
    JOB_FAILED = 6,
    JOB_CANCELLED = 7,
    JOB_EXPIRED = 8,
};
extern const char *const order_state_names[6]; /* by number, [0] unused */
extern const char *const job_state_names[9];

enum payout_state { PAYOUT_REQUESTED = 1, PAYOUT_PAID = 2, PAYOUT_FAILED = 3 };

/* How far an object has come since the last group; `fresh` ones are inserted, others updated. */
struct touch {
    bool touched, fresh;
};

/* What ended leases of a grant mean for its job: the greatest counts. Numbers are stored. */
enum verdict { VERDICT_NONE = 0, VERDICT_RETRY = 1, VERDICT_FAILED = 2, VERDICT_CANCELLED = 3 };

struct balance {
    int64_t account;
    struct money available, held; /* both >= 0, but for ACCOUNT_WORLD's available */
    struct touch touch;
};

/* What the market knows of an account beside its money. */
struct standing {
    int64_t account;
    int32_t tier;
    int64_t team;       /* of which it is a member; 0: none, or it leads one */
    int32_t quota;      /* units of own leases at once; 0: no limit */
    int64_t invited_by; /* a team that it may join; 0: none */
    int32_t invited_quota;
    struct touch touch;
};

struct node {
    int64_t node, account;
    int64_t at_us;         /* of the command that made it, here and below: public ids need it */
    struct node_spec spec; /* with the market's tier and verified */
    int32_t strikes;
    int64_t backoff_us;   /* places no ask before */
    int64_t quoted_us;    /* last change of a price, or withdrawal, by its owner */
    int64_t ill_since_us; /* unhealthy since then; 0: it is well */
    int64_t ill_us;       /* and so long in all, but for the present time */
    int64_t drain_us;     /* no ask stands longer; 0: it does not drain */
    bool drain_stops;     /* what runs then has to leave */
    struct needs
        offered; /* its load (docs/market.md): derived, not stored, never touches by itself */
    struct touch touch;
};

struct ask {
    int64_t ask, account;
    int64_t at_us;
    int64_t priority; /* seq that gives its place in the line */
    struct ask_spec spec;
    struct traits traits; /* of its node, when it entered */
    int64_t parked; /* number of the command that took it out of the book until the call; else 0 */
    bool stale;     /* its node has changed its traits since: out of the book until it re-enters */
    int32_t free;   /* units not under a lease */
    enum order_state state; /* open, cancelled, expired. A cancelled ask's leases go on */
    enum reason reason;
    struct touch touch;
};

struct bid { /* and its job: same number */
    int64_t bid, account;
    int64_t at_us;
    int64_t priority;
    struct bid_spec spec;
    int32_t tier;           /* of its account, when it entered */
    bool sealed;            /* its auction is not over */
    int64_t parked;         /* number of the command that took it out of the books; else 0 */
    int32_t parked_pool;    /* for the call of this pool */
    enum order_state state; /* open: rests; filled: has a live lease or is done */
    enum job_state job;
    struct money spent;         /* charged so far */
    struct money hold;          /* held for it now; 0 when nothing is open */
    int64_t lease;              /* first of its present grant, 0 when none */
    int32_t leases_n;           /* of that grant, */
    int32_t live;               /* and how many of them are live */
    int32_t attempts;           /* grants so far */
    enum verdict verdict;       /* what the leases that have ended mean for the job */
    enum reason verdict_reason; /* and why: the job's, when it is over */
    int32_t exit_code;
    enum reason reason;
    int64_t excluded[EXCLUDED_NODES_MAX]; /* nodes that failed it */
    int32_t excluded_n;
    struct touch touch;
};

struct lease {
    int64_t lease; /* seq × 4096 + index */
    int64_t bid, ask, node, buyer, provider;
    int32_t pool, units;
    struct money price;
    struct money base;   /* of one that has displaced another: the ask's price; else 0 */
    bool own;            /* of one owner: free, off the tape */
    bool ripe;           /* interruptible, and has run its least time: may be displaced */
    int64_t waits;       /* the lease that it displaces and that has not ended yet; else 0 */
    int32_t seconds_max; /* the run ends then: duration, or what the hold pays for */
    struct money hold;   /* its part of the bid's, at the trade price */
    enum lease_state state;
    int32_t epoch; /* 1 at birth; raised when it is granted again */
    int64_t traded_us, accepted_us, ready_us, stopping_us, ended_us; /* 0: not yet */
    int64_t prepared_us; /* of a gang: it could start; 0: not yet */
    int64_t gathered_us; /* and when all of its gang could, so that it may; 0: not yet */
    int64_t ill_us;      /* node_ill_us() of its node when it was ready */
    int64_t seconds_signed, seconds_observed, seconds_billed;
    int64_t checkpoint;     /* number of the command that told of its last one; 0: of none */
    int32_t seconds_kept;   /* of the run: so much of it the last checkpoint saves, */
    int32_t seconds_looked; /* and up to here the agent has looked for what to save */
    struct money charge, fee, payout, insurance; /* charge = fee + payout + insurance */
    int32_t exit_code;
    enum reason reason;
    enum fault fault;
    struct touch touch;
};

struct payout {
    int64_t payout, account;
    struct money amount;
    enum payout_state state;
    int64_t at_us;
    struct touch touch;
};

/* A trade of the command just applied; its lease carries the same number. */
struct trade {
    int64_t trade; /* = lease */
    int64_t bid, ask, node, buyer, provider;
    int32_t pool, units;
    struct money price;
    bool bid_rested; /* the ask arrived; else the bid did */
    bool own;        /* off the tape */
    bool displacing;
    int64_t at_us;
};

/* What a pool's book keeps beside its orders. */
#ifndef REFERENCE_TRADES /* tests build the market with few */
#define REFERENCE_TRADES 15
#endif
struct pool_state {
    int32_t pool;
    int64_t call_us;                          /* when its call is due; 0: none is pending */
    int64_t called_seq;                       /* number of its last call; 0: there was none */
    struct money cursor_limit;                /* of the shelf: start behind this gang; */
    int64_t cursor_priority;                  /* priority 0: at the start */
    struct money recent[REFERENCE_TRADES];    /* prices of the last trades, oldest first, */
    int64_t recent_sellers[REFERENCE_TRADES]; /* and whose asks: of an owner only the last one */
    int32_t recent_n;
    struct touch touch;
};

/* A sealed offer, for the bid that it is kept with. */
struct offer {
    int64_t bid, ask;
    struct money price;
    int64_t seq; /* of its command */
    struct touch touch;
};

/* One line of the entry of a command. Lines sum to zero. */
enum bucket { BUCKET_AVAILABLE = 0, BUCKET_HELD = 1 };
struct posting {
    int64_t account;
    enum bucket bucket;
    struct money amount;
};
#define POSTINGS_MAX 8

/* What one command did. */
struct outcome {
    enum err_code refused; /* ERR_NONE: applied */
    char why[160];         /* for the client, when refused */
    int64_t again_us;      /* when refused only for now: when to come again; else 0 */
    struct posting postings[POSTINGS_MAX];
    int32_t postings_n;             /* 0: moved nothing */
    int32_t trades_first, trades_n; /* into market_trades() */
};

extern const struct market_rules market_rules_default;
extern const struct market_rules market_rules_default; /* in force until the first set_rules */

/* May a market have these? Others are refused by set_rules, and are a bug in market_new(). */
bool market_rules_valid(const struct market_rules *rules);
bool market_rules_equal(const struct market_rules *a, const struct market_rules *b);

/* A new empty market; pools are copied. NULL: no memory. */
struct market *market_new(const struct mem *mem, const struct market_rules *rules,
                          const struct pool *pools, size_t pools_n);
void market_free(struct market *m);

/* Loading: put what PostgreSQL holds into an empty market, in any order but balances before
 * standings, nodes before asks, bids before offers, and asks and bids before leases. Objects are
 * copied. False: no memory. Afterwards market_load_end() rebuilds books and sums and asserts every
 * invariant. */
MUST_CHECK bool market_load_balance(struct market *m, const struct balance *b);
MUST_CHECK bool market_load_standing(struct market *m,
                                     const struct standing *s); /* after balance */
MUST_CHECK bool market_load_pool(struct market *m, const struct pool_state *p);
MUST_CHECK bool market_load_offer(struct market *m, const struct offer *o); /* after its bid */
MUST_CHECK bool market_load_node(struct market *m, const struct node *n);
MUST_CHECK bool market_load_ask(struct market *m, const struct ask *a);
MUST_CHECK bool market_load_bid(struct market *m, const struct bid *b);
MUST_CHECK bool market_load_lease(struct market *m, const struct lease *l);
MUST_CHECK bool market_load_payout(struct market *m, const struct payout *p);
MUST_CHECK bool market_load_end(struct market *m, int64_t last_seq, int64_t last_us);

/* What is due because an agent did not speak (offers, preparations, stops), and was waited for
 * already, is not due before `until_us`: until then he could not be heard. It changes when the
 * clock speaks, not what its commands do, and goes with the market. After loading. */
void market_grant_amnesty(struct market *m, int64_t until_us);

/* Apply one command: seq must be the last one's + 1, at_us not before the last one's. */
void market_apply(struct market *m, const struct command *c, struct outcome *out);

/* The next clock command that is due at `now_us` (offer, prepare and stop timeouts, spent time,
 * expired orders), without seq and at_us. False: none; then *next_us says when to ask again
 * (INT64_MAX: only after another command). Silence of nodes is not the market's to see. */
MUST_CHECK bool market_due(const struct market *m, int64_t now_us, struct command *out,
                           int64_t *next_us);

/* What the group has touched so far, for the store. The array is valid until the next call on m. */
struct touched {
    const struct balance *const *balances;
    size_t balances_n;
    const struct standing *const *standings;
    size_t standings_n;
    const struct pool_state *const *pools;
    size_t pools_n;
    const struct offer *offers; /* new or replaced */
    size_t offers_n;
    const struct node *const *nodes;
    size_t nodes_n;
    const struct ask *const *asks;
    size_t asks_n;
    const struct bid *const *bids;
    size_t bids_n;
    const struct lease *const *leases;
    size_t leases_n;
    const struct payout *const *payouts;
    size_t payouts_n;
    const struct trade *trades;
    size_t trades_n;
};
void market_touched(struct market *m, struct touched *out);

/* The group is durable: forget the touches, drop what is final. */
void market_settle_group(struct market *m);

/* Looking; NULL when not in memory (unknown, or final and dropped). Borrowed until the next call
 * that changes m. */
const struct balance *market_balance(const struct market *m, int64_t account);
const struct standing *market_standing(const struct market *m, int64_t account);
const struct pool_state *market_pool_state(const struct market *m, int32_t pool);
const struct node *market_node(const struct market *m, int64_t node);
const struct ask *market_ask(const struct market *m, int64_t ask);
const struct bid *market_bid(const struct market *m, int64_t bid);
const struct lease *market_lease(const struct market *m, int64_t lease);
const struct payout *market_payout(const struct market *m, int64_t payout);
const struct pool *market_pool(const struct market *m, int32_t number);
const struct pool *market_pool_named(const struct market *m, struct str name);
const struct trade *market_trades(const struct market *m); /* of the present group */
int64_t market_last_seq(const struct market *m);
int64_t market_last_us(const struct market *m);

/* Live leases of a node, for liveness: calls fn for each. */
void market_each_lease(const struct market *m, void (*fn)(void *arg, const struct lease *l),
                       void *arg);

/* State hash: FNV-1a over the stored fields of each object that is not over, mixed and added up.
 * Equal for a live market, a rebuilt one and a replayed one. Not for adversaries. */
uint64_t market_hash(const struct market *m);

/* Every invariant of design.md §3 and §4, checked over the whole state: asserts. O(n log n); for
 * tests and for market_load_end(). */
void market_check(struct market *m);
