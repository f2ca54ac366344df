/* SPDX-License-Identifier: Apache-2.0 */
/* The live stream. A stream is a reply without an end: the library asks for more whenever the
 * socket takes more, and when there is none the connection sleeps, as that of a long poll, until
 * the feed has something for it. No thread waits, and nothing is kept for it but its place. */
#include <string.h>
#include <sys/socket.h>

#include "base/limits.h"
#include "http/handlers.h"
#include "http/listener.h"
#include "http/public.h"
#include "service/feed.h"

#define SECOND      INT64_C(1000000)
#define SEND_BUFFER (32 << 10)

/* ---- the reply ---- */

static void resume(void *arg)
{
    keeper_resume(arg);
}

/* Nothing to tell. False: the listener stops. */
static bool sleep_until_news(struct req_inside *x)
{
    const bool first = !x->watched;

    x->suspended = false;
    if (!hand_suspend(x)) return false;
    x->watched = true;
    if (first) keeper_watch(x); /* the library looks at no suspended connection, we do */
    if (!feed_sleep(x->rq.svc->feed, x->reader)) keeper_resume(x); /* something came meanwhile */
    return true;
}

static ssize_t read_more(void *arg, uint64_t at, char *to, size_t max)
{
    struct req_inside *x = arg;
    size_t n = 0;

    (void)at;
    switch (feed_read(x->rq.svc->feed, x->reader, to, max, &n)) {
    case READ_SOME:
        /* By then the client has taken it, or the sweep cuts the connection. */
        if (!slot_go(x->slot, PHASE_ANSWER, clock_monotonic_us() + STREAM_STALL_S * SECOND)) break;
        return (ssize_t)n;
    case READ_NOTHING:
        if (!sleep_until_news(x)) break;
        return 0;
    case READ_OVER: break;
    }
    return MHD_CONTENT_READER_END_OF_STREAM;
}

static void leave(void *arg)
{
    struct req_inside *x = arg;

    feed_leave(x->rq.svc->feed, x->reader);
}

/* ---- what is asked for ---- */

static bool wrong(struct req *rq, const char *pointer, struct str item, const char *what)
{
    complain(&rq->complaints, &rq->arena, &rq->err, pointer, "%.*s is no %s of this market",
             (int)(item.n < 40 ? item.n : 40), item.p ? item.p : "", what);
    reply_problem(rq);
    return false;
}

/* The first item of a list, which is cut off. */
static struct str next_item(struct str *list)
{
    struct str item;

    if (str_cut(*list, ',', &item, list)) return item;
    item = *list;
    *list = (struct str){ NULL, 0 };
    return item;
}

static bool find_pool(struct req *rq, struct str name, bool *pools)
{
    const struct market_info *info = rq->svc->info;

    for (size_t i = 0; i < info->pools_n; i++)
        if (str_is(name, info->pools[i].name)) return pools[i] = true;
    return wrong(rq, "?pools", name, "pool");
}

static bool find_channel(struct req *rq, struct str name, bool *channels)
{
    for (size_t i = 0; i < CHANNELS; i++)
        if (str_is(name, channel_names[i])) return channels[i] = true;
    return wrong(rq, "?channels", name, "channel");
}

/* Marks what ?name= lists, or all when it is absent. False: replied. */
static bool read_list(struct req *rq, const char *name,
                      bool (*find)(struct req *rq, struct str item, bool *marks), bool *marks,
                      size_t n)
{
    struct str list = req_query(rq, name);

    if (!list.p) memset(marks, true, n);
    while (list.p)
        if (!find(rq, next_item(&list), marks)) return false;
    return true;
}

/* Which topics. NULL: replied. */
static bool *read_wanted(struct req *rq)
{
    const size_t pools_n = rq->svc->info->pools_n;
    bool *wanted = arena_alloc(&rq->arena, pools_n * CHANNELS + 1);
    bool *pools = arena_alloc(&rq->arena, pools_n + 1), channels[CHANNELS] = { false };

    if (!wanted || !pools) {
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the stream.");
        return NULL;
    }
    if (!read_list(rq, "pools", find_pool, pools, pools_n) ||
        !read_list(rq, "channels", find_channel, channels, CHANNELS))
        return NULL;
    for (size_t i = 0; i < pools_n; i++)
        for (size_t c = 0; c < CHANNELS; c++)
            wanted[FEED_TOPIC(i, c)] = pools[i] && channels[c];
    return wanted;
}

/* A browser sends the header by itself when it comes back; others may name it in the query. */
static struct str last_id(struct req *rq)
{
    const struct str header = req_header(rq, "Last-Event-ID");

    return header.n > 0 ? header : req_query(rq, "last_event_id");
}

/* What the kernel holds for a client that does not read is bounded, too. It would else grow to
 * megabytes, and nobody would notice for minutes that he is behind. */
static void bound_socket(struct req_inside *x)
{
    const int bytes = SEND_BUFFER;

    (void)setsockopt(x->slot->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

static void join(struct req *rq, struct feed *feed)
{
    struct req_inside *x = rq->inside;

    bound_socket(x);
    x->reader = feed_join(feed, rq->state, last_id(rq), resume, x);
    if (!x->reader) {
        reply_refusal(rq, ERR_OVERLOADED, "There are too many streams.");
        return;
    }
    if (arena_defer(&rq->arena, leave, x)) reply_reader(rq, "text/event-stream", read_more, x);
}

/* On a worker, right after the start: the tape has not been read yet. */
static void join_after_load(struct req *rq)
{
    struct feed *feed = req_feed(rq);

    if (feed) join(rq, feed);
}

/* GET /v1/stream */
void get_stream(struct req *rq)
{
    struct feed *feed = rq->svc->feed;

    rq->state = read_wanted(rq);
    if (!rq->state) return;
    reply_header(rq, "X-Accel-Buffering", "no");
    if (rq->is_head)
        reply_text(rq, 200, "text/event-stream", STR(""));
    else if (feed && feed_is_loaded(feed))
        join(rq, feed);
    else
        req_on_worker(rq, join_after_load);
}
