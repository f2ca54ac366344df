/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/world.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SECOND_US INT64_C(1000000)
#define MONTH_S   2592000

void world_begin(struct world *w, const struct market_rules *rules, const struct pool *pools,
                 size_t pools_n)
{
    *w = (struct world){ .rules = *rules, .now_us = WORLD_START_US };
    w->market = market_new(&mem_heap, rules, pools, pools_n);
    if (w->market == NULL) {
        fprintf(stderr, "no memory\n");
        exit(1);
    }
}

void world_end(struct world *w)
{
    market_check(w->market);
    assert(market_balance(w->market, ACCOUNT_WORLD)->available.micros == -w->credited);
    market_free(w->market);
    w->market = NULL;
}

void world_must(const struct world *w, bool done)
{
    if (done) return;
    fprintf(stderr, "command %" PRId64 " is refused: %s (%d)\n", market_last_seq(w->market) + 1,
            w->out.why, (int)w->out.refused);
    abort();
}

static void tell_leases(struct world *w)
{
    struct touched touched;

    market_touched(w->market, &touched);
    for (size_t i = 0; i < touched.leases_n; i++)
        w->on_lease(w->arg, touched.leases[i]);
}

/* The number of the command, 0 when it is refused. */
static int64_t tell(struct world *w, struct command c)
{
    market_settle_group(w->market); /* what the last one was looked at for is over */
    c.seq = market_last_seq(w->market) + 1;
    c.at_us = w->now_us;
    market_apply(w->market, &c, &w->out);
    w->trades = market_trades(w->market) + w->out.trades_first;
    w->commands++;
    if (w->out.refused != ERR_NONE) {
        w->refused++;
        return 0;
    }
    if (w->on_trade) {
        for (int32_t i = 0; i < w->out.trades_n; i++)
            w->on_trade(w->arg, &w->trades[i]);
    }
    if (w->on_lease) tell_leases(w);
    return c.seq;
}

int64_t world_account(struct world *w, int64_t micros)
{
    const int64_t account =
        tell(w, (struct command){ .account = ACCOUNT_WORLD, .kind = COMMAND_OPEN_ACCOUNT });
    if (micros > 0) {
        (void)tell(w, (struct command){ .account = ACCOUNT_WORLD,
                                        .kind = COMMAND_CREDIT,
                                        .u.credit = { account, { micros } } });
        world_must(w, w->out.refused == ERR_NONE);
        w->credited += micros;
    }
    return account;
}

int64_t world_node(struct world *w, int64_t account, const struct pool *pool, int32_t units)
{
    return world_node_of(w, account, pool, units, (struct traits){ 0 });
}

int64_t world_node_of(struct world *w, int64_t account, const struct pool *pool, int32_t units,
                      struct traits traits)
{
    const struct node_spec spec = {
        .cpu_millis = pool->unit.cpu_millis * units,
        .memory_bytes = pool->unit.memory_bytes * units,
        .scratch_bytes = pool->unit.scratch_bytes * units,
        .gpu_pool = pool->unit.gpus > 0 ? pool->number : 0,
        .gpus = pool->unit.gpus * units,
        .traits = traits,
    };
    return tell(w, (struct command){
                       .account = account, .kind = COMMAND_PUT_NODE, .u.put_node.spec = spec });
}

struct ask_spec world_plain_ask(const struct world *w, int64_t node, const struct pool *pool,
                                int64_t price_micros, int32_t units)
{
    return (struct ask_spec){
        .node = node,
        .pool = pool->number,
        .price = { price_micros },
        .floor = pool->tick,
        .units = units,
        .until_us = w->now_us + SECOND_US * 2 * MONTH_S,
        .seconds_min = 60,
        .seconds_max = MONTH_S,
        .risk_seconds = MONTH_S,
    };
}

struct bid_spec world_plain_bid(const struct world *w, const struct pool *pool,
                                int64_t limit_micros, int32_t units, int32_t seconds)
{
    struct money budget;
    const bool fits = money_charge_ceil((struct money){ limit_micros }, units, seconds, &budget);

    assert(fits);
    (void)fits;
    return (struct bid_spec){
        .wants = { { pool->number, units } },
        .wants_n = 1,
        .limit = { limit_micros },
        .budget = budget,
        .nodes = 1,
        .seconds = seconds,
        .checkpoint_seconds = 3600,
        .expires_us = w->now_us + SECOND_US * MONTH_S,
        .attempts_max = 10,
    };
}

int64_t world_ask(struct world *w, int64_t account, const struct ask_spec *spec)
{
    return tell(
        w, (struct command){ .account = account, .kind = COMMAND_PLACE_ASK, .u.place_ask = *spec });
}

int64_t world_job(struct world *w, int64_t account, const struct bid_spec *spec)
{
    return tell(w, (struct command){
                       .account = account, .kind = COMMAND_SUBMIT_JOB, .u.submit_job = *spec });
}

bool world_amend_ask(struct world *w, int64_t account, int64_t ask, int64_t price, int32_t units)
{
    return tell(w, (struct command){ .account = account,
                                     .kind = COMMAND_AMEND_ASK,
                                     .u.amend_ask = { ask, { price }, units } }) != 0;
}

bool world_amend_bid(struct world *w, int64_t account, int64_t bid, int64_t limit)
{
    return tell(w, (struct command){ .account = account,
                                     .kind = COMMAND_AMEND_BID,
                                     .u.amend_bid = { bid, { limit } } }) != 0;
}

bool world_cancel_ask(struct world *w, int64_t account, int64_t ask)
{
    return tell(w, (struct command){
                       .account = account, .kind = COMMAND_CANCEL_ASK, .u.order = { ask } }) != 0;
}

bool world_cancel_job(struct world *w, int64_t account, int64_t bid)
{
    return tell(w, (struct command){
                       .account = account, .kind = COMMAND_CANCEL_JOB, .u.order = { bid } }) != 0;
}

/* ---- Leases ---- */

static bool say(struct world *w, int64_t lease, struct command c)
{
    const struct lease *const l = market_lease(w->market, lease);

    if (l == NULL) {
        w->out = (struct outcome){ .refused = ERR_NOT_FOUND };
        return false;
    }
    if (c.account == 0) c.account = l->provider;
    c.u.lease.lease = lease;
    c.u.lease.epoch = l->epoch;
    const bool applied = tell(w, c) != 0;
    if (applied) w->ended = *market_lease(w->market, lease);
    return applied;
}

bool world_accept(struct world *w, int64_t lease)
{
    return say(w, lease, (struct command){ .kind = COMMAND_ACCEPT_LEASE });
}

bool world_decline(struct world *w, int64_t lease)
{
    return say(w, lease, (struct command){ .kind = COMMAND_DECLINE_LEASE });
}

bool world_cannot_start(struct world *w, int64_t lease)
{
    return say(
        w, lease,
        (struct command){ .kind = COMMAND_LEASE_CANNOT_START,
                          .u.lease = { .reason = REASON_ENGINE_FAILED, .fault = WHOSE_PROVIDER } });
}

bool world_ready(struct world *w, int64_t lease)
{
    return say(w, lease, (struct command){ .kind = COMMAND_LEASE_READY });
}

bool world_may_start(struct world *w, int64_t lease, int64_t *first, int32_t *n)
{
    const struct bid *const b = market_bid(w->market, market_lease(w->market, lease)->bid);

    *first = b->lease;
    *n = b->leases_n;
    if (b->leases_n == 1) return true;
    world_must(w, say(w, lease, (struct command){ .kind = COMMAND_LEASE_PREPARED }));
    return market_lease(w->market, lease)->gathered_us != 0;
}

static bool exits(struct world *w, int64_t lease, int64_t seconds, enum reason reason)
{
    return say(w, lease,
               (struct command){ .kind = COMMAND_LEASE_EXIT,
                                 .u.lease = { .seconds = seconds, .reason = reason } });
}

bool world_exit(struct world *w, int64_t lease, int64_t seconds)
{
    return exits(w, lease, seconds, REASON_DONE);
}

bool world_yield(struct world *w, int64_t lease, int64_t seconds)
{
    return exits(w, lease, seconds, REASON_DISPLACED);
}

bool world_lose(struct world *w, int64_t lease)
{
    return say(w, lease, (struct command){ .account = ACCOUNT_WORLD, .kind = COMMAND_LEASE_LOST });
}

/* ---- Time ---- */

bool world_tick(struct world *w, int64_t at_us)
{
    struct command due;
    int64_t next_us;

    if (!market_due(w->market, w->now_us, &due, &next_us)) {
        if (next_us > at_us) return false;
        w->now_us = next_us;
        if (!market_due(w->market, w->now_us, &due, &next_us)) return false;
    }
    world_must(w, tell(w, due) != 0);
    return true;
}

void world_until(struct world *w, int64_t at_us)
{
    assert(at_us >= w->now_us);
    while (world_tick(w, at_us)) {
    }
    w->now_us = at_us;
}

int64_t world_available(const struct world *w, int64_t account)
{
    return market_balance(w->market, account)->available.micros;
}

int64_t world_wealth(const struct world *w, int64_t account)
{
    const struct balance *const b = market_balance(w->market, account);

    return b->available.micros + b->held.micros;
}
