/* SPDX-License-Identifier: Apache-2.0 */
/* Loading: the store's objects into an empty market. What is derived from them waits for the end,
 * when all are there; then the market is as it was. What is over is left out. */
#include <assert.h>

#include "domain/index.h"
#include "domain/room.h"
#include "domain/state.h"

bool market_load_balance(struct market *m, const struct balance *b)
{
    struct account *a = state_account(m, b->account); /* the market's own are there already */

    if (!a) {
        if (!table_reserve(&m->balances, 1)) return false;
        a = state_add_account(m, b->account);
    }
    a->balance = *b;
    a->balance.touch = (struct touch){ 0 };
    return true;
}

bool market_load_node(struct market *m, const struct node *n)
{
    if (!table_reserve(&m->nodes, 1)) return false;

    struct node_entry *const e = state_add_node(m, n);
    room_equip(m, e, &n->spec);
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
    if (!table_reserve(&m->bids, 1)) return false;
    state_add_bid(m, b)->bid.touch = (struct touch){ 0 };
    return true;
}

bool market_load_lease(struct market *m, const struct lease *l)
{
    if (lease_is_final(l->state)) return true;
    if (!table_reserve(&m->leases, 1)) return false;
    state_add_lease(m, l)->lease.touch = (struct touch){ 0 };

    if (lease_holds_units(l->state)) {
        struct ask_entry *const a = table_find(&m->asks, l->ask);
        assert(a);
        a->leased += l->units;
    }
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

void market_load_end(struct market *m, int64_t last_seq, int64_t last_us)
{
    size_t at = 0;

    assert(last_seq >= SEQ_FIRST - 1);
    m->last_seq = last_seq;
    m->last_us = last_us;

    drop_asks_that_are_over(m);
    for (struct ask_entry *a; (a = table_next(&m->asks, &at));)
        index_ask(m, a);
    at = 0;
    for (struct bid_entry *b; (b = table_next(&m->bids, &at));) {
        b->buyer = state_account(m, b->bid.account);
        assert(b->buyer);
        index_bid(m, b);
    }
    at = 0;
    for (struct lease_entry *l; (l = table_next(&m->leases, &at));)
        index_lease(m, l);
    market_check(m);
}
