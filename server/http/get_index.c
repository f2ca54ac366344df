/* SPDX-License-Identifier: Apache-2.0 */
/* The delivered-hours index as it was published. */
#include "http/found.h"
#include "http/handlers.h"
#include "http/public.h"
#include "service/feed.h"
#include "store/index_points.h"

#define STEPS_DEFAULT 288 /* a day */

static json_t *points_json(const struct index_row *rows, size_t n)
{
    json_t *data = json_array();

    for (size_t i = 0; i < n; i++) {
        const struct index_row *r = &rows[i];
        const struct price_index point = { r->at_us,     r->value,        r->low,
                                           r->high,      r->leases,       r->buyers,
                                           r->providers, r->unit_seconds, r->stale };
        (void)json_array_append_new(data, view_index(&point));
    }
    return data;
}

/* GET /v1/pools/{pool}/index: a point for each five minutes in which the market was up. */
void get_pool_index(struct req *rq)
{
    const struct pool *pool = req_pool(rq);
    struct span span;
    struct index_row *rows = NULL;
    size_t n = 0;

    if (!pool || !req_span(rq, INDEX_STEP_US, STEPS_DEFAULT, &span)) return;
    const struct index_query q = { pool->number, span.from_us,
                                   span.from_us + (int64_t)span.n * span.width_us, 0 };
    if (!read_well(rq, store_index_points(rq->db, &q, &rq->arena, &rows, &n, &rq->err))) return;
    reply_public(rq, json_pack("{s:s, s:o}", "pool", pool->name, "data", points_json(rows, n)),
                 span_max_age(&span));
}
