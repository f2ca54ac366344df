/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "http/listener.h"
#include "http/metrics.h"
#include "http/piece.h"
#include "json/put.h"

#define REPLY_S      30         /* an answer may take that long to leave, */
#define RATE_MIN     (64 << 10) /* and a second more for so many bytes */
#define READER_BLOCK 1024       /* HTTP/1.0 alone reads through it */
#define REPLY_MAX    ((size_t)1 << 30)
#define REPLY_USUAL  2000 /* room for a job */
#define API_CSP      "default-src 'none'; frame-ancestors 'none'"

void reply_header(struct req *rq, const char *name, const char *value)
{
    struct req_inside *x = rq->inside;
    struct reply_line *line = arena_alloc(&rq->arena, sizeof(*line));
    if (!line) return;
    *line = (struct reply_line){ .name = arena_copy(&rq->arena, str_of(name)),
                                 .value = arena_copy(&rq->arena, str_of(value)),
                                 .next = x->lines };
    if (line->name && line->value) x->lines = line;
}

static bool has_line(const struct req_inside *x, const char *name)
{
    for (const struct reply_line *line = x->lines; line; line = line->next)
        if (strcasecmp(line->name, name) == 0) return true;
    return false;
}

/* The first answer counts; a second is a mistake of ours that nobody outside need pay for. */
static void set_reply(struct req *rq, unsigned status, const char *type, struct MHD_Response *r,
                      size_t n)
{
    if (rq->reply.status != 0) {
        LOG(LOG_ERROR, "http.answered_twice",
            LOG_C("operation", rq->route ? rq->route->operation : ""));
        if (r) MHD_destroy_response(r);
        return;
    }
    rq->reply = (struct reply){ status, r };
    rq->inside->reply_bytes = (int64_t)n;
    if (type && !has_line(rq->inside, "Content-Type")) reply_header(rq, "Content-Type", type);
}

void reply_made(struct req *rq, unsigned status, const char *type, char *text)
{
    if (text) {
        const size_t n = strlen(text);
        set_reply(rq, status, type, MHD_create_response_from_buffer(n, text, MHD_RESPMEM_MUST_FREE),
                  n);
        return;
    }
    /* Nothing can be built any more, not even a problem: the status alone. */
    set_reply(rq, MHD_HTTP_INTERNAL_SERVER_ERROR, NULL, NULL, 0);
}

void reply_json(struct req *rq, unsigned status, json_t *body)
{
    struct buf b;

    reply_begin(&b);
    json_put_tree(&b, NULL, body);
    json_decref(body);
    reply_put(rq, status, &b);
}

/* ---- as text ---- */

void reply_begin(struct buf *b)
{
    buf_init(b, REPLY_MAX);
    buf_reserve(b, REPLY_USUAL);
}

void reply_put(struct req *rq, unsigned status, struct buf *b)
{
    if (b->failed) {
        buf_done(b);
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the answer.");
        return;
    }
    struct MHD_Response *r = MHD_create_response_from_buffer(b->n, b->p, MHD_RESPMEM_MUST_FREE);
    if (!r) buf_done(b);
    /* Without one nothing can be built any more, not even a problem: the status alone. */
    set_reply(rq, r ? status : MHD_HTTP_INTERNAL_SERVER_ERROR, r ? "application/json" : NULL, r,
              r ? b->n : 0);
}

/* A 304 is built with its body, for the headers that the 200 would have; the library sends none. */
static unsigned tagged(struct req *rq, unsigned status, int64_t version)
{
    char tag[32];

    snprintf(tag, sizeof(tag), "\"%lld\"", (long long)version);
    reply_header(rq, "ETag", tag);
    reply_header(rq, "Cache-Control", "private, no-cache");
    const bool reads = str_is(rq->method, "GET") || rq->is_head;
    const bool same = reads && status == MHD_HTTP_OK && req_none_match(rq, version);
    return same ? MHD_HTTP_NOT_MODIFIED : status;
}

void reply_put_etag(struct req *rq, unsigned status, struct buf *b, int64_t version)
{
    reply_put(rq, tagged(rq, status, version), b);
}

void reply_json_etag(struct req *rq, unsigned status, json_t *body, int64_t version)
{
    reply_json(rq, tagged(rq, status, version), body);
}

static void copied(struct req *rq, unsigned status, const char *type, struct str bytes,
                   enum MHD_ResponseMemoryMode mode)
{
    void *p; /* the library wants one without const, also for bytes that it only reads */
    memcpy(&p, &bytes.p, sizeof(p));
    struct MHD_Response *r = MHD_create_response_from_buffer(bytes.n, p, mode);
    if (r)
        set_reply(rq, status, type, r, bytes.n);
    else
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the answer.");
}

void reply_text(struct req *rq, unsigned status, const char *type, struct str bytes)
{
    copied(rq, status, type, bytes, MHD_RESPMEM_MUST_COPY);
}

void reply_static(struct req *rq, unsigned status, const char *type, struct str bytes)
{
    copied(rq, status, type, bytes, MHD_RESPMEM_PERSISTENT);
}

void reply_empty(struct req *rq, unsigned status)
{
    copied(rq, status, NULL, STR(""), MHD_RESPMEM_PERSISTENT);
}

void reply_reader(struct req *rq, const char *type, MHD_ContentReaderCallback read, void *arg)
{
    struct MHD_Response *r =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, READER_BLOCK, read, arg, NULL);
    if (r)
        set_reply(rq, MHD_HTTP_OK, type, r, 0);
    else
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the answer.");
}

void reply_file(struct req *rq, unsigned status, const char *type, const char *path)
{
    struct stat st;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        reply_refusal(rq, ERR_NOT_FOUND, "Its bytes are not here.");
        return;
    }
    struct MHD_Response *r = NULL;
    if (fd >= 0 && fstat(fd, &st) == 0)
        r = MHD_create_response_from_fd64((uint64_t)st.st_size, fd); /* fd is now the response's */
    if (r) {
        set_reply(rq, status, type, r, (size_t)st.st_size);
        return;
    }
    const int failed = errno;
    if (fd >= 0) close(fd);
    FAIL(&rq->err, ERR_IO, "Its bytes cannot be read now.");
    err_internal(&rq->err, "%s: %s", path, strerror(failed));
    reply_problem(rq);
}

/* The range that was asked for; all when the client's copy is of other bytes. */
static enum range_is wanted_range(struct req *rq, const char *tag, int64_t size, int64_t *first,
                                  int64_t *last)
{
    const struct str if_range = req_header(rq, "If-Range");

    if (if_range.p && !str_is(if_range, tag)) return RANGE_ALL;
    return range_parse(req_header(rq, "Range"), size, first, last);
}

static void reply_range(struct req *rq, const char *type, int fd, const char *tag, int64_t size)
{
    int64_t first = 0, last = size - 1;
    char text[96];
    const enum range_is is = wanted_range(rq, tag, size, &first, &last);

    reply_header(rq, "ETag", tag);
    reply_header(rq, "Accept-Ranges", "bytes");
    if (is == RANGE_BEYOND) {
        close(fd);
        snprintf(text, sizeof(text), "bytes */%lld", (long long)size);
        reply_header(rq, "Content-Range", text);
        reply_refusal(rq, ERR_RANGE_BEYOND, "It has %lld bytes.", (long long)size);
        return;
    }
    snprintf(text, sizeof(text), "bytes %lld-%lld/%lld", (long long)first, (long long)last,
             (long long)size);
    if (is == RANGE_PART) reply_header(rq, "Content-Range", text);
    const size_t n = (size_t)(last - first + 1);
    struct MHD_Response *r = /* fd is the response's, if there is one */
        MHD_create_response_from_fd_at_offset64(n, fd, (uint64_t)first);
    if (r) {
        set_reply(rq, is == RANGE_PART ? MHD_HTTP_PARTIAL_CONTENT : MHD_HTTP_OK, type, r, n);
        return;
    }
    close(fd);
    reply_refusal(rq, ERR_NO_MEMORY, "No memory for the answer.");
}

void reply_bytes(struct req *rq, const char *type, int fd, const char *tag)
{
    struct stat st;

    if (fstat(fd, &st) == 0) {
        reply_range(rq, type, fd, tag, (int64_t)st.st_size);
        return;
    }
    const int failed = errno;
    close(fd);
    FAIL(&rq->err, ERR_IO, "Its bytes cannot be read now.");
    err_internal(&rq->err, "%s", strerror(failed));
    reply_problem(rq);
}

/* --- sending --- */

static void add_lines(struct req_inside *x, struct MHD_Response *r)
{
    MHD_add_response_header(r, "X-Request-Id", x->rq.request_id);
    MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
    if (!has_line(x, "Content-Security-Policy"))
        MHD_add_response_header(r, "Content-Security-Policy", API_CSP);
    if (!has_line(x, "Cache-Control")) MHD_add_response_header(r, "Cache-Control", "no-store");
    if (x->must_close || atomic_load(&x->l->draining))
        MHD_add_response_header(r, "Connection", "close");
    for (const struct reply_line *line = x->lines; line; line = line->next)
        MHD_add_response_header(r, line->name, line->value);
}

static void log_answer(struct req_inside *x, int64_t us)
{
    struct req *rq = &x->rq;
    const unsigned status = rq->reply.status;
    const char *operation = rq->route ? rq->route->operation : "";

    LOG(LOG_DEBUG, "http.answered", LOG_C("request_id", rq->request_id),
        LOG_STR("method", rq->method), LOG_C("operation", operation), LOG_I64("status", status),
        LOG_I64("us", us), LOG_I64("account", rq->who.account));
    /* A market that is busy or does not lead says so to many: that is counted, not told each time.
     */
    if (status < 500 || status == MHD_HTTP_SERVICE_UNAVAILABLE) return;
    LOG(LOG_ERROR, "http.failed", LOG_C("request_id", rq->request_id),
        LOG_C("operation", operation), LOG_I64("status", status), LOG_C("detail", rq->err.detail),
        LOG_C("internal", rq->err.internal), LOG_C("file", rq->err.file ? rq->err.file : ""),
        LOG_I64("line", rq->err.line));
}

enum MHD_Result reply_send(struct req_inside *x)
{
    struct req *rq = &x->rq;
    struct MHD_Response *r = rq->reply.response;
    if (!r) r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (!r) return MHD_NO;
    rq->reply.response = NULL;
    add_lines(x, r);

    const int64_t now_us = clock_monotonic_us();
    const int64_t us = now_us - x->began_us;
    if (rq->svc->metrics) metrics_answered(rq->svc->metrics, rq->route, rq->reply.status, us);
    log_answer(x, us);
    x->stage = STAGE_SENT;
    const int64_t until_us = now_us + REPLY_S * 1000000ll + x->reply_bytes * 1000000 / RATE_MIN;
    enum MHD_Result rc = MHD_NO;
    if (slot_go(x->slot, PHASE_ANSWER, until_us))
        rc = MHD_queue_response(x->connection, rq->reply.status, r);
    MHD_destroy_response(r);
    return rc;
}
