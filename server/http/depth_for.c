/* SPDX-License-Identifier: Apache-2.0 */
#include "http/depth_for.h"

#include "base/limits.h"
#include "domain/depth_for.h"
#include "http/found.h"
#include "http/public.h"
#include "service/view_market.h"
#include "service/words.h"

#define BANDWIDTH_MAX 10000000
#define LOOK_ORDERS   4096 /* offers that serve; a level that goes beyond is left out */
#define KEEP_S        1
#define ANY_OF                                                                                     \
    "must be some of africa, asia, europe, middle-east, north-america, oceania, south-america, "   \
    "with commas between them"

struct asked {
    const struct pool *pool;
    struct depth_wish wish;
    int64_t levels, sequence;
    bool ok;
    struct depth_side asks;
};

static const char *const names[] = { "region",
                                     "tier",
                                     "verified",
                                     "isolation",
                                     "interconnect",
                                     "bandwidth_mbps",
                                     "data_label",
                                     "units",
                                     "max_duration_seconds",
                                     "checkpoint_seconds",
                                     "interruptible" };
static const char *const booleans[] = { "false", "true" };

bool depth_has_wishes(struct req *rq)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (req_query(rq, names[i]).p) return true;
    return false;
}

static bool complain_of(struct req *rq, const char *pointer, const char *detail)
{
    complain(&rq->complaints, &rq->arena, &rq->err, pointer, "%s", detail);
    reply_problem(rq);
    return false;
}

static bool query_regions(struct req *rq, int32_t *out)
{
    struct str left = req_query(rq, "region"), one;

    while (left.p) {
        int r = 1;
        if (!str_cut(left, ',', &one, &left)) {
            one = left;
            left = (struct str){ NULL, 0 };
        }
        while (r < REGIONS && !str_is(one, region_names[r]))
            r++;
        if (r == REGIONS) return complain_of(rq, "?region", ANY_OF);
        *out |= 1 << r;
    }
    return true;
}

static bool query_label(struct req *rq, int64_t *out)
{
    const struct str label = req_query(rq, "data_label");

    if (label.n > NAME_MAX_BYTES) return complain_of(rq, "?data_label", "must be shorter");
    *out = label_number(label);
    return true;
}

static bool query_i32(struct req *rq, const char *name, int64_t min, int64_t max, int64_t initial,
                      int32_t *out)
{
    int64_t value;

    if (!req_query_i64(rq, name, min, max, initial, &value)) return false;
    *out = (int32_t)value;
    return true;
}

static bool query_word(struct req *rq, const char *name, const char *const *words, int n,
                       int32_t *out)
{
    int64_t value;

    if (!query_name(rq, name, words, 0, n, 0, &value)) return false;
    *out = (int32_t)value;
    return true;
}

/* False: replied. */
static bool read_wish(struct req *rq, struct depth_wish *w)
{
    struct wish *const wish = &w->wish;
    int32_t interruptible = 0;
    const bool ok =
        query_regions(rq, &wish->regions) &&
        query_i32(rq, "tier", 0, TIERS - 1, 0, &wish->tier_min) &&
        query_word(rq, "verified", booleans, 2, &wish->verified) &&
        query_word(rq, "isolation", isolation_names, ISOLATIONS, &wish->isolation_min) &&
        query_word(rq, "interconnect", interconnect_names, INTERCONNECTS,
                   &wish->interconnect_min) &&
        query_i32(rq, "bandwidth_mbps", 0, BANDWIDTH_MAX, 0, &wish->bandwidth_min_mbps) &&
        query_label(rq, &wish->label) && query_i32(rq, "units", 1, UNITS_MAX, 1, &w->units) &&
        query_i32(rq, "max_duration_seconds", DURATION_MIN_S, DURATION_MAX_S, DURATION_DEFAULT_S,
                  &w->seconds) &&
        query_i32(rq, "checkpoint_seconds", DURATION_MIN_S, DURATION_MAX_S, RISK_DEFAULT_S,
                  &w->checkpoint_seconds) &&
        query_word(rq, "interruptible", booleans, 2, &interruptible);

    w->interruptible = interruptible != 0;
    return ok;
}

static void look(struct market *m, int64_t now_us, void *arg)
{
    struct asked *const a = arg;

    a->sequence = market_last_seq(m);
    a->ok = market_depth_for(m, /* account= */ 0, a->pool->number, &a->wish, LOOK_ORDERS, now_us,
                             &a->asks);
}

static void looked(struct req *rq)
{
    const struct asked *const a = rq->state;

    if (!req_has_seen(rq)) return;
    if (!a->ok) {
        reply_refusal(rq, ERR_INTERNAL, "The pool is not in the market.");
        return;
    }
    reply_public(rq,
                 json_pack("{s:s, s:I, s:o, s:[]}", "pool", a->pool->name, "sequence",
                           (json_int_t)a->sequence, "asks",
                           view_levels(&a->asks, (size_t)a->levels), "bids"),
                 KEEP_S);
}

void depth_for_wishes(struct req *rq, const struct pool *pool, int64_t levels)
{
    struct asked *const a = arena_alloc(&rq->arena, sizeof(*a));

    if (!a) {
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the request.");
        return;
    }
    *a = (struct asked){ .pool = pool, .levels = levels };
    rq->state = a;
    if (read_wish(rq, &a->wish)) req_look(rq, look, a, looked);
}
