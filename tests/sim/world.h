/* SPDX-License-Identifier: Apache-2.0 */
/* A market in memory, with verbs in which a trader thinks: the rules of server/domain, a clock that
 * moves when it is told to, and nothing else.
 *
 * Each verb is one command. What it did is in `out` and `trades` until the next verb; a refused one
 * gives 0 or false and the reason in `out.refused`. A world is checked to conserve money when it
 * ends. */
#pragma once

#include "domain/market.h"

struct world {
    struct market *market;
    struct market_rules rules;
    int64_t now_us;
    struct outcome out;         /* of the last command */
    const struct trade *trades; /* of the last command: out.trades_n */
    struct lease ended;         /* the lease of the last lease command, as it was after it */
    int64_t credited;           /* micro-USD that came in */
    int64_t commands, refused;
    /* Called for each trade, when not NULL: also for those of clock commands in world_until. */
    void (*on_trade)(void *arg, const struct trade *t);
    /* Called for each lease that a command has touched, as it is after it. It commands nothing. */
    void (*on_lease)(void *arg, const struct lease *l);
    void *arg;
};

#define WORLD_HOUR_US  INT64_C(3600000000)
#define WORLD_START_US INT64_C(1000000000000)

/* Aborts when there is no memory: this is a measuring program. */
void world_begin(struct world *w, const struct market_rules *rules, const struct pool *pools,
                 size_t pools_n);

/* Checks every invariant, and that the balances add up to what came in; then frees it. */
void world_end(struct world *w);

/* For what the rules cannot refuse: aborts and says why they did, when they did. */
void world_must(const struct world *w, bool done);

/* ---- Verbs: a number, 0 when refused ---- */

int64_t world_account(struct world *w, int64_t micros); /* with so much credit, may be 0 */
int64_t world_node(struct world *w, int64_t account, const struct pool *pool, int32_t units);
int64_t world_node_of(struct world *w, int64_t account, const struct pool *pool, int32_t units,
                      struct traits traits);
int64_t world_ask(struct world *w, int64_t account, const struct ask_spec *spec);
int64_t world_job(struct world *w, int64_t account, const struct bid_spec *spec);

/* An ask for leases of 60 s … 30 days that stands for a month; a bid for one lease of `seconds`
 * with a budget that pays for it at its limit. */
struct ask_spec world_plain_ask(const struct world *w, int64_t node, const struct pool *pool,
                                int64_t price_micros, int32_t units);
struct bid_spec world_plain_bid(const struct world *w, const struct pool *pool,
                                int64_t limit_micros, int32_t units, int32_t seconds);

bool world_amend_ask(struct world *w, int64_t account, int64_t ask, int64_t price, int32_t units);
bool world_amend_bid(struct world *w, int64_t account, int64_t bid, int64_t limit);
bool world_cancel_ask(struct world *w, int64_t account, int64_t ask);
bool world_cancel_job(struct world *w, int64_t account, int64_t bid);

/* Of the lease's node, at its present epoch. */
bool world_accept(struct world *w, int64_t lease);
bool world_decline(struct world *w, int64_t lease);
bool world_cannot_start(struct world *w, int64_t lease); /* by the provider's fault */
bool world_ready(struct world *w, int64_t lease);
/* It could start. True: it may, with all of its gang, which begins at *first. */
bool world_may_start(struct world *w, int64_t lease, int64_t *first, int32_t *n);
bool world_exit(struct world *w, int64_t lease, int64_t seconds);  /* done, code 0 */
bool world_yield(struct world *w, int64_t lease, int64_t seconds); /* displaced */
bool world_lose(struct world *w, int64_t lease);

/* Apply the next clock command, if one falls due up to then, at its time. False: none does. */
bool world_tick(struct world *w, int64_t at_us);

/* Let time pass: apply every clock command that falls due up to then. */
void world_until(struct world *w, int64_t at_us);

/* Looking. */
int64_t world_available(const struct world *w, int64_t account);
int64_t world_wealth(const struct world *w, int64_t account); /* available and held */
