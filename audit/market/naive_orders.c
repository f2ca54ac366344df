/* SPDX-License-Identifier: Apache-2.0 */
/* The second part of the naive market: nodes, asks, jobs: what their owners ask for. */
#include "market/naive.h"

#include <assert.h>
#include <string.h>

#define AMOUNT_MAX    INT64_C(1000000000000000)
#define OPEN_BIDS_MAX 10000
#define UNITS_MOST    4032
#define ASKS_OF_NODE  16

/* What is over is unknown to commands, although it stays for the store until its group ends. */
struct ask *naive_known_ask(struct naive *n, int64_t number)
{
    struct ask *a = naive_ask(n, number);
    return a == NULL || naive_ask_is_over(n, a) ? NULL : a;
}

struct bid *naive_known_bid(struct naive *n, int64_t number)
{
    struct bid *b = naive_bid(n, number);
    return b == NULL || naive_bid_is_over(b) ? NULL : b;
}

/* ---- Nodes ---- */

static bool has_model(const struct naive *n, const struct node *node, const struct pool *p)
{
    const struct pool *own = naive_pool(n, node->spec.gpu_pool);
    if (p->unit.gpus == 0) return true;
    if (node->spec.gpus == 0 || own == NULL) return false;
    return strcmp(own->gpu_model, p->gpu_model) == 0;
}

struct needs naive_load(const struct naive *n, int64_t node)
{
    struct needs load = { 0 };
    for (size_t i = 0; i < n->asks_n; i++) {
        const struct ask *a = &n->asks[i];
        if (a->spec.node != node) continue;
        const struct pool *p = naive_pool(n, a->spec.pool);
        const int32_t units = a->state == ORDER_OPEN ? a->spec.units : naive_leased(n, a->ask);
        load.gpus += units * p->unit.gpus;
        load.cpu_millis += units * p->unit.cpu_millis;
        load.memory_bytes += units * p->unit.memory_bytes;
        load.scratch_bytes += units * p->unit.scratch_bytes;
    }
    return load;
}

static bool node_carries(const struct naive *n, const struct node *node)
{
    const struct needs load = naive_load(n, node->node);
    for (size_t i = 0; i < n->asks_n; i++)
        if (n->asks[i].spec.node == node->node && n->asks[i].state == ORDER_OPEN)
            if (!has_model(n, node, naive_pool(n, n->asks[i].spec.pool))) return false;
    return load.gpus <= node->spec.gpus && load.cpu_millis <= node->spec.cpu_millis &&
           load.memory_bytes <= node->spec.memory_bytes &&
           load.scratch_bytes <= node->spec.scratch_bytes;
}

static void fit_asks(struct naive *n, const struct node *node)
{
    while (!node_carries(n, node)) {
        struct ask *last = NULL;
        for (size_t i = 0; i < n->asks_n; i++)
            if (n->asks[i].spec.node == node->node && n->asks[i].state == ORDER_OPEN)
                if (last == NULL || n->asks[i].ask > last->ask) last = &n->asks[i];
        if (last == NULL) return; /* only leases are left, and they go on */
        naive_end_ask(last, ORDER_CANCELLED, REASON_NODE_CHANGED);
    }
}

static bool inventory_is_valid(const struct naive *n, const struct node_spec *s)
{
    const struct pool *p = naive_pool(n, s->gpu_pool);
    if (s->cpu_millis < 1 || s->memory_bytes < 0 || s->scratch_bytes < 0) return false;
    if (s->gpus < 0 || s->gpus > 16) return false;
    return s->gpus == 0 || (p != NULL && p->unit.gpus > 0);
}

static bool traits_are_valid(struct naive *n, int64_t account, const struct traits *t)
{
    if (t->region < 0 || t->region > 7 || t->isolation < 0 || t->isolation > 4) return false;
    if (t->interconnect < 0 || t->interconnect > 2) return false;
    if (t->bandwidth_mbps < 0 || t->label < 0) return false;
    const struct node *site = naive_node(n, t->site);
    return t->site == 0 || (site != NULL && site->account == account);
}

/* What an ask keeps of its node. */
static struct traits traits_of(const struct node *node)
{
    struct traits t = node->spec.traits;
    if (t.site == 0) t.site = node->node;
    return t;
}

static bool same_traits(const struct traits *a, const struct traits *b)
{
    return a->region == b->region && a->tier == b->tier && a->verified == b->verified &&
           a->isolation == b->isolation && a->interconnect == b->interconnect &&
           a->bandwidth_mbps == b->bandwidth_mbps && a->label == b->label && a->site == b->site;
}

/* Open asks of the node that have other traits leave the books. */
static void mark_stale(struct naive *n, const struct node *node)
{
    const struct traits now = traits_of(node);
    for (size_t i = 0; i < n->asks_n; i++) {
        struct ask *a = &n->asks[i];
        if (a->spec.node == node->node && a->state == ORDER_OPEN && !same_traits(&a->traits, &now))
            a->stale = true;
    }
}

static enum err_code put_node(struct naive *n, int64_t account, int64_t number,
                              const struct node_spec *s)
{
    struct node *node = number == 0 ? NULL : naive_node(n, number);
    if (naive_account(n, account) == NULL || account < ACCOUNT_FIRST) return ERR_NOT_FOUND;
    if (number != 0 && (node == NULL || node->account != account)) return ERR_NOT_FOUND;
    if (!inventory_is_valid(n, s) || !traits_are_valid(n, account, &s->traits))
        return ERR_VALIDATION_FAILED;
    if (node == NULL) {
        assert(n->nodes_n < n->nodes_cap);
        node = &n->nodes[n->nodes_n++];
        *node = (struct node){ .node = n->seq, .account = account, .at_us = n->now };
    }
    const int32_t tier = node->spec.traits.tier, verified = node->spec.traits.verified;
    node->spec = *s;
    node->spec.traits.tier = tier;
    node->spec.traits.verified = verified;
    fit_asks(n, node);
    mark_stale(n, node);
    return ERR_NONE;
}

static enum err_code rate_node(struct naive *n, int64_t number, int32_t tier, int32_t verified)
{
    struct node *node = naive_node(n, number);
    if (node == NULL) return ERR_NOT_FOUND;
    if (tier < 0 || tier > 3 || verified < 0 || verified > 1) return ERR_VALIDATION_FAILED;
    node->spec.traits.tier = tier;
    node->spec.traits.verified = verified;
    mark_stale(n, node);
    return ERR_NONE;
}

static enum err_code node_health(struct naive *n, int64_t number, int32_t well)
{
    struct node *node = naive_node(n, number);
    if (node == NULL) return ERR_NOT_FOUND;
    if (well != 0 && well != 1) return ERR_VALIDATION_FAILED;
    if (well == (node->ill_since_us == 0)) return ERR_WRONG_STATE;
    if (well == 1) {
        node->ill_us += n->now - node->ill_since_us;
        node->ill_since_us = 0;
        return ERR_NONE;
    }
    node->ill_since_us = n->now;
    for (size_t i = 0; i < n->asks_n; i++)
        if (n->asks[i].spec.node == number && n->asks[i].state == ORDER_OPEN)
            naive_end_ask(&n->asks[i], ORDER_CANCELLED, REASON_NODE_UNHEALTHY);
    return ERR_NONE;
}

/* The node is to be empty from then on; 0: no more. */
static enum err_code drain_node(struct naive *n, int64_t account, int64_t number, int64_t from_us,
                                bool stops)
{
    struct node *node = naive_node(n, number);
    if (node == NULL || node->account != account) return ERR_NOT_FOUND;
    if (from_us < 0 || from_us > n->now + MONTH_S * SECOND_US) return ERR_VALIDATION_FAILED;
    node->drain_us = from_us;
    node->drain_stops = stops;
    if (from_us == 0) {
        node->drain_stops = false;
        return ERR_NONE;
    }
    if (node->drain_us < n->now) node->drain_us = n->now;
    for (size_t i = 0; i < n->asks_n; i++) {
        struct ask *a = &n->asks[i];
        if (a->spec.node == number && a->state == ORDER_OPEN && a->spec.until_us > node->drain_us)
            a->spec.until_us = node->drain_us;
    }
    return ERR_NONE;
}

/* ---- Asks ---- */

void naive_end_ask(struct ask *a, enum order_state state, enum reason reason)
{
    a->state = state;
    a->reason = reason;
    a->parked = 0;
    a->stale = false;
}

static bool ask_is_valid(const struct naive *n, const struct ask_spec *s)
{
    const struct pool *p = naive_pool(n, s->pool);
    if (!naive_on_tick(p, s->price.micros) || !naive_on_tick(p, s->floor.micros)) return false;
    if (s->floor.micros > s->price.micros) return false;
    if (s->units < 1 || s->units > UNITS_MOST || s->until_us <= n->now) return false;
    if (s->seconds_min < 60 || s->seconds_max < s->seconds_min || s->seconds_max > MONTH_S)
        return false;
    if (s->sets < 0 || s->buyer_tier_min < 0 || s->buyer_tier_min > 3) return false;
    return s->egress_max >= 0 && s->egress_max <= 2 && s->risk_seconds >= 60;
}

static int32_t asks_of_node(const struct naive *n, int64_t node)
{
    int32_t count = 0;
    for (size_t i = 0; i < n->asks_n; i++)
        count += n->asks[i].spec.node == node && !naive_ask_is_over(n, &n->asks[i]);
    return count;
}

/* When the quoted price of a node has stood its time. */
static int64_t quote_ends(const struct naive *n, const struct node *node)
{
    return node->quoted_us + n->rules.quote_seconds * SECOND_US;
}

static enum err_code not_before(struct naive *n, int64_t when, enum err_code code)
{
    n->again_us = when;
    return code;
}

static enum err_code place_ask(struct naive *n, int64_t account, const struct ask_spec *s)
{
    const struct node *node = naive_node(n, s->node);
    if (node == NULL || node->account != account || naive_pool(n, s->pool) == NULL)
        return ERR_NOT_FOUND;
    if (!ask_is_valid(n, s)) return ERR_VALIDATION_FAILED;
    if (node->drain_us != 0 && s->until_us > node->drain_us) return ERR_WRONG_STATE;
    if (asks_of_node(n, s->node) >= ASKS_OF_NODE) return ERR_QUOTA_EXCEEDED;
    assert(n->asks_n < n->asks_cap);
    struct ask *a = &n->asks[n->asks_n++];
    *a = (struct ask){ .ask = n->seq,
                       .account = account,
                       .at_us = n->now,
                       .priority = n->seq,
                       .spec = *s,
                       .traits = traits_of(node),
                       .free = s->units,
                       .state = ORDER_OPEN };
    enum err_code refused = ERR_NONE;
    if (!node_carries(n, node))
        refused = ERR_QUOTA_EXCEEDED;
    else if (node->ill_since_us != 0)
        refused = ERR_WRONG_STATE;
    else if (n->now < node->backoff_us)
        refused = not_before(n, node->backoff_us, ERR_BACKING_OFF);
    else if (n->now < quote_ends(n, node))
        refused = not_before(n, quote_ends(n, node), ERR_QUOTE_STANDS);
    else if (s->post_only && naive_ask_would_trade(n, a))
        refused = ERR_WOULD_TRADE;
    if (refused != ERR_NONE) {
        n->asks_n--;
        return refused;
    }
    if (!s->post_only) naive_ask_meets_bids(n, a, UNDER_COLLAR);
    return ERR_NONE;
}

static enum err_code amend_ask(struct naive *n, int64_t account, int64_t number, int64_t price,
                               int32_t units)
{
    struct ask *a = naive_known_ask(n, number);
    if (a == NULL || a->account != account) return ERR_NOT_FOUND;
    if (a->state != ORDER_OPEN) return ERR_WRONG_STATE;
    struct node *node = naive_node(n, a->spec.node);
    const int32_t leased = naive_leased(n, number);
    if (!naive_on_tick(naive_pool(n, a->spec.pool), price) || price < a->spec.floor.micros)
        return ERR_VALIDATION_FAILED;
    if (units < 1 || units > UNITS_MOST || units < leased) return ERR_VALIDATION_FAILED;
    const struct ask before = *a;
    const bool repriced = price != a->spec.price.micros;
    a->spec.price.micros = price;
    a->spec.units = units;
    a->free = units - leased;
    a->parked = 0;
    if (repriced || units > before.spec.units) a->priority = n->seq;
    enum err_code refused = ERR_NONE;
    if (!node_carries(n, node))
        refused = ERR_QUOTA_EXCEEDED;
    else if (repriced && n->now < quote_ends(n, node))
        refused = not_before(n, quote_ends(n, node), ERR_QUOTE_STANDS);
    else if (a->spec.post_only && naive_ask_would_trade(n, a))
        refused = ERR_WOULD_TRADE;
    if (refused != ERR_NONE) {
        *a = before;
        return refused;
    }
    if (!repriced && units == before.spec.units) {
        *a = before; /* no change at all */
        return ERR_NONE;
    }
    if (repriced) node->quoted_us = n->now;
    if (!a->spec.post_only) naive_ask_meets_bids(n, a, UNDER_COLLAR);
    return ERR_NONE;
}

static enum err_code cancel_ask(struct naive *n, int64_t account, int64_t number)
{
    struct ask *a = naive_known_ask(n, number);
    if (a == NULL || (a->account != account && account != ACCOUNT_WORLD)) return ERR_NOT_FOUND;
    if (a->state != ORDER_OPEN) return ERR_NONE;
    const bool market = account == ACCOUNT_WORLD;
    naive_end_ask(a, ORDER_CANCELLED, market ? REASON_NODE_LOST : REASON_CANCELLED);
    if (!market) naive_node(n, a->spec.node)->quoted_us = n->now;
    return ERR_NONE;
}

/* ---- Jobs and bids ---- */

static size_t open_bids(const struct naive *n, int64_t account)
{
    size_t count = 0;
    for (size_t i = 0; i < n->bids_n; i++)
        count += n->bids[i].account == account && n->bids[i].state == ORDER_OPEN;
    return count;
}

static bool wants_are_known(const struct naive *n, const struct bid_spec *s)
{
    for (int32_t i = 0; i < s->wants_n; i++)
        if (naive_pool(n, s->wants[i].pool) == NULL) return false;
    return true;
}

static bool wants_are_valid(const struct bid_spec *s)
{
    for (int32_t i = 0; i < s->wants_n; i++) {
        if (s->wants[i].units < 1 || s->wants[i].units > UNITS_MOST) return false;
        for (int32_t j = 0; j < i; j++)
            if (s->wants[i].pool == s->wants[j].pool) return false;
    }
    return true;
}

/* Is the limit one for all wants? Of `s`, with `limit`. */
static bool limit_is_valid(const struct naive *n, const struct bid_spec *s, int64_t limit)
{
    struct bid b = { .spec = *s };
    b.spec.limit.micros = limit;
    if (!naive_on_tick(naive_pool(n, s->wants[0].pool), limit)) return false;
    for (int32_t i = 0; i < s->wants_n; i++) {
        const struct pool *p = naive_pool(n, s->wants[i].pool);
        if (s->rank == RANK_PRICE && !naive_on_tick(p, limit)) return false;
        if (s->rank == RANK_VALUE && naive_limit(n, &b, &s->wants[i]) < p->tick.micros)
            return false;
    }
    return true;
}

static bool have_throughputs(const struct naive *n, const struct bid_spec *s)
{
    for (int32_t i = 0; i < s->wants_n; i++)
        if (s->rank == RANK_VALUE && naive_pool(n, s->wants[i].pool)->throughput <= 0) return false;
    return true;
}

static bool wish_is_valid(const struct wish *w)
{
    return w->regions >= 0 && w->regions <= 255 && w->tier_min >= 0 && w->tier_min <= 3 &&
           w->isolation_min >= 0 && w->isolation_min <= 4 && w->interconnect_min >= 0 &&
           w->interconnect_min <= 2 && w->bandwidth_min_mbps >= 0 && w->label >= 0 &&
           w->egress >= 0 && w->egress <= 2 && w->verified >= 0 && w->verified <= 1;
}

static bool bid_is_valid(const struct naive *n, const struct bid_spec *s)
{
    if ((int)s->rank < 0 || s->rank > RANK_VALUE || (int)s->tif < 0 || s->tif > TIF_POST_ONLY ||
        (int)s->own < 0 || s->own > OWN_NEVER)
        return false;
    if (!have_throughputs(n, s) || !limit_is_valid(n, s, s->limit.micros)) return false;
    if (s->nodes < 1 || s->nodes > 64) return false;
    if (s->seconds < 60 || s->seconds > MONTH_S) return false;
    if (s->checkpoint_seconds < 60 || s->checkpoint_seconds > MONTH_S) return false;
    if (s->expires_us <= n->now || s->expires_us > n->now + MONTH_S * SECOND_US) return false;
    if (s->attempts_max < 1 || s->attempts_max > 10) return false;
    if (s->budget.micros <= 0 || s->budget.micros > AMOUNT_MAX) return false;
    if (!wish_is_valid(&s->wish)) return false;
    if (s->auction_ms < 0 || s->auction_ms > 5000) return false;
    if (s->auction_ms > 0 && (s->tif != TIF_GOOD_TILL_TIME || s->nodes > 1 || s->own == OWN_ONLY))
        return false;
    return s->own != OWN_ONLY || (s->tif != TIF_POST_ONLY && s->nodes == 1);
}

static enum err_code submit_job(struct naive *n, int64_t account, const struct bid_spec *s)
{
    const struct balance *a = naive_account(n, account);
    if (a == NULL || account < ACCOUNT_FIRST) return ERR_NOT_FOUND;
    if (s->wants_n < 1 || s->wants_n > WANTS_MAX) return ERR_VALIDATION_FAILED;
    if (!wants_are_known(n, s)) return ERR_NOT_FOUND;
    if (!wants_are_valid(s) || !bid_is_valid(n, s)) return ERR_VALIDATION_FAILED;
    assert(n->bids_n < n->bids_cap);
    struct bid *b = &n->bids[n->bids_n];
    *b = (struct bid){ .bid = n->seq,
                       .account = account,
                       .at_us = n->now,
                       .priority = n->seq,
                       .spec = *s,
                       .tier = naive_standing(n, account)->tier,
                       .sealed = s->auction_ms > 0,
                       .state = ORDER_OPEN,
                       .job = JOB_OPEN };
    for (int32_t i = s->wants_n; i < WANTS_MAX; i++)
        b->spec.wants[i] = (struct want){ 0, 0 };
    if (naive_wants_too_little(n, b)) return ERR_VALIDATION_FAILED;
    if (open_bids(n, account) >= OPEN_BIDS_MAX) return ERR_QUOTA_EXCEEDED;
    const int64_t want = naive_want(n, b);
    if (want > a->available.micros) return ERR_INSUFFICIENT_FUNDS;
    if (s->tif == TIF_POST_ONLY && naive_bid_would_trade(n, b)) return ERR_WOULD_TRADE;
    n->bids_n++;
    naive_hold(n, b, want);
    if (b->sealed) return ERR_NONE;
    naive_bid_meets_asks(n, b, UNDER_COLLAR);
    if (s->tif != TIF_POST_ONLY) naive_may_displace(n, b);
    if (b->state == ORDER_OPEN && (s->tif == TIF_IMMEDIATE_OR_CANCEL || s->tif == TIF_FILL_OR_KILL))
        naive_end_bid(n, b, ORDER_EXPIRED, JOB_EXPIRED, REASON_NOT_FILLED);
    return ERR_NONE;
}

static enum err_code amend_bid(struct naive *n, int64_t account, int64_t number, int64_t limit)
{
    struct bid *b = naive_known_bid(n, number);
    if (b == NULL || b->account != account) return ERR_NOT_FOUND;
    if (b->state != ORDER_OPEN || b->sealed) return ERR_WRONG_STATE;
    if (!limit_is_valid(n, &b->spec, limit)) return ERR_VALIDATION_FAILED;
    const struct bid before = *b;
    if (limit != b->spec.limit.micros) b->priority = n->seq;
    b->spec.limit.micros = limit;
    b->parked = 0;
    b->parked_pool = 0;
    enum err_code refused = ERR_NONE;
    if (naive_wants_too_little(n, b))
        refused = ERR_VALIDATION_FAILED;
    else if (naive_want(n, b) - b->hold.micros > naive_available(n, account))
        refused = ERR_INSUFFICIENT_FUNDS;
    else if (b->spec.tif == TIF_POST_ONLY && naive_bid_would_trade(n, b))
        refused = ERR_WOULD_TRADE;
    if (refused != ERR_NONE) {
        *b = before;
        return refused;
    }
    if (limit == before.spec.limit.micros) {
        *b = before;
        return ERR_NONE;
    }
    naive_hold(n, b, naive_want(n, b));
    naive_bid_meets_asks(n, b, UNDER_COLLAR);
    if (b->spec.tif != TIF_POST_ONLY) naive_may_displace(n, b);
    return ERR_NONE;
}

void naive_end_bid(struct naive *n, struct bid *b, enum order_state state, enum job_state job,
                   enum reason reason)
{
    b->state = state;
    b->job = job;
    b->reason = reason;
    b->parked = 0;
    b->parked_pool = 0;
    naive_hold(n, b, 0);
}

static enum err_code cancel_job(struct naive *n, int64_t account, int64_t number)
{
    struct bid *b = naive_known_bid(n, number);
    if (b == NULL || b->account != account) return ERR_NOT_FOUND;
    if (b->state == ORDER_OPEN) {
        naive_end_bid(n, b, ORDER_CANCELLED, JOB_CANCELLED, REASON_CANCELLED);
        return ERR_NONE;
    }
    naive_recall(n, b, REASON_CANCELLED);
    if (b->spec.nodes > 1 && b->verdict != VERDICT_CANCELLED) {
        b->exit_code = 0;
        b->verdict = VERDICT_CANCELLED;
        b->verdict_reason = REASON_CANCELLED;
    }
    naive_after_leases(n, b);
    return ERR_NONE;
}

/* ---- The clock and orders ---- */

static enum err_code expire_order(struct naive *n, int64_t number)
{
    struct ask *a = naive_known_ask(n, number);
    struct bid *b = naive_known_bid(n, number);
    if (a == NULL && b == NULL) return ERR_NOT_FOUND;
    if (a != NULL) {
        if (a->state != ORDER_OPEN || a->spec.until_us > n->now) return ERR_WRONG_STATE;
        naive_end_ask(a, ORDER_EXPIRED, REASON_EXPIRED);
    } else {
        if (b->state != ORDER_OPEN || b->spec.expires_us > n->now) return ERR_WRONG_STATE;
        naive_end_bid(n, b, ORDER_EXPIRED, JOB_EXPIRED, REASON_EXPIRED);
    }
    return ERR_NONE;
}

/* Was an order that the command `parked` parked there before the pool's last call? */
static bool called(struct naive *n, int64_t parked, int32_t pool)
{
    return parked != 0 && parked < naive_pool_state(n, pool)->called_seq;
}

static enum err_code reenter(struct naive *n, int64_t number)
{
    struct ask *a = naive_known_ask(n, number);
    struct bid *b = naive_known_bid(n, number);
    if (a == NULL && b == NULL) return ERR_NOT_FOUND;
    if (a != NULL) {
        const bool stale = a->stale;
        const bool back = called(n, a->parked, a->spec.pool);
        if (a->state != ORDER_OPEN || (!stale && !back)) return ERR_WRONG_STATE;
        if (stale) {
            a->traits = traits_of(naive_node(n, a->spec.node));
            a->priority = n->seq;
            a->stale = false;
        }
        a->parked = 0;
        naive_ask_meets_bids(n, a, stale ? UNDER_COLLAR : NO_COLLAR);
        return ERR_NONE;
    }
    if (!called(n, b->parked, b->parked_pool)) return ERR_WRONG_STATE;
    b->parked = 0;
    b->parked_pool = 0;
    naive_bid_meets_asks(n, b, NO_COLLAR);
    return ERR_NONE;
}

static int64_t leases_hold(const struct naive *n, const struct bid *b)
{
    int64_t hold = 0;
    for (size_t i = 0; i < n->leases_n; i++)
        if (n->leases[i].bid == b->bid && naive_lease_lives(&n->leases[i]))
            hold += n->leases[i].hold.micros;
    return hold;
}

static enum err_code trim(struct naive *n, int64_t number)
{
    struct bid *b = naive_known_bid(n, number);
    if (b == NULL) return ERR_NOT_FOUND;
    if (b->state != ORDER_FILLED || b->hold.micros <= leases_hold(n, b)) return ERR_WRONG_STATE;
    naive_hold(n, b, leases_hold(n, b));
    return ERR_NONE;
}

enum err_code naive_order_command(struct naive *n, const struct command *c)
{
    const int64_t order = c->u.order.order;
    switch ((int)c->kind) {
    case COMMAND_PUT_NODE: return put_node(n, c->account, c->u.put_node.node, &c->u.put_node.spec);
    case COMMAND_RATE_NODE:
        return rate_node(n, c->u.rate.number, c->u.rate.tier, c->u.rate.verified);
    case COMMAND_NODE_HEALTH: return node_health(n, c->u.node_health.node, c->u.node_health.well);
    case COMMAND_DRAIN_NODE:
        return drain_node(n, c->account, c->u.drain_node.node, c->u.drain_node.from_us,
                          c->u.drain_node.stops);
    case COMMAND_PLACE_ASK: return place_ask(n, c->account, &c->u.place_ask);
    case COMMAND_AMEND_ASK:
        return amend_ask(n, c->account, c->u.amend_ask.ask, c->u.amend_ask.price.micros,
                         c->u.amend_ask.units);
    case COMMAND_CANCEL_ASK: return cancel_ask(n, c->account, order);
    case COMMAND_SUBMIT_JOB: return submit_job(n, c->account, &c->u.submit_job);
    case COMMAND_AMEND_BID:
        return amend_bid(n, c->account, c->u.amend_bid.bid, c->u.amend_bid.limit.micros);
    case COMMAND_CANCEL_JOB: return cancel_job(n, c->account, order);
    case COMMAND_EXPIRE_ORDER: return expire_order(n, order);
    case COMMAND_REENTER: return reenter(n, order);
    case COMMAND_TRIM: return trim(n, order);
    default: assert(false && "not a command of orders"); return ERR_INTERNAL;
    }
}
