/* SPDX-License-Identifier: Apache-2.0 */
/* Why does a bid rest, and what would change that? Looks only. Pure.
 *
 * What keeps asks from serving is counted by the rule that matches (eligible.h). What would help is
 * found by asking the matcher itself about the bid with one of its terms changed, so that a change
 * that is named does match when it is made, as the market stands now; of each term the smallest
 * change that does is named. */
#pragma once

#include "domain/market.h"

#define MISFITS        21
#define EXPLAIN_LOOK   4096 /* asks of each pool that are counted, best first, */
#define EXPLAIN_BUSY   1024 /* and of those without a free unit */
#define EXPLAIN_LEASES 20000
#define EXPLAIN_MISSES                                                                             \
    50000 /* asks that it may pass over while it tries; then it tries no more                      \
           */
#define EXPLAIN_CHANGES 20

/* Names of what keeps an ask from serving: "owner", "region", "price", …; by bit of enum misfit. */
extern const char *const misfit_names[MISFITS];

enum change_of {
    CHANGE_LIMIT,            /* money: raise the limit to it */
    CHANGE_SECONDS,          /* run at most, or at least, that long */
    CHANGE_UNITS,            /* so many units of a node of `pool` */
    CHANGE_NODES,            /* so many nodes */
    CHANGE_SAME_SITE,        /* any sites: to 0 */
    CHANGE_REGIONS,          /* accept these: a mask */
    CHANGE_TIER,             /* accept nodes of this tier */
    CHANGE_VERIFIED,         /* accept nodes that are not: to 0 */
    CHANGE_ISOLATION,        /* accept this class */
    CHANGE_INTERCONNECT,     /* accept this one */
    CHANGE_BANDWIDTH,        /* accept so many Mbit/s */
    CHANGE_LABEL,            /* go without the data label: to 0 */
    CHANGE_EGRESS,           /* make do with this class */
    CHANGE_CHECKPOINT,       /* save so often */
    CHANGE_INTERRUPTIBLE,    /* accept to be displaced: to 1 */
    CHANGE_OWN,              /* take others' machines too: to 0, own first */
    CHANGE_DISPLACING_LIMIT, /* money: at this limit it displaces an interruptible lease */
    CHANGE_WAIT, /* until this time, microseconds: then leases have ended, at the latest */
};
#define CHANGES 18
extern const char *const change_names[CHANGES];

struct change {
    enum change_of of;
    int32_t pool; /* of CHANGE_UNITS; else 0 */
    int64_t from, to;
};

struct explanation {
    bool serves;   /* something serves it already (it is sealed, or parked) */
    int64_t asks;  /* open asks of its pools that were looked at, */
    int64_t units; /* and their free units; */
    bool cut;      /* there were more */
    struct {
        int64_t asks;  /* that it keeps from serving, */
        int64_t alone; /* and those that nothing else does */
    } by[MISFITS];
    int32_t serving; /* nodes that serve it: of a gang fewer than it needs */
    struct change changes[EXPLAIN_CHANGES];
    int32_t changes_n;
};

/* False: there is no such bid, or it does not rest. O(asks looked at). */
MUST_CHECK bool market_explain(struct market *m, int64_t bid, int64_t now_us,
                               struct explanation *out);

/* The same for a bid that has not been made, of an account (0: of nobody yet), with any money.
 * False: its terms are not valid; *why says what. */
MUST_CHECK bool market_explain_spec(struct market *m, int64_t account, const struct bid_spec *spec,
                                    int64_t now_us, struct explanation *out, const char **why);

/* What such a bid would be given now. */
struct quote_part {
    int64_t node, account; /* whose: not for the public */
    int32_t region, tier, verified, isolation, interconnect;
    struct money price;
    int64_t stands_us; /* until then its owner cannot change the price; may have passed */
};
struct quote {
    int32_t n; /* nodes; 0: nothing serves it now */
    int32_t pool, units, seconds_max;
    bool own;
    struct money per_hour; /* of all together */
    struct money cost;     /* of the longest run */
    struct money hold;     /* that the bid would make while it rests */
    struct quote_part parts[GANG_NODES_MAX];
};
MUST_CHECK bool market_quote(struct market *m, int64_t account, const struct bid_spec *spec,
                             int64_t now_us, struct quote *out, const char **why);

/* The lowest limit at which a firm bid for one unit would displace a lease of the pool now. False:
 * none would. */
MUST_CHECK bool market_displacement_price(const struct market *m, int32_t pool, struct money *out);
