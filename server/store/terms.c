/* SPDX-License-Identifier: Apache-2.0 */
#include "store/terms.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

#include "base/limits.h"

/* Positions, counted from 0; SQL counts them from 1. */
enum ask_term {
    ASK_SETS,
    ASK_FLAGS,
    ASK_BUYER_TIER,
    ASK_EGRESS,
    ASK_RISK, /* less RISK_DEFAULT_S */
    ASK_SITE, /* less the node */
    ASK_REGION,
    ASK_TIER,
    ASK_VERIFIED,
    ASK_ISOLATION,
    ASK_INTERCONNECT,
    ASK_BANDWIDTH,
    ASK_LABEL,
    ASK_PARKED,
    ASK_TERMS
};

enum bid_term {
    BID_FLAGS,
    BID_NODES,      /* less 1 */
    BID_CHECKPOINT, /* less RISK_DEFAULT_S */
    BID_TIF,
    BID_RANK,
    BID_OWN,
    BID_AUCTION,
    BID_TIER, /* of its account */
    BID_REGIONS,
    BID_TIER_MIN,
    BID_VERIFIED,
    BID_ISOLATION,
    BID_INTERCONNECT,
    BID_BANDWIDTH,
    BID_LABEL,
    BID_EGRESS,
    BID_WANTS /* pool and units of each but the first */
};

enum { ASK_INTERRUPTIBLE = 1, ASK_POST_ONLY = 2, ASK_STALE = 4 };
enum { BID_SAME_SITE = 1, BID_INTERRUPTIBLE = 2 };

/* Bits of bids.progress: where each number begins. */
enum {
    LEASES_AT = 0,
    LIVE_AT = 8,
    SEALED_AT = 16,
    VERDICT_AT = 17,
    REASON_AT = 24,
    PARKED_AT = 32
};

static_assert(BID_WANTS + 2 * (WANTS_MAX - 1) <= TERMS_MAX, "all wants have a place");

/* Numbers at the end that say nothing are left out. */
static void cut(struct terms *t, int n)
{
    while (n > 0 && t->v[n - 1] == 0)
        n--;
    t->n = n;
}

void terms_of_ask(const struct ask *a, struct terms *out)
{
    const struct ask_spec *s = &a->spec;
    const struct traits *t = &a->traits;

    *out = (struct terms){
        .v = { [ASK_SETS] = s->sets,
               [ASK_FLAGS] = (s->interruptible ? ASK_INTERRUPTIBLE : 0) |
                             (s->post_only ? ASK_POST_ONLY : 0) | (a->stale ? ASK_STALE : 0),
               [ASK_BUYER_TIER] = s->buyer_tier_min,
               [ASK_EGRESS] = s->egress_max,
               [ASK_RISK] = s->risk_seconds - RISK_DEFAULT_S,
               [ASK_SITE] = t->site - s->node,
               [ASK_REGION] = t->region,
               [ASK_TIER] = t->tier,
               [ASK_VERIFIED] = t->verified,
               [ASK_ISOLATION] = t->isolation,
               [ASK_INTERCONNECT] = t->interconnect,
               [ASK_BANDWIDTH] = t->bandwidth_mbps,
               [ASK_LABEL] = t->label,
               [ASK_PARKED] = a->parked },
    };
    cut(out, ASK_TERMS);
}

void terms_to_ask(const struct terms *t, struct ask *a)
{
    const int64_t flags = t->v[ASK_FLAGS];

    a->spec.sets = t->v[ASK_SETS];
    a->spec.interruptible = flags & ASK_INTERRUPTIBLE;
    a->spec.post_only = flags & ASK_POST_ONLY;
    a->stale = flags & ASK_STALE;
    a->spec.buyer_tier_min = (int32_t)t->v[ASK_BUYER_TIER];
    a->spec.egress_max = (int32_t)t->v[ASK_EGRESS];
    a->spec.risk_seconds = (int32_t)t->v[ASK_RISK] + RISK_DEFAULT_S;
    a->parked = t->v[ASK_PARKED];
    a->traits = (struct traits){ .region = (int32_t)t->v[ASK_REGION],
                                 .tier = (int32_t)t->v[ASK_TIER],
                                 .verified = (int32_t)t->v[ASK_VERIFIED],
                                 .isolation = (int32_t)t->v[ASK_ISOLATION],
                                 .interconnect = (int32_t)t->v[ASK_INTERCONNECT],
                                 .bandwidth_mbps = (int32_t)t->v[ASK_BANDWIDTH],
                                 .label = t->v[ASK_LABEL],
                                 .site = t->v[ASK_SITE] + a->spec.node };
}

void terms_of_bid(const struct bid *b, struct terms *out)
{
    const struct bid_spec *s = &b->spec;
    const struct wish *w = &s->wish;

    *out = (struct terms){
        .v = { [BID_FLAGS] =
                   (s->same_site ? BID_SAME_SITE : 0) | (s->interruptible ? BID_INTERRUPTIBLE : 0),
               [BID_NODES] = s->nodes - 1,
               [BID_CHECKPOINT] = s->checkpoint_seconds - RISK_DEFAULT_S,
               [BID_TIF] = s->tif,
               [BID_RANK] = s->rank,
               [BID_OWN] = s->own,
               [BID_AUCTION] = s->auction_ms,
               [BID_TIER] = b->tier,
               [BID_REGIONS] = w->regions,
               [BID_TIER_MIN] = w->tier_min,
               [BID_VERIFIED] = w->verified,
               [BID_ISOLATION] = w->isolation_min,
               [BID_INTERCONNECT] = w->interconnect_min,
               [BID_BANDWIDTH] = w->bandwidth_min_mbps,
               [BID_LABEL] = w->label,
               [BID_EGRESS] = w->egress },
    };
    for (int i = 1; i < s->wants_n; i++) {
        out->v[BID_WANTS + 2 * (i - 1)] = s->wants[i].pool;
        out->v[BID_WANTS + 2 * (i - 1) + 1] = s->wants[i].units;
    }
    cut(out, TERMS_MAX);
}

static void take_wants(const struct terms *t, struct bid_spec *s)
{
    s->wants_n = 1;
    for (int at = BID_WANTS; at + 1 < t->n && s->wants_n < WANTS_MAX; at += 2)
        s->wants[s->wants_n++] = (struct want){ (int32_t)t->v[at], (int32_t)t->v[at + 1] };
}

static void take_progress(int64_t progress, struct bid *b)
{
    b->leases_n = (int32_t)(progress >> LEASES_AT & 255);
    b->live = (int32_t)(progress >> LIVE_AT & 255);
    b->sealed = progress >> SEALED_AT & 1;
    b->verdict = (enum verdict)(progress >> VERDICT_AT & 3);
    b->verdict_reason = (enum reason)(progress >> REASON_AT & 255);
    b->parked_pool = (int32_t)(progress >> PARKED_AT);
}

void terms_to_bid(const struct terms *t, int64_t progress, struct bid *b)
{
    struct bid_spec *s = &b->spec;

    s->same_site = t->v[BID_FLAGS] & BID_SAME_SITE;
    s->interruptible = t->v[BID_FLAGS] & BID_INTERRUPTIBLE;
    s->nodes = (int32_t)t->v[BID_NODES] + 1;
    s->checkpoint_seconds = (int32_t)t->v[BID_CHECKPOINT] + RISK_DEFAULT_S;
    s->tif = (enum time_in_force)t->v[BID_TIF];
    s->rank = (enum rank)t->v[BID_RANK];
    s->own = (enum own)t->v[BID_OWN];
    s->auction_ms = (int32_t)t->v[BID_AUCTION];
    s->wish = (struct wish){ .regions = (int32_t)t->v[BID_REGIONS],
                             .tier_min = (int32_t)t->v[BID_TIER_MIN],
                             .verified = (int32_t)t->v[BID_VERIFIED],
                             .isolation_min = (int32_t)t->v[BID_ISOLATION],
                             .interconnect_min = (int32_t)t->v[BID_INTERCONNECT],
                             .bandwidth_min_mbps = (int32_t)t->v[BID_BANDWIDTH],
                             .label = t->v[BID_LABEL],
                             .egress = (int32_t)t->v[BID_EGRESS] };
    b->tier = (int32_t)t->v[BID_TIER];
    take_wants(t, s);
    take_progress(progress, b);
}

int64_t progress_of_bid(const struct bid *b)
{
    return (int64_t)b->leases_n << LEASES_AT | (int64_t)b->live << LIVE_AT |
           (int64_t)b->sealed << SEALED_AT | (int64_t)b->verdict << VERDICT_AT |
           (int64_t)b->verdict_reason << REASON_AT | (int64_t)b->parked_pool << PARKED_AT;
}

/* ---- from the database ---- */

#define HEADER_SIZE  20 /* dimensions, null flag, element type, length, lower bound */
#define ELEMENT_SIZE 12 /* length and value */

static int64_t be_i64(const char *p)
{
    uint64_t be;

    memcpy(&be, p, sizeof(be));
    return (int64_t)be64toh(be);
}

bool terms_read(struct str column, int64_t *out, size_t most, int *n)
{
    *n = 0;
    if (!column.p || column.n < HEADER_SIZE) return true; /* NULL, or {} */
    const size_t count = (column.n - HEADER_SIZE) / ELEMENT_SIZE;
    if (count > most || column.n != HEADER_SIZE + count * ELEMENT_SIZE) return false;
    for (size_t i = 0; i < count; i++)
        out[i] = be_i64(column.p + HEADER_SIZE + i * ELEMENT_SIZE + 4);
    *n = (int)count;
    return true;
}
