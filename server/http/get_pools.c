/* SPDX-License-Identifier: Apache-2.0 */
/* Public market data: pools, their books, the tape. */
#include "http/depth_for.h"
#include "http/found.h"
#include "http/handlers.h"
#include "http/public.h"
#include "service/feed.h"
#include "service/info.h"

#define LEVELS_DEFAULT 20
#define KEEP_S         1 /* a cache may tell what was a second ago */

/* The book as of the last group. NULL: replied. */
static struct depth *read_depth(struct req *rq, const struct pool *pool)
{
    struct depth *d = arena_alloc(&rq->arena, sizeof(*d));

    if (d && writer_depth(rq->svc->writer, pool->number, d)) return d;
    reply_refusal(rq, d ? ERR_OVERLOADED : ERR_NO_MEMORY, "The books are not to be seen now.");
    return NULL;
}

static json_t *pool_json(struct req *rq, struct feed *feed, const struct pool *pool)
{
    struct figures figures = { .last = NULL };
    struct tape_row last;
    const struct depth *d = read_depth(rq, pool);

    if (!d) return NULL;
    if (!feed_figures(feed, pool->number, clock_wall_us(), &figures, &last)) {
        reply_refusal(rq, ERR_INTERNAL, "The pool is not in the feed.");
        return NULL;
    }
    figures.asks = &d->asks;
    figures.bids = &d->bids;
    figures.displacing = d->displacing.micros;
    json_t *o = view_pool(pool, &figures);
    if (!o) reply_refusal(rq, ERR_NO_MEMORY, "No memory for the answer.");
    return o;
}

void get_pools(struct req *rq)
{
    const struct market_info *info = rq->svc->info;
    struct feed *feed = req_feed(rq);
    auto_json json_t *data = json_array();

    if (!feed) return;
    for (size_t i = 0; i < info->pools_n; i++) {
        json_t *o = pool_json(rq, feed, &info->pools[i]);
        if (!o) return;
        (void)json_array_append_new(data, o);
    }
    reply_public(rq, json_pack("{s:o}", "data", take(data)), KEEP_S);
}

void get_pool(struct req *rq)
{
    const struct pool *pool = req_pool(rq);
    struct feed *feed = pool ? req_feed(rq) : NULL;
    json_t *o = feed ? pool_json(rq, feed, pool) : NULL;

    if (o) reply_public(rq, o, KEEP_S);
}

/* GET /v1/pools/{pool}/depth: all that rests, by price; or with wishes, what serves them. */
void get_pool_depth(struct req *rq)
{
    const struct pool *pool = req_pool(rq);
    int64_t levels = LEVELS_DEFAULT;

    if (!pool || !req_query_i64(rq, "levels", 1, DEPTH_LEVELS, LEVELS_DEFAULT, &levels)) return;
    if (depth_has_wishes(rq)) {
        depth_for_wishes(rq, pool, levels);
        return;
    }
    const struct depth *d = read_depth(rq, pool);
    if (!d) return;
    reply_public(rq,
                 json_pack("{s:s, s:I, s:o, s:o}", "pool", pool->name, "sequence",
                           (json_int_t)d->sequence, "asks", view_levels(&d->asks, (size_t)levels),
                           "bids", view_levels(&d->bids, (size_t)levels)),
                 KEEP_S);
}

/* GET /v1/pools/{pool}/trades: the tape of a pool. */
void get_pool_trades(struct req *rq)
{
    const struct pool *pool = req_pool(rq);
    struct page page;
    struct tape_row *rows = NULL;
    size_t n = 0;

    if (!pool || !req_page(rq, &page)) return;
    if (!read_well(rq, store_tape_of_pool(rq->db, pool->number, page_before(&page), page.limit + 1,
                                          &rq->arena, &rows, &n, &rq->err)))
        return;
    const struct shown shown = page_shown(&page, n);
    reply_public_page(rq, view_tape(rq->svc->info, rows, shown.n),
                      shown.more ? rows[shown.n - 1].trade : 0, KEEP_S);
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

/* GET /v1/trades: the tape of all pools, or of one. */
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
