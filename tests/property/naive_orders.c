/* SPDX-License-Identifier: Apache-2.0 */
/* The middle part of the naive market: nodes, matching, asks, jobs. */
#include "tests/property/naive.h"

#include <assert.h>
#include <string.h>

#define MONTH_S       INT64_C(2592000)
#define SECOND_US     INT64_C(1000000)
#define AMOUNT_MAX    INT64_C(1000000000000000)
#define OPEN_BIDS_MAX 10000
#define UNITS_MOST    4095

/* What is final is unknown to commands, although it stays for the store until its group ends. */
static struct naive_ask *known_ask(struct naive *n, int64_t number)
{
    struct naive_ask *a = naive_ask(n, number);
    return a == NULL || naive_ask_is_final(n, a) ? NULL : a;
}

static struct naive_bid *known_bid(struct naive *n, int64_t number)
{
    struct naive_bid *b = naive_bid(n, number);
    return b == NULL || naive_bid_is_final(b) ? NULL : b;
}

static bool has_model(const struct naive *n, const struct naive_node *node, const struct pool *p)
{
    const struct pool *own = naive_pool(n, node->spec.gpu_pool);
    assert(p != NULL);
    if (p->unit.gpus == 0) return true;
    if (node->spec.gpus == 0 || own == NULL) return false;
    return strcmp(own->gpu_model, p->gpu_model) == 0;
}

struct needs naive_load(const struct naive *n, int64_t node)
{
    struct needs load = { 0 };
    for (size_t i = 0; i < n->asks_n; i++) {
        const struct naive_ask *a = &n->asks[i];
        if (a->spec.node != node) continue;
        const struct pool *p = naive_pool(n, a->spec.pool);
        assert(p != NULL);
        const int32_t units = a->state == ORDER_OPEN ? a->spec.units : naive_leased(n, a->ask);
        load.gpus += units * p->unit.gpus;
        load.cpu_millis += units * p->unit.cpu_millis;
        load.memory_bytes += units * p->unit.memory_bytes;
        load.scratch_bytes += units * p->unit.scratch_bytes;
    }
    return load;
}

static bool node_carries(const struct naive *n, const struct naive_node *node)
{
    const struct needs load = naive_load(n, node->node);
    for (size_t i = 0; i < n->asks_n; i++)
        if (n->asks[i].spec.node == node->node && n->asks[i].state == ORDER_OPEN)
            if (!has_model(n, node, naive_pool(n, n->asks[i].spec.pool))) return false;
    return load.gpus <= node->spec.gpus && load.cpu_millis <= node->spec.cpu_millis &&
           load.memory_bytes <= node->spec.memory_bytes &&
           load.scratch_bytes <= node->spec.scratch_bytes;
}

static void fit_asks(struct naive *n, const struct naive_node *node)
{
    while (!node_carries(n, node)) {
        struct naive_ask *last = NULL;
        for (size_t i = 0; i < n->asks_n; i++)
            if (n->asks[i].spec.node == node->node && n->asks[i].state == ORDER_OPEN)
                if (last == NULL || n->asks[i].ask > last->ask) last = &n->asks[i];
        if (last == NULL) return; /* only leases are left, and they go on */
        last->state = ORDER_CANCELLED;
        last->reason = REASON_NODE_CHANGED;
    }
}

static enum err_code put_node(struct naive *n, int64_t account, int64_t number,
                              const struct node_spec *s)
{
    struct naive_node *node = number == 0 ? NULL : naive_node(n, number);
    if (naive_account(n, account) == NULL || account < ACCOUNT_FIRST) return ERR_NOT_FOUND;
    if (number != 0 && (node == NULL || node->account != account)) return ERR_NOT_FOUND;
    if (s->cpu_millis < 1 || s->memory_bytes < 0 || s->scratch_bytes < 0 || s->gpus < 0 ||
        s->gpus > 16)
        return ERR_VALIDATION_FAILED;
    const struct pool *p = naive_pool(n, s->gpu_pool);
    if (s->gpus > 0 && (p == NULL || p->unit.gpus == 0)) return ERR_VALIDATION_FAILED;
    if (node == NULL) {
        assert(n->nodes_n < NAIVE_NODES);
        node = &n->nodes[n->nodes_n++];
        *node = (struct naive_node){ .node = n->seq, .account = account };
    }
    node->spec = *s;
    fit_asks(n, node);
    return ERR_NONE;
}

/* The largest s <= most with charge(price, units, s) <= hold. */
static int32_t seconds_for(int64_t hold, int64_t price, int32_t units, int32_t most)
{
    const __int128 s = (((__int128)hold + 1) * 3600 - 1) / ((__int128)price * units);
    const int32_t got = s < most ? (int32_t)s : most;
    assert(naive_charge(price, units, got) <= hold);
    assert(got == most || naive_charge(price, units, got + 1) > hold);
    return got;
}

/* ---- Matching ---- */

static bool on_tick(const struct pool *p, int64_t price)
{
    return price > 0 && price % p->tick.micros == 0;
}

static bool serves(const struct naive *n, const struct naive_ask *a, const struct naive_bid *b)
{
    if (a->state != ORDER_OPEN || b->state != ORDER_OPEN) return false;
    if (a->spec.pool != b->spec.pool) return false;
    if (a->account == b->account) return false;
    if (a->free < b->spec.units) return false;
    if (a->spec.price.micros > b->spec.limit.micros) return false;
    if (b->spec.seconds < a->spec.seconds_min || b->spec.seconds > a->spec.seconds_max)
        return false;
    if (a->spec.until_us < n->now + b->spec.seconds * SECOND_US) return false;
    for (int32_t i = 0; i < b->excluded_n; i++)
        if (b->excluded[i] == a->spec.node) return false;
    return true;
}

static void trade(struct naive *n, struct naive_ask *a, struct naive_bid *b, bool bid_rested)
{
    const int64_t price = bid_rested ? b->spec.limit.micros : a->spec.price.micros;
    const int64_t h = naive_want(b, price);
    assert(n->trades_n < FILLS_MAX && n->leases_n < NAIVE_LEASES);
    const int64_t number = n->seq * 4096 + (int64_t)n->trades_n;
    naive_move(n, b->account, BUCKET_HELD, h - b->hold);
    naive_move(n, b->account, BUCKET_AVAILABLE, b->hold - h);
    b->hold = h;
    b->state = ORDER_FILLED;
    b->job = JOB_PLACED;
    b->attempts++;
    b->lease = number;
    a->free -= b->spec.units;
    n->leases[n->leases_n++] = (struct naive_lease){
        .lease = number,
        .bid = b->bid,
        .ask = a->ask,
        .node = a->spec.node,
        .buyer = b->account,
        .provider = a->account,
        .pool = a->spec.pool,
        .units = b->spec.units,
        .price = price,
        .hold = h,
        .seconds_max = seconds_for(h, price, b->spec.units, b->spec.seconds),
        .state = LEASE_OFFERED,
        .epoch = 1,
        .traded_us = n->now,
    };
    n->trades[n->trades_n++] = (struct naive_trade){
        .trade = number,
        .bid = b->bid,
        .ask = a->ask,
        .node = a->spec.node,
        .buyer = b->account,
        .provider = a->account,
        .pool = a->spec.pool,
        .units = b->spec.units,
        .price = price,
        .bid_rested = bid_rested,
    };
}

/* Is `a` a better ask than `b` for a bid that both serve? */
static bool better_ask(const struct naive_ask *a, const struct naive_ask *b)
{
    if (a->spec.price.micros != b->spec.price.micros)
        return a->spec.price.micros < b->spec.price.micros;
    if (a->free != b->free) return a->free < b->free;
    return a->priority < b->priority;
}

static bool better_bid(const struct naive_bid *a, const struct naive_bid *b)
{
    if (a->spec.limit.micros != b->spec.limit.micros)
        return a->spec.limit.micros > b->spec.limit.micros;
    return a->priority < b->priority;
}

void naive_bid_meets_asks(struct naive *n, struct naive_bid *b)
{
    struct naive_ask *best = NULL;
    for (size_t i = 0; i < n->asks_n; i++)
        if (serves(n, &n->asks[i], b))
            if (best == NULL || better_ask(&n->asks[i], best)) best = &n->asks[i];
    if (best != NULL) trade(n, best, b, false);
}

void naive_ask_meets_bids(struct naive *n, struct naive_ask *a)
{
    for (;;) {
        struct naive_bid *best = NULL;
        for (size_t i = 0; i < n->bids_n; i++)
            if (serves(n, a, &n->bids[i]))
                if (best == NULL || better_bid(&n->bids[i], best)) best = &n->bids[i];
        if (best == NULL) return;
        trade(n, a, best, true);
    }
}

/* ---- Asks ---- */

static enum err_code place_ask(struct naive *n, int64_t account, const struct ask_spec *s)
{
    const struct naive_node *node = naive_node(n, s->node);
    const struct pool *p = naive_pool(n, s->pool);
    if (node == NULL || node->account != account || p == NULL) return ERR_NOT_FOUND;
    if (!on_tick(p, s->price.micros) || !on_tick(p, s->floor.micros)) return ERR_VALIDATION_FAILED;
    if (s->floor.micros > s->price.micros) return ERR_VALIDATION_FAILED;
    if (s->units < 1 || s->units > UNITS_MOST || s->until_us <= n->now)
        return ERR_VALIDATION_FAILED;
    if (s->seconds_min < 60 || s->seconds_max < s->seconds_min || s->seconds_max > MONTH_S)
        return ERR_VALIDATION_FAILED;
    assert(n->asks_n < NAIVE_ASKS);
    struct naive_ask *a = &n->asks[n->asks_n++];
    *a = (struct naive_ask){ .ask = n->seq,
                             .account = account,
                             .priority = n->seq,
                             .spec = *s,
                             .free = s->units,
                             .state = ORDER_OPEN };
    if (!node_carries(n, node)) {
        n->asks_n--;
        return ERR_QUOTA_EXCEEDED;
    }
    naive_ask_meets_bids(n, a);
    return ERR_NONE;
}

static enum err_code amend_ask(struct naive *n, int64_t account, int64_t number, int64_t price,
                               int32_t units)
{
    struct naive_ask *a = known_ask(n, number);
    if (a == NULL || a->account != account) return ERR_NOT_FOUND;
    if (a->state != ORDER_OPEN) return ERR_WRONG_STATE;
    const int32_t leased = naive_leased(n, number);
    if (!on_tick(naive_pool(n, a->spec.pool), price) || price < a->spec.floor.micros)
        return ERR_VALIDATION_FAILED;
    if (units < 1 || units > UNITS_MOST || units < leased) return ERR_VALIDATION_FAILED;
    const struct naive_ask before = *a;
    a->spec.price.micros = price;
    a->spec.units = units;
    a->free = units - leased;
    if (!node_carries(n, naive_node(n, a->spec.node))) {
        *a = before;
        return ERR_QUOTA_EXCEEDED;
    }
    if (price != before.spec.price.micros || units > before.spec.units) a->priority = n->seq;
    naive_ask_meets_bids(n, a);
    return ERR_NONE;
}

static enum err_code cancel_ask(struct naive *n, int64_t account, int64_t number)
{
    struct naive_ask *a = known_ask(n, number);
    if (a == NULL || (a->account != account && account != 1)) return ERR_NOT_FOUND;
    if (a->state != ORDER_OPEN) return ERR_NONE;
    a->state = ORDER_CANCELLED;
    a->reason = account == 1 ? REASON_NODE_LOST : REASON_CANCELLED;
    return ERR_NONE;
}

/* ---- Jobs and bids ---- */

static void release(struct naive *n, struct naive_bid *b)
{
    naive_move(n, b->account, BUCKET_HELD, -b->hold);
    naive_move(n, b->account, BUCKET_AVAILABLE, b->hold);
    b->hold = 0;
}

static size_t open_bids(const struct naive *n, int64_t account)
{
    size_t count = 0;
    for (size_t i = 0; i < n->bids_n; i++)
        count += n->bids[i].account == account && n->bids[i].state == ORDER_OPEN;
    return count;
}

static enum err_code submit_job(struct naive *n, int64_t account, const struct bid_spec *s)
{
    const struct naive_account *a = naive_account(n, account);
    const struct pool *p = naive_pool(n, s->pool);
    if (a == NULL || account < ACCOUNT_FIRST || p == NULL) return ERR_NOT_FOUND;
    if (!on_tick(p, s->limit.micros)) return ERR_VALIDATION_FAILED;
    if (s->units < 1 || s->units > UNITS_MOST) return ERR_VALIDATION_FAILED;
    if (s->seconds < 60 || s->seconds > MONTH_S) return ERR_VALIDATION_FAILED;
    if (s->expires_us <= n->now || s->expires_us > n->now + MONTH_S * SECOND_US)
        return ERR_VALIDATION_FAILED;
    if (s->attempts_max < 1 || s->attempts_max > 10) return ERR_VALIDATION_FAILED;
    if (s->budget.micros <= 0 || s->budget.micros > AMOUNT_MAX) return ERR_VALIDATION_FAILED;
    struct naive_bid b = { .bid = n->seq,
                           .account = account,
                           .priority = n->seq,
                           .spec = *s,
                           .state = ORDER_OPEN,
                           .job = JOB_OPEN };
    if (naive_wants_too_little(n, &b, s->limit.micros)) return ERR_VALIDATION_FAILED;
    if (open_bids(n, account) >= OPEN_BIDS_MAX) return ERR_QUOTA_EXCEEDED;
    const int64_t want = naive_want(&b, s->limit.micros);
    if (want > a->available) return ERR_INSUFFICIENT_FUNDS;
    naive_move(n, account, BUCKET_AVAILABLE, -want);
    naive_move(n, account, BUCKET_HELD, want);
    b.hold = want;
    assert(n->bids_n < NAIVE_BIDS);
    n->bids[n->bids_n++] = b;
    naive_bid_meets_asks(n, &n->bids[n->bids_n - 1]);
    return ERR_NONE;
}

static enum err_code amend_bid(struct naive *n, int64_t account, int64_t number, int64_t limit)
{
    struct naive_bid *b = known_bid(n, number);
    if (b == NULL || b->account != account) return ERR_NOT_FOUND;
    if (b->state != ORDER_OPEN) return ERR_WRONG_STATE;
    if (!on_tick(naive_pool(n, b->spec.pool), limit)) return ERR_VALIDATION_FAILED;
    if (naive_wants_too_little(n, b, limit)) return ERR_VALIDATION_FAILED;
    const int64_t want = naive_want(b, limit);
    if (want - b->hold > naive_available(n, account)) return ERR_INSUFFICIENT_FUNDS;
    naive_move(n, account, BUCKET_AVAILABLE, b->hold - want);
    naive_move(n, account, BUCKET_HELD, want - b->hold);
    b->hold = want;
    if (limit > b->spec.limit.micros) b->priority = n->seq;
    b->spec.limit.micros = limit;
    naive_bid_meets_asks(n, b);
    return ERR_NONE;
}

void naive_end_bid(struct naive *n, struct naive_bid *b, enum order_state state, enum job_state job,
                   enum reason reason)
{
    b->state = state;
    b->job = job;
    b->reason = reason;
    release(n, b);
}

static enum err_code cancel_job(struct naive *n, int64_t account, int64_t number)
{
    struct naive_bid *b = known_bid(n, number);
    if (b == NULL || b->account != account) return ERR_NOT_FOUND;
    struct naive_lease *l = naive_lease(n, b->lease);
    if (b->state == ORDER_OPEN) {
        naive_end_bid(n, b, ORDER_CANCELLED, JOB_CANCELLED, REASON_CANCELLED);
    } else if (l != NULL && l->state == LEASE_OFFERED) {
        naive_cancel_offer(n, l);
    } else if (l != NULL && (l->state == LEASE_PREPARING || l->state == LEASE_RUNNING)) {
        l->state = LEASE_STOPPING;
        l->reason = REASON_CANCELLED;
        l->stopping_us = n->now;
    } else if (l != NULL && l->state == LEASE_STOPPING) {
        l->reason = REASON_CANCELLED;
    }
    return ERR_NONE;
}

static enum err_code expire_order(struct naive *n, int64_t number)
{
    struct naive_ask *a = known_ask(n, number);
    struct naive_bid *b = known_bid(n, number);
    if (a == NULL && b == NULL) return ERR_NOT_FOUND;
    if (a != NULL) {
        if (a->state != ORDER_OPEN || a->spec.until_us > n->now) return ERR_WRONG_STATE;
        a->state = ORDER_EXPIRED;
        a->reason = REASON_EXPIRED;
    } else {
        if (b->state != ORDER_OPEN || b->spec.expires_us > n->now) return ERR_WRONG_STATE;
        naive_end_bid(n, b, ORDER_EXPIRED, JOB_EXPIRED, REASON_EXPIRED);
    }
    return ERR_NONE;
}

enum err_code naive_order_command(struct naive *n, const struct command *c)
{
    const int64_t order = c->u.order.order;
    if (c->kind == COMMAND_PUT_NODE)
        return put_node(n, c->account, c->u.put_node.node, &c->u.put_node.spec);
    if (c->kind == COMMAND_PLACE_ASK) return place_ask(n, c->account, &c->u.place_ask);
    if (c->kind == COMMAND_AMEND_ASK)
        return amend_ask(n, c->account, c->u.amend_ask.ask, c->u.amend_ask.price.micros,
                         c->u.amend_ask.units);
    if (c->kind == COMMAND_CANCEL_ASK) return cancel_ask(n, c->account, order);
    if (c->kind == COMMAND_SUBMIT_JOB) return submit_job(n, c->account, &c->u.submit_job);
    if (c->kind == COMMAND_AMEND_BID)
        return amend_bid(n, c->account, c->u.amend_bid.bid, c->u.amend_bid.limit.micros);
    if (c->kind == COMMAND_CANCEL_JOB) return cancel_job(n, c->account, order);
    assert(c->kind == COMMAND_EXPIRE_ORDER);
    return expire_order(n, order);
}
