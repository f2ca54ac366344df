/* SPDX-License-Identifier: Apache-2.0 */
#include "http/public.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "http/cursor.h"
#include "http/listener.h"
#include "service/feed.h"
#include "sign/sha.h"

#define TAG_BYTES    8
#define PAST_US      INT64_C(60000000) /* no group takes that long to become durable */
#define PAST_AGE_S   3600
#define RECENT_AGE_S 1

/* ---- replies ---- */

void reply_public(struct req *rq, json_t *body, int max_age_s)
{
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    char hex[2 * TAG_BYTES + 1], tag[2 * TAG_BYTES + 3], keep[40];

    json_decref(body);
    if (!text) {
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the answer.");
        return;
    }
    const struct hash_part part = { text, strlen(text) };
    hex_encode(sha256_parts(&part, 1).b, TAG_BYTES, hex);
    snprintf(tag, sizeof(tag), "\"%s\"", hex);
    snprintf(keep, sizeof(keep), "public, max-age=%d", max_age_s);
    reply_header(rq, "ETag", tag);
    reply_header(rq, "Cache-Control", keep);
    const bool same = req_none_match_tag(rq, tag);
    reply_made(rq, same ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, "application/json", text);
}

void reply_public_page(struct req *rq, json_t *data, int64_t next_before, int max_age_s)
{
    char text[CURSOR_SIZE];
    json_t *next = json_null();

    if (next_before > 0) {
        cursor_write(rq->inside->l->cursor_key, rq->route->operation, next_before, text);
        next = json_string(text);
    }
    reply_public(rq, data ? json_pack("{s:o, s:o}", "data", data, "next_cursor", next) : NULL,
                 max_age_s);
}

/* ---- spans ---- */

static bool complain_and_reply(struct req *rq, const char *name, const char *detail)
{
    char pointer[16];

    snprintf(pointer, sizeof(pointer), "?%s", name);
    complain(&rq->complaints, &rq->arena, &rq->err, pointer, "%s", detail);
    reply_problem(rq);
    return false;
}

static bool query_time(struct req *rq, const char *name, int64_t initial, int64_t *out)
{
    const struct str text = req_query(rq, name);

    *out = initial;
    if (!text.p || rfc3339_parse(text, out)) return true;
    return complain_and_reply(rq, name, "must be a time as 2026-11-24T08:00:00Z");
}

/* The first step boundary at or after a time. */
static int64_t step_up(int64_t at_us, int64_t width_us)
{
    return candle_start(at_us + width_us - 1, width_us);
}

bool req_span(struct req *rq, int64_t width_us, int64_t steps, struct span *out)
{
    const int64_t now_us = clock_wall_us();
    int64_t from, to;

    if (!query_time(rq, "to", now_us, &to)) return false;
    const int64_t end = step_up(now_us + 1, width_us); /* of the step that is now */
    to = step_up(to, width_us);
    if (to > end) to = end;
    const int64_t initial = to > steps * width_us ? to - steps * width_us : 0;
    if (!query_time(rq, "from", initial, &from)) return false;
    from = candle_start(from, width_us);
    if (from >= to) return complain_and_reply(rq, "from", "must be before `to`, and before now");
    const int64_t n = (to - from) / width_us;
    if (n > CANDLES_MAX) {
        char detail[96];
        snprintf(detail, sizeof(detail), "%lld steps lie between `from` and `to`; %d are the most",
                 (long long)n, CANDLES_MAX);
        return complain_and_reply(rq, "from", detail);
    }
    *out = (struct span){ from, width_us, (size_t)n, to + PAST_US <= now_us };
    return true;
}

int span_max_age(const struct span *s)
{
    return s->is_past ? PAST_AGE_S : RECENT_AGE_S;
}

/* ---- what it is about ---- */

const struct pool *req_pool(struct req *rq)
{
    const struct pool *pool = info_pool_named(rq->svc->info, rq->param[0]);

    if (!pool) reply_refusal(rq, ERR_NOT_FOUND, "There is no such pool.");
    return pool;
}

struct feed *req_feed(struct req *rq)
{
    struct feed *feed = rq->svc->feed;

    if (!feed) {
        reply_refusal(rq, ERR_OVERLOADED, "Market data is not to be had now.");
        return NULL;
    }
    if (feed_refresh(feed, rq->db, &rq->err)) return feed;
    reply_problem(rq);
    return NULL;
}
