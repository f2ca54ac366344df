/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/town.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define DAY_US    (24 * WORLD_HOUR_US)
#define LOOK_S    60
#define STEP_S    10
#define ARRIVAL_S 100 /* mean time between buyers */
#define OWN_JOB_S 600 /* between jobs of a player that buys */

const struct pool town_pool = {
    .number = 1,
    .name = "cpu",
    .unit = { .cpu_millis = 1000, .memory_bytes = 1 << 30, .scratch_bytes = 1 << 30 },
    .tick = { TOWN_TICK },
};

void town_at(struct town *t, int64_t in_seconds, enum town_event kind, int64_t what)
{
    agenda_add(&t->agenda, t->world.now_us + in_seconds * TOWN_SECOND, (int)kind, what);
}

/* ---- Looking ---- */

struct town_seller *town_player(struct town *t)
{
    return &t->sellers[TOWN_PLAYER];
}

bool town_rests(const struct town *t, int64_t ask)
{
    const struct ask *const a = ask ? market_ask(t->world.market, ask) : NULL;
    return a && a->state == ORDER_OPEN && a->parked == 0 && a->free > 0;
}

int64_t town_best_ask(const struct town *t, int64_t but_account, bool known_only)
{
    int64_t best = 0;

    for (int i = 0; i < TOWN_SELLERS + 1; i++) {
        const bool spare = i == TOWN_SELLERS;
        const int64_t ask = spare ? t->spare_ask : t->sellers[i].ask;

        if (known_only && (spare || !t->sellers[i].known)) continue;
        if (!town_rests(t, ask)) continue;
        const struct ask *const a = market_ask(t->world.market, ask);
        if (a->account == but_account) continue;
        if (best == 0 || a->spec.price.micros < best) best = a->spec.price.micros;
    }
    return best;
}

static bool waits(const struct town *t, const struct town_job *job)
{
    const struct bid *const b = market_bid(t->world.market, job->bid);

    return !job->gone && b && b->state == ORDER_OPEN && b->parked == 0;
}

/* Nobody needs to look at the oldest jobs any more. */
static void sweep(struct town *t)
{
    for (; t->over_n < t->jobs_n; t->over_n++) {
        const struct town_job *const job = &t->jobs[t->over_n];
        const struct bid *const b = market_bid(t->world.market, job->bid);
        if (!job->gone && b && (b->state == ORDER_OPEN || b->state == ORDER_FILLED)) return;
    }
}

/* What the book shows: it does not say whom a bid is meant for. */
static const struct bid *shown_bid(const struct town *t, int32_t units, bool of_player)
{
    const struct bid *best = NULL;

    for (size_t i = t->over_n; i < t->jobs_n; i++) {
        const struct town_job *const job = &t->jobs[i];
        if (job->nodes > 1 || job->units > units || !waits(t, job)) continue;
        if (job->of_player && !of_player) continue;
        const struct bid *const b = market_bid(t->world.market, job->bid);
        if (!best || b->spec.limit.micros > best->spec.limit.micros) best = b;
    }
    return best;
}

const struct bid *town_best_bid(const struct town *t, int32_t units)
{
    return shown_bid(t, units, false);
}

/* How many others could serve it now. */
static int serving(const struct town *t, const struct bid *gang)
{
    int n = 0;

    for (int i = 0; i < TOWN_PLAYER; i++) {
        const int64_t ask = t->sellers[i].ask;
        if (!town_rests(t, ask)) continue;
        const struct ask *const a = market_ask(t->world.market, ask);
        n +=
            a->free >= gang->spec.wants[0].units && a->spec.price.micros <= gang->spec.limit.micros;
    }
    return n;
}

const struct bid *town_best_gang(const struct town *t)
{
    const struct bid *best = NULL;

    for (size_t i = t->over_n; i < t->jobs_n; i++) {
        const struct town_job *const job = &t->jobs[i];
        if (job->nodes == 1 || job->of_player || !waits(t, job)) continue;
        const struct bid *const b = market_bid(t->world.market, job->bid);
        if (serving(t, b) != job->nodes - 1) continue;
        if (!best || b->spec.limit.micros > best->spec.limit.micros) best = b;
    }
    return best;
}

struct chance town_chance(const struct town *t, int kind, int64_t n)
{
    struct chance c = { t->seed ^ (uint64_t)kind << 56 ^ (uint64_t)n << 20 };

    (void)chance_u64(&c);
    return c;
}

/* ---- Sellers ---- */

static void open_ask(struct town *t, struct town_seller *s, int64_t price)
{
    struct ask_spec spec = world_plain_ask(&t->world, s->node, &town_pool, price, TOWN_UNITS);
    spec.floor = (struct money){ s->cost };
    s->ask = world_ask(&t->world, s->account, &spec);
}

static void look(struct town *t, struct town_seller *s)
{
    const struct ask *const a = market_ask(t->world.market, s->ask);

    if (!a || a->state != ORDER_OPEN) { /* withdrawn by the market: offer anew */
        open_ask(t, s, s->pricing.price_micros);
        return;
    }
    const struct bid *const best = shown_bid(t, TOWN_UNITS, true);
    const struct pricing_rule rule = { .policy = PRICING_ADAPTIVE,
                                       .floor_micros = s->cost,
                                       .tick_micros = TOWN_TICK,
                                       .stand_us = LOOK_S * TOWN_SECOND };
    const struct pricing_seen seen = {
        .price_micros = a->spec.price.micros,
        .units = a->spec.units,
        .units_free = a->free,
        .fills = s->fills,
        .best_ask_micros = town_best_ask(t, s->account, true),
        .best_bid_micros = best ? best->spec.limit.micros : 0,
        .last_trade_micros = t->last_trade,
        .last_trade_us = t->last_trade_us,
    };
    const struct pricing_step step = pricing_next(&s->pricing, &rule, &seen, t->world.now_us);

    s->fills = 0;
    if (step.price_micros == seen.price_micros) return;
    if (world_amend_ask(&t->world, s->account, s->ask, step.price_micros, TOWN_UNITS))
        pricing_moved(&s->pricing, step.price_micros, t->world.now_us);
}

static void settle_seller(struct town *t, int i)
{
    struct town_seller *const s = &t->sellers[i];
    struct chance c = town_chance(t, 1, i);

    s->account = world_account(&t->world, i == TOWN_PLAYER ? TOWN_PURSE : 0);
    s->node =
        world_node_of(&t->world, s->account, &town_pool, TOWN_UNITS,
                      i == TOWN_PLAYER ? (struct traits){ .label = TOWN_LABEL }
                                       : (struct traits){ .bandwidth_mbps = TOWN_BANDWIDTH_MBPS });
    s->cost = chance_between(&c, 60, 140) * TOWN_TICK;
    const int64_t price = s->cost * chance_between(&c, 110, 200) / 100 / TOWN_TICK * TOWN_TICK;
    s->prices = i != TOWN_PLAYER || (t->strategy->sells && t->strategy->prices);
    s->known = i != TOWN_PLAYER;
    pricing_begin(&s->pricing, chance_u64(&c), price, t->world.now_us);
    if (!s->prices) return;
    open_ask(t, s, price);
    town_at(t, chance_between(&c, 1, LOOK_S), TOWN_LOOKS, i);
}

/* ---- The day ---- */

static void begin(struct town *t)
{
    for (int i = 0; i < TOWN_BUYERS; i++)
        t->buyers[i] = world_account(&t->world, TOWN_PURSE);
    t->purse = world_account(&t->world, TOWN_PURSE);
    t->spare_node = world_node(&t->world, t->purse, &town_pool, TOWN_UNITS);
    for (int i = 0; i < TOWN_SELLERS; i++)
        settle_seller(t, i);
    town_at(t, 5, TOWN_COMES, 0);
    if (t->strategy->buys) town_at(t, OWN_JOB_S, TOWN_COMES, -1);
    town_at(t, STEP_S, TOWN_STEPS, 0);
    t->player_start = 2 * TOWN_PURSE;
    if (t->strategy->begin) t->strategy->begin(t);
}

static void happen(struct town *t, const struct event *e)
{
    switch (e->kind) {
    case TOWN_COMES: {
        struct chance c = town_chance(t, e->what < 0 ? 3 : 2, e->what);

        if (e->what < 0) {
            town_come(t, t->purse, &c, true);
            town_at(t, OWN_JOB_S, TOWN_COMES, e->what - 1);
        } else {
            town_come(t, t->buyers[chance_between(&c, 0, TOWN_BUYERS - 1)], &c, false);
            town_at(t, chance_wait(&c, ARRIVAL_S), TOWN_COMES, e->what + 1);
        }
        break;
    }
    case TOWN_LOOKS:
        look(t, &t->sellers[e->what]);
        town_at(t, LOOK_S, TOWN_LOOKS, e->what);
        break;
    case TOWN_STEPS:
        t->steps++;
        sweep(t);
        if (t->strategy->step) t->strategy->step(t);
        town_at(t, STEP_S, TOWN_STEPS, 0);
        break;
    case TOWN_ANSWERS: town_answer(t, e->what); break;
    case TOWN_STARTS: town_start(t, e->what); break;
    case TOWN_ENDS: town_end(t, e->what, false); break;
    case TOWN_YIELDS: town_end(t, e->what, true); break;
    default: assert(false && "no such event");
    }
}

static void sum_up(const struct town *t, struct town_result *out)
{
    int64_t costs = 0;

    for (int i = 0; i < TOWN_SELLERS; i++)
        costs += t->sellers[i].busy;
    const struct town_seller *const p = &t->sellers[TOWN_PLAYER];
    const int64_t wealth = world_wealth(&t->world, p->account) + world_wealth(&t->world, t->purse);
    *out = (struct town_result){
        .profit = wealth - t->player_start + t->player_value - p->busy,
        .welfare = t->others_value + t->player_value - costs,
        .commands = t->world.commands,
        .deals = t->deals,
        .index = town_index(t, false),
        .index_of_others = town_index(t, true),
    };
}

/* After a day nobody begins anything; what runs goes on to its end, so that all is paid. */
void town_live(struct town *t, const struct town_terms *terms, const struct strategy *s,
               uint64_t seed, struct town_result *out)
{
    struct event e;

    *t = (struct town){ .seed = seed * UINT64_C(0x9e3779b97f4a7c15),
                        .strategy = s,
                        .quote = terms->quote };
    world_begin(&t->world, terms->rules, &town_pool, 1);
    t->world.on_trade = town_on_trade;
    t->world.on_lease = town_on_lease;
    t->world.arg = t;
    begin(t);
    const int64_t evening = t->world.now_us + DAY_US;
    for (;;) {
        const struct event *const first = agenda_first(&t->agenda);

        if (first == NULL) break;
        /* What the clock does may bring events that come before this one. */
        if (world_tick(&t->world, first->at_us)) continue;
        (void)agenda_next(&t->agenda, &e);
        t->world.now_us = e.at_us;
        if (e.at_us > evening && e.kind < TOWN_ANSWERS) continue;
        happen(t, &e);
    }
    sum_up(t, out);
    agenda_free(&t->agenda);
    world_end(&t->world);
}
