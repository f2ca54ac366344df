/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/exchange.h"

#include <assert.h>

#define PURSE   INT64_C(1000000000)
#define RUN_S   3600 /* what is traded */
#define LEASE_S 7200 /* what may be run: an end of its own, not one by the clock */
#define MICROS  1000 /* per tick */

const struct pool exchange_pool = {
    .number = 1,
    .name = "cpu",
    .unit = { .cpu_millis = 1000, .memory_bytes = 1 << 30, .scratch_bytes = 1 << 30 },
    .tick = { MICROS },
};

struct market_rules exchange_rules(enum price_rule rule)
{
    struct market_rules r = market_rules_default;

    r.quote_seconds = 0;
    r.collar_bps = 0;
    r.pricing = (int32_t)rule;
    return r;
}

static void bid(struct exchange *x, struct exchange_trader *t, int price)
{
    struct world *const w = &x->world;
    const int64_t micros = (int64_t)price * MICROS;

    /* A lower limit, or the same, would keep its place: the shout of a trader who speaks again
     * has a new one. */
    if (t->order != 0 && price > t->price) {
        world_must(w, world_amend_bid(w, t->account, t->order, micros));
        return;
    }
    if (t->order != 0) world_must(w, world_cancel_job(w, t->account, t->order));
    struct bid_spec spec = world_plain_bid(w, &exchange_pool, micros, 1, LEASE_S);
    spec.budget = (struct money){ PURSE / 100 }; /* a later shout may be higher */
    t->order = world_job(w, t->account, &spec);
    world_must(w, t->order != 0);
}

static void ask(struct exchange *x, struct exchange_trader *t, int price)
{
    struct world *const w = &x->world;
    const int64_t micros = (int64_t)price * MICROS;

    if (t->order != 0 && price != t->price) {
        world_must(w, world_amend_ask(w, t->account, t->order, micros, 1));
        return;
    }
    if (t->order != 0) world_must(w, world_cancel_ask(w, t->account, t->order));
    const struct ask_spec spec = world_plain_ask(w, t->node, &exchange_pool, micros, 1);
    t->order = world_ask(w, t->account, &spec);
    world_must(w, t->order != 0);
}

static int index_of(const struct exchange_trader *traders, int64_t account)
{
    for (int i = 0; i < TRADERS_MAX; i++) {
        if (traders[i].account == account) return i;
    }
    assert(false && "a trade of somebody unknown");
    return -1;
}

static bool quote(void *arg, bool buys, int who, int price, struct deal *out)
{
    struct exchange *const x = arg;
    struct exchange_trader *const t = buys ? &x->buyers[who] : &x->sellers[who];

    if (buys)
        bid(x, t, price);
    else
        ask(x, t, price);
    t->price = price;
    if (x->world.out.trades_n == 0) return false;

    assert(x->world.out.trades_n == 1);
    const struct trade *const trade = &x->world.trades[0];
    assert(trade->price.micros % MICROS == 0);
    *out = (struct deal){ index_of(x->buyers, trade->buyer), index_of(x->sellers, trade->provider),
                          (int)(trade->price.micros / MICROS) };
    x->leases[x->leases_n++] = trade->trade;
    x->buyers[out->buyer].order = 0;
    x->sellers[out->seller].order = 0;
    return true;
}

void exchange_open(struct exchange *x, const struct market_rules *rules, const struct schedule *s,
                   struct venue *out)
{
    *x = (struct exchange){ .schedule = s };
    world_begin(&x->world, rules, &exchange_pool, 1);
    for (int i = 0; i < s->buyers; i++)
        x->buyers[i].account = world_account(&x->world, PURSE);
    for (int i = 0; i < s->sellers; i++) {
        x->sellers[i].account = world_account(&x->world, 0);
        x->sellers[i].node = world_node(&x->world, x->sellers[i].account, &exchange_pool, s->units);
    }
    x->commands = -x->world.commands;
    *out = (struct venue){ quote, x };
}

/* ---- After the session ---- */

static void withdraw_all(struct exchange *x, const struct session *s)
{
    struct world *const w = &x->world;

    for (int i = 0; i < TRADERS_MAX; i++) {
        const struct exchange_trader *const b = &x->buyers[i], *const a = &x->sellers[i];
        if (b->order != 0) world_must(w, world_cancel_job(w, b->account, b->order));
        if (a->order != 0) world_must(w, world_cancel_ask(w, a->account, a->order));
    }
    /* Asks whose one unit is leased are open still; closed, the unit does not come back. */
    for (int k = 0; k < s->deals_n; k++) {
        const struct lease *const l = market_lease(w->market, x->leases[k]);
        world_must(w, world_cancel_ask(w, l->provider, l->ask));
    }
}

static void run_leases(struct exchange *x)
{
    struct world *const w = &x->world;

    for (int k = 0; k < x->leases_n; k++)
        world_must(w, world_accept(w, x->leases[k]) && world_ready(w, x->leases[k]));
    world_until(w, w->now_us + RUN_S * INT64_C(1000000));
    for (int k = 0; k < x->leases_n; k++)
        world_must(w, world_exit(w, x->leases[k], RUN_S));
}

static void check_money(const struct exchange *x, const struct session *s)
{
    int64_t paid[TRADERS_MAX] = { 0 }, got[TRADERS_MAX] = { 0 };

    for (int k = 0; k < s->deals_n; k++) {
        const int64_t price = (int64_t)s->deals[k].price * MICROS;
        paid[s->deals[k].buyer] += price;
        got[s->deals[k].seller] += price - price * x->world.rules.fee_bps / 10000;
    }
    for (int i = 0; i < x->schedule->buyers; i++)
        assert(world_available(&x->world, x->buyers[i].account) == PURSE - paid[i]);
    for (int i = 0; i < x->schedule->sellers; i++)
        assert(world_available(&x->world, x->sellers[i].account) == got[i]);
}

void exchange_close(struct exchange *x, const struct session *s)
{
    assert(x->leases_n == s->deals_n);
    x->commands += x->world.commands;
    withdraw_all(x, s);
    run_leases(x);
    check_money(x, s);
    world_end(&x->world);
}
