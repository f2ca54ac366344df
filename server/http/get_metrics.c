/* SPDX-License-Identifier: Apache-2.0 */
#include "http/handlers.h"
#include "http/metrics.h"
#include "http/workers.h"
#include "service/feed.h"
#include "service/info.h"

#define METRICS_MAX (4 << 20) /* every route with every bucket is a tenth of that */

static void of_front(struct services *svc, struct buf *out)
{
    metrics_line(out, "bourse_http_connections", "gauge", "Open connections.", NULL,
                 metrics_get(svc->metrics, GAUGE_CONNECTIONS));
    metrics_line(out, "bourse_http_inflight", "gauge", "Requests begun and not answered.", NULL,
                 metrics_get(svc->metrics, GAUGE_INFLIGHT));
    metrics_line(out, "bourse_http_cut_total", "counter",
                 "Connections closed because they were too slow.", NULL,
                 metrics_get(svc->metrics, COUNTER_CUT));
    if (svc->hub)
        metrics_line(out, "bourse_longpoll_waiters", "gauge", "Requests that wait for news.", NULL,
                     hub_waiting(svc->hub));
}

static void of_streams(struct services *svc, struct buf *out)
{
    struct events_stats s;
    feed_stats(svc->feed, &s);
    metrics_line(out, "bourse_sse_clients", "gauge", "Live streams.", NULL, s.readers);
    metrics_line(out, "bourse_sse_events_total", "counter", "Events published.", NULL, s.published);
    metrics_line(out, "bourse_sse_cut_total", "counter", "Streams ended as they read too slowly.",
                 NULL, s.cut);
}

static void of_database(struct services *svc, struct buf *out)
{
    struct workers_stats w;
    workers_stats(svc->workers, &w);
    metrics_line(out, "bourse_db_pool_connections", "gauge", "Connections of the workers.",
                 "state=\"busy\"", w.busy);
    metrics_line(out, "bourse_db_pool_connections", NULL, NULL, "state=\"idle\"",
                 w.connected > w.busy ? w.connected - w.busy : 0);
    metrics_line(out, "bourse_db_pool_connections", NULL, NULL, "state=\"lost\"",
                 w.threads - w.connected);
    metrics_line(out, "bourse_worker_queue", "gauge", "Requests that wait for a worker.", NULL,
                 w.queued);
}

static void of_market(const struct writer_stats *s, struct buf *out)
{
    metrics_line(out, "bourse_market_ready", "gauge", "1: this server leads the market.", NULL,
                 s->ready);
    metrics_line(out, "bourse_market_epoch", "gauge", "Epoch of the leader.", NULL, s->epoch);
    metrics_line(out, "bourse_market_seq", "gauge", "Number of the last command.", NULL,
                 s->last_seq);
    metrics_line(out, "bourse_market_commands_total", "counter", "Commands that became durable.",
                 NULL, s->commands);
    metrics_line(out, "bourse_market_refused_total", "counter", "Commands refused by the rules.",
                 NULL, s->refused);
    metrics_line(out, "bourse_market_replayed_total", "counter", "Commands sent again.", NULL,
                 s->replayed);
    metrics_line(out, "bourse_match_rounds_total", "counter", "Groups committed.", NULL, s->groups);
    metrics_line(out, "bourse_match_rounds_failed_total", "counter", "Groups that failed.", NULL,
                 s->failed_groups);
    metrics_line(out, "bourse_match_busy_microseconds_total", "counter", "Time spent on groups.",
                 NULL, s->group_us_total);
    metrics_line(out, "bourse_market_flush_overlapped", "gauge",
                 "1: groups are committed while others are flushed.", NULL, s->overlapped);
    metrics_line(out, "bourse_market_queue", "gauge", "Commands that wait.", NULL, s->queue_len);
}

static int64_t orders_of(const struct depth_side *side)
{
    int64_t n = 0;
    for (size_t i = 0; i < side->n; i++)
        n += side->levels[i].orders;
    return n;
}

/* All pools together, as far as their depth is shown. */
static void of_books(struct services *svc, struct writer *writer, struct buf *out)
{
    int64_t bids = 0, asks = 0;
    struct depth depth;
    for (size_t i = 0; i < svc->info->pools_n; i++) {
        if (!writer_depth(writer, svc->info->pools[i].number, &depth)) continue;
        bids += orders_of(&depth.bids);
        asks += orders_of(&depth.asks);
    }
    metrics_line(out, "bourse_book_orders", "gauge", "Resting orders within the depth shown.",
                 "side=\"bid\"", bids);
    metrics_line(out, "bourse_book_orders", NULL, NULL, "side=\"ask\"", asks);
}

/* GET /metrics: the text format of Prometheus, without ids in labels. */
void get_metrics(struct req *rq)
{
    struct buf text;
    struct writer_stats stats = { .ready = false };
    struct writer *writer = rq->svc->writer;
    if (writer) writer_stats(writer, &stats);

    buf_init(&text, METRICS_MAX);
    metrics_line(&text, "bourse_build_info", "gauge", "Always 1.", "version=\"" BOURSE_VERSION "\"",
                 1);
    of_front(rq->svc, &text);
    if (rq->svc->feed) of_streams(rq->svc, &text);
    of_database(rq->svc, &text);
    of_market(&stats, &text);
    if (stats.ready) of_books(rq->svc, writer, &text);
    metrics_write(rq->svc->metrics, &text);
    if (text.failed)
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the numbers.");
    else
        reply_text(rq, 200, "text/plain; version=0.0.4; charset=utf-8", buf_view(&text));
    buf_done(&text);
}
