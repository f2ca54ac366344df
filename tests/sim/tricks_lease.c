/* SPDX-License-Identifier: Apache-2.0 */
/* What can be tried with gangs, with displacement and with the collar. */
#include "tests/sim/tricks.h"

#define NO_LABEL INT64_C(999) /* that no node has */

/* ---- Shelf sniping: keeps out of the book until a gang, or somebody, needs just this node ---- */

void trick_snipe(struct town *t)
{
    const struct town_seller *const p = town_player(t);
    const struct bid *const gang = town_best_gang(t), *const bid = town_best_bid(t, TOWN_UNITS);
    const struct ask *const a = own_ask(t);
    int64_t price = bid ? bid->spec.limit.micros : 0;

    if (gang && gang->spec.limit.micros > price) price = gang->spec.limit.micros;
    if (a && a->spec.price.micros == price) return;
    if (a && a->free > 0) withdraw(t);
    if (price >= p->cost && own_free(t) > 0) (void)offer(t, price, own_free(t));
}

/* ---- Jobs of the player that are not meant to run ---- */

/* Those that wait for a victim to go are left alone, if they `may_wait`. */
static void drop_jobs(struct town *t, bool may_wait)
{
    size_t first = t->jobs_n;

    for (size_t i = (size_t)t->memory[0]; i < t->jobs_n; i++) {
        const struct town_job *const job = &t->jobs[i];
        if (!job->of_player || job->gone) continue;
        const struct lease *const l = market_lease(t->world.market, job->lease);
        if (!may_wait || !l || l->waits == 0)
            town_drop(t, i);
        else if (first == t->jobs_n)
            first = i;
    }
    t->memory[0] = (int64_t)first;
}

static void buy_for(struct town *t, int64_t account, int32_t units, int32_t seconds,
                    const struct bid_spec *spec)
{
    const struct town_job job = {
        .account = account, .units = units, .nodes = 1, .seconds = seconds, .of_player = true
    };

    (void)town_submit(t, &job, spec);
}

static void buy_as(struct town *t, int64_t account, int32_t units, const struct bid_spec *spec)
{
    buy_for(t, account, units, spec->seconds - 60, spec);
}

/* ---- Decoy bids: a high limit for what nobody has, so that others ask for more ---- */

void trick_decoy(struct town *t)
{
    if (t->steps % 60 == 1) {
        drop_jobs(t, false);
        struct bid_spec spec = town_bid(t, 290 * TOWN_TICK, 1, 3600);
        spec.wish.label = NO_LABEL;
        buy_as(t, t->purse, 1, &spec);
    }
    trick_follow(t);
}

/* ---- Tenants ---- */

struct hunt {
    const struct town *town;
    int64_t account; /* whose tenant; 0: of the player's rivals */
    const struct lease *lowest;
};

static int64_t limit_of(const struct town *t, const struct lease *l)
{
    return market_bid(t->world.market, l->bid)->spec.limit.micros;
}

static void look_at(void *arg, const struct lease *l)
{
    struct hunt *const h = arg;
    const int64_t player = h->town->sellers[TOWN_PLAYER].account;

    if (l->state != LEASE_RUNNING || !l->ripe) return;
    if (h->account ? l->provider != h->account : l->provider == player) return;
    const struct ask *const a = market_ask(h->town->world.market, l->ask);
    if (!a || a->state != ORDER_OPEN) return;
    if (!h->lowest || limit_of(h->town, l) < limit_of(h->town, h->lowest)) h->lowest = l;
}

/* The tenant with the lowest limit who may be displaced; NULL: there is none. */
static const struct lease *tenant_of(const struct town *t, int64_t account)
{
    struct hunt h = { .town = t, .account = account };

    market_each_lease(t->world.market, look_at, &h);
    return h.lowest;
}

/* One whose place is worth a tenth more to somebody else. */
static const struct lease *poor_tenant(struct town *t, int64_t price)
{
    const struct lease *const l = tenant_of(t, town_player(t)->account);
    const struct ask *const a = own_ask(t);

    if (!l || !a || a->free > 0) return NULL; /* there is room without it */
    return price > l->price.micros + l->price.micros / 10 ? l : NULL;
}

/* Its own jobs get no machine: they are there to make room. */
enum town_answer trick_stall(struct town *t, const struct lease *l)
{
    return l->own || l->buyer == t->purse ? TOWN_WAIT : TOWN_ACCEPT;
}

/* Its machine says that they do not start. */
enum town_answer trick_fail(struct town *t, const struct lease *l)
{
    return l->own || l->buyer == t->purse ? TOWN_FAIL : TOWN_ACCEPT;
}

/* ---- Eviction: a job of its own, free of charge, takes the place of a tenant who pays less than
 * the next would. It is called off once the tenant has gone, or runs for a second ---- */

static void evict(struct town *t, int32_t seconds)
{
    const int64_t price = best_price(t);
    const struct lease *const l = poor_tenant(t, price);

    if (!l) return;
    const struct bid_spec spec = town_bid(t, TOWN_TICK, l->units, 60);
    buy_for(t, town_player(t)->account, l->units, seconds, &spec);
}

void trick_evict(struct town *t)
{
    drop_jobs(t, true);
    evict(t, 60);
    trick_follow(t);
}

void trick_evict_briefly(struct town *t)
{
    evict(t, 1);
    trick_follow(t);
}

/* ---- A shill: the same by a second account, for money ---- */

static void shill(struct town *t, int32_t seconds)
{
    const int64_t price = best_price(t);
    const struct lease *const l = poor_tenant(t, price);

    if (!l) return;
    const int64_t ask = own_ask(t)->spec.price.micros, over = limit_of(t, l) + TOWN_TICK;
    struct bid_spec spec = town_bid(t, over > ask ? over : ask, l->units, 600);
    spec.wish.label = TOWN_LABEL;
    buy_for(t, t->purse, l->units, seconds, &spec);
}

void trick_shill(struct town *t)
{
    drop_jobs(t, true);
    shill(t, 600);
    trick_follow(t);
}

void trick_shill_briefly(struct town *t)
{
    shill(t, 1);
    trick_follow(t);
}

/* ---- A raid: displaces tenants of rivals who are sold out, so that they come to the player, and
 * cancels ---- */

void trick_raid(struct town *t)
{
    const struct town_seller *const p = town_player(t);
    const struct ask *const a = own_ask(t);
    drop_jobs(t, true);
    const struct lease *const l = tenant_of(t, 0);

    if (l && a && a->free >= l->units && town_best_ask(t, p->account, false) == 0 &&
        limit_of(t, l) >= a->spec.price.micros) {
        struct bid_spec spec = town_bid(t, limit_of(t, l) + TOWN_TICK, l->units, 600);
        spec.wish.bandwidth_min_mbps = TOWN_BANDWIDTH_MBPS;
        buy_as(t, t->purse, l->units, &spec);
    }
    trick_follow(t);
}

/* ---- Collar bombing: trades with itself until the rivals' prices are odd, and sells while they
 * are parked ---- */

#define BOMB_S 600

static int64_t reference(const struct town *t)
{
    const struct pool_state *const p = market_pool_state(t->world.market, town_pool.number);
    int64_t sum = 0;

    if (!p || p->recent_n == 0) return 0;
    for (int32_t i = 0; i < p->recent_n; i++)
        sum += p->recent[i].micros;
    return sum / p->recent_n;
}

void trick_bomb(struct town *t)
{
    const struct town_seller *const p = town_player(t);
    const struct ask *const a = own_ask(t);
    const int64_t best = town_best_ask(t, p->account, false), last = reference(t);
    int64_t *const next_s = &t->memory[1], *const aim = &t->memory[2];

    if (now_s(t) < *next_s - BOMB_S + 60) return; /* the high price must stand that long */
    if (now_s(t) < *next_s || best == 0 || last == 0 || (a && a->free == 0)) {
        int64_t price = *aim > 0 ? *aim : best_price(t);
        if (price < p->cost) price = p->cost;
        stand_at(t, price);
        return;
    }
    int64_t high = 2 * (best + best / 10) / TOWN_TICK * TOWN_TICK;
    if (high > 2 * last) high = 2 * last / TOWN_TICK * TOWN_TICK;
    if (high / 2 < p->cost) high = 2 * p->cost;
    stand_at(t, high);
    if (!own_ask(t) || own_ask(t)->spec.price.micros != high) return;
    for (int i = 0; i < REFERENCE_TRADES; i++) {
        struct bid_spec spec = town_bid(t, high, 1, 60);
        spec.wish.label = TOWN_LABEL;
        buy_as(t, t->purse, 1, &spec);
        drop_jobs(t, false);
    }
    *aim = (high / 2 + TOWN_TICK - 1) / TOWN_TICK * TOWN_TICK;
    *next_s = now_s(t) + BOMB_S;
}

/* ---- Painting the index: a second account rents half of the machine all day, at twice the price,
 * for just as long as a delivery must last to count ---- */

#define PAINT_S 900

void trick_paint(struct town *t)
{
    const struct town_seller *const p = town_player(t);
    const struct ask *const a = own_ask(t);
    const int64_t best = town_best_ask(t, p->account, true);
    int64_t price = best > 0 ? 2 * best : 3 * p->cost / TOWN_TICK * TOWN_TICK;

    if (t->steps % 6 != 0) return;
    if (now_s(t) < t->memory[1]) {
        trick_follow(t);
        return;
    }
    if (price < p->cost) price = p->cost;
    stand_at(t, price);
    if (!own_ask(t) || own_ask(t)->spec.price.micros != price || a == NULL || a->free < 2) return;
    t->memory[1] = now_s(t) + PAINT_S + 60;
    struct bid_spec spec = town_bid(t, price, 2, PAINT_S);
    spec.wish.label = TOWN_LABEL;
    buy_as(t, t->purse, 2, &spec);
}
