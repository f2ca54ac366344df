/* SPDX-License-Identifier: Apache-2.0 */
/* The invariants of design.md §3 and §4 over the whole state, and that all that is derived is in
 * line with what it is derived from. A market that fails here must not go on booking. */
#include <assert.h>

#include "domain/eligible.h"
#include "domain/index.h"
#include "domain/match.h"
#include "domain/own.h"
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
    for (const struct lease_entry *l = n->leases; l; l = l->next)
        assert(l->node == n && l->lease.node == n->node.node && (!l->next || l->next->before == l));
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

    const bool in = state_ask_in(a);
    assert(ladder_holds(&a->line) == in);
    assert(!in || a->stands.price == ask->spec.price.micros);
    assert(!in || a->stands.size == ask->free);
    assert(!in || a->stands.priority == ask->priority);
    assert(!in || a->stands.cells == eligible_cell(&ask->traits));
    assert((a->spot.height > 0) == (a->spot_in != NULL));
    assert((a->spot_in == &a->node->account->owner->asks) == in);
    assert(!in || a->spot.key[1] == ask->priority);
    assert((a->spot_in == &a->book->parked) == (open && ask->parked != 0));
    assert((a->spot_in == &a->book->busy) == (open && ask->free == 0 && ask->parked == 0));
    assert(!a->called);
    assert(a->heirs >= 0);
    assert(!ask->stale || open);
    assert(!open || ask->stale || state_has_traits(a->node, &ask->traits));
    assert(!open || a->node->node.drain_us == 0 || ask->spec.until_us <= a->node->node.drain_us);
    check_timer(&a->timer, index_ask_due_us(a), ask->ask, TIMER_ORDER);
}

static void check_bid(const struct market *m, const struct bid_entry *e)
{
    const struct bid *const b = &e->bid;
    const bool open = b->state == ORDER_OPEN, over = state_bid_over(b);

    assert(b->attempts <= b->spec.attempts_max);
    assert(b->excluded_n >= 0 && b->excluded_n <= EXCLUDED_NODES_MAX);
    assert(b->spent.micros >= 0);
    assert(money_cmp(b->spent, b->spec.budget) <= 0);
    assert(b->hold.micros <= b->spec.budget.micros - b->spent.micros || b->hold.micros == 0);
    assert(!open || money_cmp(b->hold, settle_want(m, b)) == 0);
    assert(b->hold.micros >= e->leases_hold);
    assert(!over || (b->hold.micros == 0 && e->leases_hold == 0));
    assert((b->reason == REASON_NONE) == !over);
    assert(open == (b->job == JOB_OPEN));
    assert((b->live > 0) == (!open && !over));
    assert((b->lease != 0) == (b->live > 0));
    assert(b->live <= b->leases_n);
    assert(b->leases_n == 0 || b->leases_n == b->spec.nodes);
    assert(!open || b->verdict == VERDICT_NONE);
}

/* No eligible crossed pair rests, but where a line was once longer than one looks along it: of a
 * market that was loaded nobody knows. */
static bool looked_everywhere(const struct market *m, const struct bid_entry *b)
{
    if (m->loaded) return false;
    for (int32_t w = 0; w < b->bid.spec.wants_n; w++)
        if (b->lines[w].book->asks.cuts > 0 || b->lines[w].book->bids.cuts > 0) return false;
    return true;
}

static void check_line(const struct bid_entry *b, const struct bid_line *line, bool in)
{
    const bool gang = state_is_gang(&b->bid);

    assert(ladder_holds(&line->rung) == (in && !gang));
    assert((line->shelf.height > 0) == (in && gang));
    assert(!in || gang || line->stands_priority == b->bid.priority);
    assert(!in || gang || money_cmp(line->stands_limit, line->limit) == 0);
    assert(!in || !gang || line->shelf.key[0] == -line->limit.micros);
    assert(!in || !gang || line->shelf.key[1] == b->bid.priority);
}

static void check_bid_place(struct market *m, const struct bid_entry *b)
{
    const struct bid *const bid = &b->bid;
    const bool in = state_bid_in(b);
    struct plan plan;

    assert(b->counted == (bid->state == ORDER_OPEN));
    for (int32_t w = 0; w < bid->spec.wants_n; w++) {
        assert(money_cmp(b->lines[w].limit, settle_limit(m, bid, w)) == 0);
        check_line(b, &b->lines[w], in && bid->spec.own != OWN_ONLY);
    }
    assert((b->spot_in == &b->buyer->owner->bids) ==
           (in && bid->spec.own != OWN_NEVER && !state_is_gang(bid)));
    assert((b->spot.height > 0) == (b->spot_in != NULL));
    assert((b->parked_in != NULL) == (bid->state == ORDER_OPEN && bid->parked != 0));
    assert(!b->parked_in || b->spot_in == &b->parked_in->parked);
    assert(!b->called);
    check_timer(&b->timer, index_bid_due_us(b), bid->bid, TIMER_ORDER);
    if (!in || state_is_gang(bid) || !looked_everywhere(m, b)) return;
    match_plan(m, b, m->last_us, &plan);
    assert(plan.n == 0);
}

/* Found in the tables, not in the state: a lease that is over may name what has left. */
static void check_lease(const struct market *m, const struct lease_entry *l)
{
    const struct lease *const lease = &l->lease;
    const struct bid_entry *const b = table_find(&m->bids, lease->bid);
    const struct ask_entry *const a = table_find(&m->asks, lease->ask);

    check_timer(&l->timer, index_lease_due_us(m, l), lease->lease, TIMER_LEASE);
    assert(lease->charge.micros ==
           lease->fee.micros + lease->payout.micros + lease->insurance.micros);
    assert(money_cmp(lease->charge, lease->hold) <= 0);
    assert((l->ripe.height > 0) == (lease->state == LEASE_RUNNING && lease->ripe));
    assert(l->counted == !lease_is_final(lease->state));
    if (lease_is_final(lease->state)) return;

    struct money most;
    assert(b && lease->lease >= b->bid.lease && lease->lease < b->bid.lease + b->bid.leases_n);
    assert(b->bid.account == lease->buyer);
    assert(a && a->ask.account == lease->provider && a->ask.spec.node == lease->node);
    assert((b->buyer->owner == a->node->account->owner) == lease->own);
    assert(!lease->own || lease->price.micros == 0);
    assert(lease->pool == a->ask.spec.pool);
    const int32_t w = own_want_for(b, lease->pool);
    assert(w >= 0 && lease->units == b->bid.spec.wants[w].units);
    assert(money_cmp(lease->price, b->lines[w].limit) <= 0);
    assert(lease->seconds_max <= b->bid.spec.seconds);
    assert(0 <= lease->seconds_kept && lease->seconds_kept <= lease->seconds_looked);
    assert(lease->seconds_looked <= lease->seconds_max);
    assert((lease->waits != 0) <= (lease->state == LEASE_OFFERED));
    assert(!l->heir || l->heir->lease.waits == lease->lease);
    assert(!l->heir || lease->state == LEASE_PREEMPTED);
    const bool fits = money_charge_floor(lease->price, lease->units, lease->seconds_max, &most);
    assert(fits && money_cmp(most, lease->hold) <= 0);
    assert(m->loaded || money_cmp(most, lease->hold) == 0); /* earlier releases held more */
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
        if (lease_holds_units(l->lease.state) && l->lease.waits == 0) by_leases += l->lease.units;
    assert(by_asks == by_leases);
}

static void check_books(const struct market *m)
{
    tree_check(&m->timers);
    for (size_t i = 0; i < m->books_n; i++) {
        const struct book *const b = &m->books[i];
        ladder_check(&b->asks);
        ladder_check(&b->bids);
        tree_check(&b->shelf);
        tree_check(&b->ripe);
        tree_check(&b->parked);
        tree_check(&b->busy);
        check_timer(&b->timer, index_pool_due_us(b), b->state.pool, TIMER_POOL);
        assert(b->resting_nodes >= (int64_t)(b->bids.n + b->shelf.n));
    }
}

/* Sums that are kept by account, counted anew. */
static void check_accounts(const struct market *m)
{
    int64_t open = 0, live = 0, asks = 0, members = 0, accounts = 0;
    size_t at = 0;

    for (const struct account *a; (a = table_next(&m->balances, &at));) {
        assert(a->open_bids >= 0 && a->live_leases >= 0 && a->asks >= 0 && a->own_units >= 0);
        assert(a->standing.tier >= 0 && a->standing.tier < TIERS);
        open += a->open_bids;
        live += a->live_leases;
        asks += a->asks;
        accounts++;
    }
    at = 0;
    for (const struct owner *o; (o = table_next(&m->owners, &at));) {
        tree_check(&o->asks);
        tree_check(&o->bids);
        members += o->members;
    }
    assert(members == accounts);
    at = 0;
    for (const struct bid_entry *b; (b = table_next(&m->bids, &at));)
        open -= b->bid.state == ORDER_OPEN;
    at = 0;
    for (const struct lease_entry *l; (l = table_next(&m->leases, &at));)
        live -= !lease_is_final(l->lease.state);
    at = 0;
    for (const struct ask_entry *a; (a = table_next(&m->asks, &at));)
        asks -= !state_ask_over(a);
    assert(open == 0 && live == 0 && asks == 0);
}

void market_check(struct market *m)
{
    size_t at = 0;

    check_money(m);
    check_books(m);
    check_accounts(m);
    check_leased(m);
    for (const struct node_entry *n; (n = table_next(&m->nodes, &at));)
        check_node(n);
    at = 0;
    for (const struct ask_entry *a; (a = table_next(&m->asks, &at));)
        check_ask(a);
    at = 0;
    for (const struct bid_entry *b; (b = table_next(&m->bids, &at));) {
        check_bid(m, b);
        check_bid_place(m, b);
    }
    at = 0;
    for (const struct lease_entry *l; (l = table_next(&m->leases, &at));)
        check_lease(m, l);
}
