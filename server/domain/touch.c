/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/touch.h"

#include <assert.h>

#include "domain/index.h"

/* `v` with room for `n` elements of `each` bytes: itself, or moved and *cap raised. NULL: there is
 * no memory, and `v` is as it was. */
static void *grown(const struct mem *mem, void *v, size_t n, size_t *cap, size_t each)
{
    size_t more = *cap ? *cap : 16;

    if (v && n <= *cap) return v;
    while (more < n)
        more *= 2;
    void *const moved = mem->resize(mem->arg, v, more * each);
    if (moved) *cap = more;
    return moved;
}

/* The lists are of pointers to objects, which are all of one size; trades are kept themselves. */
static bool reserve_parties(struct market *m, const struct touch_room *room)
{
    struct touches *const t = &m->touches;
    void *v;

    v = grown(&m->mem, t->balances, t->balances_n + room->balances, &t->balances_cap,
              sizeof(void *));
    if (!v) return false;
    t->balances = v;

    v = grown(&m->mem, t->standings, t->standings_n + 1, &t->standings_cap, sizeof(void *));
    if (!v) return false;
    t->standings = v;

    v = grown(&m->mem, t->pools, m->books_n, &t->pools_cap, sizeof(void *)); /* each but once */
    if (!v) return false;
    t->pools = v;

    v = grown(&m->mem, t->nodes, t->nodes_n + room->nodes, &t->nodes_cap, sizeof(void *));
    if (!v) return false;
    t->nodes = v;

    v = grown(&m->mem, t->payouts, t->payouts_n + room->payouts, &t->payouts_cap, sizeof(void *));
    if (!v) return false;
    t->payouts = v;
    return true;
}

static bool reserve_orders(struct market *m, const struct touch_room *room)
{
    struct touches *const t = &m->touches;
    void *v;

    v = grown(&m->mem, t->asks, t->asks_n + room->asks, &t->asks_cap, sizeof(void *));
    if (!v) return false;
    t->asks = v;

    v = grown(&m->mem, t->bids, t->bids_n + room->bids, &t->bids_cap, sizeof(void *));
    if (!v) return false;
    t->bids = v;

    v = grown(&m->mem, t->leases, t->leases_n + room->leases, &t->leases_cap, sizeof(void *));
    if (!v) return false;
    t->leases = v;

    v = grown(&m->mem, t->trades, t->trades_n + room->trades, &t->trades_cap, sizeof(t->trades[0]));
    if (!v) return false;
    t->trades = v;

    v = grown(&m->mem, t->offers, t->offers_n + room->offers, &t->offers_cap, sizeof(t->offers[0]));
    if (!v) return false;
    t->offers = v;
    return true;
}

bool touch_reserve(struct market *m, const struct touch_room *room)
{
    return reserve_parties(m, room) && reserve_orders(m, room);
}

/* True when the object was not on its list yet. */
static bool newly(struct touch *t)
{
    if (t->touched) return false;
    t->touched = true;
    return true;
}

void touch_account(struct market *m, struct account *a)
{
    if (!newly(&a->balance.touch)) return;
    assert(m->touches.balances_n < m->touches.balances_cap);
    m->touches.balances[m->touches.balances_n++] = &a->balance;
}

void touch_standing(struct market *m, struct account *a)
{
    if (!newly(&a->standing.touch)) return;
    assert(m->touches.standings_n < m->touches.standings_cap);
    m->touches.standings[m->touches.standings_n++] = &a->standing;
}

void touch_pool(struct market *m, struct book *book)
{
    index_pool(m, book);
    if (!newly(&book->state.touch)) return;
    assert(m->touches.pools_n < m->touches.pools_cap);
    m->touches.pools[m->touches.pools_n++] = &book->state;
}

void touch_node(struct market *m, struct node_entry *n)
{
    if (!newly(&n->node.touch)) return;
    assert(m->touches.nodes_n < m->touches.nodes_cap);
    m->touches.nodes[m->touches.nodes_n++] = &n->node;
}

void touch_ask(struct market *m, struct ask_entry *a)
{
    index_ask(m, a);
    if (!newly(&a->ask.touch)) return;
    assert(m->touches.asks_n < m->touches.asks_cap);
    m->touches.asks[m->touches.asks_n++] = &a->ask;
}

void touch_bid(struct market *m, struct bid_entry *b)
{
    index_bid(m, b);
    if (!newly(&b->bid.touch)) return;
    assert(m->touches.bids_n < m->touches.bids_cap);
    m->touches.bids[m->touches.bids_n++] = &b->bid;
}

void touch_lease(struct market *m, struct lease_entry *l)
{
    index_lease(m, l);
    if (!newly(&l->lease.touch)) return;
    assert(m->touches.leases_n < m->touches.leases_cap);
    m->touches.leases[m->touches.leases_n++] = &l->lease;
}

void touch_offer(struct market *m, const struct offer *o)
{
    struct touches *const t = &m->touches;
    size_t at = 0;

    while (at < t->offers_n && (t->offers[at].bid != o->bid || t->offers[at].ask != o->ask))
        at++;
    if (at == t->offers_n) {
        assert(t->offers_n < t->offers_cap);
        t->offers_n++;
    }
    t->offers[at] = *o;
}

void touch_payout(struct market *m, struct payout *p)
{
    if (!newly(&p->touch)) return;
    assert(m->touches.payouts_n < m->touches.payouts_cap);
    m->touches.payouts[m->touches.payouts_n++] = p;
}

static void release(struct market *m, void *v)
{
    if (v) m->mem.resize(m->mem.arg, v, 0);
}

void touch_free(struct market *m)
{
    release(m, m->touches.balances);
    release(m, m->touches.standings);
    release(m, m->touches.pools);
    release(m, m->touches.nodes);
    release(m, m->touches.asks);
    release(m, m->touches.bids);
    release(m, m->touches.leases);
    release(m, m->touches.payouts);
    release(m, m->touches.trades);
    release(m, m->touches.offers);
    m->touches = (struct touches){ 0 };
}
