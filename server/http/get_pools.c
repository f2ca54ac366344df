/* SPDX-License-Identifier: Apache-2.0 */
/* Public market data: pools, their books, the tape. */
#include "http/found.h"
#include "http/handlers.h"
#include "service/info.h"
#include "service/view.h"

#define LEVELS_DEFAULT 20

static const struct pool *named(struct req *rq, struct str name)
{
    const struct pool *pool = info_pool_named(rq->svc->info, name);

    if (!pool) reply_refusal(rq, ERR_NOT_FOUND, "There is no such pool.");
    return pool;
}

/* The book as of the last group. NULL: replied. */
static struct depth *read_depth(struct req *rq, const struct pool *pool)
{
    struct depth *d = arena_alloc(&rq->arena, sizeof(*d));

    if (d && writer_depth(rq->svc->writer, pool->number, d)) return d;
    reply_refusal(rq, d ? ERR_OVERLOADED : ERR_NO_MEMORY, "The books are not to be seen now.");
    return NULL;
}

static json_t *pool_json(struct req *rq, const struct pool *pool)
{
    struct trade_row *last = NULL;
    size_t n = 0;
    const struct depth *d = read_depth(rq, pool);

    if (!d) return NULL;
    if (!read_well(rq, store_list_trades(rq->db, pool->number, INT64_MAX, 1, &rq->arena, &last, &n,
                                         &rq->err)))
        return NULL;
    return view_pool(pool, &d->asks, &d->bids, n > 0 ? last : NULL);
}

void get_pools(struct req *rq)
{
    const struct market_info *info = rq->svc->info;
    auto_json json_t *data = json_array();

    for (size_t i = 0; i < info->pools_n; i++) {
        json_t *o = pool_json(rq, &info->pools[i]);
        if (!o) return;
        (void)json_array_append_new(data, o);
    }
    reply_json(rq, 200, json_pack("{s:o}", "data", take(data)));
}

void get_pool(struct req *rq)
{
    const struct pool *pool = named(rq, rq->param[0]);
    json_t *o = pool ? pool_json(rq, pool) : NULL;

    if (o) reply_json(rq, 200, o);
}

void get_pool_depth(struct req *rq)
{
    const struct pool *pool = named(rq, rq->param[0]);
    int64_t levels = LEVELS_DEFAULT;

    if (!pool || !req_query_i64(rq, "levels", 1, DEPTH_LEVELS, LEVELS_DEFAULT, &levels)) return;
    const struct depth *d = read_depth(rq, pool);
    if (!d) return;
    reply_json(rq, 200,
               json_pack("{s:s, s:I, s:o, s:o}", "pool", pool->name, "sequence",
                         (json_int_t)d->sequence, "asks", view_levels(&d->asks, (size_t)levels),
                         "bids", view_levels(&d->bids, (size_t)levels)));
}

/* False: replied. *out is 0 for all pools. */
static bool query_pool(struct req *rq, int64_t *out)
{
    const struct str name = req_query(rq, "pool");
    const struct pool *pool = info_pool_named(rq->svc->info, name);

    *out = pool ? pool->number : 0;
    if (pool || name.n == 0) return true;
    complain(&rq->complaints, &rq->arena, &rq->err, "?pool", "is no pool of this market");
    reply_problem(rq);
    return false;
}

void get_trades(struct req *rq)
{
    struct page page;
    struct trade_row *rows = NULL;
    size_t n = 0;
    int64_t pool = 0;

    if (!req_page(rq, &page) || !query_pool(rq, &pool)) return;
    if (!read_well(rq, store_list_trades(rq->db, pool, page_before(&page), page.limit + 1,
                                         &rq->arena, &rows, &n, &rq->err)))
        return;
    const struct shown shown = page_shown(&page, n);
    reply_page(rq, view_trades(rq->svc->info, rows, shown.n),
               shown.more ? rows[shown.n - 1].trade : 0);
}
