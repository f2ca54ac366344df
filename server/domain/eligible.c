/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/eligible.h"

#include <assert.h>

#define ISOLATION_ATTESTED (ISOLATIONS - 1)

_Static_assert(REGIONS *TIERS * 2 == CELLS, "a cell is a region, a tier, and attested or not");

static int32_t cell(int32_t region, int32_t tier, bool attested)
{
    return region * TIERS * 2 + tier * 2 + (attested ? 1 : 0);
}

uint64_t eligible_cell(const struct traits *t)
{
    return UINT64_C(1) << cell(t->region, t->tier, t->isolation == ISOLATION_ATTESTED);
}

static bool allows_region(const struct wish *w, int32_t region)
{
    return w->regions == 0 || (w->regions >> region & 1) != 0;
}

uint64_t eligible_cells(const struct wish *w)
{
    uint64_t cells = 0;

    for (int32_t region = 0; region < REGIONS; region++) {
        if (!allows_region(w, region)) continue;
        for (int32_t tier = w->tier_min; tier < TIERS; tier++) {
            cells |= UINT64_C(1) << cell(region, tier, true);
            if (w->isolation_min < ISOLATION_ATTESTED)
                cells |= UINT64_C(1) << cell(region, tier, false);
        }
    }
    return cells;
}

static bool excludes(const struct bid *b, int64_t node)
{
    for (int32_t i = 0; i < b->excluded_n; i++)
        if (b->excluded[i] == node) return true;
    return false;
}

static bool sells_together(int64_t sets, int32_t units)
{
    return sets == 0 || (units < 64 && (sets >> (units - 1) & 1) != 0);
}

/* What the bid demands of the machine. */
static uint32_t wish_misfits(const struct wish *w, const struct traits *t)
{
    uint32_t out = 0;

    if (!allows_region(w, t->region)) out |= MISFIT_REGION;
    if (t->tier < w->tier_min) out |= MISFIT_TIER;
    if (t->verified < w->verified) out |= MISFIT_VERIFIED;
    if (t->isolation < w->isolation_min) out |= MISFIT_ISOLATION;
    if (t->interconnect < w->interconnect_min) out |= MISFIT_INTERCONNECT;
    if (t->bandwidth_mbps < w->bandwidth_min_mbps) out |= MISFIT_BANDWIDTH;
    if (w->label != 0 && t->label != w->label) out |= MISFIT_LABEL;
    return out;
}

/* What the ask demands of the buyer and his job. */
static uint32_t terms_misfits(const struct ask_spec *a, const struct bid *b)
{
    const struct bid_spec *const s = &b->spec;
    uint32_t out = 0;

    if (b->tier < a->buyer_tier_min) out |= MISFIT_BUYER_TIER;
    if (s->wish.egress > a->egress_max) out |= MISFIT_EGRESS;
    if (s->checkpoint_seconds > a->risk_seconds) out |= MISFIT_RISK;
    if (a->interruptible && !s->interruptible) out |= MISFIT_INTERRUPTIBLE;
    if (s->seconds < a->seconds_min) out |= MISFIT_SHORT;
    if (s->seconds > a->seconds_max) out |= MISFIT_LONG;
    return out;
}

uint32_t eligible_misfits(const struct ask_entry *a, const struct bid_entry *b, int32_t w,
                          int64_t now_us)
{
    const struct ask_spec *const ask = &a->ask.spec;
    const struct bid_spec *const bid = &b->bid.spec;
    const int32_t units = bid->wants[w].units;
    uint32_t out = wish_misfits(&bid->wish, &a->ask.traits) | terms_misfits(ask, &b->bid);

    assert(ask->pool == bid->wants[w].pool);
    if (a->node->account->owner == b->buyer->owner) out |= MISFIT_OWNER;
    if (a->ask.free < units) out |= MISFIT_UNITS;
    if (!sells_together(ask->sets, units)) out |= MISFIT_SETS;
    if (money_cmp(ask->price, b->lines[w].limit) > 0) out |= MISFIT_PRICE;
    if (ask->until_us < now_us + bid->seconds * US_PER_SECOND) out |= MISFIT_UNTIL;
    if (excludes(&b->bid, ask->node)) out |= MISFIT_NODE;
    if (a->ask.stale) out |= MISFIT_STALE;
    if (a->ask.parked != 0 && !a->called) out |= MISFIT_PARKED;
    return out;
}
