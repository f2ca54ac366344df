/* SPDX-License-Identifier: Apache-2.0 */
/* A market lives the day of a plant: each machine has an owner and an ask, each job a buyer. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "domain/pricing.h"
#include "tests/sim/agenda.h"
#include "tests/sim/chance.h"
#include "tests/sim/plant.h"
#include "tests/sim/world.h"

#define SECOND_US INT64_C(1000000)
#define PURSE     INT64_C(1000000000000)
#define BUYERS    32
#define LOOK_S    60
#define SAVE_S    30
#define OVER_S    180          /* that a job may run longer than it means to */
#define DECLINES  INT64_C(200) /* one offer in so many is declined, when things fail */

enum { COMES, LOOKS, ANSWERS, STARTS, ENDS, YIELDS, FAILS, RETURNS };

struct seller {
    int64_t account, node, ask;
    bool away;
    struct pricing pricing;
    int64_t fills;
};

struct work { /* a job of the plant on the market */
    int64_t bid;
    int32_t saved_s; /* in seconds of its first pool */
    int32_t whole;
};

struct live {
    const struct plant *plant;
    struct world world;
    struct agenda agenda;
    enum plant_manners manners;
    struct chance chance;
    struct seller sellers[PLANT_MACHINES];
    int64_t buyers[BUYERS]; /* who have the jobs in turn: nobody displaces himself */
    struct work works[PLANT_JOBS];
    int64_t last_trade[PLANT_POOLS], last_trade_us[PLANT_POOLS];
    struct plant_result *out;
};

static void at(struct live *v, int64_t in_s, int kind, int64_t what)
{
    agenda_add(&v->agenda, v->world.now_us + in_s * SECOND_US, kind, what);
}

static const struct pool *pool_of(const struct live *v, int machine)
{
    return &plant_pools[v->plant->machines[machine].pool];
}

static const struct ask *ask_of(const struct live *v, int machine)
{
    const int64_t ask = v->sellers[machine].ask;
    const struct ask *const a = ask ? market_ask(v->world.market, ask) : NULL;

    return a && a->state == ORDER_OPEN ? a : NULL;
}

static int machine_of(const struct live *v, int64_t node)
{
    int k = 0;

    while (v->sellers[k].node != node)
        k++;
    return k;
}

/* Bids are numbered in the order in which jobs came. */
static int job_of(const struct live *v, int64_t bid)
{
    int low = 0, high = v->plant->jobs_n;

    while (low < high) {
        const int middle = (low + high) / 2;
        if (v->works[middle].bid != 0 && v->works[middle].bid < bid)
            low = middle + 1;
        else
            high = middle;
    }
    assert(low < v->plant->jobs_n && v->works[low].bid == bid);
    return low;
}

/* ---- Buyers ---- */

/* The n-th best ask of the pool, of others or not; 0: there are fewer. */
static int64_t nth_ask(const struct live *v, int pool, const struct plant_job *j)
{
    int64_t prices[PLANT_MACHINES];
    int n = 0;

    for (int k = 0; k < v->plant->machines_n; k++) {
        const struct ask *const a = ask_of(v, k);
        if (v->plant->machines[k].pool != pool || !a || a->parked || a->free < j->units) continue;
        int i = n++;
        for (; i > 0 && prices[i - 1] > a->spec.price.micros; i--)
            prices[i] = prices[i - 1];
        prices[i] = a->spec.price.micros;
    }
    return n < j->nodes ? 0 : prices[j->nodes - 1];
}

static int64_t limit_of(const struct live *v, const struct plant_job *j)
{
    int64_t best = 0;

    for (int w = 0; w < j->pools_n && v->manners == PLANT_DEPLOYED; w++) {
        const int64_t ask = nth_ask(v, j->pools[w], j) / plant_speed(j, j->pools[w]);
        if (ask > 0 && (best == 0 || ask < best)) best = ask;
    }
    const int64_t limit = best + best / 10;
    return (best == 0 || limit > j->value ? j->value : limit) / PLANT_TICK * PLANT_TICK;
}

static void come(struct live *v, int i)
{
    const struct plant_job *const j = &v->plant->jobs[i];
    const int32_t seconds = j->slots * PLANT_SLOT_S + OVER_S;
    struct bid_spec spec =
        world_plain_bid(&v->world, &plant_pools[j->pools[0]], limit_of(v, j), j->units, seconds);

    for (int w = 0; w < j->pools_n; w++)
        spec.wants[w] = (struct want){ plant_pools[j->pools[w]].number, j->units };
    spec.wants_n = j->pools_n;
    spec.rank = j->rank;
    spec.nodes = j->nodes;
    spec.interruptible = j->interruptible;
    spec.budget.micros *= INT64_C(16) * j->nodes; /* nothing fails for want of money */
    spec.expires_us = v->world.now_us + j->patience_s * SECOND_US + PLANT_GRACE_US;
    v->works[i].bid = market_last_seq(v->world.market) + 1;
    world_must(&v->world, world_job(&v->world, v->buyers[i % BUYERS], &spec) != 0);
}

/* ---- Sellers ---- */

static int32_t idle_units(const struct live *v, int k)
{
    const struct node *const n = market_node(v->world.market, v->sellers[k].node);
    return (n->spec.cpu_millis - n->offered.cpu_millis) / pool_of(v, k)->unit.cpu_millis;
}

/* All its units are for sale, as long as it is there. */
static void put_up(struct live *v, int k)
{
    struct seller *const s = &v->sellers[k];
    const struct ask *const a = ask_of(v, k);
    const int32_t units = idle_units(v, k);

    if (s->away || units == 0) return;
    if (a) {
        world_must(&v->world, world_amend_ask(&v->world, s->account, s->ask, a->spec.price.micros,
                                              a->spec.units + units));
        return;
    }
    struct ask_spec spec =
        world_plain_ask(&v->world, s->node, pool_of(v, k), s->pricing.price_micros, units);
    spec.floor = (struct money){ v->plant->machines[k].cost };
    s->ask = world_ask(&v->world, s->account, &spec);
    if (s->ask == 0) at(v, LOOK_S, RETURNS, k); /* it has declined, and must wait */
}

static int64_t best_ask(const struct live *v, int pool, int but)
{
    int64_t best = 0;

    for (int k = 0; k < v->plant->machines_n; k++) {
        const struct ask *const a = ask_of(v, k);
        if (k == but || v->plant->machines[k].pool != pool || !a || a->parked || a->free == 0)
            continue;
        if (best == 0 || a->spec.price.micros < best) best = a->spec.price.micros;
    }
    return best;
}

static int64_t best_bid(const struct live *v, int pool)
{
    int64_t best = 0;

    for (int i = 0; i < v->plant->jobs_n && v->works[i].bid != 0; i++) {
        const struct plant_job *const j = &v->plant->jobs[i];
        const struct bid *const b = market_bid(v->world.market, v->works[i].bid);
        if (!b || b->state != ORDER_OPEN || b->parked || j->nodes > 1) continue;
        for (int w = 0; w < j->pools_n; w++) {
            const int64_t limit = b->spec.limit.micros * plant_speed(j, pool);
            if (j->pools[w] == pool && limit > best) best = limit;
        }
    }
    return best;
}

/* The highest limit that waits for more units than are free there, but not than there are. */
static int64_t best_large_bid(const struct live *v, int k, int32_t free)
{
    const struct plant_machine *const m = &v->plant->machines[k];
    int64_t best = 0;

    for (int i = 0; i < v->plant->jobs_n && v->works[i].bid != 0; i++) {
        const struct plant_job *const j = &v->plant->jobs[i];
        const struct bid *const b = market_bid(v->world.market, v->works[i].bid);
        if (!b || b->state != ORDER_OPEN || b->parked) continue;
        if (j->units > m->units || (j->nodes == 1 && j->units <= free)) continue;
        for (int w = 0; w < j->pools_n; w++) {
            const int64_t limit = b->spec.limit.micros * plant_speed(j, m->pool);
            if (j->pools[w] == m->pool && limit > best) best = limit;
        }
    }
    return best / PLANT_TICK * PLANT_TICK;
}

static void keep(struct live *v, int k, const struct ask *a)
{
    const int64_t cost = v->plant->machines[k].cost, wanted = best_large_bid(v, k, a->free);
    const int64_t price = wanted > cost ? wanted : cost;

    if (price == a->spec.price.micros) return;
    (void)world_amend_ask(&v->world, v->sellers[k].account, a->ask, price, a->spec.units);
}

static void look(struct live *v, int k)
{
    struct seller *const s = &v->sellers[k];
    const struct ask *const a = ask_of(v, k);
    const int pool = v->plant->machines[k].pool;

    if (!a) return;
    if (v->manners == PLANT_KEEPERS) {
        keep(v, k, a);
        return;
    }
    const struct pricing_rule rule = { .policy = PRICING_ADAPTIVE,
                                       .floor_micros = v->plant->machines[k].cost,
                                       .tick_micros = PLANT_TICK,
                                       .stand_us = LOOK_S * SECOND_US };
    const struct pricing_seen seen = {
        .price_micros = a->spec.price.micros,
        .units = a->spec.units,
        .units_free = a->free,
        .fills = s->fills,
        .best_ask_micros = best_ask(v, pool, k),
        .best_bid_micros = best_bid(v, pool),
        .last_trade_micros = v->last_trade[pool],
        .last_trade_us = v->last_trade_us[pool],
    };
    const struct pricing_step step = pricing_next(&s->pricing, &rule, &seen, v->world.now_us);

    s->fills = 0;
    if (step.price_micros == seen.price_micros) return;
    if (world_amend_ask(&v->world, s->account, s->ask, step.price_micros, a->spec.units))
        pricing_moved(&s->pricing, step.price_micros, v->world.now_us);
}

static void settle_in(struct live *v, int k)
{
    const struct plant_machine *const m = &v->plant->machines[k];
    struct seller *const s = &v->sellers[k];
    struct chance c = { v->plant->seed ^ (uint64_t)(k + 1) << 40 };
    int64_t price = m->cost;

    s->account = world_account(&v->world, 0);
    s->node = world_node(&v->world, s->account, pool_of(v, k), m->units);
    const uint64_t own = chance_u64(&c);
    if (v->manners == PLANT_DEPLOYED) {
        price = m->cost * chance_between(&c, 105, 150) / 100 / PLANT_TICK * PLANT_TICK;
    }
    if (v->manners != PLANT_TRUTH) at(v, chance_between(&c, 1, LOOK_S), LOOKS, k);
    pricing_begin(&s->pricing, own, price, v->world.now_us);
    put_up(v, k);
    for (int i = 0; i < m->outages; i++) {
        at(v, (int64_t)m->from[i] * PLANT_SLOT_S, FAILS, k);
        at(v, (int64_t)m->until[i] * PLANT_SLOT_S, RETURNS, -k - 1);
    }
}

/* ---- Leases ---- */

static void on_trade(void *arg, const struct trade *t)
{
    struct live *const v = arg;
    const int k = machine_of(v, t->node), pool = v->plant->machines[k].pool;

    v->out->trades++;
    v->works[job_of(v, t->bid)].whole = 0;
    v->sellers[k].fills++;
    v->last_trade[pool] = t->price.micros;
    v->last_trade_us[pool] = t->at_us;
}

static void on_lease(void *arg, const struct lease *l)
{
    struct live *const v = arg;
    const bool now = l->stopping_us == v->world.now_us;

    if (l->state == LEASE_OFFERED && l->waits == 0 && l->traded_us == v->world.now_us)
        at(v, v->plant->answer_s, ANSWERS, l->lease);
    if (l->state == LEASE_STOPPING && now) at(v, 0, ENDS, l->lease);
    if (l->state == LEASE_PREEMPTED && now) at(v, SAVE_S, YIELDS, l->lease);
}

static void answer(struct live *v, int64_t lease)
{
    const struct lease *const l = market_lease(v->world.market, lease);

    if (!l || l->state != LEASE_OFFERED || l->reason != REASON_NONE) return;
    const int k = machine_of(v, l->node);
    if (v->plant->fails && chance_in(&v->chance, 1, DECLINES)) {
        v->out->declined++;
        world_must(&v->world, world_decline(&v->world, lease));
        put_up(v, k);
        return;
    }
    world_must(&v->world, world_accept(&v->world, lease));
    at(v, v->plant->prepare_s, STARTS, lease);
}

/* Seconds that what is left of the job takes where this lease is. */
static int32_t left_s(const struct live *v, const struct lease *l)
{
    const int i = job_of(v, l->bid), k = machine_of(v, l->node);
    const struct plant_job *const j = &v->plant->jobs[i];
    const int speed = plant_speed(j, v->plant->machines[k].pool);

    return (j->slots * PLANT_SLOT_S - v->works[i].saved_s + speed - 1) / speed;
}

static void start(struct live *v, int64_t lease)
{
    const struct lease *const l = market_lease(v->world.market, lease);

    int64_t first;
    int32_t n;

    if (!l || l->state != LEASE_PREPARING) return;
    if (!world_may_start(&v->world, lease, &first, &n)) return;
    for (int64_t each = first; each < first + n; each++) {
        world_must(&v->world, world_ready(&v->world, each));
        at(v, left_s(v, market_lease(v->world.market, each)), ENDS, each);
    }
}

static int64_t ran_s(const struct live *v, const struct lease *l)
{
    return l->ready_us ? (v->world.now_us - l->ready_us) / SECOND_US : 0;
}

static void spend(struct live *v, const struct lease *l)
{
    const int64_t cost = v->plant->machines[machine_of(v, l->node)].cost;
    const int64_t spent = cost * l->units * ran_s(v, l) / 3600;

    v->out->surplus -= spent;
    v->out->of_job[job_of(v, l->bid)] -= spent;
}

static void end(struct live *v, int64_t lease, bool saves)
{
    const struct lease *const l = market_lease(v->world.market, lease);

    if (!l || lease_is_final(l->state)) return;
    if (saves ? l->state != LEASE_PREEMPTED
              : l->state != LEASE_RUNNING && l->state != LEASE_STOPPING &&
                    l->state != LEASE_PREEMPTED)
        return;
    const int i = job_of(v, l->bid), k = machine_of(v, l->node);
    const struct plant_job *const j = &v->plant->jobs[i];
    const int64_t ran = ran_s(v, l);
    const bool whole = l->state != LEASE_STOPPING && ran >= left_s(v, l);

    spend(v, l);
    if (l->state == LEASE_PREEMPTED && !whole) {
        v->works[i].saved_s += (int32_t)ran * plant_speed(j, v->plant->machines[k].pool);
        v->out->displaced++;
        world_must(&v->world, world_yield(&v->world, lease, ran));
    } else {
        world_must(&v->world, world_exit(&v->world, lease, ran));
    }
    put_up(v, k);
    if (!whole || ++v->works[i].whole < j->nodes) return;
    v->out->finished++;
    v->out->gangs += j->nodes > 1;
    v->out->surplus += plant_worth(j);
    v->out->of_job[i] += plant_worth(j);
}

/* ---- What fails ---- */

struct losses {
    int64_t node, leases[64];
    int n;
};

static void note_loss(void *arg, const struct lease *l)
{
    struct losses *const all = arg;

    if (l->node != all->node || l->waits != 0 || lease_is_final(l->state)) return;
    assert(all->n < 64);
    all->leases[all->n++] = l->lease;
}

static void fail(struct live *v, int k)
{
    struct losses all = { .node = v->sellers[k].node };

    v->sellers[k].away = true;
    if (ask_of(v, k))
        world_must(&v->world,
                   world_cancel_ask(&v->world, v->sellers[k].account, v->sellers[k].ask));
    market_each_lease(v->world.market, note_loss, &all);
    for (int i = 0; i < all.n; i++) {
        const struct lease *const l = market_lease(v->world.market, all.leases[i]);
        if (!l || lease_is_final(l->state)) continue;
        spend(v, l);
        v->out->lost++;
        world_must(&v->world, world_lose(&v->world, all.leases[i]));
    }
}

/* ---- The day ---- */

static void happen(struct live *v, const struct event *e)
{
    switch (e->kind) {
    case COMES: come(v, (int)e->what); break;
    case LOOKS:
        look(v, (int)e->what);
        at(v, LOOK_S, LOOKS, e->what);
        break;
    case ANSWERS: answer(v, e->what); break;
    case STARTS: start(v, e->what); break;
    case ENDS: end(v, e->what, false); break;
    case YIELDS: end(v, e->what, true); break;
    case FAILS: fail(v, (int)e->what); break;
    case RETURNS: /* negative: after an outage */
        if (e->what < 0) v->sellers[-e->what - 1].away = false;
        put_up(v, (int)(e->what < 0 ? -e->what - 1 : e->what));
        break;
    default: assert(false && "no such event");
    }
}

static void live(struct live *v)
{
    const int64_t over_us = PLANT_START_US + (int64_t)v->plant->slots * PLANT_SLOT_S * SECOND_US;
    struct event e;

    for (int k = 0; k < v->plant->machines_n; k++)
        settle_in(v, k);
    for (int i = 0; i < v->plant->jobs_n; i++)
        agenda_add(&v->agenda, v->plant->jobs[i].at_us, COMES, i);
    for (;;) {
        const struct event *const first = agenda_first(&v->agenda);

        if (first == NULL) break;
        if (world_tick(&v->world, first->at_us)) continue;
        (void)agenda_next(&v->agenda, &e);
        v->world.now_us = e.at_us;
        if (e.at_us > over_us && (e.kind == LOOKS || e.kind >= FAILS)) continue;
        happen(v, &e);
    }
}

void plant_live(const struct plant *p, const struct market_rules *rules, enum plant_manners manners,
                struct plant_result *out)
{
    struct live *const v = mem_heap.resize(mem_heap.arg, NULL, sizeof(*v));

    if (v == NULL) {
        fprintf(stderr, "no memory\n");
        exit(1);
    }
    *out = (struct plant_result){ 0 };
    memset(v, 0, sizeof(*v));
    v->plant = p;
    v->manners = manners;
    v->chance.state = p->seed ^ UINT64_C(0x5bd1e995);
    v->out = out;
    world_begin(&v->world, rules, plant_pools, PLANT_POOLS);
    assert(v->world.now_us == PLANT_START_US);
    v->world.on_trade = on_trade;
    v->world.on_lease = on_lease;
    v->world.arg = v;
    for (int i = 0; i < BUYERS; i++)
        v->buyers[i] = world_account(&v->world, PURSE * 10);
    live(v);
    agenda_free(&v->agenda);
    world_end(&v->world);
    (void)mem_heap.resize(mem_heap.arg, v, 0);
}
