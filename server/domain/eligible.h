/* SPDX-License-Identifier: Apache-2.0 */
/* Does an ask serve a bid? One answer for each constraint, so that a match can be refused and
 * explained by the same rule. Private to the market. */
#pragma once

#include "domain/explain.h"
#include "domain/state.h"

/* Cells: the discrete traits that the ladders are sorted by, region × 8 + tier × 2 + attested. */
#define CELLS 64

uint64_t eligible_cells(const struct wish *w);  /* those that a wish allows */
uint64_t eligible_cell(const struct traits *t); /* the bit of the one that an ask lies in */

/* What can be wrong, a bit each. */
enum misfit {
    MISFIT_OWNER = 1 << 0, /* both are of one owner */
    MISFIT_REGION = 1 << 1,
    MISFIT_TIER = 1 << 2,
    MISFIT_VERIFIED = 1 << 3,
    MISFIT_ISOLATION = 1 << 4,
    MISFIT_INTERCONNECT = 1 << 5,
    MISFIT_BANDWIDTH = 1 << 6,
    MISFIT_LABEL = 1 << 7,
    MISFIT_BUYER_TIER = 1 << 8,
    MISFIT_EGRESS = 1 << 9,
    MISFIT_RISK = 1 << 10,          /* would lose more than the ask bears */
    MISFIT_INTERRUPTIBLE = 1 << 11, /* the ask serves interruptible bids only */
    MISFIT_UNITS = 1 << 12,         /* not so many free */
    MISFIT_SETS = 1 << 13,          /* not leased in this number together */
    MISFIT_PRICE = 1 << 14,         /* above the limit */
    MISFIT_SHORT = 1 << 15,         /* below the shortest lease */
    MISFIT_LONG = 1 << 16,
    MISFIT_UNTIL = 1 << 17,  /* the ask ends before */
    MISFIT_NODE = 1 << 18,   /* it failed this job */
    MISFIT_STALE = 1 << 19,  /* about to be entered again */
    MISFIT_PARKED = 1 << 20, /* waits for a call */
};

/* What may be overlooked for an owner's own. */
#define MISFIT_OWN                                                                                 \
    (MISFIT_OWNER | MISFIT_PRICE | MISFIT_BUYER_TIER | MISFIT_EGRESS | MISFIT_RISK |               \
     MISFIT_INTERRUPTIBLE | MISFIT_SHORT | MISFIT_LONG)

/* All that keeps `a` from serving `b` by its want `w`, which is for the ask's pool; 0: it serves.
 * The ask need not be in the book. O(nodes excluded). */
uint32_t eligible_misfits(const struct ask_entry *a, const struct bid_entry *b, int32_t w,
                          int64_t now_us);
