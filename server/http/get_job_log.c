/* SPDX-License-Identifier: Apache-2.0 */
#include "http/found.h"
#include "http/handlers.h"

#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "domain/market.h"
#include "service/view.h"
#include "store/logs.h"

#define PAGE_BYTES (256 << 10) /* a page ends with the chunk that reaches so many */

/* What is asked for, and how far it is. */
struct asked {
    int64_t after, limit;
    struct job_row job;
    int64_t lease, traded_us; /* 0: the job never had one */
    struct log_row *rows;
    size_t n;
    int64_t dropped;
    bool ended;
};

/* ---- which lease ---- */

static bool no_such(struct req *rq)
{
    reply_refusal(rq, ERR_NOT_FOUND, "There is no such thing, or it is not yours.");
    return false;
}

static bool find_lease(struct req *rq, struct asked *q)
{
    const struct str given = req_query(rq, "lease_id");
    struct id id;
    struct lease_row row;

    q->lease = q->job.last_lease;
    q->traded_us = q->job.last_traded_us;
    if (given.n == 0) return true;
    if (!id_parse("lease_", given, &id)) return no_such(rq);
    const enum db_rc rc =
        store_read_lease(rq->db, lease_number(id), rq->who.account, &row, &rq->err);
    if (!read_well(rq, rc)) return false;
    if (rc == DB_NONE || !is_lease_id(id, &row) || row.bid != q->job.bid) return no_such(rq);
    q->lease = row.lease;
    q->traded_us = row.traded_us;
    return true;
}

/* ---- reading ---- */

/* Is the lease over? Asked before the chunks are read: those that came before its end are then
 * seen. */
static bool is_over(struct req *rq, const struct asked *q, bool *over)
{
    struct lease_row row;

    *over = q->job.job >= JOB_SETTLED;
    if (q->lease == 0) return true;
    if (!db_found(store_read_lease(rq->db, q->lease, rq->who.account, &row, &rq->err), &rq->err))
        return false;
    *over = lease_is_final((enum lease_state)row.state);
    return true;
}

/* Ended the page before its limit because nothing follows? */
static bool is_last(const struct asked *q)
{
    size_t bytes = 0;

    for (size_t i = 0; i < q->n; i++)
        bytes += q->rows[i].bytes.n;
    return q->n < (size_t)q->limit && bytes < PAGE_BYTES;
}

/* False: rq->err. */
static bool look(struct req *rq, struct asked *q)
{
    bool over = false;

    if (!is_over(rq, q, &over)) return false;
    const enum db_rc rc = store_list_log(rq->db, q->lease, q->after, q->limit, PAGE_BYTES,
                                         &rq->arena, &q->rows, &q->n, &rq->err);
    q->ended = over && is_last(q);
    return (rc == DB_ONE || rc == DB_NONE) &&
           store_read_log_dropped(rq->db, q->lease, &q->dropped, &rq->err);
}

/* ---- answering ---- */

static json_t *base64_json(struct str bytes)
{
    auto_buf struct buf b = { .max = (size_t)2 * LOG_CHUNK_MAX };

    base64_encode((const uint8_t *)bytes.p, bytes.n, &b);
    return b.failed ? NULL : json_text(buf_view(&b));
}

static json_t *chunk_json(const struct log_row *r)
{
    return json_pack("{s:I, s:o, s:s, s:o}", "n", (json_int_t)r->n, "at", json_time(r->at_us),
                     "stream", r->stream == STREAM_STDERR ? "stderr" : "stdout", "text_base64",
                     base64_json(r->bytes));
}

static void reply_log(struct req *rq, const struct asked *q)
{
    json_t *data = json_array();

    for (size_t i = 0; i < q->n; i++)
        (void)json_array_append_new(data, chunk_json(&q->rows[i]));
    const int64_t next = q->n > 0 ? q->rows[q->n - 1].n : q->after;
    reply_json(rq, 200,
               json_pack("{s:o, s:o, s:I, s:I, s:b}", "lease_id",
                         view_lease_id("lease_", q->traded_us, q->lease), "data", data,
                         "next_after", (json_int_t)next, "truncated_bytes", (json_int_t)q->dropped,
                         "ended", (int)q->ended));
}

static void reply_plain(struct req *rq, const struct asked *q)
{
    struct str text = STR("");

    if (q->lease != 0 && !store_read_log_text(rq->db, q->lease, &rq->arena, &text, &rq->err))
        reply_problem(rq);
    else
        reply_text(rq, 200, "text/plain; charset=utf-8", text);
}

static bool wants_plain(struct req *rq)
{
    const struct str accept = req_header(rq, "Accept");

    return accept.n > 0 && memmem(accept.p, accept.n, "text/plain", strlen("text/plain")) != NULL;
}

static bool read_asked(struct req *rq, struct asked **out)
{
    struct asked *q = arena_alloc(&rq->arena, sizeof(*q));

    if (!q) {
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the request.");
        return false;
    }
    *out = q;
    return req_query_i64(rq, "after", -1, INT32_MAX, -1, &q->after) &&
           req_query_i64(rq, "limit", 1, PAGE_MAX, PAGE_DEFAULT, &q->limit) &&
           found_job(rq, "job_", &q->job) && find_lease(rq, q);
}

/* Once it has waited, it takes what there is. */
static void woken(struct req *rq)
{
    struct asked *q;

    if (!read_asked(rq, &q)) return;
    if (look(rq, q))
        reply_log(rq, q);
    else
        reply_problem(rq);
}

static void wait_for_more(struct req *rq, struct asked *q, int64_t seconds)
{
    const struct topic log = { TOPIC_LOG, q->lease }, job = { TOPIC_JOB, q->job.bid };

    req_wait(rq, q->lease ? log : job, seconds, woken);
    const bool ok = look(rq, q);
    if ((ok && q->n == 0 && !q->ended) || !req_unwait(rq)) return;
    if (ok)
        reply_log(rq, q);
    else
        reply_problem(rq);
}

/* GET /v1/jobs/{job_id}/log: what the container wrote, as it comes. */
void get_job_log(struct req *rq)
{
    struct asked *q;
    const int64_t seconds = req_prefer_wait(rq);

    if (!read_asked(rq, &q)) return;
    if (wants_plain(rq)) {
        reply_plain(rq, q);
        return;
    }
    if (!look(rq, q))
        reply_problem(rq);
    else if (q->n > 0 || q->ended || seconds == 0)
        reply_log(rq, q);
    else
        wait_for_more(rq, q, seconds);
}
