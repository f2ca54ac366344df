/* SPDX-License-Identifier: Apache-2.0 */
/* Two halves: count() goes along the asks and notes what is wrong with each; the try_…() functions
 * change one term of a copy of the bid and ask the matcher. Most terms are monotone: whoever
 * accepts more matches more, so the smallest change is found by halving. */
#include "domain/explain.h"

#include <assert.h>

#include "domain/book.h"
#include "domain/eligible.h"
#include "domain/jobs.h"
#include "domain/own.h"
#include "domain/probe.h"

const char *const misfit_names[MISFITS] = {
    "owner",       "region",      "tier",           "verified", "isolation",  "interconnect",
    "bandwidth",   "data-label",  "buyer-tier",     "egress",   "checkpoint", "interruptible",
    "units",       "unit-sets",   "price",          "shortest", "longest",    "available-until",
    "failed-node", "re-entering", "waits-for-call",
};

const char *const change_names[CHANGES] = {
    [CHANGE_LIMIT] = "limit",
    [CHANGE_SECONDS] = "duration",
    [CHANGE_UNITS] = "units",
    [CHANGE_NODES] = "nodes",
    [CHANGE_SAME_SITE] = "same-site",
    [CHANGE_REGIONS] = "regions",
    [CHANGE_TIER] = "tier",
    [CHANGE_VERIFIED] = "verified",
    [CHANGE_ISOLATION] = "isolation",
    [CHANGE_INTERCONNECT] = "interconnect",
    [CHANGE_BANDWIDTH] = "bandwidth",
    [CHANGE_LABEL] = "data-label",
    [CHANGE_EGRESS] = "egress",
    [CHANGE_CHECKPOINT] = "checkpoint",
    [CHANGE_INTERRUPTIBLE] = "interruptible",
    [CHANGE_OWN] = "own",
    [CHANGE_DISPLACING_LIMIT] = "displacing-limit",
    [CHANGE_WAIT] = "wait",
};

/* ---- counting ---- */

static void count_ask(const struct probe *p, const struct ask_entry *a, int32_t w,
                      struct explanation *out)
{
    const uint32_t misfits = eligible_misfits(a, &p->bid, w, p->now_us);

    out->asks++;
    out->units += a->ask.free;
    if (misfits == 0) out->serving++;
    for (int i = 0; i < MISFITS; i++) {
        if ((misfits >> i & 1) == 0) continue;
        out->by[i].asks++;
        if (misfits == UINT32_C(1) << i) out->by[i].alone++;
    }
}

static void count(const struct probe *p, struct explanation *out)
{
    for (int32_t w = 0; w < p->bid.bid.spec.wants_n; w++) {
        struct book *const book = p->bid.lines[w].book;
        struct ladder_walk walk;
        int seen = 0;

        const struct ask_entry *a = book_best_ask(&walk, book);
        for (; a && seen < EXPLAIN_LOOK; a = book_ask_after(&walk), seen++)
            count_ask(p, a, w, out);
        out->cut |= a != NULL;
        const struct place *busy = book->busy.first;
        for (seen = 0; busy && seen < EXPLAIN_BUSY; busy = busy->next, seen++)
            count_ask(p, busy->owner, w, out);
        out->cut |= busy != NULL;
    }
}

/* ---- trying ---- */

#define TRIES 64 /* values of one term that are tried where halving does not do */

static void note(struct explanation *out, enum change_of of, int32_t pool, int64_t from, int64_t to)
{
    assert(out->changes_n < EXPLAIN_CHANGES);
    out->changes[out->changes_n++] = (struct change){ of, pool, from, to };
}

/* A term of the bid, by its place in the probe. */
typedef int32_t *term_fn(struct bid_spec *s);

/* clang-format off */
static int32_t *nodes(struct bid_spec *s) { return &s->nodes; }
static int32_t *tier(struct bid_spec *s) { return &s->wish.tier_min; }
static int32_t *verified(struct bid_spec *s) { return &s->wish.verified; }
static int32_t *isolation(struct bid_spec *s) { return &s->wish.isolation_min; }
static int32_t *interconnect(struct bid_spec *s) { return &s->wish.interconnect_min; }
static int32_t *bandwidth(struct bid_spec *s) { return &s->wish.bandwidth_min_mbps; }
static int32_t *egress(struct bid_spec *s) { return &s->wish.egress; }
static int32_t *checkpoint(struct bid_spec *s) { return &s->checkpoint_seconds; }
/* clang-format on */

/* All tries together look at a bounded number of asks: the market thread has other work. */
static uint64_t misses(const struct probe *p)
{
    uint64_t n = p->m->gang_looks;

    for (int32_t w = 0; w < p->bid.bid.spec.wants_n; w++)
        n += p->bid.lines[w].book->asks.misses;
    return n;
}

static bool matches(struct probe *p)
{
    return misses(p) < p->misses_max && probe_matches(p);
}

static bool matches_with(struct probe *p, int32_t *term, int32_t value)
{
    const int32_t was = *term;

    *term = value;
    const bool yes = matches(p);
    *term = was;
    return yes;
}

/* The largest value from `least` up to just below the present one with which it matches. */
static void try_less(struct probe *p, struct explanation *out, enum change_of of, term_fn *term_of,
                     int32_t least)
{
    int32_t *const term = term_of(&p->bid.bid.spec);
    int32_t yes = least, no = *term;

    if (no <= least || !matches_with(p, term, least)) return;
    while (no - yes > 1) {
        const int32_t half = yes + (no - yes) / 2;
        if (matches_with(p, term, half))
            yes = half;
        else
            no = half;
    }
    note(out, of, 0, *term, yes);
}

/* How long the ask would have the bid run, if its time is all that is wrong: as long as possible
 * when the bid is too long for it, as short as possible when it is too short. 0: it cannot. */
static int32_t seconds_for(const struct probe *p, const struct ask_entry *a, int32_t w)
{
    const uint32_t too_long = MISFIT_LONG | MISFIT_UNTIL, too_short = MISFIT_SHORT;
    const uint32_t misfits = eligible_misfits(a, &p->bid, w, p->now_us);
    const int64_t left = (a->ask.spec.until_us - p->now_us) / US_PER_SECOND;
    int64_t most = a->ask.spec.seconds_max;

    if (left < most) most = left;
    if (misfits == 0 || (misfits & ~(too_long | too_short)) != 0) return 0;
    if (most < a->ask.spec.seconds_min) return 0;
    return (misfits & too_short) != 0 ? a->ask.spec.seconds_min : (int32_t)most;
}

/* Not monotone, as machines have a shortest and a longest lease: the times that asks name are
 * tried, and the nearest below and above are kept. */
static void try_seconds(struct probe *p, struct explanation *out)
{
    int32_t *const term = &p->bid.bid.spec.seconds;
    int32_t below = 0, above = INT32_MAX, tries = 0, last = 0;

    for (int32_t w = 0; w < p->bid.bid.spec.wants_n; w++) {
        struct ladder_walk walk;
        int seen = 0;
        const struct ask_entry *a = book_best_ask(&walk, p->bid.lines[w].book);
        for (; a && seen < EXPLAIN_LOOK && tries < TRIES; a = book_ask_after(&walk), seen++) {
            const int32_t s = seconds_for(p, a, w);
            if (s <= below || s >= above || s == *term || s == last) continue;
            last = s;
            tries++;
            if (!matches_with(p, term, s)) continue;
            if (s < *term)
                below = s;
            else
                above = s;
        }
    }
    if (below != 0) note(out, CHANGE_SECONDS, 0, *term, below);
    if (above != INT32_MAX) note(out, CHANGE_SECONDS, 0, *term, above);
}

/* Not monotone, as machines may sell some numbers together and not others: the most that will do.
 */
static void try_units(struct probe *p, struct explanation *out)
{
    for (int32_t w = 0; w < p->bid.bid.spec.wants_n; w++) {
        int32_t *const units = &p->bid.bid.spec.wants[w].units;
        const int32_t pool = p->bid.bid.spec.wants[w].pool;
        for (int32_t u = *units - 1, tries = 0; u >= 1 && tries < TRIES; tries++) {
            if (matches_with(p, units, u)) {
                note(out, CHANGE_UNITS, pool, *units, u);
                return;
            }
            u = tries < 32 ? u - 1 : u / 2;
        }
    }
}

/* One more region: the cheapest that will do, told by the order of the asks. */
static void try_regions(struct probe *p, struct explanation *out)
{
    int32_t *const regions = &p->bid.bid.spec.wish.regions;
    struct money best = { INT64_MAX };
    int32_t found = 0;

    if (*regions == 0) return;
    for (int32_t r = 0; r < REGIONS; r++) {
        const int32_t was = *regions, more = was | 1 << r;
        struct plan plan;
        if (more == was || !matches_with(p, regions, more)) continue;
        *regions = more;
        (void)probe_matches(p);
        match_plan(p->m, &p->bid, p->now_us, &plan);
        *regions = was;
        if (plan.n == 0 || money_cmp(plan.picks[plan.n - 1].price, best) >= 0) continue;
        best = plan.picks[plan.n - 1].price;
        found = more;
    }
    if (found != 0)
        note(out, CHANGE_REGIONS, 0, *regions, found);
    else if (matches_with(p, regions, 0))
        note(out, CHANGE_REGIONS, 0, *regions, 0);
}

static void try_flags(struct probe *p, struct explanation *out)
{
    struct bid_spec *const s = &p->bid.bid.spec;
    const int64_t label = s->wish.label;
    const enum own own = s->own;

    if (s->same_site) {
        s->same_site = false;
        if (matches(p)) note(out, CHANGE_SAME_SITE, 0, 1, 0);
        s->same_site = true;
    }
    if (label != 0) {
        s->wish.label = 0;
        if (matches(p)) note(out, CHANGE_LABEL, 0, 1, 0);
        s->wish.label = label;
    }
    if (!s->interruptible) {
        s->interruptible = true;
        if (matches(p)) note(out, CHANGE_INTERRUPTIBLE, 0, 0, 1);
        s->interruptible = false;
    }
    if (own == OWN_ONLY) {
        s->own = OWN_FIRST;
        if (matches(p)) note(out, CHANGE_OWN, 0, OWN_ONLY, OWN_FIRST);
        s->own = own;
    }
}

/* ---- the price ---- */

static bool at_limit(struct probe *p, int64_t micros, bool (*does)(struct probe *p))
{
    struct money *const limit = &p->bid.bid.spec.limit;
    const struct money was = *limit;

    limit->micros = micros;
    const bool yes = does(p);
    *limit = was;
    return yes;
}

static int64_t gcd(int64_t a, int64_t b)
{
    return b == 0 ? a : gcd(b, a % b);
}

/* The step of limits that stand on the tick of each pool that the limit is for. */
static int64_t common_tick(const struct probe *p)
{
    int64_t common = p->bid.lines[0].book->pool.tick.micros;

    for (int32_t w = 1; w < p->bid.bid.spec.wants_n && p->bid.bid.spec.rank == RANK_PRICE; w++) {
        const int64_t tick = p->bid.lines[w].book->pool.tick.micros;
        common = common / gcd(common, tick) * tick;
        if (common > MONEY_INPUT_MAX.micros) break;
    }
    return common;
}

/* The smallest limit above the present one that does, whatever it costs: found by doubling, then
 * halving. The highest is asked for first, as mostly none does. 0: none does. */
static int64_t least_limit(struct probe *p, bool (*does)(struct probe *p))
{
    const int64_t step = common_tick(p), most = MONEY_INPUT_MAX.micros / step;
    int64_t no = p->bid.bid.spec.limit.micros / step, yes = no, more = 1;

    p->rich = true;
    if (yes >= most || !at_limit(p, most * step, does)) {
        p->rich = false;
        return 0;
    }
    while (yes < most && !at_limit(p, yes * step, does)) {
        no = yes;
        yes = most - yes < more ? most : yes + more;
        more *= 2;
    }
    const bool found = yes != no && at_limit(p, yes * step, does);
    while (found && yes - no > 1) {
        const int64_t half = no + (yes - no) / 2;
        if (at_limit(p, half * step, does))
            yes = half;
        else
            no = half;
    }
    p->rich = false;
    return found ? yes * step : 0;
}

/* Limits are named if there is money for them, and displacing if it is the cheaper way. */
static void try_limits(struct probe *p, struct explanation *out)
{
    const int64_t from = p->bid.bid.spec.limit.micros;
    const int64_t matching = least_limit(p, matches);
    const int64_t displacing = least_limit(p, probe_displaces);

    if (matching != 0 && at_limit(p, matching, matches)) note(out, CHANGE_LIMIT, 0, from, matching);
    if (displacing != 0 && (matching == 0 || displacing < matching) &&
        at_limit(p, displacing, probe_displaces))
        note(out, CHANGE_DISPLACING_LIMIT, 0, from, displacing);
}

/* ---- waiting ---- */

/* When the lease has ended at the latest, its machine being alive. */
static int64_t lease_ends_us(const struct market *m, const struct lease *l)
{
    const int64_t starts = l->ready_us != 0
                               ? l->ready_us
                               : (l->accepted_us != 0 ? l->accepted_us : l->traded_us) +
                                     m->rules.prepare_seconds * US_PER_SECOND;
    const int64_t stops = (int64_t)m->rules.stop_seconds * US_PER_SECOND;

    if (l->state == LEASE_STOPPING) return l->stopping_us + stops;
    if (l->state == LEASE_PREEMPTED)
        return l->stopping_us + m->rules.notice_seconds * US_PER_SECOND + stops;
    return starts + l->seconds_max * US_PER_SECOND + stops;
}

/* Is it only its leases that keep the ask from serving, all the time until then included? */
static bool only_busy(const struct probe *p, const struct ask_entry *a, int32_t w, int64_t until_us)
{
    const enum own own = p->bid.bid.spec.own;
    const uint32_t misfits = eligible_misfits(a, &p->bid, w, until_us) & ~(uint32_t)MISFIT_UNITS;
    const bool others = misfits == 0 && own != OWN_ONLY;
    const bool mine =
        own != OWN_NEVER && (misfits & MISFIT_OWNER) != 0 && (misfits & ~(uint32_t)MISFIT_OWN) == 0;

    return (others || mine) && a->heirs == 0 && a->ask.spec.units >= p->bid.bid.spec.wants[w].units;
}

/* For a bid for one node: the first time at which a machine has all its leases behind it. */
static void try_wait(struct probe *p, struct explanation *out)
{
    struct market *const m = p->m;
    int64_t best = INT64_MAX;
    size_t at = 0;
    int seen = 0;

    if (state_is_gang(&p->bid.bid)) return;
    const uint64_t mark = ++m->plan;
    for (const struct lease_entry *l; (l = table_next(&m->leases, &at)) && seen < EXPLAIN_LEASES;
         seen++) {
        struct ask_entry *const a = state_ask(m, l->lease.ask);
        const int32_t w = a ? own_want_for(&p->bid, l->lease.pool) : -1;
        if (w < 0 || lease_is_final(l->lease.state)) continue;
        const int64_t ends = lease_ends_us(m, &l->lease);
        if (a->plan != mark) a->frees_us = 0;
        a->plan = mark;
        if (ends > a->frees_us) a->frees_us = ends;
    }
    at = 0;
    seen = 0;
    for (const struct lease_entry *l; (l = table_next(&m->leases, &at)) && seen < EXPLAIN_LEASES;
         seen++) {
        const struct ask_entry *const a = state_ask(m, l->lease.ask);
        if (!a || a->plan != mark || a->frees_us >= best) continue;
        const int32_t w = own_want_for(&p->bid, l->lease.pool);
        if (w >= 0 && only_busy(p, a, w, a->frees_us)) best = a->frees_us;
    }
    if (best != INT64_MAX && best < p->bid.bid.spec.expires_us)
        note(out, CHANGE_WAIT, 0, p->now_us, best);
}

static void explain(struct probe *p, struct explanation *out)
{
    *out = (struct explanation){ 0 };
    out->serves = probe_matches(p);
    count(p, out);
    if (out->serves) return;
    p->misses_max = misses(p) + EXPLAIN_MISSES;
    if (p->bid.bid.spec.own != OWN_ONLY) try_limits(p, out);
    try_seconds(p, out);
    try_units(p, out);
    try_less(p, out, CHANGE_NODES, nodes, 1);
    try_regions(p, out);
    try_less(p, out, CHANGE_TIER, tier, 0);
    try_less(p, out, CHANGE_VERIFIED, verified, 0);
    try_less(p, out, CHANGE_ISOLATION, isolation, 0);
    try_less(p, out, CHANGE_INTERCONNECT, interconnect, 0);
    try_less(p, out, CHANGE_BANDWIDTH, bandwidth, 0);
    try_less(p, out, CHANGE_EGRESS, egress, 0);
    try_less(p, out, CHANGE_CHECKPOINT, checkpoint, DURATION_MIN_S);
    try_flags(p, out);
    try_wait(p, out);
    out->cut |= misses(p) >= p->misses_max;
}

bool market_explain(struct market *m, int64_t bid, int64_t now_us, struct explanation *out)
{
    const struct bid_entry *const b = state_bid(m, bid);
    struct probe p;

    if (!b || b->bid.state != ORDER_OPEN) return false;
    probe_bid(&p, m, b, now_us);
    explain(&p, out);
    return true;
}

bool market_explain_spec(struct market *m, int64_t account, const struct bid_spec *spec,
                         int64_t now_us, struct explanation *out, const char **why)
{
    enum err_code code;
    struct probe p;

    *why = bid_wrong(m, spec, now_us, &code);
    if (*why) return false;
    probe_spec(&p, m, account, spec, now_us);
    explain(&p, out);
    return true;
}
