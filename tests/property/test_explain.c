/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever an explanation suggests, done, matches; and the limit that it names is the smallest.
 *
 *     test_explain [--seed S] [--bids N]
 *
 * Random machines, leases and bids that nothing serves. Each change that is suggested for such a
 * bid is made: the job is withdrawn and submitted anew with it, and must be placed at once, with
 * what a quote has promised. Then it is withdrawn again, which gives the units back, and the next
 * change is tried. What is not suggested, and the counts, explain_naive.c looks after. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "tests/property/explain_naive.h"

#define SECOND   INT64_C(1000000)
#define USD      INT64_C(1000000)
#define OWNERS   6
#define NODES    40
#define POOLS    3
#define BIDS     20 /* of one market */
#define START_US (INT64_C(1700000000) * SECOND)

static const struct pool pools[POOLS] = {
    { .number = 1,
      .name = "a",
      .gpu_model = "A",
      .unit = { 1, 1000, 1 << 20, 1 << 20 },
      .tick = { 1000 },
      .throughput = 100 },
    { .number = 2,
      .name = "b",
      .gpu_model = "B",
      .unit = { 1, 1000, 1 << 20, 1 << 20 },
      .tick = { 1500 },
      .throughput = 250 },
    { .number = 3, .name = "c", .unit = { 0, 1000, 1 << 20, 1 << 20 }, .tick = { 1000 } },
};

struct world {
    struct market *m;
    uint64_t dice;
    int64_t now_us;
    int64_t owners[OWNERS], nodes[NODES], node_owner[NODES];
    int32_t node_pool[NODES];
    int64_t watched;                     /* a bid, and whether it has had a trade */
    struct trade trades[GANG_NODES_MAX]; /* of the last command, the first of them */
    bool placed;
    bool displaced; /* a job has lost its lease, and takes the next that is free */
};

static struct {
    int64_t bids, explained, none, by[CHANGES], smallest, waited;
} seen;
static int64_t seed_now;

static uint64_t roll(uint64_t *state) /* splitmix64 */
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static int32_t below(struct world *w, int32_t n)
{
    return (int32_t)(roll(&w->dice) % (uint64_t)n);
}

static int64_t tell(struct world *w, struct command c, struct outcome *out)
{
    c.seq = market_last_seq(w->m) + 1;
    c.at_us = w->now_us;
    market_apply(w->m, &c, out);
    for (int32_t i = 0; i < out->trades_n; i++) {
        const struct trade *const t = &market_trades(w->m)[out->trades_first + i];
        w->displaced |= t->displacing;
        w->placed |= t->bid == w->watched;
        if (i < GANG_NODES_MAX) w->trades[i] = *t;
    }
    market_settle_group(w->m);
    return out->refused == ERR_NONE ? c.seq : 0;
}

static int64_t told(struct world *w, struct command c)
{
    struct outcome out;

    return tell(w, c, &out);
}

static void make_owners(struct world *w)
{
    for (int i = 0; i < OWNERS; i++) {
        w->owners[i] = told(w, (struct command){ .kind = COMMAND_OPEN_ACCOUNT, .account = 1 });
        const int64_t money = below(w, 4) == 0 ? 2 * USD : 100000 * USD;
        (void)told(w, (struct command){ .kind = COMMAND_CREDIT,
                                        .account = 1,
                                        .u.credit = { w->owners[i], { money } } });
        (void)told(w, (struct command){ .kind = COMMAND_RATE_ACCOUNT,
                                        .account = 1,
                                        .u.rate = { w->owners[i], below(w, 3), 0 } });
    }
}

static void make_node(struct world *w, int i)
{
    const int32_t pool = 1 + below(w, POOLS);
    const int64_t owner = w->owners[below(w, OWNERS)];
    struct node_spec spec = {
        .cpu_millis = 64000,
        .memory_bytes = INT64_C(1) << 40,
        .scratch_bytes = INT64_C(1) << 40,
        .gpu_pool = pool < 3 ? pool : 0,
        .gpus = pool < 3 ? 16 : 0,
        .traits = { .region = below(w, 4),
                    .isolation = below(w, ISOLATIONS),
                    .interconnect = below(w, INTERCONNECTS),
                    .bandwidth_mbps = 100 * below(w, 10),
                    .label = below(w, 3) },
    };

    for (int j = 0; j < i; j++)
        if (w->node_owner[j] == owner && below(w, 2) == 0) spec.traits.site = w->nodes[j];
    w->node_owner[i] = owner;
    w->node_pool[i] = pool;
    w->nodes[i] = told(
        w,
        (struct command){ .kind = COMMAND_PUT_NODE, .account = owner, .u.put_node = { 0, spec } });
    assert(w->nodes[i] != 0);
    (void)told(w, (struct command){ .kind = COMMAND_RATE_NODE,
                                    .account = 1,
                                    .u.rate = { w->nodes[i], below(w, TIERS), below(w, 2) } });
}

static void place_ask(struct world *w, int i)
{
    const struct pool *const pool = &pools[w->node_pool[i] - 1];
    const struct money price = { (1 + below(w, 40)) * pool->tick.micros };
    static const int64_t sets[] = { 0, 0, 0, 0x8b, 0x0b };

    (void)told(w, (struct command){
                      .kind = COMMAND_PLACE_ASK,
                      .account = w->node_owner[i],
                      .u.place_ask = { .node = w->nodes[i],
                                       .pool = pool->number,
                                       .price = price,
                                       .floor = { pool->tick.micros },
                                       .units = 1 + below(w, 8),
                                       .until_us = w->now_us + (1 + below(w, 40)) * 1800 * SECOND,
                                       .seconds_min = 60 * (1 + below(w, 30)),
                                       .seconds_max = 1800 * (1 + below(w, 40)),
                                       .sets = sets[below(w, 5)],
                                       .interruptible = below(w, 4) == 0,
                                       .buyer_tier_min = below(w, 2),
                                       .egress_max = below(w, EGRESSES),
                                       .risk_seconds = 600 * (1 + below(w, 20)) } });
}

static struct bid_spec random_spec(struct world *w)
{
    struct bid_spec s = {
        .wants_n = 1 + (below(w, 4) == 0),
        .budget = { (1 + below(w, 1000)) * USD },
        .nodes = below(w, 4) == 0 ? 2 + below(w, 3) : 1,
        .same_site = below(w, 2) == 0,
        .seconds = 600 * (1 + below(w, 60)),
        .checkpoint_seconds = 600 * (1 + below(w, 20)),
        .expires_us = w->now_us + 20 * 86400 * SECOND,
        .attempts_max = 3,
        .wish = { .regions = below(w, 3) ? 0 : 1 << below(w, 4),
                  .tier_min = below(w, 3) ? 0 : below(w, TIERS),
                  .verified = below(w, 4) == 0,
                  .isolation_min = below(w, 3) ? 0 : below(w, ISOLATIONS),
                  .interconnect_min = below(w, 3) ? 0 : below(w, INTERCONNECTS),
                  .bandwidth_min_mbps = below(w, 3) ? 0 : 100 * below(w, 10),
                  .label = below(w, 6) ? 0 : below(w, 3),
                  .egress = below(w, 3) ? 0 : below(w, EGRESSES) },
        .own = below(w, 6) == 0 ? OWN_NEVER : OWN_FIRST,
        .interruptible = below(w, 2) == 0,
    };
    const int32_t first = below(w, s.wants_n == 1 ? POOLS : 2);

    s.wants[0] = (struct want){ 1 + first, 1 + below(w, 8) };
    if (s.wants_n == 2) s.wants[1] = (struct want){ 2 - first, 1 + below(w, 8) };
    if (s.wants_n == 2 && below(w, 2) == 0) s.rank = RANK_VALUE;
    if (s.nodes == 1 && below(w, 20) == 0) s.own = OWN_ONLY;
    s.limit.micros = (1 + below(w, 30)) * (s.wants_n == 2 ? 3000 : pools[first].tick.micros);
    return s;
}

static int64_t submit(struct world *w, int64_t by, const struct bid_spec *s, struct outcome *out)
{
    return tell(
        w, (struct command){ .kind = COMMAND_SUBMIT_JOB, .account = by, .u.submit_job = *s }, out);
}

static bool withdraw(struct world *w, int64_t by, int64_t bid)
{
    return told(w, (struct command){
                       .kind = COMMAND_CANCEL_JOB, .account = by, .u.order = { bid } }) != 0;
}

static void say(struct world *w, int64_t lease, enum command_kind kind)
{
    const struct lease *const l = market_lease(w->m, lease);

    (void)told(w, (struct command){ .account = l->provider,
                                    .kind = kind,
                                    .u.lease = { .lease = lease, .epoch = l->epoch } });
}

/* Some leases that run: what waiting and displacing are about. */
static void run_leases(struct world *w, int64_t first, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        say(w, first + i, COMMAND_ACCEPT_LEASE);
    for (int64_t i = 0; i < n && n > 1; i++)
        say(w, first + i, COMMAND_LEASE_PREPARED);
    for (int64_t i = 0; i < n; i++)
        say(w, first + i, COMMAND_LEASE_READY);
}

static void leave(struct world *w, int64_t lease)
{
    const struct lease *const l = market_lease(w->m, lease);

    (void)told(
        w, (struct command){ .kind = COMMAND_LEASE_EXIT,
                             .account = l->provider,
                             .u.lease = { .lease = lease,
                                          .epoch = l->epoch,
                                          .seconds = 1 << 30,
                                          .reason = l->state == LEASE_PREEMPTED ? REASON_DISPLACED
                                                                                : REASON_DONE } });
}

static void clock_to(struct world *w, int64_t until_us)
{
    struct command c;
    int64_t next;

    for (;;) {
        if (market_due(w->m, w->now_us, &c, &next)) {
            if (c.kind == COMMAND_LEASE_LOST) /* machines are alive here and report in time */
                leave(w, c.u.lease.lease);
            else
                (void)told(w, c);
            if (c.kind == COMMAND_LEASE_SPENT) leave(w, c.u.lease.lease);
            continue;
        }
        if (next > until_us) break;
        w->now_us = next;
    }
    w->now_us = until_us;
}

static void make_leases(struct world *w)
{
    for (int i = 0; i < 30; i++) {
        const struct bid_spec s = random_spec(w);
        struct outcome out;
        struct bid_spec easy = s;
        easy.wish = (struct wish){ 0 };
        easy.limit.micros *= 4;
        const int64_t by = w->owners[below(w, OWNERS)];
        const int64_t bid = submit(w, by, &easy, &out);
        const struct bid *const b = bid ? market_bid(w->m, bid) : NULL;
        if (!b) continue;
        if (b->state == ORDER_OPEN) (void)withdraw(w, by, bid);
        if (b->lease != 0) run_leases(w, b->lease, b->leases_n);
    }
    clock_to(w, w->now_us + 700 * SECOND);
}

/* The bid with the change made. False: it is not one of its terms. */
static bool change(struct bid_spec *s, const struct change *c)
{
    switch (c->of) {
    case CHANGE_LIMIT:
    case CHANGE_DISPLACING_LIMIT: s->limit.micros = c->to; return true;
    case CHANGE_SECONDS: s->seconds = (int32_t)c->to; return true;
    case CHANGE_UNITS:
        for (int32_t i = 0; i < s->wants_n; i++)
            if (s->wants[i].pool == c->pool) s->wants[i].units = (int32_t)c->to;
        return true;
    case CHANGE_NODES: s->nodes = (int32_t)c->to; return true;
    case CHANGE_SAME_SITE: s->same_site = false; return true;
    case CHANGE_REGIONS: s->wish.regions = (int32_t)c->to; return true;
    case CHANGE_TIER: s->wish.tier_min = (int32_t)c->to; return true;
    case CHANGE_VERIFIED: s->wish.verified = 0; return true;
    case CHANGE_ISOLATION: s->wish.isolation_min = (int32_t)c->to; return true;
    case CHANGE_INTERCONNECT: s->wish.interconnect_min = (int32_t)c->to; return true;
    case CHANGE_BANDWIDTH: s->wish.bandwidth_min_mbps = (int32_t)c->to; return true;
    case CHANGE_LABEL: s->wish.label = 0; return true;
    case CHANGE_EGRESS: s->wish.egress = (int32_t)c->to; return true;
    case CHANGE_CHECKPOINT: s->checkpoint_seconds = (int32_t)c->to; return true;
    case CHANGE_INTERRUPTIBLE: s->interruptible = true; return true;
    case CHANGE_OWN: s->own = OWN_FIRST; return true;
    case CHANGE_WAIT: break;
    }
    return false;
}

static void fail(const char *what, const struct change *c)
{
    printf("seed %" PRId64 ": %s: %s from %" PRId64 " to %" PRId64 "\n", seed_now, what,
           change_names[c->of], c->from, c->to);
    exit(1);
}

/* What the quote has promised is what the trades are. */
static bool kept_promise(const struct world *w, const struct outcome *out, const struct quote *q)
{
    if (q->n != out->trades_n) return false;
    for (int32_t i = 0; i < q->n; i++) {
        const struct trade *const t = &w->trades[i];
        const struct node *const n = market_node(w->m, t->node);
        const struct quote_part *const part = &q->parts[i];
        if (t->node != part->node || t->provider != part->account || t->pool != q->pool ||
            t->units != q->units || t->own != q->own || t->price.micros != part->price.micros)
            return false;
        if (n->spec.traits.region != part->region || n->spec.traits.tier != part->tier ||
            n->spec.traits.verified != part->verified ||
            n->spec.traits.isolation != part->isolation ||
            n->spec.traits.interconnect != part->interconnect)
            return false;
        if (market_lease(w->m, t->trade)->seconds_max != q->seconds_max) return false;
    }
    return true;
}

enum met { MET_NOTHING, MET_ASKS, MET_VICTIM };

/* The job anew with these terms: is it placed at once? Afterwards it is withdrawn. */
static enum met meets(struct world *w, int64_t by, const struct bid_spec *s)
{
    struct outcome out;
    const bool displaced = w->displaced;
    struct quote q;
    const char *why;

    w->displaced = false;
    const bool quoted = market_quote(w->m, by, s, w->now_us, &q, &why);
    const int64_t bid = submit(w, by, s, &out);
    if (bid != 0 && (!quoted || !(w->displaced ? q.n == 0 : kept_promise(w, &out, &q)))) {
        printf("seed %" PRId64 ": a quote was not kept\n", seed_now);
        exit(1);
    }
    const enum met met = bid == 0 || out.trades_n != s->nodes ? MET_NOTHING
                         : w->displaced                       ? MET_VICTIM
                                                              : MET_ASKS;
    w->displaced |= displaced;
    if (bid == 0) return met;
    (void)withdraw(w, by, bid);
    clock_to(w, w->now_us); /* the offers of a gang that was withdrawn */
    return met;
}

static void try_change(struct world *w, int64_t by, const struct bid_spec *s,
                       const struct change *c)
{
    struct bid_spec changed = *s;

    seen.by[c->of]++;
    if (!change(&changed, c)) return;
    if (meets(w, by, &changed) != (c->of == CHANGE_DISPLACING_LIMIT ? MET_VICTIM : MET_ASKS))
        fail("does not match", c);
    if (c->of != CHANGE_LIMIT || s->wants_n > 1) return;
    changed.limit.micros -= pools[s->wants[0].pool - 1].tick.micros;
    seen.smallest++;
    if (changed.limit.micros > s->limit.micros && meets(w, by, &changed) == MET_ASKS)
        fail("is not the smallest", c);
}

static void try_wait(struct world *w, int64_t by, int64_t bid, const struct change *c)
{
    seen.waited++;
    w->watched = bid;
    w->placed = false;
    clock_to(w, c->to);
    if (!w->placed) fail("has waited in vain", c);
    (void)withdraw(w, by, bid);
}

static void explain_one(struct world *w, int64_t by, const struct bid_spec *s)
{
    struct explanation e;
    struct outcome out;
    const int64_t bid = submit(w, by, s, &out);
    const struct bid *const b = bid ? market_bid(w->m, bid) : NULL;
    const struct change *wait = NULL;

    if (!b) return;
    seen.bids++;
    if (b->state != ORDER_OPEN || !market_explain(w->m, bid, w->now_us, &e)) {
        (void)withdraw(w, by, bid);
        clock_to(w, w->now_us); /* the offers of a gang that was withdrawn */
        return;
    }
    if (e.serves) {
        printf("a bid rests that is served\n");
        exit(1);
    }
    seen.explained++;
    const struct asked asked = { w->m, bid, by, w->now_us, *s };
    const char *const wrong =
        s->budget.micros >= 50 * USD && market_balance(w->m, by)->available.micros >= 1000 * USD
            ? explain_naive_wrong(&asked, &e)
            : NULL;
    if (wrong) {
        printf("seed %" PRId64 ": explained wrongly: %s\n", seed_now, wrong);
        exit(1);
    }
    if (e.changes_n == 0) seen.none++;
    (void)withdraw(w, by, bid);
    const bool displaced = w->displaced;
    w->displaced = false;
    for (int32_t i = 0; i < e.changes_n && !w->displaced; i++) { /* a victim is there but once */
        try_change(w, by, s, &e.changes[i]);
        if (e.changes[i].of == CHANGE_WAIT) wait = &e.changes[i];
    }
    w->displaced |= displaced;
    if (!wait || w->displaced || below(w, 8) != 0) return; /* waiting wears a market out */
    const int64_t again = submit(w, by, s, &out);
    if (again != 0 && out.trades_n == 0) try_wait(w, by, again, wait);
}

static void one_market(uint64_t seed, int32_t bids)
{
    struct market_rules rules = market_rules_default;
    struct world w = { .dice = seed, .now_us = START_US };

    rules.quote_seconds = 0;
    rules.collar_bps = 0;
    w.m = market_new(&mem_heap, &rules, pools, POOLS);
    assert(w.m);
    make_owners(&w);
    for (int i = 0; i < NODES; i++)
        make_node(&w, i);
    clock_to(&w, w.now_us);
    for (int i = 0; i < NODES; i++)
        place_ask(&w, i);
    make_leases(&w);
    for (int32_t i = 0; i < bids; i++) {
        const struct bid_spec s = random_spec(&w);
        explain_one(&w, w.owners[below(&w, OWNERS)], &s);
    }
    market_check(w.m);
    market_free(w.m);
}

int main(int argc, char **argv)
{
    int64_t seed = 1, bids = 12000;

    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seed") == 0 && str_i64(str_of(argv[i + 1]), 0, INT64_MAX, &seed))
            continue;
        if (strcmp(argv[i], "--bids") == 0 && str_i64(str_of(argv[i + 1]), 1, INT64_MAX, &bids))
            continue;
        return 2;
    }
    for (int64_t at = seed; seen.explained < bids; at++) {
        seed_now = at;
        one_market((uint64_t)at, BIDS);
    }
    printf("seed %" PRId64 ": %" PRId64 " bids, %" PRId64 " explained, %" PRId64
           " without a single change, %" PRId64 " limits are the smallest, %" PRId64 " waited\n",
           seed, seen.bids, seen.explained, seen.none, seen.smallest, seen.waited);
    for (int i = 0; i < CHANGES; i++)
        printf("%s: %" PRId64 "\n", change_names[i], seen.by[i]);
    return 0;
}
