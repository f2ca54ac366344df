/* SPDX-License-Identifier: Apache-2.0 */
/* What must not matter does not matter. A stream of orders by chance is played to a market twice,
 * the second time with every price some ticks higher, or with other accounts for the same owners,
 * or with the regions renamed, or with orders in between that nobody is eligible for: the trades
 * are the same, but for the shift. No model is needed to say so. */
#include <string.h>

#include "tests/property/random_commands.h"
#include "tests/t.h"

#define MARKETS   60
#define OPS       400
#define OWNERS    4
#define NODES     8
#define TRADES    4096
#define NOW       INT64_C(1767225600000000)
#define DAY_US    INT64_C(86400000000)
#define GIB       (INT64_C(1) << 30)
#define FAR_TICKS 1000000 /* nobody bids that much */
#define NO_LABEL  77      /* no node has it */

enum op_kind { OP_ASK, OP_BID, OP_CANCEL, OP_AMEND };

/* One thing that an owner does; the order it makes is named by its place in the stream. */
struct op {
    enum op_kind kind;
    int owner, node, target; /* target: an earlier ask or bid */
    int64_t ticks;
    int32_t units, nodes, regions, tier;
    bool same_site, post_only, never_own, interruptible;
};

struct stream {
    struct op ops[OPS];
    int32_t node_owner[NODES], node_region[NODES], node_tier[NODES], node_site[NODES];
    bool runner_up;
};

/* How the stream is played. */
struct play {
    int64_t shift;
    int accounts[OWNERS]; /* the owner's place among the accounts */
    int regions[8];       /* what each is called */
    bool strangers;       /* put orders in between that nobody is eligible for */
};

struct tape {
    struct {
        int bid, ask;
        int32_t units;
        int64_t price;
    } trades[TRADES];
    size_t n;
};

static const struct play plain = { .accounts = { 0, 1, 2, 3 },
                                   .regions = { 0, 1, 2, 3, 4, 5, 6, 7 } };
static const struct pool pool = {
    .number = 1, .name = "p", .unit = { .cpu_millis = 1000 }, .tick = { 10 }
};

/* ---- a stream by chance ---- */

static struct op roll_op(struct dice *d, int before)
{
    const int64_t kind = dice_below(d, 100);
    struct op o = { .kind = kind < 40   ? OP_ASK
                            : kind < 85 ? OP_BID
                            : kind < 92 ? OP_CANCEL
                                        : OP_AMEND };
    o.owner = (int)dice_below(d, OWNERS);
    o.node = (int)dice_below(d, NODES);
    o.target = before > 0 ? (int)dice_below(d, before) : 0;
    o.ticks = 100 + dice_below(d, 6) + (o.kind == OP_BID ? 2 : 0);
    o.units = (int32_t)(1 + dice_below(d, 4));
    o.nodes = dice_percent(d, 25) ? (int32_t)(2 + dice_below(d, 2)) : 1;
    o.regions = dice_percent(d, 30) ? (int32_t)(1 + dice_below(d, 255)) : 0;
    o.tier = dice_percent(d, 20) ? (int32_t)dice_below(d, 3) : 0;
    o.same_site = dice_percent(d, 40);
    o.post_only = dice_percent(d, 5);
    o.never_own = dice_percent(d, 50);
    return o;
}

static void roll_stream(struct dice *d, struct stream *s)
{
    s->runner_up = dice_percent(d, 40);
    for (int i = 0; i < NODES; i++) {
        s->node_owner[i] = (int32_t)dice_below(d, OWNERS);
        s->node_region[i] = (int32_t)dice_below(d, 8);
        s->node_tier[i] = (int32_t)dice_below(d, 3);
        s->node_site[i] = -1;
        for (int j = 0; j < i; j++)
            if (s->node_owner[j] == s->node_owner[i] && dice_percent(d, 40)) s->node_site[i] = j;
    }
    for (int i = 0; i < OPS; i++)
        s->ops[i] = roll_op(d, i);
}

/* ---- playing it ---- */

struct player {
    struct market *m;
    const struct stream *s;
    const struct play *p;
    int64_t accounts[OWNERS + 1], nodes[NODES + 1], orders[OPS];
    struct tape *tape;
};

static bool apply(struct player *x, struct command c)
{
    struct outcome out;

    c.seq = market_last_seq(x->m) + 1;
    c.at_us = NOW;
    market_apply(x->m, &c, &out);
    for (int32_t i = 0; i < out.trades_n; i++) {
        const struct trade *t = &market_trades(x->m)[out.trades_first + i];
        CHECK(x->tape->n < TRADES);
        x->tape->trades[x->tape->n].bid = x->tape->trades[x->tape->n].ask = -1;
        for (int k = 0; k < OPS; k++) {
            if (x->orders[k] == t->bid) x->tape->trades[x->tape->n].bid = k;
            if (x->orders[k] == t->ask) x->tape->trades[x->tape->n].ask = k;
        }
        x->tape->trades[x->tape->n].units = t->units;
        x->tape->trades[x->tape->n++].price = t->own ? -1 : t->price.micros;
    }
    market_settle_group(x->m);
    return out.refused == ERR_NONE;
}

static int64_t made(struct player *x, struct command c)
{
    CHECK(apply(x, c));
    return market_last_seq(x->m);
}

static int64_t account(struct player *x)
{
    const int64_t a = made(x, (struct command){ .kind = COMMAND_OPEN_ACCOUNT });

    (void)made(x, (struct command){ .account = ACCOUNT_WORLD,
                                    .kind = COMMAND_CREDIT,
                                    .u.credit = { a, { INT64_C(100000000000000) } } });
    return a;
}

static int64_t node(struct player *x, int64_t owner, int32_t region, int64_t site)
{
    return made(
        x, (struct command){ .account = owner,
                             .kind = COMMAND_PUT_NODE,
                             .u.put_node.spec = { .cpu_millis = 1000000,
                                                  .traits = { .region = region, .site = site } } });
}

static void begin(struct player *x)
{
    struct market_rules rules = market_rules_default;
    int64_t opened[OWNERS];

    rules.quote_seconds = rules.backoff_seconds = rules.collar_bps = 0;
    rules.pricing = x->s->runner_up ? PRICE_RUNNER_UP : PRICE_RESTING;
    x->m = market_new(&mem_heap, &rules, &pool, 1);
    CHECK(x->m);
    for (int i = 0; i < OWNERS; i++)
        opened[i] = account(x);
    x->accounts[OWNERS] = account(x);
    for (int i = 0; i < OWNERS; i++)
        x->accounts[i] = opened[x->p->accounts[i]];
    for (int i = 0; i < NODES; i++) {
        const int site = x->s->node_site[i];
        x->nodes[i] = node(x, x->accounts[x->s->node_owner[i]], x->p->regions[x->s->node_region[i]],
                           site < 0 ? 0 : x->nodes[site]);
        (void)made(x, (struct command){ .account = ACCOUNT_WORLD,
                                        .kind = COMMAND_RATE_NODE,
                                        .u.rate = { x->nodes[i], x->s->node_tier[i], 0 } });
    }
    x->nodes[NODES] = node(x, x->accounts[OWNERS], 0, 0);
}

static struct money price_of(const struct player *x, int64_t ticks)
{
    return (struct money){ (ticks + x->p->shift) * pool.tick.micros };
}

static struct command ask_of(int64_t owner, int64_t on, struct money price, int32_t units)
{
    return (struct command){ .account = owner,
                             .kind = COMMAND_PLACE_ASK,
                             .u.place_ask = { .node = on,
                                              .pool = 1,
                                              .price = price,
                                              .floor = { pool.tick.micros },
                                              .units = units,
                                              .until_us = NOW + DAY_US,
                                              .seconds_min = 60,
                                              .seconds_max = 86400,
                                              .egress_max = 2,
                                              .risk_seconds = 86400 } };
}

static struct command bid_of(int64_t owner, struct money limit, int32_t units)
{
    return (struct command){ .account = owner,
                             .kind = COMMAND_SUBMIT_JOB,
                             .u.submit_job = { .wants = { { 1, units } },
                                               .wants_n = 1,
                                               .limit = limit,
                                               .budget = { INT64_C(1000000000) },
                                               .nodes = 1,
                                               .seconds = 3600,
                                               .checkpoint_seconds = 60,
                                               .expires_us = NOW + DAY_US,
                                               .attempts_max = 1 } };
}

static struct command ask_command(const struct player *x, const struct op *o)
{
    const int64_t owner = x->accounts[x->s->node_owner[o->node]];
    struct command c = ask_of(owner, x->nodes[o->node], price_of(x, o->ticks), o->units);

    c.u.place_ask.post_only = o->post_only;
    return c;
}

static struct command bid_command(const struct player *x, const struct op *o)
{
    struct command c = bid_of(x->accounts[o->owner], price_of(x, o->ticks), o->units);
    struct bid_spec *const b = &c.u.submit_job;

    for (int r = 0; r < 8; r++)
        if (o->regions >> r & 1) b->wish.regions |= 1 << x->p->regions[r];
    b->wish.tier_min = o->tier;
    b->nodes = o->nodes;
    b->same_site = o->same_site;
    b->tif = o->post_only ? TIF_POST_ONLY : TIF_GOOD_TILL_TIME;
    b->own = o->never_own ? OWN_NEVER : OWN_FIRST;
    return c;
}

/* Of the order that an earlier operation made, if it made one. */
static struct command change_command(const struct player *x, const struct op *o)
{
    const struct op *const t = &x->s->ops[o->target];
    const int64_t order = x->orders[o->target];
    const bool ask = t->kind == OP_ASK;
    struct command c = { .account =
                             ask ? x->accounts[x->s->node_owner[t->node]] : x->accounts[t->owner] };

    if (o->kind == OP_CANCEL) {
        c.kind = ask ? COMMAND_CANCEL_ASK : COMMAND_CANCEL_JOB;
        c.u.order.order = order;
    } else if (ask) {
        c.kind = COMMAND_AMEND_ASK;
        c.u.amend_ask.ask = order;
        c.u.amend_ask.price = price_of(x, o->ticks);
        c.u.amend_ask.units = o->units + 1;
    } else {
        c.kind = COMMAND_AMEND_BID;
        c.u.amend_bid.bid = order;
        c.u.amend_bid.limit = price_of(x, o->ticks);
    }
    return c;
}

/* Asks that are far too dear, and bids that wish for what no node has. */
static void strangers(struct player *x, int i)
{
    const int64_t owner = x->accounts[OWNERS];
    struct command c = bid_of(owner, price_of(x, 100 + i % 8), 1 + i % 4);

    if (i % 5 != 0) return;
    if (i % 25 == 0 && i / 25 < 16)
        (void)made(x, ask_of(owner, x->nodes[NODES], price_of(x, FAR_TICKS + i), 1 + i % 4));
    c.u.submit_job.wish.label = NO_LABEL;
    c.u.submit_job.expires_us = NOW + DAY_US;
    (void)made(x, c);
}

static void play(const struct stream *s, const struct play *p, struct tape *out)
{
    struct player x = { .s = s, .p = p, .tape = out };

    out->n = 0;
    begin(&x);
    for (int i = 0; i < OPS; i++) {
        const struct op *const o = &s->ops[i];
        struct command c;
        if (p->strangers) strangers(&x, i);
        if (o->kind == OP_ASK)
            c = ask_command(&x, o);
        else if (o->kind == OP_BID)
            c = bid_command(&x, o);
        else
            c = change_command(&x, o);
        /* named before it is applied, so that its trades find it */
        x.orders[i] = o->kind == OP_ASK || o->kind == OP_BID ? market_last_seq(x.m) + 1 : 0;
        if (!apply(&x, c)) x.orders[i] = 0;
    }
    market_check(x.m);
    market_free(x.m);
}

/* ---- the tests ---- */

static struct stream stream;
static struct tape first, second;

static int64_t trades_seen;

static void compare(const char *what, uint64_t seed, int64_t shift)
{
    bool ok = first.n == second.n;

    for (size_t i = 0; ok && i < first.n; i++)
        ok = first.trades[i].bid == second.trades[i].bid &&
             first.trades[i].ask == second.trades[i].ask &&
             first.trades[i].units == second.trades[i].units &&
             (first.trades[i].price < 0
                  ? second.trades[i].price < 0
                  : first.trades[i].price + shift * pool.tick.micros == second.trades[i].price);
    trades_seen += (int64_t)first.n;
    if (!ok) fprintf(stderr, "%s: seed %" PRIu64 "\n", what, seed);
    CHECK(ok);
}

static void each_market(const char *what, struct play (*change)(struct dice *d))
{
    trades_seen = 0;
    for (uint64_t seed = 1; seed <= MARKETS; seed++) {
        struct dice d = { seed };
        roll_stream(&d, &stream);
        const struct play p = change(&d);
        play(&stream, &plain, &first);
        play(&stream, &p, &second);
        compare(what, seed, p.shift);
    }
    CHECK(trades_seen > MARKETS * 50); /* or nothing was tested */
}

static struct play higher(struct dice *d)
{
    struct play p = plain;
    p.shift = 1 + dice_below(d, 100000);
    return p;
}

static struct play other_accounts(struct dice *d)
{
    struct play p = plain;
    for (int i = OWNERS - 1; i > 0; i--) {
        const int j = (int)dice_below(d, i + 1), keep = p.accounts[i];
        p.accounts[i] = p.accounts[j];
        p.accounts[j] = keep;
    }
    return p;
}

static struct play other_regions(struct dice *d)
{
    struct play p = plain;
    for (int i = 7; i > 0; i--) {
        const int j = (int)dice_below(d, i + 1), keep = p.regions[i];
        p.regions[i] = p.regions[j];
        p.regions[j] = keep;
    }
    return p;
}

static struct play with_strangers(struct dice *d)
{
    struct play p = plain;
    (void)d;
    p.strangers = true;
    return p;
}

TEST(higher_prices_all_round_change_nothing_else)
{
    each_market("shifted", higher);
}

TEST(who_an_owner_is_does_not_matter)
{
    each_market("other accounts", other_accounts);
}

TEST(what_regions_are_called_does_not_matter)
{
    each_market("other regions", other_regions);
}

TEST(orders_that_nobody_is_eligible_for_do_not_matter)
{
    each_market("strangers", with_strangers);
}

TESTS(T(higher_prices_all_round_change_nothing_else), T(who_an_owner_is_does_not_matter),
      T(what_regions_are_called_does_not_matter),
      T(orders_that_nobody_is_eligible_for_do_not_matter))
