/* SPDX-License-Identifier: Apache-2.0 */
/* The invariants of design.md §3 and §4 over the whole state, and that all that is derived is in
 * line with what it is derived from. A market that fails here must not go on booking. */
#include <assert.h>

#include "domain/eligible.h"
#include "domain/index.h"
#include "domain/match.h"
#include "domain/room.h"
#include "domain/settle.h"
#include "domain/state.h"

static void owe(const struct market *m, int64_t account, struct money amount)
{
    struct account *const a = state_account(m, account);

    assert(a);
    assert(amount.micros >= 0);
    a->owed += amount.micros;
}

/* Holds equal open obligations; nothing is made or lost; only the world owes. */
static void check_money(const struct market *m)
{
    int64_t sum = 0;
    size_t at = 0;

    for (struct account *a; (a = table_next(&m->balances, &at));)
        a->owed = 0;
    at = 0;
    for (const struct bid_entry *b; (b = table_next(&m->bids, &at));)
        owe(m, b->bid.account, b->bid.hold);
    at = 0;
    for (const struct payout *p; (p = table_next(&m->payouts, &at));)
        if (!state_payout_over(p)) owe(m, p->account, p->amount);

    at = 0;
    for (const struct account *a; (a = table_next(&m->balances, &at));) {
        assert(a->balance.held.micros == a->owed);
        assert(a->balance.available.micros >= 0 || a->balance.account == ACCOUNT_WORLD);
        sum += a->balance.available.micros + a->balance.held.micros;
    }
    assert(sum == 0);
}

/* Nothing is oversold, but where an inventory shrank under leases that go on. */
static void check_node(const struct node_entry *n)
{
    struct node load = { 0 };
    size_t asks_n = 0;
    bool open = false;

    for (const struct ask_entry *a = n->asks; a; a = a->older) {
        assert(a->node == n);
        assert(!a->older || a->older->newer == a);
        open |= a->ask.state == ORDER_OPEN;
        room_take(&load, &a->book->pool,
                  a->ask.state == ORDER_OPEN ? a->ask.spec.units : a->leased);
        asks_n++;
    }
    assert(n->asks_n == asks_n);
    assert(n->node.offered.gpus == load.offered.gpus);
    assert(n->node.offered.cpu_millis == load.offered.cpu_millis);
    assert(n->node.offered.memory_bytes == load.offered.memory_bytes);
    assert(n->node.offered.scratch_bytes == load.offered.scratch_bytes);
    assert(!open || room_carries(n));
}

static void check_timer(const struct place *p, int64_t due_us, int64_t number, enum timer_of of)
{
    assert((p->height > 0) == (due_us != INT64_MAX));
    if (p->height == 0) return;
    assert(p->key[0] == due_us);
    assert(p->key[1] == number);
    assert(p->key[2] == of);
}

static void check_ask(const struct ask_entry *a)
{
    const struct ask *const ask = &a->ask;
    const bool open = ask->state == ORDER_OPEN;

    assert(ask->state == ORDER_OPEN || ask->state == ORDER_CANCELLED ||
           ask->state == ORDER_EXPIRED);
    assert((ask->reason == REASON_NONE) == open);
    assert(ask->account == a->node->node.account);
    assert(ask->free >= 0 && a->leased >= 0);
    assert(!open || ask->free + a->leased == ask->spec.units);
    assert(pool_on_tick(&a->book->pool, ask->spec.price));
    assert(money_cmp(ask->spec.floor, ask->spec.price) <= 0);

    assert((a->line.height > 0) == (open && ask->free > 0));
    assert(a->line.height == 0 || a->line.key[0] == ask->spec.price.micros);
    assert(a->line.height == 0 || a->line.key[1] == ask->free);
    assert(a->line.height == 0 || a->line.key[2] == ask->priority);
    check_timer(&a->timer, open ? ask->spec.until_us : INT64_MAX, ask->ask, TIMER_ORDER);
}

static void check_bid(const struct bid *b)
{
    const bool open = b->state == ORDER_OPEN, over = state_bid_over(b);

    assert(b->attempts <= b->spec.attempts_max);
    assert(b->excluded_n <= b->attempts);
    assert(b->spent.micros >= 0);
    assert(money_cmp(b->spent, b->spec.budget) <= 0);
    assert(b->hold.micros <= b->spec.budget.micros - b->spent.micros);
    assert(!open || money_cmp(b->hold, settle_want(b)) == 0);
    assert(!over || b->hold.micros == 0);
    assert((b->reason == REASON_NONE) == !over);
    assert(open == (b->job == JOB_OPEN));
    assert((b->lease != 0) == (!open && !over));
}

static void check_bid_place(const struct market *m, const struct bid_entry *b)
{
    const struct bid *const bid = &b->bid;
    const bool open = bid->state == ORDER_OPEN;

    assert(b->counted == open);
    assert((b->line.height > 0) == open);
    assert(!open || b->line.key[0] == -bid->spec.limit.micros);
    assert(!open || b->line.key[1] == bid->priority);
    check_timer(&b->timer, open ? bid->spec.expires_us : INT64_MAX, bid->bid, TIMER_ORDER);
    assert(!open || !match_ask_for(b, m->last_us)); /* no eligible crossed pair rests */
}

/* Found in the tables, not in the state: a lease that is over may name what has left. */
static void check_lease(const struct market *m, const struct lease_entry *l)
{
    const struct lease *const lease = &l->lease;
    const struct bid_entry *const b = table_find(&m->bids, lease->bid);
    const struct ask_entry *const a = table_find(&m->asks, lease->ask);

    check_timer(&l->timer, index_lease_due_us(&m->rules, lease), lease->lease, TIMER_LEASE);
    assert(lease->charge.micros == lease->fee.micros + lease->payout.micros);
    assert(money_cmp(lease->charge, lease->hold) <= 0);
    if (lease_is_final(lease->state)) return;

    struct money most;
    assert(b && b->bid.lease == lease->lease && b->bid.account == lease->buyer);
    assert(a && a->ask.account == lease->provider && a->ask.spec.node == lease->node);
    assert(lease->buyer != lease->provider);
    assert(lease->pool == b->bid.spec.pool && lease->pool == a->ask.spec.pool);
    assert(lease->units == b->bid.spec.units);
    assert(money_cmp(lease->price, b->bid.spec.limit) <= 0);
    assert(money_cmp(lease->hold, b->bid.hold) == 0);
    assert(lease->seconds_max <= b->bid.spec.seconds);
    const bool fits = money_charge_floor(lease->price, lease->units, lease->seconds_max, &most);
    assert(fits && money_cmp(most, lease->hold) <= 0);
    (void)fits;
}

/* The units under a lease of every ask, counted from the leases. */
static void check_leased(const struct market *m)
{
    int64_t by_asks = 0, by_leases = 0;
    size_t at = 0;

    for (const struct ask_entry *a; (a = table_next(&m->asks, &at));)
        by_asks += a->leased;
    at = 0;
    for (const struct lease_entry *l; (l = table_next(&m->leases, &at));)
        if (lease_holds_units(l->lease.state)) by_leases += l->lease.units;
    assert(by_asks == by_leases);
}

static void check_trees(const struct market *m)
{
    size_t at = 0;

    tree_check(&m->timers);
    for (size_t i = 0; i < m->books_n; i++) {
        tree_check(&m->books[i].asks);
        tree_check(&m->books[i].bids);
    }
    for (struct account *a; (a = table_next(&m->balances, &at));)
        assert(a->open_bids >= 0);
}

void market_check(const struct market *m)
{
    size_t at = 0;

    check_money(m);
    check_trees(m);
    check_leased(m);
    for (const struct node_entry *n; (n = table_next(&m->nodes, &at));)
        check_node(n);
    at = 0;
    for (const struct ask_entry *a; (a = table_next(&m->asks, &at));)
        check_ask(a);
    at = 0;
    for (const struct bid_entry *b; (b = table_next(&m->bids, &at));) {
        check_bid(&b->bid);
        check_bid_place(m, b);
    }
    at = 0;
    for (const struct lease_entry *l; (l = table_next(&m->leases, &at));)
        check_lease(m, l);
}
