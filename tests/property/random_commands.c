/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/property/random_commands.h"

#include <assert.h>

#define SECOND_US INT64_C(1000000)
#define MONTH_S   2592000
#define GIB       (INT64_C(1) << 30)

/* One of the values that follow, each as likely. */
#define ONE_OF(d, type, ...)                                                                       \
    ((const type[]){ __VA_ARGS__ })[dice_below(                                                    \
        d, (int64_t)(sizeof((const type[]){ __VA_ARGS__ }) / sizeof(type)))]

uint64_t dice_roll(struct dice *d)
{
    uint64_t x = d->state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

int64_t dice_below(struct dice *d, int64_t n)
{
    return (int64_t)(dice_roll(d) % (uint64_t)n);
}

bool dice_percent(struct dice *d, int percent)
{
    return dice_below(d, 100) < percent;
}

/* ---- What kind of market ---- */

/* clang-format off */
static const struct pool all_pools[] = {
    { .number = 1, .name = "a", .gpu_model = "Model A", .tick = { 1000 },
      .unit = { 1, 4000, 16 * GIB, 10 * GIB } },
    { .number = 4, .name = "cpu", .tick = { 1 }, .unit = { 0, 1000, 4 * GIB, GIB } },
    { .number = 2, .name = "b", .gpu_model = "Model B", .tick = { 7 },
      .unit = { 1, 8000, 32 * GIB, 0 } },
    { .number = 9, .name = "a-light", .gpu_model = "Model A", .tick = { 500 },
      .unit = { 1, 2000, 4 * GIB, GIB } },
    { .number = 40, .name = "b-pair", .gpu_model = "Model B", .tick = { 1000000 },
      .unit = { 2, 16000, 64 * GIB, 0 } },
};
/* clang-format on */

void style_roll(struct dice *d, struct style *out)
{
    *out = (struct style){
        .rules = { .fee_bps = ONE_OF(d, int32_t, 100, 100, 0, 1, 333, 10000),
                   .bill_min_seconds = ONE_OF(d, int32_t, 60, 60, 60, 1, 90),
                   .prepare_pay_max_seconds = ONE_OF(d, int32_t, 900, 300, 20),
                   .offer_seconds = ONE_OF(d, int32_t, 30, 600, 3600),
                   .prepare_seconds = ONE_OF(d, int32_t, 900, 900, 60),
                   .stop_seconds = ONE_OF(d, int32_t, 60, 60, 5) },
        .price_base = ONE_OF(d, int64_t, 1, 10, 1000, 123457, 2000000),
        .accounts = (size_t)(4 + dice_below(d, 10)),
        .nodes = (size_t)(2 + dice_below(d, 10)),
        .orders = dice_percent(d, 10) ? 300 : (size_t)(6 + dice_below(d, 50)),
        .pace = ONE_OF(d, int, 2, 4, 10, 20, 50),
        .squeezed = dice_percent(d, 40),
        .laden = dice_percent(d, 6),
    };
    out->late = !out->laden && dice_percent(d, 15);
    out->pools_n = (size_t)(1 + dice_below(d, dice_percent(d, 60) ? 2 : 5));
    for (size_t i = 0; i < out->pools_n; i++)
        out->pools[i] = all_pools[i];
    out->purse = (out->price_base + 3) * 1000 * ONE_OF(d, int64_t, 2, 20, 200, 2000, 100000);
}

/* ---- Parts of commands ---- */

static int64_t some_number(struct dice *d, const struct naive *n)
{
    if (dice_percent(d, 10)) return ONE_OF(d, int64_t, 0, -1, 1, 2, 15, INT64_MAX, INT64_MIN);
    return n->last_seq + 1 - dice_below(d, n->last_seq < 100 ? n->last_seq : 100);
}

static int64_t some_account(struct dice *d, const struct naive *n)
{
    if (dice_percent(d, 2)) return some_number(d, n);
    if (dice_percent(d, 3)) return ONE_OF(d, int64_t, 1, 2);
    if (n->accounts_n == 2) return 2;
    return n->accounts[2 + dice_below(d, (int64_t)n->accounts_n - 2)].account;
}

/* The owner most of the time. */
static int64_t perhaps(struct dice *d, const struct naive *n, int64_t owner)
{
    return dice_percent(d, 94) ? owner : some_account(d, n);
}

static const struct pool *some_pool(struct dice *d, const struct style *s)
{
    return &s->pools[dice_below(d, (int64_t)s->pools_n)];
}

static int64_t odd_amount(struct dice *d)
{
    return ONE_OF(d, int64_t, 0, -1, 1, -1000, INT64_C(1000000000000000), INT64_C(1000000000000001),
                  INT64_MAX, INT64_MIN, INT64_MAX - 807);
}

/* `lean` -1: rather low, as asks are; 1: rather high, as bids are. */
static int64_t some_price(struct dice *d, const struct style *s, const struct pool *p, int lean)
{
    const int64_t one = dice_below(d, 6), two = dice_below(d, 6);
    const int64_t step = (lean < 0) == (one < two) ? one : two;
    const int64_t tick = p->tick.micros, price = tick * (s->price_base + step);
    if (dice_percent(d, 97)) return price;
    switch (dice_below(d, 6)) {
    case 0: return 0;
    case 1: return -price;
    case 2: return price + 1;
    case 3: return INT64_MAX / tick * tick;
    case 4: return tick * INT64_C(1000000000);
    default: return odd_amount(d);
    }
}

static int32_t some_units(struct dice *d)
{
    if (dice_percent(d, 2)) return ONE_OF(d, int32_t, 0, -1, 4095, 4096, INT32_MAX, INT32_MIN);
    return (int32_t)(1 + dice_below(d, dice_percent(d, 80) ? 3 : 8));
}

static int32_t some_seconds(struct dice *d)
{
    if (dice_percent(d, 2))
        return ONE_OF(d, int32_t, 59, 0, -1, MONTH_S, MONTH_S + 1, INT32_MAX, INT32_MIN);
    return ONE_OF(d, int32_t, 60, 61, 90, 100, 600, 600, 3599, 3600, 3600, 7200, 86400);
}

static int64_t some_end(struct dice *d, int64_t now)
{
    if (dice_percent(d, 2))
        return ONE_OF(d, int64_t, now, now - 1, 0, now + MONTH_S * SECOND_US,
                      now + MONTH_S * SECOND_US + 1, INT64_MIN);
    if (dice_percent(d, 10)) return now + ONE_OF(d, int64_t, 1, SECOND_US, 60 * SECOND_US);
    return now + SECOND_US * ONE_OF(d, int64_t, 600, 3600, 3600, 7200, 86400, 86400, 86400, 1728000,
                                    1728000);
}

static int64_t some_budget(struct dice *d, const struct style *s, const struct bid_spec *b)
{
    if (b->limit.micros <= 0 || b->units <= 0 || b->seconds <= 0) return s->purse;
    const __int128 full = naive_cover(b->limit.micros, b->units, b->seconds);
    const __int128 least = naive_cover(b->limit.micros, b->units, s->rules.bill_min_seconds);
    const int64_t top = INT64_C(1000000000000000);
    if (full > top) return dice_percent(d, 50) ? top : odd_amount(d);
    const int64_t f = (int64_t)full, l = (int64_t)(least < top ? least : top);
    if (dice_percent(d, 3)) return odd_amount(d);
    if (dice_percent(d, 8)) return ONE_OF(d, int64_t, l, l + 1, l - 1, l - 1);
    return ONE_OF(d, int64_t, f, f, f + 1, 2 * f, 5 * f, 5 * f, f - f / 3, f / 2, l + l / 2);
}

/* ---- Commands on accounts, nodes and orders ---- */

static void roll_credit(struct dice *d, const struct style *s, struct naive *n, struct command *c)
{
    const struct naive_account *a = naive_account(n, some_account(d, n));
    int64_t amount = s->purse;
    if (dice_percent(d, 15)) amount = odd_amount(d);
    if (s->laden && a != NULL && dice_percent(d, 40)) {
        const int64_t to_the_brim = INT64_MAX - (a->available < 0 ? 0 : a->available);
        const int64_t world = naive_available(n, 1) - INT64_MIN;
        amount = dice_percent(d, 50) ? world : to_the_brim;
        if (dice_percent(d, 60) && amount < INT64_MAX) amount++;
    }
    c->u.credit.account = a != NULL ? a->account : some_number(d, n);
    c->u.credit.amount.micros = amount;
}

static void roll_node(struct dice *d, const struct style *s, struct naive *n, struct command *c)
{
    struct node_spec *spec = &c->u.put_node.spec;
    *spec = (struct node_spec){
        .cpu_millis = ONE_OF(d, int32_t, 8000, 64000, 200000, 1000000, 1000000),
        .memory_bytes = ONE_OF(d, int64_t, 64, 512, 1024, 4096, 4096) * GIB,
        .scratch_bytes = ONE_OF(d, int64_t, 40, 1000, 2000, 2000) * GIB,
        .gpus = ONE_OF(d, int32_t, 0, 2, 8, 16, 16, 16),
    };
    spec->gpu_pool = spec->gpus > 0 || dice_percent(d, 5) ? some_pool(d, s)->number : 0;
    if (dice_percent(d, 2)) spec->gpu_pool = ONE_OF(d, int32_t, 0, 3, -1, 1000);
    if (dice_percent(d, 1)) spec->cpu_millis = ONE_OF(d, int32_t, 0, -1, 1, INT32_MIN);
    if (dice_percent(d, 1)) spec->memory_bytes = ONE_OF(d, int64_t, -1, 0, INT64_MAX);
    if (dice_percent(d, 1)) spec->scratch_bytes = ONE_OF(d, int64_t, -1, 0, INT64_MAX);
    if (dice_percent(d, 1)) spec->gpus = ONE_OF(d, int32_t, -1, 17, INT32_MAX);
    c->account = some_account(d, n);
    if (c->account == 1) c->account = 2; /* account 1 is everybody's operator, not an owner */
    if (n->nodes_n == 0 || (n->nodes_n < s->nodes && dice_percent(d, 60))) return;
    const struct naive_node *node = &n->nodes[dice_below(d, (int64_t)n->nodes_n)];
    c->account = perhaps(d, n, node->account);
    c->u.put_node.node = dice_percent(d, 97) ? node->node : some_number(d, n);
    if (c->u.put_node.node == 0 && c->account == 1) c->account = 2;
    if (dice_percent(d, 50)) return;
    *spec = node->spec; /* a small change */
    spec->cpu_millis += ONE_OF(d, int32_t, -2000, 2000, 0);
    spec->gpus += ONE_OF(d, int32_t, -1, 0, 1, 1);
    if (spec->memory_bytes < 8192 * GIB)
        spec->memory_bytes += GIB * ONE_OF(d, int64_t, -16, 0, 16, 64);
    if (spec->gpus > 0 && spec->gpu_pool == 0) spec->gpu_pool = some_pool(d, s)->number;
}

static void roll_ask(struct dice *d, const struct style *s, struct naive *n, struct command *c)
{
    struct ask_spec *a = &c->u.place_ask;
    const struct pool *p = some_pool(d, s);
    c->account = some_account(d, n);
    a->node = some_number(d, n);
    if (n->nodes_n > 0 && dice_percent(d, 98)) {
        const struct naive_node *node = &n->nodes[dice_below(d, (int64_t)n->nodes_n)];
        a->node = node->node;
        c->account = perhaps(d, n, node->account);
        const struct pool *own = naive_pool(n, node->spec.gpu_pool);
        if (own != NULL && p->unit.gpus > 0 && dice_percent(d, 90)) p = own;
    }
    a->pool = dice_percent(d, 98) ? p->number : ONE_OF(d, int32_t, 0, 3, -1, 1000);
    a->price.micros = some_price(d, s, p, -1);
    a->floor.micros = dice_percent(d, 80) ? p->tick.micros : some_price(d, s, p, -1);
    a->units = some_units(d);
    a->until_us = some_end(d, c->at_us);
    a->seconds_min = dice_percent(d, 85) ? 60 : some_seconds(d);
    a->seconds_max = dice_percent(d, 75) ? MONTH_S : some_seconds(d);
}

static void roll_amend_ask(struct dice *d, const struct style *s, struct naive *n,
                           struct command *c)
{
    c->u.amend_ask.ask = some_number(d, n);
    c->u.amend_ask.units = some_units(d);
    c->account = some_account(d, n);
    c->u.amend_ask.price.micros = some_price(d, s, some_pool(d, s), 1);
    if (n->asks_n == 0 || dice_percent(d, 2)) return;
    const struct naive_ask *a = &n->asks[dice_below(d, (int64_t)n->asks_n)];
    c->u.amend_ask.ask = a->ask;
    c->account = perhaps(d, n, a->account);
    c->u.amend_ask.price = a->spec.price;
    if (dice_percent(d, 70))
        c->u.amend_ask.price.micros = some_price(d, s, naive_pool(n, a->spec.pool), -1);
    const int32_t leased = naive_leased(n, a->ask), units = a->spec.units;
    if (dice_percent(d, 85))
        c->u.amend_ask.units = ONE_OF(d, int32_t, units, units, units + 1, units - 1, units + 3,
                                      leased, leased - 1, leased + 1);
}

static void roll_job(struct dice *d, const struct style *s, struct naive *n, struct command *c)
{
    struct bid_spec *b = &c->u.submit_job;
    const struct pool *p = some_pool(d, s);
    c->account = some_account(d, n);
    b->pool = dice_percent(d, 98) ? p->number : ONE_OF(d, int32_t, 0, 3, -1, 1000);
    b->limit.micros = some_price(d, s, p, 1);
    b->units = some_units(d);
    b->seconds = some_seconds(d);
    if (s->squeezed && dice_percent(d, 50)) b->seconds = ONE_OF(d, int32_t, 60, 61, 90);
    b->expires_us = some_end(d, c->at_us);
    b->attempts_max = ONE_OF(d, int32_t, 1, 2, 3, 3, 3, 10);
    if (dice_percent(d, 2)) b->attempts_max = ONE_OF(d, int32_t, 0, 11, -1, INT32_MAX);
    b->budget.micros = some_budget(d, s, b);
}

static void roll_amend_bid(struct dice *d, const struct style *s, struct naive *n,
                           struct command *c)
{
    c->account = some_account(d, n);
    c->u.amend_bid.bid = some_number(d, n);
    c->u.amend_bid.limit.micros = some_price(d, s, some_pool(d, s), 1);
    if (n->bids_n == 0 || dice_percent(d, 3)) return;
    const struct naive_bid *b = &n->bids[dice_below(d, (int64_t)n->bids_n)];
    const struct pool *p = naive_pool(n, b->spec.pool);
    c->account = perhaps(d, n, b->account);
    c->u.amend_bid.bid = b->bid;
    if (dice_percent(d, 10)) {
        c->u.amend_bid.limit = b->spec.limit;
    } else if (dice_percent(d, 5)) { /* far beyond what the budget carries */
        c->u.amend_bid.limit.micros =
            b->spec.limit.micros < INT64_C(1) << 50 ? b->spec.limit.micros * 100 : p->tick.micros;
    } else {
        c->u.amend_bid.limit.micros = some_price(d, s, p, 1);
    }
}

static void roll_order(struct dice *d, struct naive *n, struct command *c)
{
    const bool of_ask =
        c->kind == COMMAND_CANCEL_ASK || (c->kind == COMMAND_EXPIRE_ORDER && dice_percent(d, 50));
    c->u.order.order = some_number(d, n);
    c->account = some_account(d, n);
    if (dice_percent(d, 5)) return;
    if (of_ask && n->asks_n > 0) {
        const struct naive_ask *a = &n->asks[dice_below(d, (int64_t)n->asks_n)];
        c->u.order.order = a->ask;
        c->account = dice_percent(d, 10) ? 1 : perhaps(d, n, a->account);
    } else if (!of_ask && n->bids_n > 0) {
        const struct naive_bid *b = &n->bids[dice_below(d, (int64_t)n->bids_n)];
        c->u.order.order = b->bid;
        c->account = perhaps(d, n, b->account);
    }
    if (c->kind == COMMAND_EXPIRE_ORDER && dice_percent(d, 90)) c->account = 1;
}

static void roll_payout(struct dice *d, struct naive *n, struct command *c)
{
    if (c->kind == COMMAND_REQUEST_PAYOUT) {
        const struct naive_account *a = naive_account(n, some_account(d, n));
        c->account = a != NULL ? a->account : some_number(d, n);
        const int64_t all = a != NULL ? a->available : 1;
        c->u.request_payout.amount.micros =
            dice_percent(d, 15)
                ? odd_amount(d)
                : ONE_OF(d, int64_t, all, all / 2, all / 5, 1, all < INT64_MAX ? all + 1 : all);
        return;
    }
    c->u.payout.payout = some_number(d, n);
    if (n->payouts_n > 0 && dice_percent(d, 95))
        c->u.payout.payout = n->payouts[dice_below(d, (int64_t)n->payouts_n)].payout;
}

/* ---- Lease commands ---- */

static enum command_kind any_event(struct dice *d)
{
    return ONE_OF(d, enum command_kind, COMMAND_ACCEPT_LEASE, COMMAND_DECLINE_LEASE,
                  COMMAND_LEASE_READY, COMMAND_LEASE_CANNOT_START, COMMAND_LEASE_EXIT,
                  COMMAND_LEASE_TIMEOUT, COMMAND_LEASE_LOST, COMMAND_LEASE_SPENT);
}

/* What an agent or the clock would likely say about a lease in this state. */
static enum command_kind likely_event(struct dice *d, enum lease_state state)
{
    const int64_t roll = dice_below(d, 100);
    switch ((int)state) {
    case LEASE_OFFERED:
        if (roll < 83) return COMMAND_ACCEPT_LEASE;
        if (roll < 89) return COMMAND_DECLINE_LEASE;
        return roll < 96 ? COMMAND_LEASE_TIMEOUT : COMMAND_LEASE_LOST;
    case LEASE_PREPARING:
        if (roll < 65) return COMMAND_LEASE_READY;
        if (roll < 85) return COMMAND_LEASE_CANNOT_START;
        return roll < 96 ? COMMAND_LEASE_TIMEOUT : COMMAND_LEASE_LOST;
    case LEASE_RUNNING:
        if (roll < 60) return COMMAND_LEASE_EXIT;
        return roll < 95 ? COMMAND_LEASE_SPENT : COMMAND_LEASE_LOST;
    case LEASE_STOPPING: return roll < 75 ? COMMAND_LEASE_EXIT : COMMAND_LEASE_LOST;
    default: return any_event(d);
    }
}

static void roll_report(struct dice *d, const struct naive_lease *l, struct command *c)
{
    const int64_t ran = l->ready_us == 0 ? 0 : (c->at_us - l->ready_us) / SECOND_US;
    c->u.lease.seconds = ONE_OF(d, int64_t, ran, ran, ran, ran + 1, ran - 1, ran / 2, 60, 0,
                                l->seconds_max, l->seconds_max + 1, INT64_MAX);
    if (dice_percent(d, 2)) c->u.lease.seconds = ONE_OF(d, int64_t, -1, INT64_MIN);
    c->u.lease.exit_code = ONE_OF(d, int32_t, 0, 0, 0, 0, 1, 137, -1);
    if (c->kind == COMMAND_LEASE_EXIT)
        c->u.lease.reason = ONE_OF(d, enum reason, REASON_DONE, REASON_DONE, REASON_DONE,
                                   REASON_DONE, REASON_OUT_OF_MEMORY, REASON_TIME_SPENT,
                                   REASON_ENGINE_FAILED, (enum reason)dice_below(d, REASONS));
    if (c->kind == COMMAND_LEASE_CANNOT_START) {
        c->u.lease.reason = ONE_OF(d, enum reason, REASON_IMAGE_UNAVAILABLE, REASON_IMAGE_INVALID,
                                   REASON_COMMAND_INVALID, REASON_ENGINE_FAILED);
        if (dice_percent(d, 4)) c->u.lease.reason = (enum reason)dice_below(d, REASONS);
        if (dice_percent(d, 2)) c->u.lease.fault = (enum fault)3; /* no one's */
        c->u.lease.fault = ONE_OF(d, enum fault, WHOSE_BUYER, WHOSE_BUYER, WHOSE_PROVIDER,
                                  WHOSE_PROVIDER, WHOSE_NOBODY);
    }
}

static void roll_lease(struct dice *d, struct naive *n, struct command *c)
{
    c->kind = any_event(d);
    c->account = some_account(d, n);
    c->u.lease.lease = some_number(d, n) % (INT64_C(1) << 50) * 4096 + dice_below(d, 3);
    c->u.lease.epoch = 1;
    if (n->leases_n == 0 || dice_percent(d, 1)) return;
    const struct naive_lease *l = &n->leases[dice_below(d, (int64_t)n->leases_n)];
    if (dice_percent(d, 92)) c->kind = likely_event(d, l->state);
    c->u.lease.lease = l->lease;
    c->u.lease.epoch = dice_percent(d, 98) ? l->epoch : ONE_OF(d, int32_t, 0, 2, -1, INT32_MAX);
    const bool clock = c->kind == COMMAND_LEASE_TIMEOUT || c->kind == COMMAND_LEASE_LOST ||
                       c->kind == COMMAND_LEASE_SPENT;
    c->account = dice_percent(d, clock ? 92 : 6) ? 1 : perhaps(d, n, l->provider);
    roll_report(d, l, c);
}

/* ---- The next command ---- */

/* Mostly nothing passes, or little; sometimes hours; often to the edge of what is due next. */
static int64_t later(struct dice *d, const struct style *s, const struct naive *n)
{
    const int64_t now = n->last_us;
    struct command due;
    int64_t next = 0;
    if (!dice_percent(d, s->pace)) return now;
    if (dice_percent(d, 30) && !naive_due(n, now, &due, &next) && next < INT64_MAX / 2) {
        const int64_t at = next + dice_below(d, 3) - 1;
        if (at >= now && at < now + 259200 * SECOND_US) return at;
    }
    switch (dice_below(d, dice_percent(d, 30) ? 8 : 40)) {
    case 0: return now + 1;
    case 1: return now + 7200 * SECOND_US;
    case 2: return now + dice_below(d, 14400 * SECOND_US);
    case 3: return now + 600 * SECOND_US;
    case 4: return now + 60 * SECOND_US;
    case 5: return now + dice_below(d, 900 * SECOND_US);
    default: return now + dice_below(d, 20 * SECOND_US);
    }
}

static enum command_kind roll_kind(struct dice *d, const struct style *s, const struct naive *n)
{
    if (n->accounts_n < s->accounts && (n->accounts_n < 5 || dice_percent(d, 3)))
        return COMMAND_OPEN_ACCOUNT;
    if (n->nodes_n < 2 && dice_percent(d, 30)) return COMMAND_PUT_NODE;
    const bool full = n->asks_n + n->bids_n > s->orders;
    const int64_t roll = dice_below(d, 100);
    if (roll < 4) return COMMAND_CREDIT;
    if (roll < 6) return COMMAND_PUT_NODE;
    if (roll < 24) return n->asks_n > s->orders / 2 ? COMMAND_CANCEL_ASK : COMMAND_PLACE_ASK;
    if (roll < 29) return COMMAND_AMEND_ASK;
    if (roll < 30) return COMMAND_CANCEL_ASK;
    if (roll < 50) return full ? COMMAND_CANCEL_JOB : COMMAND_SUBMIT_JOB;
    if (roll < 55) return COMMAND_AMEND_BID;
    if (roll < 58) return COMMAND_CANCEL_JOB;
    if (roll < 59) return COMMAND_EXPIRE_ORDER;
    if (roll < 61) return n->payouts_n < 20 ? COMMAND_REQUEST_PAYOUT : COMMAND_COMPLETE_PAYOUT;
    if (roll < 63) return roll == 61 ? COMMAND_COMPLETE_PAYOUT : COMMAND_FAIL_PAYOUT;
    if (n->leases_n == 0 && !full && dice_percent(d, 95))
        return dice_percent(d, 40) ? COMMAND_PLACE_ASK : COMMAND_SUBMIT_JOB;
    return COMMAND_LEASE_EXIT; /* or another of a lease */
}

void random_command(struct dice *d, const struct style *s, struct naive *n, struct command *out)
{
    struct command c = { .account = 1 };
    int64_t next;
    c.at_us = later(d, s, n);
    if (dice_percent(d, 60) && naive_due(n, c.at_us, out, &next)) {
        out->seq = n->last_seq + 1;
        out->at_us = c.at_us;
        return;
    }
    c.kind = roll_kind(d, s, n);
    switch (c.kind) {
    case COMMAND_OPEN_ACCOUNT: break;
    case COMMAND_CREDIT: roll_credit(d, s, n, &c); break;
    case COMMAND_PUT_NODE: roll_node(d, s, n, &c); break;
    case COMMAND_PLACE_ASK: roll_ask(d, s, n, &c); break;
    case COMMAND_AMEND_ASK: roll_amend_ask(d, s, n, &c); break;
    case COMMAND_SUBMIT_JOB: roll_job(d, s, n, &c); break;
    case COMMAND_AMEND_BID: roll_amend_bid(d, s, n, &c); break;
    case COMMAND_CANCEL_ASK:
    case COMMAND_CANCEL_JOB:
    case COMMAND_EXPIRE_ORDER: roll_order(d, n, &c); break;
    case COMMAND_REQUEST_PAYOUT:
    case COMMAND_COMPLETE_PAYOUT:
    case COMMAND_FAIL_PAYOUT: roll_payout(d, n, &c); break;
    case COMMAND_ACCEPT_LEASE:
    case COMMAND_DECLINE_LEASE:
    case COMMAND_LEASE_READY:
    case COMMAND_LEASE_CANNOT_START:
    case COMMAND_LEASE_EXIT:
    case COMMAND_LEASE_TIMEOUT:
    case COMMAND_LEASE_LOST:
    case COMMAND_LEASE_SPENT: roll_lease(d, n, &c); break;
    }
    c.seq = n->last_seq + 1;
    *out = c;
}
