/* SPDX-License-Identifier: Apache-2.0 */
/* Candles, from memory where they are of the last day, else from the database. */
#include "base/limits.h"
#include "http/found.h"
#include "http/handlers.h"
#include "http/public.h"
#include "service/feed.h"

#define STEPS_DEFAULT 100

static const char *const interval_names[] = { "1m", "5m", "1h", "1d" };
static const int64_t interval_minutes[] = { 1, 5, 60, 1440 };
#define INTERVALS ((int)ARRAY_LEN(interval_names))

/* Put the rows where they belong; where there is none nothing was traded. */
static void spread(const struct span *s, const struct candle_row *rows, size_t n,
                   struct candle *out)
{
    for (size_t i = 0; i < s->n; i++)
        out[i] = (struct candle){ .start_us = s->from_us + (int64_t)i * s->width_us };
    for (size_t i = 0; i < n; i++) {
        const struct candle_row *r = &rows[i];
        out[(r->start_us - s->from_us) / s->width_us] =
            (struct candle){ r->start_us, r->open,  r->high,         r->low,
                             r->close,    r->units, r->unit_seconds, r->trades };
    }
}

/* False: replied. */
static bool read_candles(struct req *rq, int32_t pool, const struct span *s, struct candle *out)
{
    const struct candle_query q = { .pool = pool,
                                    .from_us = s->from_us,
                                    .to_us = s->from_us + (int64_t)s->n * s->width_us,
                                    .width_s = s->width_us / 1000000,
                                    .up_to = INT64_MAX };
    struct candle_row *rows = NULL;
    size_t n = 0;

    if (!read_well(rq, store_candles(rq->db, &q, &rq->arena, &rows, &n, &rq->err))) return false;
    spread(s, rows, n, out);
    return true;
}

static void reply_candles(struct req *rq, const struct pool *pool, const char *interval,
                          const struct span *s, const struct candle *candles)
{
    json_t *data = json_array();

    for (size_t i = 0; i < s->n; i++)
        (void)json_array_append_new(data, view_candle(&candles[i]));
    reply_public(
        rq, json_pack("{s:s, s:s, s:o}", "pool", pool->name, "interval", interval, "data", data),
        span_max_age(s));
}

/* GET /v1/pools/{pool}/candles */
void get_pool_candles(struct req *rq)
{
    const struct pool *pool = req_pool(rq);
    int64_t interval = 0;
    struct span span;

    if (!pool || !query_name(rq, "interval", interval_names, 0, INTERVALS, 2, &interval)) return;
    if (!req_span(rq, interval_minutes[interval] * MINUTE_US, STEPS_DEFAULT, &span)) return;
    struct candle *candles = arena_alloc(&rq->arena, span.n * sizeof(*candles));
    struct feed *feed = req_feed(rq);
    if (!feed) return;
    if (!candles) {
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the candles.");
        return;
    }
    if (feed_candles(feed, pool->number, span.from_us, span.width_us, candles, span.n) ||
        read_candles(rq, pool->number, &span, candles))
        reply_candles(rq, pool, interval_names[interval], &span, candles);
}
