/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/state.h"

#include <assert.h>

struct book *state_book(const struct market *m, int32_t pool)
{
    for (size_t i = 0; i < m->books_n; i++)
        if (m->books[i].pool.number == pool) return &m->books[i];
    return NULL;
}

bool state_ask_over(const struct ask_entry *a)
{
    return a->ask.state != ORDER_OPEN && a->leased == 0;
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

    a->balance.account = account;
    return a;
}

struct node_entry *state_add_node(struct market *m, const struct node *n)
{
    struct node_entry *const e = table_add(&m->nodes, n->node);

    e->node = *n;
    e->node.offered = (struct needs){ 0 };
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
    e->line.owner = e->timer.owner = e;

    e->node = node;
    e->older = node->asks;
    if (e->older) e->older->newer = e;
    node->asks = e;
    node->asks_n++;
    return e;
}

struct bid_entry *state_add_bid(struct market *m, const struct bid *b)
{
    struct bid_entry *const e = table_add(&m->bids, b->bid);

    e->bid = *b;
    e->book = state_book(m, b->spec.pool);
    assert(e->book);
    e->buyer = state_account(m, b->account); /* while loading it may come later */
    e->line.owner = e->timer.owner = e;
    return e;
}

struct lease_entry *state_add_lease(struct market *m, const struct lease *l)
{
    struct lease_entry *const e = table_add(&m->leases, l->lease);

    e->lease = *l;
    e->timer.owner = e;
    return e;
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
    assert(a->line.height == 0);
    assert(a->timer.height == 0);
    assert(a->loaded == 0);

    if (a->newer)
        a->newer->older = a->older;
    else
        a->node->asks = a->older;
    if (a->older) a->older->newer = a->newer;
    a->node->asks_n--;
    table_drop(&m->asks, a->ask.ask);
}
