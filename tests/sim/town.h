/* SPDX-License-Identifier: Apache-2.0 */
/* A day in a small town of honest traders, and one player among them.
 *
 * Sellers have a node each and price it as agents do. Buyers come at random, want one or two units
 * for some minutes, or a gang of two or three nodes, and bid as the command line does: a tenth
 * above the best ask, never above what the job is worth to them, else that. A quarter of the jobs
 * can be interrupted: they save their work, and go on with it elsewhere. Who comes when and wants
 * what depends on the seed alone. The player is one more seller, or buyer, or both; what it does is
 * up to a strategy. Its profit is what it has in the end, with what its finished jobs were worth to
 * it and without what its machine time cost it. */
#pragma once

#include "domain/pricing.h"
#include "tests/sim/agenda.h"
#include "tests/sim/chance.h"
#include "tests/sim/world.h"

enum {
    TOWN_SELLERS = 7, /* the last is the player's */
    TOWN_PLAYER = TOWN_SELLERS - 1,
    TOWN_UNITS = 4, /* of each */
    TOWN_BUYERS = 16,
    TOWN_JOBS = 8192,
};

#define TOWN_TICK   INT64_C(1000) /* micro-USD */
#define TOWN_SECOND INT64_C(1000000)
#define TOWN_PURSE  INT64_C(1000000000000) /* of each buyer, and of each account of the player */

struct town_seller {
    int64_t account, node, ask;
    int64_t cost; /* micro-USD per unit and hour of running */
    bool known;   /* has delivered: others heed its price */
    bool prices;  /* by the policy of agents; else the strategy does */
    struct pricing pricing;
    int64_t fills;
    int64_t busy; /* micro-USD: what its running has cost so far */
};

struct town_job {
    int64_t account, bid;
    int64_t value; /* micro-USD per unit and hour, if it is finished */
    int32_t units, nodes, seconds;
    bool interruptible;
    int32_t saved; /* seconds that it has run already, before it was displaced */
    int32_t whole; /* leases of its present grant that have run to the end */
    int64_t lease; /* the last one */
    bool of_player, finished, gone;
};

/* A lease that was paid: what the index of the pool is made of (docs/market-data.md). */
struct town_delivery {
    int64_t buyer, provider;
    int64_t price;
    int64_t unit_seconds;
};

struct town;

enum town_answer { TOWN_ACCEPT, TOWN_WAIT, TOWN_DECLINE, TOWN_FAIL /* to start it */ };

/* How buyers choose their limit, when it is not what the job is worth: a tenth above what? */
enum town_quote { TOWN_BEST_ASK, TOWN_ASK_OR_MEDIAN };

/* What the player does beside being an honest seller or buyer. */
struct strategy {
    const char *name;
    bool sells, buys; /* it is a seller, a buyer with jobs of its own */
    bool prices;      /* its ask is priced as an honest one's */
    int64_t worth; /* its limits, in percent of what a job is worth; 0: chosen as all choose them */
    void (*begin)(struct town *t);
    void (*step)(struct town *t);                                       /* every 10 s */
    enum town_answer (*offered)(struct town *t, const struct lease *l); /* asked every second */
};

struct town {
    struct world world;
    struct agenda agenda;
    uint64_t seed;
    const struct strategy *strategy;
    enum town_quote quote;
    struct town_seller sellers[TOWN_SELLERS];
    int64_t buyers[TOWN_BUYERS];
    int64_t purse;      /* the player's second account */
    int64_t spare_node; /* a second node, of the purse */
    int64_t spare_ask;
    struct town_job jobs[TOWN_JOBS];
    size_t jobs_n, over_n; /* the first over_n are over */
    struct town_delivery deliveries[TOWN_JOBS];
    size_t deliveries_n;
    int64_t last_trade, last_trade_us; /* price */
    int64_t player_value, player_start;
    int64_t others_value; /* of finished jobs of others */
    int64_t deals, steps;
    bool bought; /* by the strategy: see town_buy */
    int64_t memory[8];
};

struct town_result {
    int64_t profit;  /* of the player, micro-USD */
    int64_t welfare; /* of all: worth of finished jobs less cost of running */
    int64_t commands, deals;
    int64_t index, index_of_others; /* of the day, micro-USD: of all, and without what the player
                                       has sold to itself; 0: none */
};

/* One day. */
struct town_terms {
    const struct market_rules *rules;
    enum town_quote quote;
};
void town_live(struct town *t, const struct town_terms *terms, const struct strategy *s,
               uint64_t seed, struct town_result *out);

/* ---- For strategies ---- */

extern const struct pool town_pool;

/* Of the player's node and of the others: what a bid can ask for to meet it, or never to. */
#define TOWN_LABEL          INT64_C(7)
#define TOWN_BANDWIDTH_MBPS 1000

bool town_rests(const struct town *t, int64_t ask); /* and somebody could buy from it */
int64_t town_best_ask(const struct town *t, int64_t but_account, bool known_only); /* 0: none */
/* The resting bid of others with the highest limit that up to `units` serve; NULL: none. */
const struct bid *town_best_bid(const struct town *t, int32_t units);
/* The gang with the highest limit that one more node at its limit would complete. */
const struct bid *town_best_gang(const struct town *t);
struct town_seller *town_player(struct town *t);

/* A job of the player that is worth nothing to it; its index, or -1. */
int64_t town_buy(struct town *t, int64_t limit, int32_t units, int32_t seconds);
struct bid_spec town_bid(const struct town *t, int64_t limit, int32_t units, int32_t seconds);
int64_t town_submit(struct town *t, const struct town_job *job, const struct bid_spec *spec);
/* Withdraw it; a machine that has begun with it ends it. */
void town_drop(struct town *t, size_t job);

/* ---- Between the files of the town ---- */

enum town_event {
    TOWN_COMES,
    TOWN_LOOKS,
    TOWN_STEPS,
    TOWN_ANSWERS, /* from here on also when the day is over */
    TOWN_STARTS,
    TOWN_ENDS,
    TOWN_YIELDS,
};
void town_at(struct town *t, int64_t in_seconds, enum town_event kind, int64_t what);
struct chance town_chance(const struct town *t, int kind, int64_t n);

/* town_index.c */
void town_deliver(struct town *t, const struct lease *l); /* that is settled */
int64_t town_index(const struct town *t, bool of_others);

/* town_jobs.c */
void town_come(struct town *t, int64_t account, struct chance *c, bool of_player);
void town_answer(struct town *t, int64_t lease);
void town_start(struct town *t, int64_t lease);
void town_end(struct town *t, int64_t lease, bool saved);
void town_on_trade(void *town, const struct trade *trade);
void town_on_lease(void *town, const struct lease *l);
