/* SPDX-License-Identifier: Apache-2.0 */
/* The fourth part of the naive market: ripe leases that make room, sealed bids, the call. */
#include "market/naive.h"

#include <assert.h>

#include "base/mem.h"

#define BPS 10000

/* ---- Victims ---- */

static int64_t limit_of_lease(struct naive *n, const struct lease *l)
{
    const struct bid *b = naive_bid(n, l->bid);
    return naive_limit(n, b, naive_want_for(b, l->pool));
}

static bool is_ripe(const struct lease *l, int32_t pool)
{
    return l->ripe && l->state == LEASE_RUNNING && l->pool == pool;
}

/* What both kinds of victims must be. */
static bool may_go(struct naive *n, const struct bid *b, const struct want *w,
                   const struct lease *l)
{
    return is_ripe(l, w->pool) && l->units >= w->units &&
           naive_owner(n, l->buyer) != naive_owner(n, b->account);
}

static bool is_own_victim(struct naive *n, const struct bid *b, const struct want *w,
                          const struct lease *l)
{
    const struct ask *a = naive_ask(n, l->ask);
    return b->spec.nodes == 1 && b->spec.own != OWN_NEVER && may_go(n, b, w, l) && a != NULL &&
           naive_serves_own(n, a, b, w, BUT_FREE) && naive_within_quota(n, b, w);
}

/* What a displacer pays. */
static int64_t price_over(struct naive *n, const struct lease *l)
{
    const int64_t ask = naive_ask(n, l->ask)->spec.price.micros;
    const int64_t above = limit_of_lease(n, l) + naive_pool(n, l->pool)->tick.micros;
    return ask > above ? ask : above;
}

static bool is_victim(struct naive *n, const struct bid *b, const struct want *w,
                      const struct lease *l)
{
    const struct ask *a = naive_ask(n, l->ask);
    if (b->spec.nodes > 1 || b->spec.own == OWN_ONLY || !may_go(n, b, w, l)) return false;
    if (a == NULL || !naive_serves(n, a, b, w, BUT_FREE | BUT_PRICE)) return false;
    const int64_t limit = naive_limit(n, b, w), below = limit_of_lease(n, l);
    const int64_t tick = naive_pool(n, w->pool)->tick.micros;
    __int128 step = ((__int128)below * n->rules.displace_bps + BPS - 1) / BPS;
    if (step < tick) step = tick;
    if (b->spec.interruptible && limit < below + step) return false;
    return price_over(n, l) <= limit &&
           naive_seconds_for(b, price_over(n, l), w->units) >= n->rules.min_run_seconds;
}

static void displace(struct naive *n, struct bid *b, const struct want *w, struct lease *l,
                     bool own, enum who who)
{
    struct ask *a = naive_ask(n, l->ask);
    l->state = LEASE_PREEMPTED;
    l->reason = REASON_DISPLACED;
    l->stopping_us = n->now;
    naive_grant(n, b, w,
                &(struct fill){ .ask = a,
                                .price = own ? 0 : price_over(n, l),
                                .base = a->spec.price.micros,
                                .own = own,
                                .victim = l },
                1, who);
}

/* Lowest limit, then latest ready, then highest number. */
static bool goes_before(struct naive *n, const struct lease *x, const struct lease *y)
{
    const int64_t lx = limit_of_lease(n, x), ly = limit_of_lease(n, y);
    if (lx != ly) return lx < ly;
    if (x->ready_us != y->ready_us) return x->ready_us > y->ready_us;
    return x->lease > y->lease;
}

/* The first victim of the VICTIM_LOOK first ripe leases of that pool. */
static struct lease *first_victim(struct naive *n, const struct bid *b, const struct want *w,
                                  bool own)
{
    const struct lease *last = NULL;
    for (int looked = 0; looked < VICTIM_LOOK; looked++) {
        struct lease *next = NULL;
        for (size_t i = 0; i < n->leases_n; i++) {
            struct lease *l = &n->leases[i];
            if (!is_ripe(l, w->pool) || (last != NULL && !goes_before(n, last, l))) continue;
            if (next == NULL || goes_before(n, l, next)) next = l;
        }
        if (next == NULL) return NULL;
        if (own ? is_own_victim(n, b, w, next) : is_victim(n, b, w, next)) return next;
        last = next;
    }
    return NULL;
}

void naive_may_displace(struct naive *n, struct bid *b)
{
    if (!naive_bid_in_books(b) || b->spec.nodes > 1) return;
    for (int pass = 0; pass < 2; pass++) {
        for (int32_t i = 0; i < b->spec.wants_n; i++) {
            const struct want *w = &b->spec.wants[i];
            struct lease *l = first_victim(n, b, w, pass == 0);
            if (l == NULL) continue;
            displace(n, b, w, l, pass == 0, BID_CAME);
            return;
        }
    }
}

/* The next of the bids that a ripe lease looks at, behind `last`. */
static struct bid *next_displacer(struct naive *n, const struct lease *l, const struct bid *last,
                                  bool own)
{
    struct bid *next = NULL;
    for (size_t i = 0; i < n->bids_n; i++) {
        struct bid *b = &n->bids[i];
        if (!naive_bid_in_books(b) || b->spec.nodes > 1) continue;
        if (own &&
            (b->spec.own == OWN_NEVER || naive_owner(n, b->account) != naive_owner(n, l->provider)))
            continue;
        if (!own && (b->spec.own == OWN_ONLY || naive_want_for(b, l->pool) == NULL)) continue;
        if (own) {
            if (last != NULL && (b->priority < last->priority ||
                                 (b->priority == last->priority && b->bid <= last->bid)))
                continue;
            if (next != NULL && (next->priority < b->priority ||
                                 (next->priority == b->priority && next->bid <= b->bid)))
                continue;
        } else {
            if (last != NULL && !naive_bid_before(n, last, b, l->pool)) continue;
            if (next != NULL && naive_bid_before(n, next, b, l->pool)) continue;
        }
        next = b;
    }
    return next;
}

static void meets_displacers(struct naive *n, struct lease *l)
{
    for (int pass = 0; pass < 2; pass++) {
        const bool own = pass == 0;
        struct bid *b = NULL;
        for (int looked = 0; looked < VICTIM_LOOK; looked++) {
            b = next_displacer(n, l, b, own);
            if (b == NULL) break;
            const struct want *w = naive_want_for(b, l->pool);
            if (w == NULL || !(own ? is_own_victim(n, b, w, l) : is_victim(n, b, w, l))) continue;
            displace(n, b, w, l, own, BID_RESTED);
            return;
        }
    }
}

enum err_code naive_lease_ripe(struct naive *n, struct lease *l)
{
    const struct bid *b = naive_bid(n, l->bid);
    if (l->state != LEASE_RUNNING || l->ripe || l->own || !b->spec.interruptible)
        return ERR_WRONG_STATE;
    if (l->ready_us + n->rules.min_run_seconds * SECOND_US > n->now) return ERR_WRONG_STATE;
    l->ripe = true;
    meets_displacers(n, l);
    return ERR_NONE;
}

/* ---- Sealed bids ---- */

static struct offer *offer_of(struct naive *n, int64_t bid, int64_t ask)
{
    for (size_t i = 0; i < n->offers_n; i++)
        if (n->offers[i].bid == bid && n->offers[i].ask == ask) return &n->offers[i];
    return NULL;
}

static int offers_for(const struct naive *n, int64_t bid)
{
    int count = 0;
    for (size_t i = 0; i < n->offers_n; i++)
        count += n->offers[i].bid == bid;
    return count;
}

enum err_code naive_offer(struct naive *n, const struct command *c)
{
    const struct bid *b = naive_known_bid(n, c->u.offer.bid);
    const struct ask *a = naive_known_ask(n, c->u.offer.ask);
    const int64_t price = c->u.offer.price.micros;
    if (b == NULL || !b->sealed || a == NULL || a->account != c->account) return ERR_NOT_FOUND;
    if (!naive_on_tick(naive_pool(n, a->spec.pool), price) || price < a->spec.floor.micros)
        return ERR_VALIDATION_FAILED;
    const struct want *w = naive_want_for(b, a->spec.pool);
    if (w == NULL || !naive_serves(n, a, b, w, BUT_PRICE)) return ERR_WRONG_STATE;
    struct offer *o = offer_of(n, b->bid, a->ask);
    if (o == NULL) {
        if (offers_for(n, b->bid) >= OFFERS_MAX) return ERR_QUOTA_EXCEEDED;
        assert(n->offers_n < n->offers_cap);
        o = &n->offers[n->offers_n++];
    }
    *o = (struct offer){ .bid = b->bid, .ask = a->ask, .price = { price }, .seq = n->seq };
    return ERR_NONE;
}

struct candidate {
    struct ask *ask;
    const struct want *want;
    int64_t price, seq; /* seq 0: the standing ask */
};

static bool candidate_of(struct naive *n, const struct bid *b, const struct offer *o,
                         struct candidate *out)
{
    struct ask *a = naive_known_ask(n, o->ask);
    if (a == NULL) return false;
    const struct want *w = naive_want_for(b, a->spec.pool);
    if (w == NULL || !naive_serves(n, a, b, w, BUT_PRICE)) return false;
    if (o->price.micros > naive_limit(n, b, w)) return false;
    *out = (struct candidate){ a, w, o->price.micros, o->seq };
    return true;
}

/* -1, 0 or 1 as x is cheaper for the bid than y, as cheap, or dearer. */
static int compare_prices(const struct naive *n, const struct bid *b, const struct candidate *x,
                          const struct candidate *y)
{
    __int128 px = x->price, py = y->price;
    if (b->spec.rank == RANK_VALUE) {
        px *= naive_pool(n, y->want->pool)->throughput;
        py *= naive_pool(n, x->want->pool)->throughput;
    }
    return px < py ? -1 : px > py;
}

static bool wins_over(const struct naive *n, const struct bid *b, const struct candidate *x,
                      const struct candidate *y)
{
    const int by_price = compare_prices(n, b, x, y);
    if (by_price != 0) return by_price < 0;
    if (x->seq == 0 || y->seq == 0) return x->seq != 0;
    return x->seq < y->seq;
}

/* The winner pays what the second would have had, in the money and ticks of its own pool. */
static int64_t second_price(const struct naive *n, const struct bid *b,
                            const struct candidate *winner, const struct candidate *second)
{
    if (second == NULL) return naive_limit(n, b, winner->want);
    const struct pool *p = naive_pool(n, winner->want->pool);
    __int128 price = second->price;
    if (b->spec.rank == RANK_VALUE)
        price = price * p->throughput / naive_pool(n, second->want->pool)->throughput;
    price = price / p->tick.micros * p->tick.micros;
    return price < winner->price ? winner->price : (int64_t)price;
}

/* Let the best offer win. False: none does. */
static bool take_offer(struct naive *n, struct bid *b)
{
    struct candidate all[OFFERS_MAX + 1];
    int all_n = 0;
    const struct want *w = NULL;
    struct ask *standing = naive_best_ask(n, b, &w);
    for (size_t i = 0; i < n->offers_n; i++)
        if (n->offers[i].bid == b->bid && candidate_of(n, b, &n->offers[i], &all[all_n])) all_n++;
    if (standing != NULL && offer_of(n, b->bid, standing->ask) == NULL)
        all[all_n++] = (struct candidate){ standing, w, standing->spec.price.micros, 0 };
    const struct candidate *winner = NULL, *second = NULL;
    for (int i = 0; i < all_n; i++)
        if (winner == NULL || wins_over(n, b, &all[i], winner)) winner = &all[i];
    for (int i = 0; i < all_n; i++)
        if (&all[i] != winner && (second == NULL || wins_over(n, b, &all[i], second)))
            second = &all[i];
    if (winner == NULL || winner->seq == 0) return false; /* it meets the standing ask as any */
    const int64_t price = second_price(n, b, winner, second);
    if (naive_odd(n, winner->want->pool, price))
        naive_park_bid(n, b, winner->want->pool);
    else
        naive_grant(n, b, winner->want, &(struct fill){ .ask = winner->ask, .price = price }, 1,
                    BID_CAME);
    return true;
}

enum err_code naive_close_auction(struct naive *n, int64_t number)
{
    struct bid *b = naive_known_bid(n, number);
    if (b == NULL) return ERR_NOT_FOUND;
    if (!b->sealed || b->at_us + b->spec.auction_ms * INT64_C(1000) > n->now)
        return ERR_WRONG_STATE;
    b->sealed = false;
    b->priority = n->seq;
    if (naive_take_own(n, b) || take_offer(n, b)) return ERR_NONE;
    naive_bid_meets_asks(n, b, UNDER_COLLAR);
    naive_may_displace(n, b);
    return ERR_NONE;
}

/* ---- The call ---- */

struct pair {
    struct bid *bid;
    struct ask *ask;
};

/* The orders that take part, in their order. */
struct meeting {
    struct ask_walk asks; /* with what the call has left of each */
    struct bid **bids;
    size_t bids_n;
    struct pair pairs[CALL_TRADES];
    size_t pairs_n;
};

/* The orders parked for the pool: the first CALL_PARKED of them stand in its books meanwhile. */
static bool takes_part(const struct naive *n, int32_t pool, int64_t parked, int64_t number)
{
    size_t before = 0;
    if (parked == 0) return true;
    for (size_t i = 0; i < n->asks_n; i++) {
        const struct ask *a = &n->asks[i];
        before += a->parked != 0 && a->spec.pool == pool &&
                  (a->parked < parked || (a->parked == parked && a->ask < number));
    }
    for (size_t i = 0; i < n->bids_n; i++) {
        const struct bid *b = &n->bids[i];
        before += b->parked != 0 && b->parked_pool == pool &&
                  (b->parked < parked || (b->parked == parked && b->bid < number));
    }
    return before < CALL_PARKED;
}

static void gather(struct naive *n, int32_t pool, struct meeting *m)
{
    for (size_t i = 0; i < n->asks_n; i++) {
        struct ask *a = &n->asks[i];
        if (a->state != ORDER_OPEN || a->free == 0 || a->spec.pool != pool || a->stale ||
            !takes_part(n, pool, a->parked, a->ask))
            continue;
        naive_ask_walk_add(&m->asks, a);
    }
    naive_ask_walk_sort(&m->asks);
    for (size_t i = 0; i < n->bids_n; i++) {
        struct bid *b = &n->bids[i];
        if (b->state != ORDER_OPEN || b->sealed || b->spec.nodes > 1 || b->spec.own == OWN_ONLY ||
            naive_want_for(b, pool) == NULL || (b->parked != 0 && b->parked_pool != pool) ||
            !takes_part(n, pool, b->parked, b->bid))
            continue;
        size_t at = m->bids_n++;
        for (; at > 0 && naive_bid_before(n, b, m->bids[at - 1], pool); at--)
            m->bids[at] = m->bids[at - 1];
        m->bids[at] = b;
    }
}

static int64_t limit_in(const struct naive *n, const struct bid *b, int32_t pool)
{
    return naive_limit(n, b, naive_want_for(b, pool));
}

/* The pairs at price p, and their units. */
static int64_t pair_at(struct naive *n, int32_t pool, int64_t p, struct meeting *m)
{
    int64_t volume = 0;
    int misses = 0;
    m->pairs_n = 0;
    for (size_t i = 0; i < m->asks.n; i++)
        m->asks.stops[i].left = m->asks.stops[i].ask->free;
    for (size_t i = 0; i < m->bids_n && i < CALL_LOOK && m->pairs_n < CALL_TRADES; i++) {
        struct bid *b = m->bids[i];
        const struct want *w = naive_want_for(b, pool);
        if (naive_limit(n, b, w) < p || misses >= CALL_MISSES) break;
        naive_ask_walk_begin(&m->asks, b, w);
        struct ask *a = naive_ask_walk_next(n, &m->asks, p, CALL_MISSES - misses);
        misses += m->asks.misses;
        if (a == NULL) continue;
        m->asks.stops[m->asks.at - 1].left -= w->units;
        m->pairs[m->pairs_n++] = (struct pair){ b, a };
        volume += w->units;
    }
    return volume;
}

static int64_t imbalance_at(struct naive *n, int32_t pool, int64_t p, const struct meeting *m)
{
    int64_t units = 0;
    for (size_t i = 0; i < m->bids_n && i < CALL_LOOK; i++)
        if (limit_in(n, m->bids[i], pool) >= p) units += naive_want_for(m->bids[i], pool)->units;
    for (size_t i = 0; i < m->asks.n && i < CALL_LOOK; i++)
        if (m->asks.stops[i].ask->spec.price.micros <= p) units -= m->asks.stops[i].ask->free;
    return units < 0 ? -units : units;
}

static int64_t distance(int64_t a, int64_t b)
{
    return a < b ? b - a : a - b;
}

/* The prices that are tried: CALL_PRICES lowest of the asks, CALL_PRICES highest of the bids. */
static size_t prices_of(struct naive *n, int32_t pool, const struct meeting *m, int64_t *out)
{
    size_t count = 0;
    for (size_t i = 0; i < m->asks.n && i < CALL_LOOK && count < CALL_PRICES; i++) {
        const int64_t p = m->asks.stops[i].ask->spec.price.micros;
        if (count == 0 || out[count - 1] != p) out[count++] = p;
    }
    const size_t first = count;
    for (size_t i = 0; i < m->bids_n && i < CALL_LOOK && count < first + CALL_PRICES; i++) {
        const int64_t p = limit_in(n, m->bids[i], pool);
        if (count == first || out[count - 1] != p) out[count++] = p;
    }
    return count;
}

static int64_t call_price(struct naive *n, int32_t pool, struct meeting *m)
{
    int64_t prices[2 * CALL_PRICES], best = 0, best_volume = 0, best_imbalance = 0;
    const size_t prices_n = prices_of(n, pool, m, prices);
    const int64_t ref = naive_reference(n, pool);
    for (size_t i = 0; i < prices_n; i++) {
        const int64_t p = prices[i], volume = pair_at(n, pool, p, m);
        const int64_t imbalance = imbalance_at(n, pool, p, m);
        bool better = volume > best_volume;
        if (volume == best_volume && volume > 0) {
            better = imbalance < best_imbalance;
            if (imbalance == best_imbalance)
                better = distance(p, ref) < distance(best, ref) ||
                         (distance(p, ref) == distance(best, ref) && p < best);
        }
        if (!better) continue;
        best = p;
        best_volume = volume;
        best_imbalance = imbalance;
    }
    return best;
}

enum err_code naive_call(struct naive *n, int32_t pool)
{
    struct pool_state *s = naive_pool_state(n, pool);
    if (s == NULL) return ERR_NOT_FOUND;
    if (s->call_us == 0 || s->call_us > n->now) return ERR_WRONG_STATE;
    struct meeting *m = mem_zalloc(sizeof(*m));
    m->asks.stops = mem_zalloc((n->asks_n + 1) * sizeof(*m->asks.stops));
    m->bids = mem_zalloc((n->bids_n + 1) * sizeof(struct bid *));
    gather(n, pool, m);
    const int64_t price = call_price(n, pool, m);
    if (price != 0) {
        pair_at(n, pool, price, m);
        for (size_t i = 0; i < m->pairs_n; i++)
            naive_grant(n, m->pairs[i].bid, naive_want_for(m->pairs[i].bid, pool),
                        &(struct fill){ .ask = m->pairs[i].ask, .price = price }, 1, IN_CALL);
    }
    mem_free(m->asks.stops);
    mem_free(m->bids);
    mem_free(m);
    s->call_us = 0;
    s->called_seq = n->seq;
    return ERR_NONE;
}
