/* SPDX-License-Identifier: Apache-2.0 */
/* The third part of the naive market: who serves whom, in which order, at what price. */
#include "market/naive.h"

#include <assert.h>

#define PRICE_MAX INT64_C(1000000000000000)
#define BPS       10000

bool naive_on_tick(const struct pool *p, int64_t price)
{
    return price > 0 && price <= PRICE_MAX && price % p->tick.micros == 0;
}

/* ---- Who serves whom ---- */

const struct want *naive_want_for(const struct bid *b, int32_t pool)
{
    for (int32_t i = 0; i < b->spec.wants_n; i++)
        if (b->spec.wants[i].pool == pool) return &b->spec.wants[i];
    return NULL;
}

static bool wish_holds(const struct wish *w, const struct traits *t)
{
    if (w->regions != 0 && !(w->regions >> t->region & 1)) return false;
    if (t->tier < w->tier_min || t->isolation < w->isolation_min) return false;
    if (t->interconnect < w->interconnect_min || t->bandwidth_mbps < w->bandwidth_min_mbps)
        return false;
    if (w->verified && !t->verified) return false;
    return w->label == 0 || w->label == t->label;
}

static bool is_a_set(const struct ask *a, int32_t units)
{
    return a->spec.sets == 0 || (units <= 63 && (a->spec.sets >> (units - 1) & 1));
}

static bool is_excluded(const struct bid *b, int64_t node)
{
    for (int32_t i = 0; i < b->excluded_n; i++)
        if (b->excluded[i] == node) return true;
    return false;
}

/* What own leases need as well as others. */
static bool can_serve(const struct naive *n, const struct ask *a, const struct bid *b,
                      const struct want *w, int but)
{
    if (a->state != ORDER_OPEN || a->parked != 0 || a->spec.pool != w->pool || a->stale)
        return false;
    if (!wish_holds(&b->spec.wish, &a->traits) || !is_a_set(a, w->units)) return false;
    if (!(but & BUT_FREE) && a->free < w->units) return false;
    if (a->spec.until_us < n->now + b->spec.seconds * SECOND_US) return false;
    return !is_excluded(b, a->spec.node);
}

bool naive_serves(const struct naive *n, const struct ask *a, const struct bid *b,
                  const struct want *w, int but)
{
    if (!can_serve(n, a, b, w, but)) return false;
    if (naive_owner(n, a->account) == naive_owner(n, b->account)) return false;
    if (b->tier < a->spec.buyer_tier_min || b->spec.wish.egress > a->spec.egress_max) return false;
    if (b->spec.checkpoint_seconds > a->spec.risk_seconds) return false;
    if (a->spec.interruptible && !b->spec.interruptible) return false;
    if (!(but & BUT_PRICE) && a->spec.price.micros > naive_limit(n, b, w)) return false;
    return a->spec.seconds_min <= b->spec.seconds && b->spec.seconds <= a->spec.seconds_max;
}

bool naive_serves_own(const struct naive *n, const struct ask *a, const struct bid *b,
                      const struct want *w, int but)
{
    return can_serve(n, a, b, w, but) && naive_owner(n, a->account) == naive_owner(n, b->account);
}

bool naive_within_quota(const struct naive *n, const struct bid *b, const struct want *w)
{
    const struct standing *s = naive_standing((struct naive *)(uintptr_t)n, b->account);
    int32_t units = w->units;
    const int32_t quota = s->quota;
    for (size_t i = 0; i < n->leases_n; i++)
        if (n->leases[i].own && n->leases[i].buyer == b->account &&
            naive_lease_lives(&n->leases[i]))
            units += n->leases[i].units;
    return quota == 0 || units <= quota;
}

/* ---- Books and lines ---- */

bool naive_ask_in_books(const struct ask *a)
{
    return a->state == ORDER_OPEN && a->free > 0 && a->parked == 0 && !a->stale;
}

bool naive_bid_in_books(const struct bid *b)
{
    return b->state == ORDER_OPEN && !b->sealed && b->parked == 0;
}

/* Does it meet others' asks as an ordinary bid, or as a gang? */
bool naive_is_ordinary(const struct bid *b)
{
    return naive_bid_in_books(b) && b->spec.nodes == 1 && b->spec.own != OWN_ONLY;
}

static bool is_gang(const struct bid *b)
{
    return naive_bid_in_books(b) && b->spec.nodes > 1 && b->spec.own != OWN_ONLY;
}

/* ---- Prices, the collar ---- */

int64_t naive_reference(struct naive *n, int32_t pool)
{
    const struct pool_state *s = naive_pool_state(n, pool);
    int64_t sorted[REFERENCE_TRADES];
    if (s->recent_n < n->rules.collar_trades || s->recent_n == 0) return 0;
    for (int32_t i = 0; i < s->recent_n; i++) {
        int32_t at = i;
        for (; at > 0 && sorted[at - 1] > s->recent[i].micros; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = s->recent[i].micros;
    }
    return sorted[(s->recent_n - 1) / 2];
}

bool naive_odd(struct naive *n, int32_t pool, int64_t price)
{
    const __int128 ref = naive_reference(n, pool), bps = n->rules.collar_bps;
    if (bps == 0 || ref == 0) return false;
    return (__int128)price * BPS > ref * (BPS + bps) || (__int128)price * (BPS + bps) < ref * BPS;
}

/* What a bid that waits pays: not more than is not odd, if that is not below the ask. */
static int64_t spared(struct naive *n, const struct ask *a, int64_t price)
{
    const __int128 ref = naive_reference(n, a->spec.pool), bps = n->rules.collar_bps;
    const __int128 edge = ref * (BPS + bps) / BPS;
    const __int128 tick = naive_pool(n, a->spec.pool)->tick.micros, most = edge - edge % tick;
    if (bps == 0 || ref == 0) return price;
    return price > most && a->spec.price.micros <= most ? (int64_t)most : price;
}

static bool is_low(struct naive *n, int32_t pool, int64_t price)
{
    return naive_odd(n, pool, price) && price < naive_reference(n, pool);
}

/* The seller's owner has one place: the one before goes, else, when all are taken, the oldest. */
static void remember_price(struct naive *n, int32_t pool, int64_t price, int64_t owner)
{
    struct pool_state *s = naive_pool_state(n, pool);
    int32_t kept = 0;
    for (int32_t i = 0; i < s->recent_n; i++) {
        if (s->recent_sellers[i] == owner) continue;
        s->recent[kept] = s->recent[i];
        s->recent_sellers[kept++] = s->recent_sellers[i];
    }
    for (int32_t i = 1; kept == REFERENCE_TRADES && i < REFERENCE_TRADES; i++) {
        s->recent[i - 1] = s->recent[i];
        s->recent_sellers[i - 1] = s->recent_sellers[i];
    }
    if (kept == REFERENCE_TRADES) kept--;
    s->recent[kept].micros = price;
    s->recent_sellers[kept] = owner;
    s->recent_n = kept + 1;
}

static void set_call(struct naive *n, int32_t pool)
{
    struct pool_state *s = naive_pool_state(n, pool);
    if (s->call_us == 0) s->call_us = n->now + n->rules.call_seconds * SECOND_US;
}

void naive_park_bid(struct naive *n, struct bid *b, int32_t pool)
{
    b->parked = n->seq;
    b->parked_pool = pool;
    set_call(n, pool);
}

static void park_ask(struct naive *n, struct ask *a)
{
    a->parked = n->seq;
    set_call(n, a->spec.pool);
}

/* The price of the resting side: the lower priority, the ask's when they are equal. */
static int64_t resting_price(const struct naive *n, const struct ask *a, const struct bid *b,
                             const struct want *w)
{
    return b->priority < a->priority ? naive_limit(n, b, w) : a->spec.price.micros;
}

/* ---- A grant ---- */

/* The largest s up to the bid's seconds with charge(price, units, s) within what it may hold. */
int32_t naive_seconds_for(const struct bid *b, __int128 price, int32_t units)
{
    const int64_t left = b->spec.budget.micros - b->spent.micros;
    const __int128 cover = naive_cover(price, units, b->spec.seconds);
    const __int128 most = cover < left ? cover : left;
    if (price == 0) return b->spec.seconds;
    const __int128 s = ((most + 1) * 3600 - 1) / (price * units);
    const int32_t got = s < b->spec.seconds ? (int32_t)s : b->spec.seconds;
    assert(naive_charge(price, units, got) <= most);
    assert(got == b->spec.seconds || naive_charge(price, units, got + 1) > most);
    return got;
}

void naive_grant(struct naive *n, struct bid *b, const struct want *w, const struct fill *fills,
                 size_t fills_n, enum who who)
{
    __int128 sum = 0;
    int64_t hold = 0;
    for (size_t i = 0; i < fills_n; i++)
        sum += fills[i].price;
    const int32_t seconds_max = naive_seconds_for(b, sum, w->units);
    assert(n->trades_n + fills_n <= FILLS_MAX && n->leases_n + fills_n <= n->leases_cap);
    b->lease = n->seq * 4096 + (int64_t)n->trades_n;
    for (size_t i = 0; i < fills_n; i++) {
        const struct fill *f = &fills[i];
        struct ask *a = f->ask;
        struct lease *l = &n->leases[n->leases_n++];
        *l = (struct lease){
            .lease = n->seq * 4096 + (int64_t)n->trades_n,
            .bid = b->bid,
            .ask = a->ask,
            .node = a->spec.node,
            .buyer = b->account,
            .provider = a->account,
            .pool = w->pool,
            .units = w->units,
            .price = { f->price },
            .base = { f->base },
            .own = f->own,
            .waits = f->victim != NULL ? f->victim->lease : 0,
            .seconds_max = seconds_max,
            .hold = { (int64_t)naive_charge(f->price, w->units, seconds_max) },
            .state = LEASE_OFFERED,
            .epoch = 1,
            .traded_us = n->now,
        };
        hold += l->hold.micros;
        n->trades[n->trades_n++] = (struct trade){
            .trade = l->lease,
            .bid = b->bid,
            .ask = a->ask,
            .node = l->node,
            .buyer = l->buyer,
            .provider = l->provider,
            .pool = w->pool,
            .units = w->units,
            .price = l->price,
            .bid_rested = b->priority < a->priority,
            .own = f->own,
            .displacing = f->victim != NULL,
            .at_us = n->now,
        };
        if (f->victim == NULL) {
            a->free -= w->units;
            a->priority = n->seq;
        }
        if (!f->own && f->victim == NULL)
            remember_price(n, w->pool, f->price, naive_owner(n, a->account));
    }
    if (who == BID_CAME) naive_hold(n, b, hold); /* else the clock trims it */
    b->state = ORDER_FILLED;
    b->job = JOB_PLACED;
    b->parked = 0;
    b->parked_pool = 0;
    b->attempts++;
    b->leases_n = b->live = (int32_t)fills_n;
}

/* ---- Own first ---- */

static bool own_before(const struct ask *a, const struct ask *b)
{
    if (a->free != b->free) return a->free < b->free;
    if (a->priority != b->priority) return a->priority < b->priority;
    return a->ask < b->ask;
}

/* The first of its owner's asks that serves it, of the OWN_LOOK first in their order. */
static struct ask *own_ask(struct naive *n, const struct bid *b, const struct want *w)
{
    const int64_t owner = naive_owner(n, b->account);
    struct ask *best = NULL;
    int before = 0;
    for (size_t i = 0; i < n->asks_n; i++)
        if (naive_ask_in_books(&n->asks[i]) && naive_serves_own(n, &n->asks[i], b, w, BUT_NOTHING))
            if (best == NULL || own_before(&n->asks[i], best)) best = &n->asks[i];
    for (size_t i = 0; best != NULL && i < n->asks_n; i++) {
        const struct ask *x = &n->asks[i];
        before += naive_ask_in_books(x) && x->spec.pool == w->pool && x->free >= w->units &&
                  naive_owner(n, x->account) == owner && own_before(x, best);
    }
    return before < OWN_LOOK ? best : NULL;
}

/* Of all its wants; NULL: none. */
static struct ask *own_of_wants(struct naive *n, const struct bid *b, const struct want **w)
{
    if (b->spec.own == OWN_NEVER || b->spec.nodes > 1) return NULL;
    for (int32_t i = 0; i < b->spec.wants_n; i++) {
        *w = &b->spec.wants[i];
        struct ask *a = naive_within_quota(n, b, *w) ? own_ask(n, b, *w) : NULL;
        if (a != NULL) return a;
    }
    return NULL;
}

bool naive_take_own(struct naive *n, struct bid *b)
{
    const struct want *w = NULL;
    struct ask *a = own_of_wants(n, b, &w);
    if (a == NULL) return false;
    naive_grant(n, b, w, &(struct fill){ .ask = a, .own = true }, 1, BID_CAME);
    return true;
}

static bool wants_its_owners(const struct naive *n, const struct bid *b, const struct ask *a)
{
    return naive_bid_in_books(b) && b->spec.nodes == 1 && b->spec.own != OWN_NEVER &&
           naive_owner(n, b->account) == naive_owner(n, a->account);
}

/* The bid that the ask serves as its owner's: by priority, OWN_LOOK of them from `after` on. */
static struct bid *own_bid(struct naive *n, const struct ask *a, int64_t *priority, int64_t *number,
                           int *looked)
{
    for (; *looked < OWN_LOOK; ++*looked) {
        struct bid *next = NULL;
        for (size_t i = 0; i < n->bids_n; i++) {
            struct bid *x = &n->bids[i];
            if (!wants_its_owners(n, x, a)) continue;
            if (x->priority < *priority || (x->priority == *priority && x->bid <= *number))
                continue;
            if (next == NULL || x->priority < next->priority ||
                (x->priority == next->priority && x->bid < next->bid))
                next = x;
        }
        if (next == NULL) return NULL;
        *priority = next->priority;
        *number = next->bid;
        const struct want *w = naive_want_for(next, a->spec.pool);
        if (w != NULL && naive_serves_own(n, a, next, w, BUT_NOTHING) &&
            naive_within_quota(n, next, w)) {
            ++*looked;
            return next;
        }
    }
    return NULL;
}

/* ---- A bid meets asks ---- */

static struct ask *best_of_pool(struct naive *n, const struct bid *b, const struct want *w)
{
    struct ask_walk walk;
    naive_walk_asks(n, &walk, b, w);
    struct ask *a = naive_ask_walk_next(n, &walk, naive_limit(n, b, w), WALK_LOOK);
    naive_ask_walk_end(&walk);
    return a;
}

/* Is `price` of pool p cheaper for the bid than `other` of pool q? */
static bool cheaper(const struct naive *n, const struct bid *b, __int128 price, int32_t p,
                    __int128 other, int32_t q)
{
    if (b->spec.rank == RANK_PRICE) return price < other;
    return price * naive_pool(n, q)->throughput < other * naive_pool(n, p)->throughput;
}

struct ask *naive_best_ask(struct naive *n, const struct bid *b, const struct want **w)
{
    struct ask *best = NULL;
    for (int32_t i = 0; i < b->spec.wants_n; i++) {
        struct ask *a = best_of_pool(n, b, &b->spec.wants[i]);
        if (a == NULL) continue;
        if (best != NULL && !cheaper(n, b, a->spec.price.micros, a->spec.pool,
                                     best->spec.price.micros, best->spec.pool))
            continue;
        best = a;
        *w = &b->spec.wants[i];
    }
    return best;
}

/* May the order that came park this one, which rests, with that price of its own? Else itself. */
static bool may_park(struct naive *n, int32_t pool, int64_t own_price, int *parked)
{
    return naive_odd(n, pool, own_price) && (*parked)++ < PARK_MAX;
}

static void ordinary_meets_asks(struct naive *n, struct bid *b, enum collar collar)
{
    struct ask *a = NULL;
    const struct want *w = NULL;
    int parked = 0;
    while ((a = naive_best_ask(n, b, &w)) != NULL) {
        const int64_t price = resting_price(n, a, b, w);
        if (collar == NO_COLLAR || !naive_odd(n, w->pool, price)) {
            naive_grant(n, b, w, &(struct fill){ .ask = a, .price = price }, 1, BID_CAME);
            return;
        }
        if (!may_park(n, w->pool, a->spec.price.micros, &parked)) {
            naive_park_bid(n, b, w->pool);
            return;
        }
        park_ask(n, a);
    }
}

/* ---- Gangs ---- */

struct plan {
    struct ask *asks[GANG_NODES_MAX];
    int32_t asks_n;
    int looked;
};

static bool holds_node(const struct plan *p, int64_t node)
{
    for (int32_t i = 0; i < p->asks_n; i++)
        if (p->asks[i]->spec.node == node) return true;
    return false;
}

/* Of one site, or of any with site 0: how many asks the walk had looked at or passed over when the
 * plan was complete, or -1; p->looked is then all that it did. */
static int plan_in(struct naive *n, const struct bid *b, const struct want *w, int64_t site,
                   struct plan *p)
{
    struct ask_walk walk;
    struct ask *a = NULL;
    int served = 0;
    p->asks_n = 0;
    naive_walk_asks(n, &walk, b, w);
    while (served < GANG_LOOK &&
           (a = naive_ask_walk_next(n, &walk, naive_limit(n, b, w), WALK_LOOK)) != NULL) {
        served++;
        if ((site != 0 && a->traits.site != site) || holds_node(p, a->spec.node)) continue;
        p->asks[p->asks_n++] = a;
        if (p->asks_n == b->spec.nodes) break;
    }
    naive_ask_walk_end(&walk);
    p->looked = served + walk.misses;
    return p->asks_n == b->spec.nodes ? p->looked : -1;
}

static bool plan_gang(struct naive *n, const struct bid *b, const struct want *w, struct plan *p)
{
    struct plan best = { .looked = 0 };
    int best_looked = -1;
    *p = (struct plan){ .looked = 0 };
    if (!b->spec.same_site) return plan_in(n, b, w, 0, p) > 0;
    for (size_t i = 0; i < n->nodes_n; i++) { /* every site is a node's number */
        const int looked = plan_in(n, b, w, n->nodes[i].node, p);
        if (looked > 0 && (best_looked < 0 || looked < best_looked)) {
            best = *p;
            best_looked = looked;
        }
    }
    if (best_looked < 0) return false;
    *p = best;
    return true;
}

static size_t fills_of(const struct naive *n, const struct bid *b, const struct want *w,
                       const struct plan *p, struct fill *fills)
{
    for (int32_t i = 0; i < p->asks_n; i++)
        fills[i] = (struct fill){ .ask = p->asks[i], .price = resting_price(n, p->asks[i], b, w) };
    return (size_t)p->asks_n;
}

/* The first lease with an odd price; NULL: none. */
static const struct fill *first_odd(struct naive *n, int32_t pool, const struct fill *fills,
                                    size_t fills_n)
{
    for (size_t i = 0; i < fills_n; i++)
        if (naive_odd(n, pool, fills[i].price)) return &fills[i];
    return NULL;
}

/* The cheapest complete plan of its wants. */
static bool plan_wants(struct naive *n, const struct bid *b, const struct want **w, struct plan *p)
{
    __int128 best = 0;
    bool found = false;
    for (int32_t i = 0; i < b->spec.wants_n; i++) {
        const struct want *x = &b->spec.wants[i];
        struct plan q;
        __int128 sum = 0;
        if (!plan_gang(n, b, x, &q)) continue;
        for (int32_t k = 0; k < q.asks_n; k++)
            sum += q.asks[k]->spec.price.micros;
        if (b->spec.rank == RANK_PRICE) sum *= x->units; /* by value the units cancel out */
        if (found && !cheaper(n, b, sum, x->pool, best, (*w)->pool)) continue;
        found = true;
        best = sum;
        *w = x;
        *p = q;
    }
    return found;
}

static void gang_meets_asks(struct naive *n, struct bid *b, enum collar collar)
{
    struct fill fills[GANG_NODES_MAX];
    const struct want *w = NULL;
    struct plan p;
    int parked = 0;
    while (plan_wants(n, b, &w, &p)) {
        const size_t fills_n = fills_of(n, b, w, &p, fills);
        const struct fill *odd = first_odd(n, w->pool, fills, fills_n);
        if (collar == NO_COLLAR || odd == NULL) {
            naive_grant(n, b, w, fills, fills_n, BID_CAME);
            return;
        }
        if (!may_park(n, w->pool, odd->ask->spec.price.micros, &parked)) {
            naive_park_bid(n, b, w->pool);
            return;
        }
        park_ask(n, odd->ask);
    }
}

void naive_bid_meets_asks(struct naive *n, struct bid *b, enum collar collar)
{
    assert(naive_bid_in_books(b));
    if (naive_take_own(n, b) || b->spec.own == OWN_ONLY) return;
    if (b->spec.nodes > 1)
        gang_meets_asks(n, b, collar);
    else
        ordinary_meets_asks(n, b, collar);
}

bool naive_bid_would_trade(struct naive *n, struct bid *b)
{
    const struct want *w = NULL;
    struct plan p;
    if (own_of_wants(n, b, &w) != NULL) return true;
    if (b->spec.own == OWN_ONLY) return false;
    return b->spec.nodes > 1 ? plan_wants(n, b, &w, &p) : naive_best_ask(n, b, &w) != NULL;
}

/* ---- An ask meets bids ---- */

/* How far an event has come along the shelf. */
struct shelf {
    int64_t limit, priority; /* behind that gang; priority 0: at the start */
    int tested, looked;
    bool stopped;
};

static struct bid *next_gang(struct naive *n, const struct ask *a, const struct shelf *s)
{
    struct bid *next = NULL;
    for (size_t i = 0; i < n->bids_n; i++) {
        struct bid *b = &n->bids[i];
        const struct want *w = naive_want_for(b, a->spec.pool);
        if (w == NULL || !is_gang(b)) continue;
        const int64_t limit = naive_limit(n, b, w);
        if (limit < a->spec.price.micros || w->units > a->free) continue;
        if (s->priority != 0 &&
            (limit > s->limit || (limit == s->limit && b->priority <= s->priority)))
            continue;
        if (next == NULL || naive_bid_before(n, b, next, a->spec.pool)) next = b;
    }
    return next;
}

static void test_gang(struct naive *n, struct ask *a, struct bid *b, struct shelf *s,
                      enum collar collar)
{
    const struct want *w = naive_want_for(b, a->spec.pool);
    struct fill fills[GANG_NODES_MAX];
    struct plan p;
    s->limit = naive_limit(n, b, w);
    s->priority = b->priority;
    s->tested++;
    const bool complete = plan_gang(n, b, w, &p);
    s->looked += p.looked;
    if (!complete) return;
    const size_t fills_n = fills_of(n, b, w, &p, fills);
    for (size_t i = 0; i < fills_n && collar == UNDER_COLLAR; i++)
        fills[i].price = spared(n, fills[i].ask, fills[i].price);
    if (collar == UNDER_COLLAR && first_odd(n, w->pool, fills, fills_n) != NULL)
        naive_park_bid(n, b, w->pool);
    else
        naive_grant(n, b, w, fills, fills_n, BID_RESTED);
}

static bool must_stop(const struct naive *n, const struct ask *a, const struct shelf *s)
{
    return s->tested >= GANGS || s->looked >= EVENT_LOOK ||
           n->trades_n + GANG_NODES_MAX + (size_t)a->free > FILLS_MAX;
}

static void serve_own(struct naive *n, struct ask *a)
{
    int64_t priority = 0, number = 0;
    int looked = 0;
    struct bid *b = NULL;
    while (a->free > 0 && (b = own_bid(n, a, &priority, &number, &looked)) != NULL)
        naive_grant(n, b, naive_want_for(b, a->spec.pool), &(struct fill){ .ask = a, .own = true },
                    1, BID_RESTED);
}

/* The candidate whose turn it could be; NULL: there is none, or testing stops. */
static struct bid *candidate(struct naive *n, const struct ask *a, struct shelf *s)
{
    struct bid *gang = s->stopped ? NULL : next_gang(n, a, s);
    if (gang == NULL || !must_stop(n, a, s)) return gang;
    s->stopped = true;
    return NULL;
}

struct met {
    struct bid *bid;
    int64_t price;
};

/* What a bid that rests pays when the next best that could be served instead is `next`. */
static int64_t runner_up(const struct naive *n, const struct ask *a, const struct bid *b,
                         const struct bid *next)
{
    const struct pool *p = naive_pool(n, a->spec.pool);
    const int64_t limit = naive_limit(n, b, naive_want_for(b, p->number));
    int64_t price = a->spec.price.micros;
    if (next != NULL) {
        const int64_t over = naive_limit(n, next, naive_want_for(next, p->number)) + p->tick.micros;
        if (over > price) price = over;
    }
    return price < limit ? price : limit;
}

/* One walk along the bids that go before the gang (NULL: all): whom the ask would serve, with the
 * units that it then has left, and at what price. */
static size_t find_bids(struct naive *n, const struct ask *a, const struct bid *gang, int64_t from,
                        struct met *out)
{
    struct bid_walk walk;
    struct bid *b = NULL;
    size_t out_n = 0;
    int32_t left = a->free;
    bool open = false; /* the last one found waits for its runner-up */
    naive_walk_bids(n, &walk, a, from);
    while ((b = naive_bid_walk_next(n, &walk, a)) != NULL) {
        const struct want *w = naive_want_for(b, a->spec.pool);
        if (open) out[out_n - 1].price = runner_up(n, a, out[out_n - 1].bid, b);
        open = false;
        walk.left = left;
        if (left == 0 || (gang != NULL && naive_bid_before(n, gang, b, a->spec.pool))) break;
        if (w->units > left) continue;
        struct ask then = *a; /* as it is after the bids before this one */
        if (out_n > 0) then.priority = n->seq;
        out[out_n++] = (struct met){ b, resting_price(n, &then, b, w) };
        left -= w->units;
        open = n->rules.pricing == PRICE_RUNNER_UP && b->priority < then.priority;
        if (!open && left == 0) break;
        if (!open) walk.left = left;
    }
    if (open) out[out_n - 1].price = runner_up(n, a, out[out_n - 1].bid, NULL);
    naive_bid_walk_end(&walk);
    return out_n;
}

/* Trade with those found. False: one has been parked, or the ask is. */
static bool serve_found(struct naive *n, struct ask *a, const struct met *met, size_t met_n,
                        enum collar collar, int *parked)
{
    for (size_t i = 0; i < met_n; i++) {
        struct bid *b = met[i].bid;
        const struct want *w = naive_want_for(b, a->spec.pool);
        const int64_t price = collar == UNDER_COLLAR ? spared(n, a, met[i].price) : met[i].price;
        if (collar == NO_COLLAR || !naive_odd(n, a->spec.pool, price)) {
            naive_grant(n, b, w, &(struct fill){ .ask = a, .price = price }, 1, BID_RESTED);
        } else if (is_low(n, a->spec.pool, naive_limit(n, b, w)) && (*parked)++ < PARK_MAX) {
            naive_park_bid(n, b, a->spec.pool);
            return false;
        } else {
            park_ask(n, a);
            return false;
        }
    }
    return true;
}

/* Serve bids and gangs in one order until none is left, or the ask is parked. */
static void serve_others(struct naive *n, struct ask *a, struct shelf *s, enum collar collar)
{
    struct met met[FILLS_MAX];
    int64_t from = INT64_MAX;
    int parked = 0;
    while (naive_ask_in_books(a)) {
        struct bid *gang = candidate(n, a, s);
        const size_t met_n = find_bids(n, a, gang, from, met);
        if (!serve_found(n, a, met, met_n, collar, &parked)) continue; /* begin anew */
        if (gang == NULL) return;
        if (met_n > 0) continue;
        from = naive_limit(n, gang, naive_want_for(gang, a->spec.pool));
        test_gang(n, a, gang, s, collar);
    }
}

void naive_ask_meets_bids(struct naive *n, struct ask *a, enum collar collar)
{
    struct pool_state *state = naive_pool_state(n, a->spec.pool);
    struct shelf s = { .limit = state->cursor_limit.micros, .priority = state->cursor_priority };
    if (!naive_ask_in_books(a)) return;
    serve_own(n, a);
    serve_others(n, a, &s, collar);
    state->cursor_limit.micros = s.stopped ? s.limit : 0;
    state->cursor_priority = s.stopped ? s.priority : 0;
}

bool naive_ask_would_trade(struct naive *n, struct ask *a)
{
    int64_t priority = 0, number = 0;
    int looked = 0;
    struct bid_walk walk;
    if (!naive_ask_in_books(a)) return false;
    if (own_bid(n, a, &priority, &number, &looked) != NULL) return true;
    naive_walk_bids(n, &walk, a, INT64_MAX);
    const bool served = naive_bid_walk_next(n, &walk, a) != NULL;
    naive_bid_walk_end(&walk);
    return served;
}
