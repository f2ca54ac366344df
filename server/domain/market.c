/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/market.h"

#include <assert.h>
#include <string.h>

#include "domain/index.h"
#include "domain/ledger.h"
#include "domain/state.h"
#include "domain/step.h"
#include "domain/touch.h"

const char *const order_state_names[6] = {
    [ORDER_OPEN] = "open",       [ORDER_FILLED] = "filled", [ORDER_CANCELLED] = "cancelled",
    [ORDER_EXPIRED] = "expired", [ORDER_FAILED] = "failed",
};

const char *const job_state_names[9] = {
    [JOB_OPEN] = "open",           [JOB_PLACED] = "placed",   [JOB_RUNNING] = "running",
    [JOB_CHECKING] = "checking",   [JOB_SETTLED] = "settled", [JOB_FAILED] = "failed",
    [JOB_CANCELLED] = "cancelled", [JOB_EXPIRED] = "expired",
};

const struct market_rules market_rules_default = {
    .fee_bps = 100,
    .bill_min_seconds = 60,
    .prepare_pay_max_seconds = 900,
    .offer_seconds = 30,
    .prepare_seconds = 900,
    .stop_seconds = 60,
};

static void check_rules(const struct market_rules *r)
{
    assert(r->fee_bps >= 0 && r->fee_bps <= 10000);
    assert(r->bill_min_seconds >= 0);
    assert(r->prepare_pay_max_seconds >= 0);
    assert(r->offer_seconds >= 0);
    assert(r->prepare_seconds >= 0);
    assert(r->stop_seconds >= 0);
}

static void check_pool(const struct market *m, const struct pool *p)
{
    assert(!state_book(m, p->number));
    assert(p->tick.micros > 0);
    assert(p->unit.gpus >= 0 && p->unit.gpus <= GPUS_MAX);
    assert(p->unit.cpu_millis >= 0);
    assert(p->unit.memory_bytes >= 0 && p->unit.memory_bytes <= BUNDLE_MAX);
    assert(p->unit.scratch_bytes >= 0 && p->unit.scratch_bytes <= BUNDLE_MAX);
}

static void init(struct market *m, const struct mem *mem, const struct market_rules *rules)
{
    *m = (struct market){ .mem = *mem, .rules = *rules, .last_seq = SEQ_FIRST - 1 };
    table_init(&m->balances, *mem, sizeof(struct account));
    table_init(&m->nodes, *mem, sizeof(struct node_entry));
    table_init(&m->asks, *mem, sizeof(struct ask_entry));
    table_init(&m->bids, *mem, sizeof(struct bid_entry));
    table_init(&m->leases, *mem, sizeof(struct lease_entry));
    table_init(&m->payouts, *mem, sizeof(struct payout));
}

static bool copy_pools(struct market *m, const struct pool *pools, size_t n)
{
    m->books = m->mem.resize(m->mem.arg, NULL, (n ? n : 1) * sizeof(struct book));
    if (!m->books) return false;
    for (; m->books_n < n; m->books_n++) {
        check_pool(m, &pools[m->books_n]);
        m->books[m->books_n] = (struct book){ .pool = pools[m->books_n] };
    }
    return true;
}

struct market *market_new(const struct mem *mem, const struct market_rules *rules,
                          const struct pool *pools, size_t pools_n)
{
    struct market *const m = mem->resize(mem->arg, NULL, sizeof(*m));

    if (!m) return NULL;
    check_rules(rules);
    init(m, mem, rules);
    if (!copy_pools(m, pools, pools_n) || !table_reserve(&m->balances, 2)) {
        market_free(m);
        return NULL;
    }
    state_add_account(m, ACCOUNT_WORLD);
    state_add_account(m, ACCOUNT_FEES);
    return m;
}

void market_free(struct market *m)
{
    if (!m) return;

    const struct mem mem = m->mem;
    touch_free(m);
    table_done(&m->balances);
    table_done(&m->nodes);
    table_done(&m->asks);
    table_done(&m->bids);
    table_done(&m->leases);
    table_done(&m->payouts);
    if (m->books) mem.resize(mem.arg, m->books, 0);
    mem.resize(mem.arg, m, 0);
}

static bool apply_expire_order(struct step *s)
{
    const int64_t order = s->c->u.order.order;
    struct ask_entry *const a = state_ask(s->m, order);
    struct bid_entry *const b = state_bid(s->m, order);

    if (a) return apply_expire_ask(s, a);
    if (b) return apply_expire_bid(s, b);
    return step_refuse(s, ERR_NOT_FOUND, "There is no such order.");
}

static bool apply(struct step *s)
{
    switch (s->c->kind) {
    case COMMAND_OPEN_ACCOUNT: return apply_open_account(s);
    case COMMAND_CREDIT: return apply_credit(s);
    case COMMAND_PUT_NODE: return apply_put_node(s);
    case COMMAND_PLACE_ASK: return apply_place_ask(s);
    case COMMAND_AMEND_ASK: return apply_amend_ask(s);
    case COMMAND_CANCEL_ASK: return apply_cancel_ask(s);
    case COMMAND_SUBMIT_JOB: return apply_submit_job(s);
    case COMMAND_AMEND_BID: return apply_amend_bid(s);
    case COMMAND_CANCEL_JOB: return apply_cancel_job(s);
    case COMMAND_ACCEPT_LEASE: return apply_accept_lease(s);
    case COMMAND_DECLINE_LEASE: return apply_decline_lease(s);
    case COMMAND_LEASE_READY: return apply_lease_ready(s);
    case COMMAND_LEASE_CANNOT_START: return apply_lease_cannot_start(s);
    case COMMAND_LEASE_EXIT: return apply_lease_exit(s);
    case COMMAND_LEASE_TIMEOUT: return apply_lease_timeout(s);
    case COMMAND_LEASE_LOST: return apply_lease_lost(s);
    case COMMAND_LEASE_SPENT: return apply_lease_spent(s);
    case COMMAND_EXPIRE_ORDER: return apply_expire_order(s);
    case COMMAND_REQUEST_PAYOUT: return apply_request_payout(s);
    case COMMAND_COMPLETE_PAYOUT: return apply_complete_payout(s);
    case COMMAND_FAIL_PAYOUT: return apply_fail_payout(s);
    }
    return step_refuse(s, ERR_NOT_SUPPORTED, "There is no such command.");
}

void market_apply(struct market *m, const struct command *c, struct outcome *out)
{
    struct step s = { m, c, out };

    assert(c->seq == m->last_seq + 1);
    assert(c->at_us >= m->last_us && c->at_us < AT_US_MAX);

    *out = (struct outcome){ .trades_first = (int32_t)m->touches.trades_n };
    if (!apply(&s)) {
        assert(out->refused != ERR_NONE);
        return;
    }
    ledger_close(&s);
    m->last_seq = c->seq;
    m->last_us = c->at_us;
}

void market_touched(struct market *m, struct touched *out)
{
    const struct touches *const t = &m->touches;

    *out = (struct touched){
        .balances = t->balances,
        .balances_n = t->balances_n,
        .nodes = t->nodes,
        .nodes_n = t->nodes_n,
        .asks = t->asks,
        .asks_n = t->asks_n,
        .bids = t->bids,
        .bids_n = t->bids_n,
        .leases = t->leases,
        .leases_n = t->leases_n,
        .payouts = t->payouts,
        .payouts_n = t->payouts_n,
        .trades = t->trades,
        .trades_n = t->trades_n,
    };
}

static void settle_orders(struct market *m)
{
    const struct touches *const t = &m->touches;

    for (size_t i = 0; i < t->asks_n; i++) {
        struct ask_entry *const a = table_find(&m->asks, t->asks[i]->ask);
        a->ask.touch = (struct touch){ 0 };
        if (state_ask_over(a)) state_drop_ask(m, a);
    }
    for (size_t i = 0; i < t->bids_n; i++) {
        struct bid_entry *const b = table_find(&m->bids, t->bids[i]->bid);
        b->bid.touch = (struct touch){ 0 };
        if (state_bid_over(&b->bid)) table_drop(&m->bids, b->bid.bid);
    }
}

/* A lease that is over may have been the last that kept its ask, which need not be touched. */
static void settle_leases(struct market *m)
{
    const struct touches *const t = &m->touches;

    for (size_t i = 0; i < t->leases_n; i++) {
        struct lease_entry *const l = table_find(&m->leases, t->leases[i]->lease);
        struct ask_entry *const a = table_find(&m->asks, l->lease.ask);
        l->lease.touch = (struct touch){ 0 };
        if (!lease_is_final(l->lease.state)) continue;
        table_drop(&m->leases, l->lease.lease);
        if (a && state_ask_over(a)) state_drop_ask(m, a);
    }
}

void market_settle_group(struct market *m)
{
    struct touches *const t = &m->touches;

    for (size_t i = 0; i < t->balances_n; i++)
        state_account(m, t->balances[i]->account)->balance.touch = (struct touch){ 0 };
    for (size_t i = 0; i < t->nodes_n; i++)
        state_node(m, t->nodes[i]->node)->node.touch = (struct touch){ 0 };
    settle_orders(m);
    settle_leases(m);
    for (size_t i = 0; i < t->payouts_n; i++) {
        struct payout *const p = table_find(&m->payouts, t->payouts[i]->payout);
        p->touch = (struct touch){ 0 };
        if (state_payout_over(p)) table_drop(&m->payouts, p->payout);
    }
    t->balances_n = t->nodes_n = t->asks_n = t->bids_n = t->leases_n = 0;
    t->payouts_n = t->trades_n = 0;
}

bool market_due(const struct market *m, int64_t now_us, struct command *out, int64_t *next_us)
{
    static const enum command_kind by_state[LEASE_STATES] = {
        [LEASE_OFFERED] = COMMAND_LEASE_TIMEOUT,
        [LEASE_PREPARING] = COMMAND_LEASE_TIMEOUT,
        [LEASE_RUNNING] = COMMAND_LEASE_SPENT,
        [LEASE_STOPPING] = COMMAND_LEASE_LOST,
    };
    const struct place *const first = m->timers.first;

    if (!first || first->key[0] > now_us) {
        *next_us = first ? first->key[0] : INT64_MAX;
        return false;
    }
    *out = (struct command){ .account = ACCOUNT_WORLD };
    if (first->key[2] == TIMER_ORDER) {
        out->kind = COMMAND_EXPIRE_ORDER;
        out->u.order.order = first->key[1];
    } else {
        const struct lease_entry *const l = first->owner;
        out->kind = by_state[l->lease.state];
        out->u.lease.lease = l->lease.lease;
        out->u.lease.epoch = l->lease.epoch;
    }
    return true;
}

const struct balance *market_balance(const struct market *m, int64_t account)
{
    const struct account *const a = table_find(&m->balances, account);
    return a ? &a->balance : NULL;
}

const struct node *market_node(const struct market *m, int64_t node)
{
    const struct node_entry *const n = table_find(&m->nodes, node);
    return n ? &n->node : NULL;
}

const struct ask *market_ask(const struct market *m, int64_t ask)
{
    const struct ask_entry *const a = table_find(&m->asks, ask);
    return a ? &a->ask : NULL;
}

const struct bid *market_bid(const struct market *m, int64_t bid)
{
    const struct bid_entry *const b = table_find(&m->bids, bid);
    return b ? &b->bid : NULL;
}

const struct lease *market_lease(const struct market *m, int64_t lease)
{
    const struct lease_entry *const l = table_find(&m->leases, lease);
    return l ? &l->lease : NULL;
}

const struct payout *market_payout(const struct market *m, int64_t payout)
{
    return table_find(&m->payouts, payout);
}

const struct pool *market_pool(const struct market *m, int32_t number)
{
    const struct book *const book = state_book(m, number);
    return book ? &book->pool : NULL;
}

const struct pool *market_pool_named(const struct market *m, struct str name)
{
    for (size_t i = 0; i < m->books_n; i++) {
        const struct pool *const p = &m->books[i].pool;
        if (name.n > 0 && name.n < sizeof(p->name) && memcmp(p->name, name.p, name.n) == 0 &&
            p->name[name.n] == '\0')
            return p;
    }
    return NULL;
}

const struct trade *market_trades(const struct market *m)
{
    return m->touches.trades;
}

int64_t market_last_seq(const struct market *m)
{
    return m->last_seq;
}

int64_t market_last_us(const struct market *m)
{
    return m->last_us;
}

void market_each_lease(const struct market *m, void (*fn)(void *arg, const struct lease *l),
                       void *arg)
{
    size_t at = 0;

    for (const struct lease_entry *l; (l = table_next(&m->leases, &at));)
        if (!lease_is_final(l->lease.state)) fn(arg, &l->lease);
}
