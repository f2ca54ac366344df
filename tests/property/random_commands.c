/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/property/random_commands.h"

#include <assert.h>

#define GIB (INT64_C(1) << 30)

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
    { .number = 1, .name = "a", .gpu_model = "Model A", .tick = { 1000 }, .throughput = 1000,
      .unit = { 1, 4000, 16 * GIB, 10 * GIB } },
    { .number = 4, .name = "cpu", .tick = { 1 }, .unit = { 0, 1000, 4 * GIB, GIB } },
    { .number = 9, .name = "a-light", .gpu_model = "Model A", .tick = { 500 }, .throughput = 700,
      .unit = { 1, 2000, 4 * GIB, GIB } },
    { .number = 2, .name = "b", .gpu_model = "Model B", .tick = { 7 }, .throughput = 3001,
      .unit = { 1, 8000, 32 * GIB, 0 } },
    { .number = 40, .name = "b-pair", .gpu_model = "Model B", .tick = { 1000000 }, .throughput = 2,
      .unit = { 2, 16000, 64 * GIB, 0 } },
    { .number = 41, .name = "a-more", .gpu_model = "Model A", .tick = { 1000 }, .throughput = 1500,
      .unit = { 1, 1000, 4 * GIB, GIB } },
};
/* clang-format on */

/* Times short enough that the clock has much to do. */
static struct market_rules roll_rules(struct dice *d)
{
    return (struct market_rules){
        .fee_bps = ONE_OF(d, int32_t, 100, 100, 0, 1, 333, 10000),
        .bill_min_seconds = ONE_OF(d, int32_t, 60, 60, 60, 1, 90),
        .prepare_pay_max_seconds = ONE_OF(d, int32_t, 900, 300, 20),
        .offer_seconds = ONE_OF(d, int32_t, 30, 600, 3600),
        .prepare_seconds = ONE_OF(d, int32_t, 900, 900, 60),
        .stop_seconds = ONE_OF(d, int32_t, 60, 60, 5),
        .quote_seconds = ONE_OF(d, int32_t, 0, 0, 0, 1, 60),
        .backoff_seconds = ONE_OF(d, int32_t, 1, 1, 10, 600),
        .backoff_max_seconds = ONE_OF(d, int32_t, 600, 600, 1000, 86400),
        .min_run_seconds = ONE_OF(d, int32_t, 10, 60, 60, 600),
        .notice_seconds = ONE_OF(d, int32_t, 1, 120, 120),
        .displace_bps = ONE_OF(d, int32_t, 500, 0, 2500, 10000),
        .pricing = ONE_OF(d, int32_t, PRICE_RESTING, PRICE_RESTING, PRICE_RUNNER_UP),
        .collar_bps = ONE_OF(d, int32_t, 0, 10000, 1000, 100, 1),
        .collar_trades = ONE_OF(d, int32_t, 1, 2, 3, REFERENCE_TRADES),
        .call_seconds = ONE_OF(d, int32_t, 1, 60, 600),
    };
}

void style_roll(struct dice *d, struct style *out)
{
    *out = (struct style){
        .rules = roll_rules(d),
        .price_base = ONE_OF(d, int64_t, 1, 10, 10, 1000, 123457, 2000000),
        .price_steps = ONE_OF(d, int64_t, 1, 3, 6, 6, 12),
        .accounts = (size_t)(5 + dice_below(d, 10)),
        .nodes = (size_t)(2 + dice_below(d, 14)),
        .orders = dice_percent(d, 10) ? 300 : (size_t)(6 + dice_below(d, 50)),
        .pace = ONE_OF(d, int, 2, 4, 10, 20, 50),
        .fancy = ONE_OF(d, int, 0, 10, 30, 60),
        .gangs = ONE_OF(d, int, 0, 5, 20, 60),
        .yielding = ONE_OF(d, int, 0, 30, 60, 95),
        .squeezed = dice_percent(d, 40),
        .laden = dice_percent(d, 6),
    };
    if (dice_percent(d, 35)) {
        out->crowd = true;
        out->yielding = ONE_OF(d, int, 50, 80);
        out->rules.min_run_seconds = ONE_OF(d, int32_t, 5, 10, 30, 60);
        out->pace = ONE_OF(d, int, 10, 20);
    }
    out->late = !out->laden && dice_percent(d, 15);
    out->pools_n = (size_t)(1 + dice_below(d, dice_percent(d, 60) ? 3 : 6));
    for (size_t i = 0; i < out->pools_n; i++)
        out->pools[i] = all_pools[i];
    out->purse = (out->price_base + 3) * 1000 * ONE_OF(d, int64_t, 2, 20, 200, 2000, 100000);
    if (out->late && dice_percent(d, 50)) out->deep = true;
    if (dice_percent(d, 6)) out->deep = true;
    if (!out->deep) return;
    out->pools_n = 1;
    out->price_steps = 1 + dice_below(d, 2);
    out->orders = 200;
    out->nodes = 16;
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
    if (dice_percent(d, 3)) return ONE_OF(d, int64_t, 1, 2, 3);
    if (n->accounts_n == 3) return 2;
    return n->accounts[3 + dice_below(d, (int64_t)n->accounts_n - 3)].account;
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
    const int64_t one = dice_below(d, s->price_steps), two = dice_below(d, s->price_steps);
    const int64_t step = (lean < 0) == (one < two) ? one : two;
    const int64_t tick = p->tick.micros, price = tick * (s->price_base + step);
    if (dice_percent(d, 4)) return price * ONE_OF(d, int64_t, 2, 3, 10); /* the collar's */
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
    if (dice_percent(d, 2)) return ONE_OF(d, int32_t, 0, -1, 4032, 4033, INT32_MAX, INT32_MIN);
    return (int32_t)(1 + dice_below(d, dice_percent(d, 80) ? 3 : 8));
}

static int32_t some_seconds(struct dice *d)
{
    if (dice_percent(d, 2))
        return ONE_OF(d, int32_t, 59, 0, -1, 2592000, 2592001, INT32_MAX, INT32_MIN);
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
    const int64_t units = (int64_t)b->wants[0].units * b->nodes;
    if (b->limit.micros <= 0 || units <= 0 || b->seconds <= 0) return s->purse;
    const __int128 full = naive_cover(b->limit.micros, units, b->seconds);
    const __int128 least = naive_cover(b->limit.micros, units, s->rules.bill_min_seconds);
    const int64_t top = INT64_C(1000000000000000);
    if (full > top) return dice_percent(d, 50) ? top : odd_amount(d);
    const int64_t f = (int64_t)full, l = (int64_t)(least < top ? least : top);
    if (dice_percent(d, 3)) return odd_amount(d);
    if (dice_percent(d, 8)) return ONE_OF(d, int64_t, l, l + 1, l - 1, l - 1);
    return ONE_OF(d, int64_t, f, f, f + 1, 2 * f, 5 * f, 5 * f, f - f / 3, f / 2, l + l / 2);
}

/* Few values of each, so that lines and cells are shared. */
static struct traits some_traits(struct dice *d, const struct style *s, const struct naive *n,
                                 int64_t account)
{
    struct traits t = { 0 };
    if (dice_percent(d, s->fancy)) t.region = ONE_OF(d, int32_t, 0, 1, 7);
    if (dice_percent(d, s->fancy)) t.isolation = ONE_OF(d, int32_t, 0, 1, 3, 4);
    if (dice_percent(d, s->fancy)) t.interconnect = ONE_OF(d, int32_t, 1, 2);
    if (dice_percent(d, s->fancy)) t.bandwidth_mbps = ONE_OF(d, int32_t, 100, 1000);
    if (dice_percent(d, s->fancy)) t.label = ONE_OF(d, int64_t, 5, 6);
    if (dice_percent(d, 60)) {
        for (size_t i = 0; i < n->nodes_n; i++)
            if (n->nodes[i].account == account && dice_percent(d, 50)) t.site = n->nodes[i].node;
    }
    if (dice_percent(d, 2)) t.region = ONE_OF(d, int32_t, -1, 8);
    if (dice_percent(d, 1)) t.isolation = ONE_OF(d, int32_t, -1, 5);
    if (dice_percent(d, 1)) t.interconnect = ONE_OF(d, int32_t, -1, 3);
    if (dice_percent(d, 1)) t.bandwidth_mbps = ONE_OF(d, int32_t, -1, INT32_MAX);
    if (dice_percent(d, 1)) t.label = ONE_OF(d, int64_t, -1, INT64_MAX);
    if (dice_percent(d, 1)) t.site = some_number(d, n);
    return t;
}

static struct wish some_wish(struct dice *d, const struct style *s)
{
    struct wish w = { 0 };
    if (!dice_percent(d, 40)) return w;
    if (dice_percent(d, s->fancy)) w.regions = ONE_OF(d, int32_t, 1, 3, 2, 129, 254, 255);
    if (dice_percent(d, s->fancy)) w.isolation_min = ONE_OF(d, int32_t, 0, 1, 3, 4);
    if (dice_percent(d, s->fancy)) w.interconnect_min = ONE_OF(d, int32_t, 1, 2);
    if (dice_percent(d, s->fancy)) w.bandwidth_min_mbps = ONE_OF(d, int32_t, 1, 100, 500);
    if (dice_percent(d, s->fancy)) w.label = ONE_OF(d, int64_t, 5, 6);
    if (dice_percent(d, s->fancy)) w.tier_min = ONE_OF(d, int32_t, 0, 1, 2);
    if (dice_percent(d, s->fancy)) w.verified = 1;
    if (dice_percent(d, s->fancy)) w.egress = ONE_OF(d, int32_t, 0, 1, 2);
    if (dice_percent(d, 1)) w.regions = ONE_OF(d, int32_t, -1, 256);
    if (dice_percent(d, 1)) w.tier_min = ONE_OF(d, int32_t, -1, 4);
    if (dice_percent(d, 1)) w.isolation_min = ONE_OF(d, int32_t, -1, 5);
    if (dice_percent(d, 1)) w.interconnect_min = ONE_OF(d, int32_t, -1, 3);
    if (dice_percent(d, 1)) w.egress = ONE_OF(d, int32_t, -1, 3);
    if (dice_percent(d, 1)) w.bandwidth_min_mbps = -1;
    if (dice_percent(d, 1)) w.label = -1;
    return w;
}

/* ---- Commands on accounts, nodes and orders ---- */

static void roll_credit(struct dice *d, const struct style *s, struct naive *n, struct command *c)
{
    const struct balance *a = naive_account(n, some_account(d, n));
    int64_t amount = s->purse;
    if (dice_percent(d, 15)) amount = odd_amount(d);
    if (s->laden && a != NULL && dice_percent(d, 40)) {
        const int64_t to_the_brim = INT64_MAX - (a->available.micros < 0 ? 0 : a->available.micros);
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
    spec->traits = some_traits(d, s, n, c->account);
    if (n->nodes_n == 0 || (n->nodes_n < s->nodes && dice_percent(d, 60))) return;
    const struct node *node = &n->nodes[dice_below(d, (int64_t)n->nodes_n)];
    c->account = perhaps(d, n, node->account);
    spec->traits = some_traits(d, s, n, node->account);
    c->u.put_node.node = dice_percent(d, 97) ? node->node : some_number(d, n);
    if (c->u.put_node.node == 0 && c->account == 1) c->account = 2;
    if (dice_percent(d, 50)) return;
    *spec = node->spec; /* a small change */
    if (dice_percent(d, 30)) spec->traits = some_traits(d, s, n, node->account);
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
        const struct node *node = &n->nodes[dice_below(d, (int64_t)n->nodes_n)];
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
    a->seconds_max = dice_percent(d, 75) ? (int32_t)MONTH_S : some_seconds(d);
    a->egress_max = dice_percent(d, 80) ? 2 : ONE_OF(d, int32_t, 0, 1, 2);
    a->risk_seconds = dice_percent(d, 80) ? 100000000 : some_seconds(d);
    a->interruptible = dice_percent(d, s->yielding / 3);
    a->post_only = dice_percent(d, 8);
    if (dice_percent(d, s->fancy / 3)) a->buyer_tier_min = ONE_OF(d, int32_t, 1, 2, 3);
    if (dice_percent(d, s->fancy / 2)) a->sets = ONE_OF(d, int64_t, 1, 2, 3, 5, 6, INT64_MAX);
    if (dice_percent(d, 1)) a->sets = -1;
    if (dice_percent(d, 1)) a->buyer_tier_min = ONE_OF(d, int32_t, -1, 4);
    if (dice_percent(d, 1)) a->egress_max = ONE_OF(d, int32_t, -1, 3);
}

static void roll_amend_ask(struct dice *d, const struct style *s, struct naive *n,
                           struct command *c)
{
    c->u.amend_ask.ask = some_number(d, n);
    c->u.amend_ask.units = some_units(d);
    c->account = some_account(d, n);
    c->u.amend_ask.price.micros = some_price(d, s, some_pool(d, s), 1);
    if (n->asks_n == 0 || dice_percent(d, 2)) return;
    const struct ask *a = &n->asks[dice_below(d, (int64_t)n->asks_n)];
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

static void roll_wants(struct dice *d, const struct style *s, struct bid_spec *b)
{
    b->wants_n = dice_percent(d, 60) ? 1 : (int32_t)(1 + dice_below(d, (int64_t)s->pools_n));
    for (int32_t i = 0; i < b->wants_n; i++) {
        const struct pool *p = some_pool(d, s);
        for (int k = 0; k < i; k++)
            if (b->wants[k].pool == p->number && dice_percent(d, 97)) {
                p = some_pool(d, s);
                k = -1;
            }
        b->wants[i] = (struct want){ p->number, some_units(d) };
    }
    if (dice_percent(d, 1)) b->wants[0].pool = ONE_OF(d, int32_t, 0, 3, -1, 1000);
    if (dice_percent(d, 1)) b->wants_n = ONE_OF(d, int32_t, 0, -1, 9);
    if (b->wants_n == 9)
        for (int32_t i = 0; i < WANTS_MAX; i++)
            b->wants[i] = (struct want){ s->pools[0].number, 1 };
}

/* The limit is often on the ticks of all pools. */
static int64_t some_limit(struct dice *d, const struct style *s, const struct bid_spec *b)
{
    const struct pool *p = &s->pools[0];
    for (size_t i = 0; i < s->pools_n; i++)
        if (s->pools[i].number == b->wants[0].pool) p = &s->pools[i];
    int64_t limit = some_price(d, s, p, 1);
    if (b->rank == RANK_VALUE || b->wants_n < 2 || limit < 0 || limit > 1000000000 ||
        dice_percent(d, 5))
        return limit;
    for (int32_t i = 0; i < b->wants_n && i < WANTS_MAX; i++)
        for (size_t k = 0; k < s->pools_n; k++)
            if (s->pools[k].number == b->wants[i].pool && limit % s->pools[k].tick.micros != 0)
                limit *= s->pools[k].tick.micros;
    return limit;
}

static void roll_kind_of_bid(struct dice *d, const struct style *s, struct bid_spec *b)
{
    b->nodes = dice_percent(d, s->gangs) ? (int32_t)(2 + dice_below(d, 3)) : 1;
    b->same_site = dice_percent(d, 40);
    b->tif =
        ONE_OF(d, enum time_in_force, TIF_GOOD_TILL_TIME, TIF_GOOD_TILL_TIME, TIF_GOOD_TILL_TIME,
               TIF_GOOD_TILL_TIME, TIF_GOOD_TILL_TIME, TIF_GOOD_TILL_TIME, TIF_GOOD_TILL_TIME,
               TIF_GOOD_TILL_TIME, TIF_POST_ONLY, (enum time_in_force)dice_below(d, 4));
    b->own = ONE_OF(d, enum own, OWN_FIRST, OWN_FIRST, OWN_FIRST, OWN_NEVER, OWN_NEVER,
                    dice_percent(d, 40) ? OWN_ONLY : OWN_FIRST);
    b->rank = dice_percent(d, 25) ? RANK_VALUE : RANK_PRICE;
    b->interruptible = dice_percent(d, s->yielding);
    if (dice_percent(d, 6) && (dice_percent(d, 5) || (b->nodes == 1 && b->own != OWN_ONLY)))
        b->auction_ms = ONE_OF(d, int32_t, 1, 100, 5000, 5000, 5000);
    if (b->auction_ms > 0 && dice_percent(d, 95)) b->tif = TIF_GOOD_TILL_TIME;
    if (dice_percent(d, 1)) b->auction_ms = ONE_OF(d, int32_t, -1, 5001);
    if (dice_percent(d, 1)) b->nodes = ONE_OF(d, int32_t, 0, -1, 64, 65);
    if (dice_percent(d, 1)) b->tif = (enum time_in_force)4;
    if (dice_percent(d, 1)) b->rank = (enum rank)2;
    if (dice_percent(d, 1)) b->own = (enum own)3;
}

/* Want the place of a lease that is ripe, if there is one, for about what it takes. */
static void aim_at_victim(struct dice *d, struct naive *n, struct command *c)
{
    struct bid_spec *b = &c->u.submit_job;
    for (size_t i = 0; i < n->leases_n; i++) {
        const struct lease *l = &n->leases[i];
        const struct bid *theirs = naive_bid(n, l->bid);
        if (!l->ripe || l->state != LEASE_RUNNING || !dice_percent(d, 30)) continue;
        const struct pool *p = naive_pool(n, l->pool);
        const int64_t limit = naive_limit(n, theirs, naive_want_for(theirs, l->pool));
        b->wants[0] = (struct want){ l->pool, l->units };
        b->wants_n = 1;
        b->nodes = 1;
        b->auction_ms = 0;
        if (dice_percent(d, 80)) b->wish = (struct wish){ 0 };
        if (dice_percent(d, 80)) b->tif = TIF_GOOD_TILL_TIME;
        if (dice_percent(d, 80)) b->own = OWN_NEVER;
        if (dice_percent(d, 60)) b->interruptible = false;
        const struct ask *a = naive_ask(n, l->ask);
        if (a == NULL || a->state != ORDER_OPEN) continue;
        const int64_t left = (a->spec.until_us - c->at_us) / SECOND_US;
        if (b->seconds > a->spec.seconds_max) b->seconds = a->spec.seconds_max;
        if (b->seconds > left && left >= 60) b->seconds = (int32_t)left;
        b->rank = RANK_PRICE;
        b->checkpoint_seconds = 60;
        b->limit.micros = limit + p->tick.micros * ONE_OF(d, int64_t, 1, 1, 2, 3, limit / 10);
        b->limit.micros -= b->limit.micros % p->tick.micros;
        if (limit > 0 && limit < INT64_C(1000000000000))
            b->budget.micros = (int64_t)naive_cover(b->limit.micros * 3, l->units, b->seconds);
        if (dice_percent(d, 25)) { /* on his own machine */
            c->account = l->provider;
            if (dice_percent(d, 70)) b->own = OWN_FIRST;
        }
        return;
    }
}

static void roll_job(struct dice *d, const struct style *s, struct naive *n, struct command *c)
{
    struct bid_spec *b = &c->u.submit_job;
    c->account = some_account(d, n);
    roll_wants(d, s, b);
    roll_kind_of_bid(d, s, b);
    b->limit.micros = some_limit(d, s, b);
    b->seconds = some_seconds(d);
    if (s->squeezed && dice_percent(d, 50)) b->seconds = ONE_OF(d, int32_t, 60, 61, 90);
    if (s->crowd && dice_percent(d, 85)) b->seconds = ONE_OF(d, int32_t, 3600, 7200, 86400);
    b->checkpoint_seconds = dice_percent(d, 70) ? 60 : some_seconds(d);
    b->expires_us = some_end(d, c->at_us);
    b->attempts_max = ONE_OF(d, int32_t, 1, 2, 3, 3, 3, 10);
    if (dice_percent(d, 2)) b->attempts_max = ONE_OF(d, int32_t, 0, 11, -1, INT32_MAX);
    b->wish = some_wish(d, s);
    b->budget.micros = some_budget(d, s, b);
    if (s->crowd) aim_at_victim(d, n, c);
}

static void roll_amend_bid(struct dice *d, const struct style *s, struct naive *n,
                           struct command *c)
{
    c->account = some_account(d, n);
    c->u.amend_bid.bid = some_number(d, n);
    c->u.amend_bid.limit.micros = some_price(d, s, some_pool(d, s), 1);
    if (n->bids_n == 0 || dice_percent(d, 3)) return;
    const struct bid *b = &n->bids[dice_below(d, (int64_t)n->bids_n)];
    const struct pool *p = naive_pool(n, b->spec.wants[0].pool);
    c->account = perhaps(d, n, b->account);
    c->u.amend_bid.bid = b->bid;
    if (dice_percent(d, 10)) {
        c->u.amend_bid.limit = b->spec.limit;
    } else if (dice_percent(d, 5)) { /* far beyond what the budget carries */
        c->u.amend_bid.limit.micros =
            b->spec.limit.micros < INT64_C(1) << 50 ? b->spec.limit.micros * 100 : p->tick.micros;
    } else {
        c->u.amend_bid.limit.micros = some_limit(d, s, &b->spec);
    }
}

static void roll_order(struct dice *d, struct naive *n, struct command *c)
{
    const bool of_ask =
        c->kind == COMMAND_CANCEL_ASK ||
        ((c->kind == COMMAND_EXPIRE_ORDER || c->kind == COMMAND_REENTER) && dice_percent(d, 50));
    c->u.order.order = some_number(d, n);
    c->account = some_account(d, n);
    if (dice_percent(d, 5)) return;
    if (of_ask && n->asks_n > 0) {
        const struct ask *a = &n->asks[dice_below(d, (int64_t)n->asks_n)];
        c->u.order.order = a->ask;
        c->account = dice_percent(d, 10) ? 1 : perhaps(d, n, a->account);
    } else if (!of_ask && n->bids_n > 0) {
        const struct bid *b = &n->bids[dice_below(d, (int64_t)n->bids_n)];
        c->u.order.order = b->bid;
        c->account = perhaps(d, n, b->account);
    }
    const bool owners = c->kind == COMMAND_CANCEL_ASK || c->kind == COMMAND_CANCEL_JOB;
    if (!owners && dice_percent(d, 90)) c->account = 1;
}

/* ---- Ratings, teams, offers, the call ---- */

static void roll_rate(struct dice *d, struct naive *n, struct command *c)
{
    if (dice_percent(d, 5)) c->account = some_account(d, n);
    c->u.rate.number = some_account(d, n);
    if (c->kind == COMMAND_RATE_NODE)
        c->u.rate.number = n->nodes_n > 0 && dice_percent(d, 97)
                               ? n->nodes[dice_below(d, (int64_t)n->nodes_n)].node
                               : some_number(d, n);
    c->u.rate.tier = dice_percent(d, 96) ? (int32_t)dice_below(d, 4) : ONE_OF(d, int32_t, -1, 4);
    c->u.rate.verified =
        dice_percent(d, 98) ? (int32_t)dice_below(d, 2) : ONE_OF(d, int32_t, -1, 2);
}

static void roll_health(struct dice *d, struct naive *n, struct command *c)
{
    const struct node *node = n->nodes_n > 0 ? &n->nodes[dice_below(d, (int64_t)n->nodes_n)] : NULL;
    if (dice_percent(d, 3)) c->account = some_account(d, n);
    c->u.node_health.node = node && dice_percent(d, 97) ? node->node : some_number(d, n);
    c->u.node_health.well = node && dice_percent(d, 80) ? node->ill_since_us != 0
                            : dice_percent(d, 95)       ? (int32_t)dice_below(d, 2)
                                                        : ONE_OF(d, int32_t, -1, 2);
}

/* A node that drains, of which nothing runs any more: it is to be offered again. */
static const struct node *drained_node(const struct naive *n)
{
    for (size_t i = 0; i < n->nodes_n; i++) {
        bool empty = n->nodes[i].drain_us != 0;
        for (size_t k = 0; k < n->leases_n && empty; k++)
            empty = n->leases[k].node != n->nodes[i].node || n->leases[k].state != LEASE_RUNNING;
        if (empty) return &n->nodes[i];
    }
    return NULL;
}

static void roll_drain(struct dice *d, struct naive *n, struct command *c)
{
    const struct node *const drained = drained_node(n);

    if (drained && dice_percent(d, 80)) {
        c->account = drained->account;
        c->u.drain_node.node = drained->node;
        return;
    }
    c->u.drain_node.node = some_number(d, n);
    c->account = some_account(d, n);
    if (n->nodes_n > 0 && dice_percent(d, 95)) {
        const struct node *node = &n->nodes[dice_below(d, (int64_t)n->nodes_n)];
        c->u.drain_node.node = node->node;
        c->account = perhaps(d, n, node->account);
    }
    c->u.drain_node.from_us =
        ONE_OF(d, int64_t, 0, 0, 0, 1, c->at_us, c->at_us + dice_below(d, 900 * SECOND_US),
               c->at_us + 3600 * SECOND_US);
    if (dice_percent(d, 4))
        c->u.drain_node.from_us = ONE_OF(d, int64_t, -1, INT64_MAX, INT64_MIN,
                                         c->at_us + MONTH_S * SECOND_US + dice_below(d, 2));
    c->u.drain_node.stops = dice_percent(d, 60);
    for (size_t i = 0; i < n->leases_n; i++) {
        if (n->leases[i].state != LEASE_RUNNING || !dice_percent(d, 80)) continue;
        c->u.drain_node.node = n->leases[i].node;
        c->account = n->leases[i].provider;
        c->u.drain_node.from_us = 1;
        c->u.drain_node.stops = dice_percent(d, 85);
        break;
    }
}

static void roll_team(struct dice *d, struct naive *n, struct command *c)
{
    const struct standing *s = &n->standings[dice_below(d, (int64_t)n->accounts_n)];
    c->account = some_account(d, n);
    if (c->kind == COMMAND_INVITE) {
        c->u.invite.account = some_account(d, n);
        c->u.invite.quota = ONE_OF(d, int32_t, 0, 0, 1, 2, 4, 1000000);
        if (dice_percent(d, 2)) c->u.invite.quota = ONE_OF(d, int32_t, -1, 1000001);
        return;
    }
    c->u.team.account = some_account(d, n);
    if (!dice_percent(d, 90)) return;
    for (size_t i = 0; i < n->accounts_n; i++) /* one that can do it, if there is one */
        if (c->kind == COMMAND_JOIN_TEAM ? n->standings[i].invited_by != 0
                                         : n->standings[i].team != 0)
            if (dice_percent(d, 40)) s = &n->standings[i];
    if (c->kind == COMMAND_JOIN_TEAM) {
        c->account = s->account;
        if (s->invited_by != 0 && dice_percent(d, 95)) c->u.team.account = s->invited_by;
    } else {
        c->u.team.account = s->account;
        c->account = perhaps(d, n, dice_percent(d, 50) ? s->account : s->team);
    }
}

static void roll_offer(struct dice *d, const struct style *s, struct naive *n, struct command *c)
{
    c->u.offer.bid = some_number(d, n);
    c->u.offer.ask = some_number(d, n);
    c->account = some_account(d, n);
    const struct bid *b = NULL;
    for (size_t i = 0; i < n->bids_n; i++)
        if (n->bids[i].sealed && (b == NULL || dice_percent(d, 50))) b = &n->bids[i];
    if (b == NULL && n->bids_n > 0) b = &n->bids[dice_below(d, (int64_t)n->bids_n)];
    if (b != NULL && dice_percent(d, 97)) c->u.offer.bid = b->bid;
    if (n->asks_n == 0) return;
    const struct ask *a = &n->asks[dice_below(d, (int64_t)n->asks_n)];
    for (int k = 0; k < 5 && b != NULL && naive_want_for(b, a->spec.pool) == NULL; k++)
        a = &n->asks[dice_below(d, (int64_t)n->asks_n)];
    c->u.offer.ask = a->ask;
    c->account = perhaps(d, n, a->account);
    c->u.offer.price.micros = dice_percent(d, 30)
                                  ? a->spec.floor.micros
                                  : some_price(d, s, naive_pool(n, a->spec.pool), -1);
}

/* Few of them change at a time. */
static void roll_set_rules(struct dice *d, struct naive *n, struct command *c)
{
    const struct market_rules other = roll_rules(d);
    struct market_rules *r = &c->u.set_rules;
    if (dice_percent(d, 5)) c->account = some_account(d, n);
    *r = n->rules;
    if (dice_percent(d, 30)) r->fee_bps = other.fee_bps;
    if (dice_percent(d, 30)) r->offer_seconds = other.offer_seconds;
    if (dice_percent(d, 30)) r->stop_seconds = other.stop_seconds;
    if (dice_percent(d, 30)) r->quote_seconds = other.quote_seconds;
    if (dice_percent(d, 30)) r->min_run_seconds = other.min_run_seconds;
    if (dice_percent(d, 30)) r->displace_bps = other.displace_bps;
    if (dice_percent(d, 30)) r->pricing = other.pricing;
    if (dice_percent(d, 30)) r->collar_bps = other.collar_bps;
    if (dice_percent(d, 30)) r->collar_trades = other.collar_trades;
    if (dice_percent(d, 30)) r->call_seconds = other.call_seconds;
    if (dice_percent(d, 30)) r->bill_min_seconds = other.bill_min_seconds;
    if (dice_percent(d, 5)) r->fee_bps = ONE_OF(d, int32_t, -1, 10001);
    if (dice_percent(d, 5)) r->collar_trades = ONE_OF(d, int32_t, 0, REFERENCE_TRADES + 1);
    if (dice_percent(d, 5)) r->pricing = ONE_OF(d, int32_t, -1, 2);
}

static void roll_call(struct dice *d, const struct style *s, struct naive *n, struct command *c)
{
    if (dice_percent(d, 5)) c->account = some_account(d, n);
    c->u.call.pool = dice_percent(d, 90) ? some_pool(d, s)->number : ONE_OF(d, int32_t, 0, -1, 77);
}

static void roll_payout(struct dice *d, struct naive *n, struct command *c)
{
    if (c->kind == COMMAND_REQUEST_PAYOUT) {
        const struct balance *a = naive_account(n, some_account(d, n));
        c->account = a != NULL ? a->account : some_number(d, n);
        const int64_t all = a != NULL ? a->available.micros : 1;
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
                  COMMAND_LEASE_PREPARED, COMMAND_LEASE_READY, COMMAND_LEASE_CANNOT_START,
                  COMMAND_LEASE_EXIT, COMMAND_LEASE_TIMEOUT, COMMAND_LEASE_LOST,
                  COMMAND_LEASE_SPENT, COMMAND_LEASE_RIPE, COMMAND_LEASE_CHECKPOINT,
                  COMMAND_LEASE_DRAINED);
}

/* What an agent or the clock would likely say about a lease in this state. */
static enum command_kind likely_event(struct dice *d, const struct style *s, enum lease_state state)
{
    const int64_t roll = dice_below(d, 100);
    if (s->crowd && state == LEASE_RUNNING && roll < 97)
        return roll < 90 ? COMMAND_LEASE_RIPE : COMMAND_LEASE_EXIT;
    switch ((int)state) {
    case LEASE_OFFERED:
        if (roll < 83) return COMMAND_ACCEPT_LEASE;
        if (roll < 89) return COMMAND_DECLINE_LEASE;
        return roll < 96 ? COMMAND_LEASE_TIMEOUT : COMMAND_LEASE_LOST;
    case LEASE_PREPARING:
        if (roll < 20) return COMMAND_LEASE_PREPARED;
        if (roll < 65) return COMMAND_LEASE_READY;
        if (roll < 85) return COMMAND_LEASE_CANNOT_START;
        return roll < 96 ? COMMAND_LEASE_TIMEOUT : COMMAND_LEASE_LOST;
    case LEASE_RUNNING:
        if (roll < 40) return COMMAND_LEASE_EXIT;
        if (roll < 57) return COMMAND_LEASE_CHECKPOINT;
        if (roll < 72) return COMMAND_LEASE_RIPE;
        if (roll < 75) return COMMAND_LEASE_DRAINED;
        return roll < 95 ? COMMAND_LEASE_SPENT : COMMAND_LEASE_LOST;
    case LEASE_PREEMPTED:
    case LEASE_STOPPING:
        if (roll < 15) return COMMAND_LEASE_CHECKPOINT;
        return roll < 78 ? COMMAND_LEASE_EXIT : COMMAND_LEASE_LOST;
    default: return any_event(d);
    }
}

/* Has the time come for it on a node that is being emptied? */
static bool must_leave(const struct naive *n, const struct lease *l, int64_t now_us)
{
    for (size_t i = 0; i < n->nodes_n; i++) {
        const struct node *const node = &n->nodes[i];
        if (node->node == l->node)
            return l->state == LEASE_RUNNING && node->drain_stops && node->drain_us != 0 &&
                   node->drain_us <= now_us;
    }
    return false;
}

static void roll_report(struct dice *d, const struct lease *l, struct command *c)
{
    const int64_t ran = l->ready_us == 0 ? 0 : (c->at_us - l->ready_us) / SECOND_US;
    c->u.lease.seconds = ONE_OF(d, int64_t, ran, ran, ran, ran + 1, ran - 1, ran / 2, 60, 0,
                                l->seconds_max, l->seconds_max + 1, INT64_MAX);
    if (dice_percent(d, 2)) c->u.lease.seconds = ONE_OF(d, int64_t, -1, INT64_MIN);
    if (c->kind == COMMAND_LEASE_CHECKPOINT) {
        c->u.lease.looked = c->u.lease.seconds;
        c->u.lease.seconds = dice_percent(d, 70)
                                 ? c->u.lease.looked / 2
                                 : ONE_OF(d, int64_t, 0, ran, ran + 1, 1, INT64_MAX);
        return;
    }
    c->u.lease.exit_code = ONE_OF(d, int32_t, 0, 0, 0, 0, 1, 137, -1);
    if (c->kind == COMMAND_LEASE_EXIT)
        c->u.lease.reason =
            ONE_OF(d, enum reason, REASON_DONE, REASON_DONE, REASON_DONE, REASON_DONE,
                   REASON_OUT_OF_MEMORY, REASON_TIME_SPENT, REASON_EGRESS_SPENT,
                   REASON_ENGINE_FAILED, (enum reason)dice_below(d, REASONS));
    if (c->kind == COMMAND_LEASE_EXIT && l->state == LEASE_PREEMPTED && dice_percent(d, 60))
        c->u.lease.reason = dice_percent(d, 90) ? l->reason : REASON_DISPLACED;
    if (c->kind == COMMAND_LEASE_CANNOT_START) {
        c->u.lease.reason = ONE_OF(d, enum reason, REASON_IMAGE_UNAVAILABLE, REASON_IMAGE_INVALID,
                                   REASON_COMMAND_INVALID, REASON_ENGINE_FAILED);
        if (dice_percent(d, 4)) c->u.lease.reason = (enum reason)dice_below(d, REASONS);
        if (dice_percent(d, 2)) c->u.lease.fault = (enum fault)3; /* no one's */
        c->u.lease.fault = ONE_OF(d, enum fault, WHOSE_BUYER, WHOSE_BUYER, WHOSE_PROVIDER,
                                  WHOSE_PROVIDER, WHOSE_NOBODY);
    }
}

static void roll_lease(struct dice *d, const struct style *s, struct naive *n, struct command *c)
{
    c->kind = any_event(d);
    c->account = some_account(d, n);
    c->u.lease.lease = some_number(d, n) % (INT64_C(1) << 50) * 4096 + dice_below(d, 3);
    c->u.lease.epoch = 1;
    if (n->leases_n == 0 || dice_percent(d, 1)) return;
    const struct lease *l = &n->leases[dice_below(d, (int64_t)n->leases_n)];
    for (size_t i = 0; i < n->leases_n; i++)
        if (must_leave(n, &n->leases[i], c->at_us) && dice_percent(d, 75)) l = &n->leases[i];
    if (must_leave(n, l, c->at_us) && dice_percent(d, 85))
        c->kind = COMMAND_LEASE_DRAINED;
    else if (dice_percent(d, 92))
        c->kind = likely_event(d, s, l->state);
    c->u.lease.lease = l->lease;
    c->u.lease.epoch = dice_percent(d, 98) ? l->epoch : ONE_OF(d, int32_t, 0, 2, -1, INT32_MAX);
    const bool clock = c->kind == COMMAND_LEASE_TIMEOUT || c->kind == COMMAND_LEASE_LOST ||
                       c->kind == COMMAND_LEASE_SPENT || c->kind == COMMAND_LEASE_RIPE ||
                       c->kind == COMMAND_LEASE_DRAINED;
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

static enum command_kind roll_rare(struct dice *d)
{
    return ONE_OF(d, enum command_kind, COMMAND_EXPIRE_ORDER, COMMAND_REENTER, COMMAND_TRIM,
                  COMMAND_CLOSE_AUCTION, COMMAND_CALL, COMMAND_OFFER, COMMAND_SET_RULES);
}

static enum command_kind roll_seldom(struct dice *d, const struct naive *n)
{
    for (size_t i = 0; i < n->bids_n; i++)
        if (n->bids[i].sealed && dice_percent(d, 80)) return COMMAND_OFFER;
    for (size_t i = 0; i < n->nodes_n; i++)
        if (n->nodes[i].ill_since_us != 0 && dice_percent(d, 90)) return COMMAND_NODE_HEALTH;
    for (size_t i = 0; i < n->nodes_n; i++)
        if (n->nodes[i].drain_us != 0 && dice_percent(d, 60)) return COMMAND_DRAIN_NODE;
    if (dice_percent(d, 3)) return COMMAND_NODE_HEALTH;
    return ONE_OF(d, enum command_kind, COMMAND_RATE_NODE, COMMAND_RATE_ACCOUNT, COMMAND_INVITE,
                  COMMAND_JOIN_TEAM, COMMAND_LEAVE_TEAM, COMMAND_LEAVE_TEAM, COMMAND_INVITE,
                  COMMAND_JOIN_TEAM, COMMAND_DRAIN_NODE, COMMAND_DRAIN_NODE);
}

static enum command_kind roll_kind(struct dice *d, const struct style *s, const struct naive *n)
{
    if (n->accounts_n < s->accounts && (n->accounts_n < 5 || dice_percent(d, 3)))
        return COMMAND_OPEN_ACCOUNT;
    if (n->nodes_n < 2 && dice_percent(d, 30)) return COMMAND_PUT_NODE;
    for (size_t i = 0; i < n->bids_n; i++)
        if (n->bids[i].sealed && dice_percent(d, 15)) return COMMAND_OFFER;
    for (size_t i = 0; s->crowd && i < n->leases_n; i++)
        if (n->leases[i].ripe && n->leases[i].state == LEASE_RUNNING && dice_percent(d, 25))
            return COMMAND_SUBMIT_JOB;
    if (n->last_seq < 80 && dice_percent(d, 8))
        return ONE_OF(d, enum command_kind, COMMAND_INVITE, COMMAND_JOIN_TEAM);
    const bool full = n->asks_n + n->bids_n > s->orders;
    const int64_t roll = dice_below(d, 100);
    if (roll < 4) return COMMAND_CREDIT;
    if (roll < 6) return COMMAND_PUT_NODE;
    if (roll < 24) return n->asks_n > s->orders / 2 ? COMMAND_CANCEL_ASK : COMMAND_PLACE_ASK;
    if (roll < 29) return COMMAND_AMEND_ASK;
    if (roll < 30) return COMMAND_CANCEL_ASK;
    if (roll < 50) return full ? COMMAND_CANCEL_JOB : COMMAND_SUBMIT_JOB;
    if (roll < 55) return COMMAND_AMEND_BID;
    if (roll < 57) return COMMAND_CANCEL_JOB;
    if (roll == 57) return roll_rare(d);
    if (roll < 59) return roll_seldom(d, n);
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
    case COMMAND_OPEN_ACCOUNT:
    case COMMAND_SET_RULES: roll_set_rules(d, n, &c); break;
    case COMMAND_CREDIT: roll_credit(d, s, n, &c); break;
    case COMMAND_PUT_NODE: roll_node(d, s, n, &c); break;
    case COMMAND_PLACE_ASK: roll_ask(d, s, n, &c); break;
    case COMMAND_AMEND_ASK: roll_amend_ask(d, s, n, &c); break;
    case COMMAND_SUBMIT_JOB: roll_job(d, s, n, &c); break;
    case COMMAND_AMEND_BID: roll_amend_bid(d, s, n, &c); break;
    case COMMAND_CANCEL_ASK:
    case COMMAND_CANCEL_JOB:
    case COMMAND_REENTER:
    case COMMAND_CLOSE_AUCTION:
    case COMMAND_TRIM:
    case COMMAND_EXPIRE_ORDER: roll_order(d, n, &c); break;
    case COMMAND_REQUEST_PAYOUT:
    case COMMAND_COMPLETE_PAYOUT:
    case COMMAND_FAIL_PAYOUT: roll_payout(d, n, &c); break;
    case COMMAND_ACCEPT_LEASE:
    case COMMAND_DECLINE_LEASE:
    case COMMAND_LEASE_PREPARED:
    case COMMAND_LEASE_READY:
    case COMMAND_LEASE_CANNOT_START:
    case COMMAND_LEASE_EXIT:
    case COMMAND_LEASE_TIMEOUT:
    case COMMAND_LEASE_LOST:
    case COMMAND_LEASE_RIPE:
    case COMMAND_LEASE_CHECKPOINT:
    case COMMAND_LEASE_DRAINED:
    case COMMAND_LEASE_SPENT: roll_lease(d, s, n, &c); break;
    case COMMAND_RATE_NODE:
    case COMMAND_RATE_ACCOUNT: roll_rate(d, n, &c); break;
    case COMMAND_NODE_HEALTH: roll_health(d, n, &c); break;
    case COMMAND_INVITE:
    case COMMAND_JOIN_TEAM:
    case COMMAND_LEAVE_TEAM: roll_team(d, n, &c); break;
    case COMMAND_DRAIN_NODE: roll_drain(d, n, &c); break;
    case COMMAND_OFFER: roll_offer(d, s, n, &c); break;
    case COMMAND_CALL: roll_call(d, s, n, &c); break;
    }
    c.seq = n->last_seq + 1;
    *out = c;
}
