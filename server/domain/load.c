/* SPDX-License-Identifier: Apache-2.0 */
/* Loading: the store's objects into an empty market. What is derived from them waits for the end,
 * when all are there; then the market is as it was. What is over is left out. */
#include <assert.h>

#include "domain/index.h"
#include "domain/own.h"
#include "domain/room.h"
#include "domain/sort.h"
#include "domain/state.h"

bool market_load_balance(struct market *m, const struct balance *b)
{
    struct account *a = state_account(m, b->account); /* the market's own are there already */

    if (!a) {
        if (!table_reserve(&m->balances, 1) || !table_reserve(&m->owners, 1)) return false;
        a = state_add_account(m, b->account);
    }
    a->balance = *b;
    a->balance.touch = (struct touch){ 0 };
    return true;
}

bool market_load_standing(struct market *m, const struct standing *s)
{
    struct account *const a = state_account(m, s->account);

    assert(a);
    a->standing = *s;
    a->standing.touch = (struct touch){ 0 };
    return true;
}

bool market_load_pool(struct market *m, const struct pool_state *p)
{
    struct book *const book = state_book(m, p->pool);

    assert(book);
    book->state = *p;
    book->state.touch = (struct touch){ 0 };
    return true;
}

bool market_load_offer(struct market *m, const struct offer *o)
{
    struct bid_entry *const b = state_bid(m, o->bid);

    if (!b || !b->bid.sealed) return true;
    if (!b->offers) b->offers = m->mem.resize(m->mem.arg, NULL, OFFERS_MAX * sizeof(*b->offers));
    if (!b->offers) return false;
    assert(b->offers_n < OFFERS_MAX);
    b->offers[b->offers_n++] = *o;
    return true;
}

bool market_load_node(struct market *m, const struct node *n)
{
    if (!table_reserve(&m->nodes, 1)) return false;

    struct node_entry *const e = state_add_node(m, n);
    e->node.touch = (struct touch){ 0 };
    return true;
}

bool market_load_ask(struct market *m, const struct ask *a)
{
    if (!table_reserve(&m->asks, 1)) return false;
    state_add_ask(m, a)->ask.touch = (struct touch){ 0 };
    return true;
}

bool market_load_bid(struct market *m, const struct bid *b)
{
    if (state_bid_over(b)) return true;
    struct bid_line *lines;
    if (!table_reserve(&m->bids, 1) || !state_make_lines(m, &b->spec, &lines)) return false;
    state_add_bid(m, b, lines)->bid.touch = (struct touch){ 0 };
    return true;
}

bool market_load_lease(struct market *m, const struct lease *l)
{
    if (lease_is_final(l->state)) return true;
    if (!table_reserve(&m->leases, 1)) return false;
    state_add_lease(m, l)->lease.touch = (struct touch){ 0 };

    struct ask_entry *const a = table_find(&m->asks, l->ask);
    assert(a);
    if (l->waits != 0)
        a->heirs++;
    else if (lease_holds_units(l->state))
        a->leased += l->units;
    return true;
}

bool market_load_payout(struct market *m, const struct payout *p)
{
    if (state_payout_over(p)) return true;
    if (!table_reserve(&m->payouts, 1)) return false;
    state_add_payout(m, p)->touch = (struct touch){ 0 };
    return true;
}

/* Asks that are over can be told only now that all leases are there. Dropping one may move another
 * into its slot, which is therefore looked at again. */
static void drop_asks_that_are_over(struct market *m)
{
    size_t at = 0;

    for (struct ask_entry *a; (a = table_next(&m->asks, &at));) {
        if (!state_ask_over(a)) continue;
        state_drop_ask(m, a);
        at--;
    }
}

static void tie_accounts(struct market *m)
{
    size_t at = 0;

    for (struct account *a; (a = table_next(&m->balances, &at));)
        state_set_owner(m, a);
    at = 0;
    for (struct node_entry *n; (n = table_next(&m->nodes, &at));) {
        n->account = state_account(m, n->node.account);
        assert(n->account);
        room_equip(m, n, &n->node.spec);
    }
    at = 0;
    for (struct bid_entry *b; (b = table_next(&m->bids, &at));) {
        state_dress_bid(m, b);
        assert(b->buyer);
    }
}

static void tie_leases(struct market *m)
{
    size_t at = 0;

    for (struct lease_entry *l; (l = table_next(&m->leases, &at));) {
        const struct bid_entry *const b = state_bid(m, l->lease.bid);
        assert(b);
        const int32_t w = own_want_for(b, l->lease.pool);
        assert(w >= 0);
        l->limit = b->lines[w].limit.micros;
        if (l->lease.waits == 0) continue;
        struct lease_entry *const victim = state_lease(m, l->lease.waits);
        assert(victim);
        victim->heir = l;
    }
}

#define AT_ONCE 1024 /* orders for which ladders get room together: it is for the worst case */

/* Room for the next orders, each in as many ladders as it has wants. */
static bool reserve_some(struct market *m, size_t done)
{
    return done % AT_ONCE != 0 || ladder_reserve(&m->room, (size_t)AT_ONCE * WANTS_MAX);
}

static struct sort_item item_of_ask(void *object)
{
    const struct ask_entry *const a = object;
    return (struct sort_item){ a->ask.priority, a->ask.ask, object };
}

static struct sort_item item_of_bid(void *object)
{
    const struct bid_entry *const b = object;
    return (struct sort_item){ b->bid.priority, b->bid.bid, object };
}

/* The objects of a table, `t->n` of them, oldest priority first. Ladders are entered in that order:
 * then each order comes behind those that are there, and nobody is looked a place for. The array is
 * the caller's to give back, NULL when there is no object, or, with false, no memory. */
static bool in_line(struct market *m, const struct table *t, struct sort_item item(void *),
                    struct sort_item **out)
{
    struct sort_item *items = NULL;
    size_t at = 0, n = 0;

    if (t->n > 0) {
        items = m->mem.resize(m->mem.arg, NULL, 2 * t->n * sizeof(*items));
        if (!items) return false;
        for (void *object; (object = table_next(t, &at));)
            items[n++] = item(object);
        sort_items(items, items + n, n);
    }
    *out = items;
    return true;
}

static void give_back(struct market *m, struct sort_item *items)
{
    if (items) m->mem.resize(m->mem.arg, items, 0);
}

static bool index_asks(struct market *m)
{
    struct sort_item *asks;
    bool room = true;

    if (!in_line(m, &m->asks, item_of_ask, &asks)) return false;
    for (size_t i = 0; i < m->asks.n && (room = reserve_some(m, i)); i++)
        index_ask(m, asks[i].object);
    give_back(m, asks);
    return room;
}

static bool index_bids(struct market *m)
{
    struct sort_item *bids;
    bool room = true;

    if (!in_line(m, &m->bids, item_of_bid, &bids)) return false;
    for (size_t i = 0; i < m->bids.n && (room = reserve_some(m, i)); i++)
        index_bid(m, bids[i].object);
    give_back(m, bids);
    return room;
}

static bool index_all(struct market *m)
{
    size_t at = 0;

    if (!index_asks(m)) return false;
    for (struct lease_entry *l; (l = table_next(&m->leases, &at));)
        index_lease(m, l);
    if (!index_bids(m)) return false;
    for (size_t i = 0; i < m->books_n; i++)
        index_pool(m, &m->books[i]);
    return true;
}

bool market_load_end(struct market *m, int64_t last_seq, int64_t last_us)
{
    assert(last_seq >= SEQ_FIRST - 1);
    m->last_seq = last_seq;
    m->last_us = last_us;
    m->loaded = true;

    drop_asks_that_are_over(m);
    tie_accounts(m);
    tie_leases(m);
    if (!index_all(m)) return false;
    market_check(m);
    return true;
}
