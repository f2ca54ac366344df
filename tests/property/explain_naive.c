/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/property/explain_naive.h"

#include <stddef.h>
#include <string.h>

#include "domain/eligible.h"
#include "domain/probe.h"

#define LIMITS 12 /* doublings of the limit that are tried when none was named */

/* ---- counting ---- */

static void count_ask(const struct ask_entry *a, const struct bid_entry *b, int64_t now_us,
                      struct explanation *out)
{
    for (int32_t w = 0; w < b->bid.spec.wants_n; w++) {
        if (a->ask.spec.pool != b->bid.spec.wants[w].pool) continue;
        const uint32_t misfits = eligible_misfits(a, b, w, now_us);
        out->asks++;
        out->units += a->ask.free;
        out->serving += misfits == 0;
        for (int i = 0; i < MISFITS; i++) {
            out->by[i].asks += (misfits & (1U << i)) != 0;
            out->by[i].alone += misfits == 1U << i;
        }
    }
}

static const char *wrong_counts(const struct asked *a, const struct explanation *e)
{
    const struct bid_entry *const b = state_bid(a->m, a->bid);
    struct explanation want = { 0 };
    size_t at = 0;

    for (const struct ask_entry *ask; (ask = table_next(&a->m->asks, &at));)
        if (ask->ask.state == ORDER_OPEN && !ask->ask.stale && ask->ask.parked == 0)
            count_ask(ask, b, a->now_us, &want);
    if (want.asks != e->asks || want.units != e->units) return "the asks are counted wrongly";
    if (want.serving != e->serving) return "those that serve are counted wrongly";
    if (e->cut) return "it says that there were more";
    return memcmp(want.by, e->by, sizeof(want.by)) == 0 ? NULL : "misfits are counted wrongly";
}

/* ---- trying ---- */

static const struct change *named(const struct explanation *e, enum change_of of)
{
    for (int32_t i = 0; i < e->changes_n; i++)
        if (e->changes[i].of == of) return &e->changes[i];
    return NULL;
}

static bool quote(const struct asked *a, const struct bid_spec *s, struct quote *out)
{
    const char *why;

    return market_quote(a->m, a->by, s, a->now_us, out, &why) && out->n > 0;
}

static bool would(const struct asked *a, const struct bid_spec *s)
{
    struct quote q;

    return quote(a, s, &q);
}

static bool would_displace(const struct asked *a, const struct bid_spec *s)
{
    struct probe p;

    probe_spec(&p, a->m, a->by, s, a->now_us);
    return probe_displaces(&p);
}

/* A term that is easier to meet the smaller it is. */
static bool less_is_wrong(const struct asked *a, const struct explanation *e, enum change_of of,
                          size_t offset, int32_t least)
{
    const struct change *const c = named(e, of);
    struct bid_spec s = a->spec;
    int32_t now;

    memcpy(&now, (char *)&s + offset, sizeof(now));
    const int32_t try = c ? (int32_t)c->to + 1 : least;
    if (c && (c->from != now || c->to < least || c->to >= now || c->pool != 0)) return true;
    if (try >= now) return false;
    memcpy((char *)&s + offset, &try, sizeof(try));
    return would(a, &s);
}

#define LESS(of, term, least) less_is_wrong(a, e, of, offsetof(struct bid_spec, term), least)

static const char *wrong_classes(const struct asked *a, const struct explanation *e)
{
    if (LESS(CHANGE_NODES, nodes, 1)) return "nodes";
    if (LESS(CHANGE_TIER, wish.tier_min, 0)) return "tier";
    if (LESS(CHANGE_VERIFIED, wish.verified, 0)) return "verified";
    if (LESS(CHANGE_ISOLATION, wish.isolation_min, 0)) return "isolation";
    if (LESS(CHANGE_INTERCONNECT, wish.interconnect_min, 0)) return "interconnect";
    if (LESS(CHANGE_BANDWIDTH, wish.bandwidth_min_mbps, 0)) return "bandwidth";
    if (LESS(CHANGE_EGRESS, wish.egress, 0)) return "egress";
    if (LESS(CHANGE_CHECKPOINT, checkpoint_seconds, DURATION_MIN_S)) return "checkpoint";
    return NULL;
}

/* The term is named just when it is set and the bid without it would be served. */
static bool flag_is_wrong(const struct asked *a, const struct explanation *e, enum change_of of,
                          const struct bid_spec *without, bool is_set)
{
    const struct change *const c = named(e, of);

    if (!is_set) return c != NULL;
    if (c && c->from != (of == CHANGE_INTERRUPTIBLE ? 0 : 1)) return true;
    return would(a, without) != (c != NULL);
}

static const char *wrong_flags(const struct asked *a, const struct explanation *e)
{
    struct bid_spec s = a->spec;

    s.same_site = false;
    if (flag_is_wrong(a, e, CHANGE_SAME_SITE, &s, a->spec.same_site)) return "same site";
    s = a->spec;
    s.wish.label = 0;
    if (flag_is_wrong(a, e, CHANGE_LABEL, &s, a->spec.wish.label != 0)) return "label";
    s = a->spec;
    s.interruptible = true;
    if (flag_is_wrong(a, e, CHANGE_INTERRUPTIBLE, &s, !a->spec.interruptible))
        return "interruptible";
    s = a->spec;
    s.own = OWN_FIRST;
    if (flag_is_wrong(a, e, CHANGE_OWN, &s, a->spec.own == OWN_ONLY)) return "own";
    return NULL;
}

static const char *wrong_units(const struct asked *a, const struct explanation *e)
{
    const struct change *const c = named(e, CHANGE_UNITS);

    for (int32_t w = 0; w < a->spec.wants_n; w++) {
        struct bid_spec s = a->spec;
        while (--s.wants[w].units >= 1) {
            if (!would(a, &s)) continue;
            return c && c->pool == s.wants[w].pool && c->from == a->spec.wants[w].units &&
                           c->to == s.wants[w].units
                       ? NULL
                       : "units";
        }
    }
    return c ? "units" : NULL;
}

/* One region more: the one whose last machine is the cheapest, the lowest of equal ones; if there
 * is none, all. */
static const char *wrong_regions(const struct asked *a, const struct explanation *e)
{
    const struct change *const c = named(e, CHANGE_REGIONS);
    const int32_t was = a->spec.wish.regions;
    int64_t best = INT64_MAX, want = -1;

    for (int32_t r = 0; r < REGIONS && was != 0; r++) {
        struct bid_spec s = a->spec;
        struct quote q;
        s.wish.regions |= 1 << r;
        if (s.wish.regions == was || !quote(a, &s, &q)) continue;
        if (q.own) return NULL; /* the price of own machines is not compared */
        if (q.parts[q.n - 1].price.micros >= best) continue;
        best = q.parts[q.n - 1].price.micros;
        want = s.wish.regions;
    }
    struct bid_spec anywhere = a->spec;
    anywhere.wish.regions = 0;
    if (was != 0 && want < 0 && would(a, &anywhere)) want = 0;
    if (!c) return want < 0 ? NULL : "regions";
    return c->from == was && c->to == want ? NULL : "regions";
}

/* A machine of others: own ones are not asked for their times. */
static bool would_elsewhere(const struct asked *a, const struct bid_spec *s)
{
    struct quote q;

    return quote(a, s, &q) && !q.own;
}

/* Between the times that are named nothing does. */
static const char *wrong_seconds(const struct asked *a, const struct explanation *e)
{
    int64_t below = DURATION_MIN_S, above = DURATION_MAX_S;

    for (int32_t i = 0; i < e->changes_n; i++) {
        const struct change *const c = &e->changes[i];
        if (c->of != CHANGE_SECONDS) continue;
        if (c->from != a->spec.seconds || c->to == c->from) return "seconds";
        if (c->to < c->from) below = c->to + 1;
        if (c->to > c->from) above = c->to - 1;
    }
    for (int i = 0; i < 8; i++) { /* close to it, and ever closer to the ends */
        struct bid_spec s = a->spec;
        s.seconds = (int32_t)(below + (a->spec.seconds - below) * i / 8);
        if (s.seconds < a->spec.seconds && would_elsewhere(a, &s)) return "less seconds";
        s.seconds = (int32_t)(above - (above - a->spec.seconds) * i / 8);
        if (s.seconds > a->spec.seconds && would_elsewhere(a, &s)) return "more seconds";
    }
    return NULL;
}

/* ---- limits ---- */

static int64_t step_of(const struct asked *a)
{
    int64_t step = market_pool(a->m, a->spec.wants[0].pool)->tick.micros;

    for (int32_t w = 1; w < a->spec.wants_n && a->spec.rank == RANK_PRICE; w++) {
        const int64_t tick = market_pool(a->m, a->spec.wants[w].pool)->tick.micros;
        int64_t common = step;
        while (common % tick != 0)
            common += step;
        step = common;
    }
    return step;
}

/* Just below the limit that is named nothing does, and when none is named, no higher one does. */
static bool limit_is_wrong(const struct asked *a, const struct change *c, int64_t most,
                           bool (*does)(const struct asked *a, const struct bid_spec *s))
{
    const int64_t step = step_of(a);
    struct bid_spec s = a->spec;

    if (c && (c->from != s.limit.micros || c->to <= c->from || c->to % step != 0)) return true;
    if (c) {
        s.limit.micros = c->to - step;
        return s.limit.micros > c->from && does(a, &s);
    }
    for (int i = 0; i < LIMITS && s.limit.micros + step <= most; i++) {
        s.limit.micros += step;
        if (does(a, &s)) return true;
        s.limit.micros = (s.limit.micros - step) * 2;
    }
    return false;
}

static const char *wrong_limits(const struct asked *a, const struct explanation *e)
{
    const struct change *const matching = named(e, CHANGE_LIMIT);
    const struct change *const displacing = named(e, CHANGE_DISPLACING_LIMIT);
    const int64_t most = matching ? matching->to - step_of(a) : 40000 * a->spec.limit.micros;

    if (a->spec.own == OWN_ONLY) return matching || displacing ? "limits of own only" : NULL;
    if (limit_is_wrong(a, matching, most, would)) return "the limit";
    if (limit_is_wrong(a, displacing, most, would_displace)) return "the displacing limit";
    if (matching && displacing && displacing->to >= matching->to) return "the dearer limit";
    return NULL;
}

const char *explain_naive_wrong(const struct asked *a, const struct explanation *e)
{
    static const char *(*const checks[])(const struct asked *, const struct explanation *) = {
        wrong_counts,  wrong_classes, wrong_flags,  wrong_units,
        wrong_regions, wrong_seconds, wrong_limits,
    };

    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        const char *const wrong = checks[i](a, e);
        if (wrong) return wrong;
    }
    return NULL;
}
