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

#define ACCOUNTS_OWN 3

static void check_pool(const struct market *m, const struct pool *p)
{
    assert(!state_book(m, p->number));
    assert(p->number > 0);
    assert(p->tick.micros > 0);
    assert(p->throughput >= 0);
    assert(p->unit.gpus >= 0 && p->unit.gpus <= GPUS_MAX);
    assert(p->unit.cpu_millis >= 0);
    assert(p->unit.memory_bytes >= 0 && p->unit.memory_bytes <= BUNDLE_MAX);
    assert(p->unit.scratch_bytes >= 0 && p->unit.scratch_bytes <= BUNDLE_MAX);
}

static void init(struct market *m, const struct mem *mem, const struct market_rules *rules)
{
    *m = (struct market){ .mem = *mem, .rules = *rules, .last_seq = SEQ_FIRST - 1 };
    ladder_room_init(&m->room, *mem);
    table_init(&m->balances, *mem, sizeof(struct account));
    table_init(&m->owners, *mem, sizeof(struct owner));
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
        struct book *const b = &m->books[m->books_n];
        *b = (struct book){ .pool = pools[m->books_n], .state.pool = pools[m->books_n].number };
        ladder_init(&b->asks, &m->room, LADDER_ASKS, /* fit= */ true);
        ladder_init(&b->bids, &m->room, LADDER_BIDS, /* fit= */ true);
        b->timer.owner = b;
    }
    return true;
}

struct market *market_new(const struct mem *mem, const struct market_rules *rules,
                          const struct pool *pools, size_t pools_n)
{
    struct market *const m = mem->resize(mem->arg, NULL, sizeof(*m));

    if (!m) return NULL;
    assert(market_rules_valid(rules));
    init(m, mem, rules);
    m->met = mem->resize(mem->arg, NULL, FILLS_MAX * sizeof(*m->met));
    if (!m->met || !copy_pools(m, pools, pools_n) || !table_reserve(&m->balances, ACCOUNTS_OWN) ||
        !table_reserve(&m->owners, ACCOUNTS_OWN)) {
        market_free(m);
        return NULL;
    }
    state_add_account(m, ACCOUNT_WORLD);
    state_add_account(m, ACCOUNT_FEES);
    state_add_account(m, ACCOUNT_INSURANCE);
    return m;
}

void market_free(struct market *m)
{
    if (!m) return;

    const struct mem mem = m->mem;
    size_t at = 0;

    for (struct bid_entry *b; (b = table_next(&m->bids, &at));) {
        if (b->offers) mem.resize(mem.arg, b->offers, 0);
        if (b->lines != &b->line) mem.resize(mem.arg, b->lines, 0);
    }
    for (size_t i = 0; i < m->books_n; i++) {
        ladder_clear(&m->books[i].asks);
        ladder_clear(&m->books[i].bids);
    }
    ladder_room_done(&m->room);
    touch_free(m);
    table_done(&m->owners);
    table_done(&m->balances);
    table_done(&m->nodes);
    table_done(&m->asks);
    table_done(&m->bids);
    table_done(&m->leases);
    table_done(&m->payouts);
    if (m->books) mem.resize(mem.arg, m->books, 0);
    if (m->met) mem.resize(mem.arg, m->met, 0);
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

/* What only the clock and operators may ask for. */
static bool is_markets(enum command_kind kind)
{
    switch (kind) {
    case COMMAND_CREDIT:
    case COMMAND_LEASE_TIMEOUT:
    case COMMAND_LEASE_LOST:
    case COMMAND_LEASE_SPENT:
    case COMMAND_EXPIRE_ORDER:
    case COMMAND_COMPLETE_PAYOUT:
    case COMMAND_FAIL_PAYOUT:
    case COMMAND_REENTER:
    case COMMAND_LEASE_RIPE:
    case COMMAND_CLOSE_AUCTION:
    case COMMAND_CALL:
    case COMMAND_RATE_NODE:
    case COMMAND_RATE_ACCOUNT:
    case COMMAND_TRIM:
    case COMMAND_SET_RULES:
    case COMMAND_NODE_HEALTH:
    case COMMAND_LEASE_DRAINED: return true;
    case COMMAND_OPEN_ACCOUNT:
    case COMMAND_PUT_NODE:
    case COMMAND_PLACE_ASK:
    case COMMAND_AMEND_ASK:
    case COMMAND_CANCEL_ASK:
    case COMMAND_SUBMIT_JOB:
    case COMMAND_AMEND_BID:
    case COMMAND_CANCEL_JOB:
    case COMMAND_ACCEPT_LEASE:
    case COMMAND_DECLINE_LEASE:
    case COMMAND_LEASE_PREPARED:
    case COMMAND_LEASE_READY:
    case COMMAND_LEASE_CANNOT_START:
    case COMMAND_LEASE_EXIT:
    case COMMAND_LEASE_CHECKPOINT:
    case COMMAND_REQUEST_PAYOUT:
    case COMMAND_OFFER:
    case COMMAND_INVITE:
    case COMMAND_JOIN_TEAM:
    case COMMAND_LEAVE_TEAM:
    case COMMAND_DRAIN_NODE: break;
    }
    return false;
}

static bool apply(struct step *s)
{
    if (is_markets(s->c->kind) && s->c->account != ACCOUNT_WORLD)
        return step_refuse(s, ERR_NOT_FOUND, "Only the market does that.");
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
    case COMMAND_LEASE_PREPARED: return apply_lease_prepared(s);
    case COMMAND_LEASE_READY: return apply_lease_ready(s);
    case COMMAND_LEASE_CANNOT_START: return apply_lease_cannot_start(s);
    case COMMAND_LEASE_EXIT: return apply_lease_exit(s);
    case COMMAND_LEASE_CHECKPOINT: return apply_lease_checkpoint(s);
    case COMMAND_LEASE_TIMEOUT: return apply_lease_timeout(s);
    case COMMAND_LEASE_LOST: return apply_lease_lost(s);
    case COMMAND_LEASE_SPENT: return apply_lease_spent(s);
    case COMMAND_EXPIRE_ORDER: return apply_expire_order(s);
    case COMMAND_REQUEST_PAYOUT: return apply_request_payout(s);
    case COMMAND_COMPLETE_PAYOUT: return apply_complete_payout(s);
    case COMMAND_FAIL_PAYOUT: return apply_fail_payout(s);
    case COMMAND_REENTER: return apply_reenter(s);
    case COMMAND_LEASE_RIPE: return apply_lease_ripe(s);
    case COMMAND_CLOSE_AUCTION: return apply_close_auction(s);
    case COMMAND_OFFER: return apply_offer(s);
    case COMMAND_CALL: return apply_call(s);
    case COMMAND_RATE_NODE: return apply_rate_node(s);
    case COMMAND_NODE_HEALTH: return apply_node_health(s);
    case COMMAND_RATE_ACCOUNT: return apply_rate_account(s);
    case COMMAND_INVITE: return apply_invite(s);
    case COMMAND_JOIN_TEAM: return apply_join_team(s);
    case COMMAND_LEAVE_TEAM: return apply_leave_team(s);
    case COMMAND_TRIM: return apply_trim(s);
    case COMMAND_SET_RULES: return apply_set_rules(s);
    case COMMAND_DRAIN_NODE: return apply_drain_node(s);
    case COMMAND_LEASE_DRAINED: return apply_lease_drained(s);
    }
    return step_refuse(s, ERR_NOT_SUPPORTED, "There is no such command.");
}

void market_apply(struct market *m, const struct command *c, struct outcome *out)
{
    struct step s = { .m = m, .c = c, .out = out };

    assert(c->seq == m->last_seq + 1);
    assert(c->at_us >= m->last_us && c->at_us < AT_US_MAX);

    *out = (struct outcome){ .trades_first = (int32_t)m->touches.trades_n };
    if (!apply(&s)) {
        assert(out->refused != ERR_NONE);
        return;
    }
    assert(out->refused == ERR_NONE);
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
        .standings = t->standings,
        .standings_n = t->standings_n,
        .pools = t->pools,
        .pools_n = t->pools_n,
        .offers = t->offers,
        .offers_n = t->offers_n,
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
        if (state_bid_over(&b->bid)) state_drop_bid(m, b);
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
        state_drop_lease(m, l);
        if (a && state_ask_over(a)) state_drop_ask(m, a);
    }
}

void market_settle_group(struct market *m)
{
    struct touches *const t = &m->touches;

    for (size_t i = 0; i < t->balances_n; i++)
        state_account(m, t->balances[i]->account)->balance.touch = (struct touch){ 0 };
    for (size_t i = 0; i < t->standings_n; i++)
        state_account(m, t->standings[i]->account)->standing.touch = (struct touch){ 0 };
    for (size_t i = 0; i < t->pools_n; i++)
        state_book(m, t->pools[i]->pool)->state.touch = (struct touch){ 0 };
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
    t->payouts_n = t->trades_n = t->standings_n = t->pools_n = t->offers_n = 0;
}

static void due_order(const struct market *m, struct command *out)
{
    const int64_t order = out->u.order.order;
    const struct ask_entry *const a = state_ask(m, order);
    const struct bid_entry *const b = state_bid(m, order);

    out->kind = COMMAND_EXPIRE_ORDER;
    if (a && a->ask.stale) out->kind = COMMAND_REENTER;
    if (b && b->bid.state == ORDER_FILLED) out->kind = COMMAND_TRIM;
    if (b && b->bid.sealed && index_auction_us(&b->bid) <= b->bid.spec.expires_us)
        out->kind = COMMAND_CLOSE_AUCTION;
}

static void due_lease(const struct market *m, const struct lease_entry *l, struct command *out)
{
    static const enum command_kind by_state[LEASE_STATES] = {
        [LEASE_OFFERED] = COMMAND_LEASE_TIMEOUT, [LEASE_PREPARING] = COMMAND_LEASE_TIMEOUT,
        [LEASE_RUNNING] = COMMAND_LEASE_SPENT,   [LEASE_STOPPING] = COMMAND_LEASE_LOST,
        [LEASE_PREEMPTED] = COMMAND_LEASE_LOST,
    };

    out->kind = by_state[l->lease.state];
    if (index_ripe_us(m, &l->lease) == index_lease_due_us(m, l)) out->kind = COMMAND_LEASE_RIPE;
    if (index_drained_us(l) == index_lease_due_us(m, l)) out->kind = COMMAND_LEASE_DRAINED;
    out->u.lease.lease = l->lease.lease;
    out->u.lease.epoch = l->lease.epoch;
}

static void due_pool(const struct book *book, struct command *out)
{
    const struct place *const first = book->parked.first;

    if (first && first->key[0] < book->state.called_seq) {
        out->kind = COMMAND_REENTER;
        out->u.order.order = first->key[1];
    } else {
        out->kind = COMMAND_CALL;
        out->u.call.pool = book->state.pool;
    }
}

void market_grant_amnesty(struct market *m, int64_t until_us)
{
    size_t at = 0;

    m->amnesty_us = until_us;
    m->outage_us = m->last_us;
    for (struct lease_entry *l; (l = table_next(&m->leases, &at));)
        index_lease(m, l);
}

bool market_due(const struct market *m, int64_t now_us, struct command *out, int64_t *next_us)
{
    const struct place *const first = m->timers.first;

    if (!first || first->key[0] > now_us) {
        *next_us = first ? first->key[0] : INT64_MAX;
        return false;
    }
    *out = (struct command){ .account = ACCOUNT_WORLD };
    switch ((enum timer_of)first->key[2]) {
    case TIMER_ORDER:
        out->u.order.order = first->key[1];
        due_order(m, out);
        break;
    case TIMER_LEASE: due_lease(m, first->owner, out); break;
    case TIMER_POOL: due_pool(first->owner, out); break;
    }
    return true;
}

const struct balance *market_balance(const struct market *m, int64_t account)
{
    const struct account *const a = table_find(&m->balances, account);
    return a ? &a->balance : NULL;
}

const struct standing *market_standing(const struct market *m, int64_t account)
{
    const struct account *const a = table_find(&m->balances, account);
    return a ? &a->standing : NULL;
}

const struct pool_state *market_pool_state(const struct market *m, int32_t pool)
{
    const struct book *const book = state_book(m, pool);
    return book ? &book->state : NULL;
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
