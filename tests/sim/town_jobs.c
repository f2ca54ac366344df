/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs of the town, and what its machines do with them. */
#include <assert.h>

#include "tests/sim/town.h"

#define PREPARE_S  20
#define ANSWER_S   1
#define SAVE_S     30
#define PATIENCE_S 1800

/* Bids are numbered in the order in which jobs came. */
static struct town_job *job_of(struct town *t, int64_t bid)
{
    size_t low = 0, high = t->jobs_n;

    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (t->jobs[middle].bid < bid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < t->jobs_n && t->jobs[low].bid == bid ? &t->jobs[low] : NULL;
}

static struct town_seller *seller_of(struct town *t, int64_t account)
{
    for (int i = 0; i < TOWN_SELLERS; i++) {
        if (t->sellers[i].account == account) return &t->sellers[i];
    }
    return NULL; /* the player's spare node */
}

static bool is_players(const struct town *t, int64_t account)
{
    return account == t->purse || account == t->sellers[TOWN_PLAYER].account;
}

/* ---- They come ---- */

int64_t town_submit(struct town *t, const struct town_job *job, const struct bid_spec *spec)
{
    if (t->jobs_n == TOWN_JOBS) return -1;
    /* Before it is told: the trade hook looks for it. */
    const size_t i = t->jobs_n++;
    t->jobs[i] = *job;
    t->jobs[i].bid = market_last_seq(t->world.market) + 1;
    if (world_job(&t->world, job->account, spec) == 0) {
        t->jobs_n--;
        return -1;
    }
    return (int64_t)i;
}

struct bid_spec town_bid(const struct town *t, int64_t limit, int32_t units, int32_t seconds)
{
    struct bid_spec spec = world_plain_bid(&t->world, &town_pool, limit, units, seconds + 60);

    spec.expires_us = t->world.now_us + PATIENCE_S * TOWN_SECOND;
    return spec;
}

/* The lower median of the pool's last trades; 0: there are too few. */
static int64_t median_trade(const struct town *t)
{
    const struct pool_state *const p = market_pool_state(t->world.market, town_pool.number);
    int64_t sorted[REFERENCE_TRADES];

    if (!p || p->recent_n < t->world.rules.collar_trades) return 0;
    for (int32_t i = 0; i < p->recent_n; i++) {
        int32_t at = i;
        for (; at > 0 && p->recent[i].micros < sorted[at - 1]; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = p->recent[i].micros;
    }
    return sorted[(p->recent_n - 1) / 2];
}

/* The price of the n-th best ask; 0: there are fewer. */
static int64_t nth_ask(const struct town *t, int n)
{
    int64_t price = 0;

    for (int k = 0; k < n; k++) {
        int64_t next = 0;
        int same = 0;
        for (int i = 0; i < TOWN_SELLERS; i++) {
            const int64_t ask = t->sellers[i].ask;
            if (!town_rests(t, ask)) continue;
            const int64_t p = market_ask(t->world.market, ask)->spec.price.micros;
            if (p <= price) continue;
            if (next == 0 || p < next) {
                next = p;
                same = 1;
            } else if (p == next) {
                same++;
            }
        }
        if (next == 0) return 0;
        price = next;
        k += same - 1;
    }
    return price;
}

static int64_t limit_for(const struct town *t, const struct town_job *job)
{
    const int64_t worth = job->of_player ? t->strategy->worth : 0;
    int64_t quote =
        job->nodes > 1 ? nth_ask(t, job->nodes) : town_best_ask(t, /* but_account= */ 0, false);

    if (worth > 0) return job->value * worth / 100 / TOWN_TICK * TOWN_TICK;
    if (quote > 0 && t->quote == TOWN_ASK_OR_MEDIAN) {
        const int64_t median = median_trade(t);
        if (median > quote) quote = median;
    }
    if (quote == 0 || quote + quote / 10 > job->value) return job->value;
    return (quote + quote / 10) / TOWN_TICK * TOWN_TICK;
}

void town_come(struct town *t, int64_t account, struct chance *c, bool of_player)
{
    struct town_job job = { .account = account, .of_player = of_player, .nodes = 1 };

    job.value = chance_between(c, 60, 300) * TOWN_TICK;
    job.units = chance_in(c, 1, 4) ? 2 : 1;
    job.seconds = (int32_t)chance_between(c, 600, 3600);
    job.interruptible = chance_in(c, 1, 4);
    if (job.interruptible) job.value = job.value * 3 / 4 / TOWN_TICK * TOWN_TICK;
    if (chance_in(c, 1, 10)) job.nodes = (int32_t)chance_between(c, 2, 3);

    struct bid_spec spec = town_bid(t, limit_for(t, &job), job.units, job.seconds);
    spec.nodes = job.nodes;
    spec.interruptible = job.interruptible;
    spec.budget.micros *= INT64_C(4) * job.nodes; /* enough to begin anew when it was displaced */
    (void)town_submit(t, &job, &spec);
}

int64_t town_buy(struct town *t, int64_t limit, int32_t units, int32_t seconds)
{
    const struct town_job job = {
        .account = t->purse, .units = units, .nodes = 1, .seconds = seconds, .of_player = true
    };
    const struct bid_spec spec = town_bid(t, limit, units, seconds);

    return town_submit(t, &job, &spec);
}

void town_drop(struct town *t, size_t i)
{
    struct town_job *const job = &t->jobs[i];

    if (job->gone) return;
    job->gone = true;
    (void)world_cancel_job(&t->world, job->account, job->bid);
}

/* ---- They run ---- */

void town_on_trade(void *arg, const struct trade *trade)
{
    struct town *const t = arg;
    struct town_job *const job = job_of(t, trade->bid);
    struct town_seller *const s = seller_of(t, trade->provider);

    assert(job);
    job->lease = trade->trade;
    job->whole = 0;
    t->deals++;
    if (trade->own) return;
    if (s) s->fills++;
    if (!s || !s->known) return; /* a trade of who has never delivered is not told */
    t->last_trade = trade->price.micros;
    t->last_trade_us = trade->at_us;
}

/* What the machine of a lease does next, when the market has changed its state just now. */
void town_on_lease(void *arg, const struct lease *l)
{
    struct town *const t = arg;
    const bool now = l->stopping_us == t->world.now_us;

    if (l->state == LEASE_OFFERED && l->waits == 0 && l->traded_us == t->world.now_us)
        town_at(t, ANSWER_S, TOWN_ANSWERS, l->lease);
    if (l->state == LEASE_STOPPING && now) town_at(t, 1, TOWN_ENDS, l->lease);
    if (l->state == LEASE_PREEMPTED && now) town_at(t, SAVE_S, TOWN_YIELDS, l->lease);
}

void town_answer(struct town *t, int64_t lease)
{
    const struct lease *const l = market_lease(t->world.market, lease);
    enum town_answer a = TOWN_ACCEPT;

    if (!l || l->state != LEASE_OFFERED || l->reason != REASON_NONE) return;
    if (is_players(t, l->provider) && t->strategy->offered) a = t->strategy->offered(t, l);
    switch (a) {
    case TOWN_ACCEPT:
        world_must(&t->world, world_accept(&t->world, lease));
        town_at(t, PREPARE_S, TOWN_STARTS, lease);
        break;
    case TOWN_WAIT: town_at(t, 1, TOWN_ANSWERS, lease); break;
    case TOWN_DECLINE: (void)world_decline(&t->world, lease); break;
    case TOWN_FAIL:
        world_must(&t->world, world_accept(&t->world, lease));
        world_must(&t->world, world_cannot_start(&t->world, lease));
        break;
    }
}

void town_start(struct town *t, int64_t lease)
{
    const struct lease *const l = market_lease(t->world.market, lease);

    int64_t first;
    int32_t n;

    if (!l || l->state != LEASE_PREPARING) return;
    if (!world_may_start(&t->world, lease, &first, &n)) return;
    const struct town_job *const job = job_of(t, l->bid);
    for (int64_t each = first; each < first + n; each++) {
        world_must(&t->world, world_ready(&t->world, each));
        town_at(t, job->seconds - job->saved, TOWN_ENDS, each);
    }
}

static bool is_over(const struct town *t, int64_t bid)
{
    const struct bid *const b = market_bid(t->world.market, bid);

    return !b || (b->state != ORDER_OPEN && (b->state != ORDER_FILLED || b->live == 0));
}

static void finish(struct town *t, struct town_job *job)
{
    const int64_t worth = job->value * job->units * job->nodes * job->seconds / 3600;

    job->finished = true;
    if (job->of_player)
        t->player_value += worth;
    else
        t->others_value += worth;
}

void town_end(struct town *t, int64_t lease, bool saved)
{
    const struct lease *const l = market_lease(t->world.market, lease);

    if (!l || lease_is_final(l->state)) return;
    if (saved ? l->state != LEASE_PREEMPTED
              : l->state != LEASE_RUNNING && l->state != LEASE_STOPPING &&
                    l->state != LEASE_PREEMPTED)
        return;
    struct town_job *const job = job_of(t, l->bid);
    struct town_seller *const s = seller_of(t, l->provider);
    const int64_t ran = l->ready_us ? (t->world.now_us - l->ready_us) / TOWN_SECOND : 0;
    const bool whole = l->state != LEASE_STOPPING && ran >= job->seconds - job->saved;

    if (s) s->busy += s->cost * ran * l->units / 3600;
    if (l->state == LEASE_PREEMPTED && !whole) {
        if (job->nodes == 1) job->saved += (int32_t)ran;
        world_must(&t->world, world_yield(&t->world, lease, ran));
    } else {
        world_must(&t->world, world_exit(&t->world, lease, ran));
    }
    town_deliver(t, &t->world.ended);
    job->gone = is_over(t, job->bid);
    if (!whole) return;
    if (s) s->known = true;
    if (++job->whole == job->nodes) finish(t, job);
}
