/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/state.h"

#include <assert.h>

#include "domain/eligible.h"
#include "domain/settle.h"

struct book *state_book(const struct market *m, int32_t pool)
{
    for (size_t i = 0; i < m->books_n; i++)
        if (m->books[i].pool.number == pool) return &m->books[i];
    return NULL;
}

struct traits state_traits(const struct node_entry *n)
{
    struct traits t = n->node.spec.traits;

    if (t.site == 0) t.site = n->node.node;
    return t;
}

bool state_has_traits(const struct node_entry *n, const struct traits *t)
{
    const struct traits now = state_traits(n);

    return now.region == t->region && now.tier == t->tier && now.verified == t->verified &&
           now.isolation == t->isolation && now.interconnect == t->interconnect &&
           now.bandwidth_mbps == t->bandwidth_mbps && now.label == t->label && now.site == t->site;
}

bool state_ask_in(const struct ask_entry *a)
{
    return a->ask.state == ORDER_OPEN && a->ask.free > 0 && (a->ask.parked == 0 || a->called) &&
           !a->ask.stale;
}

bool state_bid_in(const struct bid_entry *b)
{
    return b->bid.state == ORDER_OPEN && !b->bid.sealed && (b->bid.parked == 0 || b->called);
}

bool state_ask_over(const struct ask_entry *a)
{
    return a->ask.state != ORDER_OPEN && a->leased == 0 && a->heirs == 0;
}

bool state_bid_over(const struct bid *b)
{
    return b->job == JOB_SETTLED || b->job == JOB_FAILED || b->job == JOB_CANCELLED ||
           b->job == JOB_EXPIRED;
}

bool state_payout_over(const struct payout *p)
{
    return p->state != PAYOUT_REQUESTED;
}

struct account *state_account(const struct market *m, int64_t account)
{
    return table_find(&m->balances, account);
}

struct node_entry *state_node(const struct market *m, int64_t node)
{
    return table_find(&m->nodes, node);
}

struct ask_entry *state_ask(const struct market *m, int64_t ask)
{
    struct ask_entry *const a = table_find(&m->asks, ask);
    return a && !state_ask_over(a) ? a : NULL;
}

struct bid_entry *state_bid(const struct market *m, int64_t bid)
{
    struct bid_entry *const b = table_find(&m->bids, bid);
    return b && !state_bid_over(&b->bid) ? b : NULL;
}

struct lease_entry *state_lease(const struct market *m, int64_t lease)
{
    struct lease_entry *const l = table_find(&m->leases, lease);
    return l && !lease_is_final(l->lease.state) ? l : NULL;
}

struct payout *state_payout(const struct market *m, int64_t payout)
{
    struct payout *const p = table_find(&m->payouts, payout);
    return p && !state_payout_over(p) ? p : NULL;
}

struct account *state_add_account(struct market *m, int64_t account)
{
    struct account *const a = table_add(&m->balances, account);
    struct owner *const o = table_add(&m->owners, account);

    a->balance.account = a->standing.account = account;
    a->owner = o;
    o->members = 1;
    return a;
}

void state_set_owner(struct market *m, struct account *a)
{
    struct owner *const o =
        table_find(&m->owners, a->standing.team ? a->standing.team : a->standing.account);

    assert(o);
    a->owner->members--;
    a->owner = o;
    o->members++;
}

struct node_entry *state_add_node(struct market *m, const struct node *n)
{
    struct node_entry *const e = table_add(&m->nodes, n->node);

    e->node = *n;
    e->node.offered = (struct needs){ 0 };
    e->account = state_account(m, n->account); /* while loading it may come later */
    return e;
}

struct ask_entry *state_add_ask(struct market *m, const struct ask *a)
{
    struct ask_entry *const e = table_add(&m->asks, a->ask);
    struct node_entry *const node = state_node(m, a->spec.node);

    assert(node);
    e->ask = *a;
    e->book = state_book(m, a->spec.pool);
    assert(e->book);
    e->timer.owner = e->spot.owner = e;

    e->node = node;
    e->older = node->asks;
    if (e->older) e->older->newer = e;
    node->asks = e;
    node->asks_n++;
    return e;
}

void state_dress_bid(const struct market *m, struct bid_entry *b)
{
    b->buyer = state_account(m, b->bid.account); /* while loading it may come later */
    b->cells = eligible_cells(&b->bid.spec.wish);
    for (int32_t w = 0; w < b->bid.spec.wants_n; w++) {
        struct bid_line *const line = &b->lines[w];
        line->bid = b;
        line->book = state_book(m, b->bid.spec.wants[w].pool);
        assert(line->book);
        line->want = w;
        line->shelf.owner = line;
        line->limit = settle_limit(m, &b->bid, w);
    }
}

bool state_make_lines(struct market *m, const struct bid_spec *s, struct bid_line **out)
{
    const size_t size = (size_t)s->wants_n * sizeof(**out);

    *out = NULL;
    if (s->wants_n == 1) return true;
    struct bid_line *const lines = m->mem.resize(m->mem.arg, NULL, size);
    if (!lines) return false;
    for (int32_t w = 0; w < s->wants_n; w++)
        lines[w] = (struct bid_line){ .want = w };
    *out = lines;
    return true;
}

struct bid_entry *state_add_bid(struct market *m, const struct bid *b, struct bid_line *lines)
{
    struct bid_entry *const e = table_add(&m->bids, b->bid);

    e->bid = *b;
    e->lines = lines ? lines : &e->line;
    state_dress_bid(m, e);
    e->timer.owner = e->spot.owner = e;
    return e;
}

struct lease_entry *state_add_lease(struct market *m, const struct lease *l)
{
    struct lease_entry *const e = table_add(&m->leases, l->lease);

    e->lease = *l;
    e->timer.owner = e->ripe.owner = e;
    e->node = state_node(m, l->node);
    assert(e->node);
    e->next = e->node->leases;
    if (e->next) e->next->before = e;
    e->node->leases = e;
    return e;
}

void state_drop_lease(struct market *m, struct lease_entry *l)
{
    if (l->next) l->next->before = l->before;
    if (l->before)
        l->before->next = l->next;
    else
        l->node->leases = l->next;
    table_drop(&m->leases, l->lease.lease);
}

struct payout *state_add_payout(struct market *m, const struct payout *p)
{
    struct payout *const e = table_add(&m->payouts, p->payout);

    *e = *p;
    return e;
}

void state_drop_ask(struct market *m, struct ask_entry *a)
{
    assert(state_ask_over(a));
    assert(!ladder_holds(&a->line));
    assert(a->timer.height == 0 && !a->spot_in);
    assert(a->loaded == 0);
    assert(!a->counted);

    if (a->newer)
        a->newer->older = a->older;
    else
        a->node->asks = a->older;
    if (a->older) a->older->newer = a->newer;
    a->node->asks_n--;
    table_drop(&m->asks, a->ask.ask);
}

void state_drop_bid(struct market *m, struct bid_entry *b)
{
    assert(state_bid_over(&b->bid));
    assert(b->timer.height == 0 && !b->spot_in);

    if (b->lines != &b->line) m->mem.resize(m->mem.arg, b->lines, 0);
    if (b->offers) m->mem.resize(m->mem.arg, b->offers, 0);
    table_drop(&m->bids, b->bid.bid);
}
