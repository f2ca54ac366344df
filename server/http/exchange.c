/* SPDX-License-Identifier: Apache-2.0 */
/* A request from its first line to its answer. The library calls once when the headers are in, then
 * with each piece of the body, then once more, and again after each sleep; what a call means stands
 * in x->stage. */
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/listener.h"
#include "http/metrics.h"

struct req_inside *exchange_new(struct listener *l, struct slot *slot, const char *uri)
{
    struct req_inside *x = mem_heap.resize(mem_heap.arg, NULL, sizeof(*x));
    if (!x) return NULL;
    memset(x, 0, sizeof(*x));
    x->l = l;
    x->slot = slot;
    x->began_us = clock_monotonic_us();
    x->framing = FRAMING_NONE;
    x->body_fd = -1;
    x->body_max = l->o.body_max;
    x->rq.inside = x;
    x->rq.svc = l->o.svc;
    arena_init(&x->rq.arena, ARENA_MAX);
    buf_init(&x->body, 0);

    const char *copy = arena_copy(&x->rq.arena, str_of(uri));
    if (!copy) goto free_all;
    x->rq.path = str_of(copy); /* target_parse() cuts it */
    if (!slot_go(slot, PHASE_HEADERS, x->began_us + l->slots.o.headers_us)) goto free_all;
    pthread_mutex_lock(&slot->lock);
    slot->x = x;
    pthread_mutex_unlock(&slot->lock);
    atomic_fetch_add(&l->inflight, 1);
    metrics_count(l->o.svc->metrics, GAUGE_INFLIGHT, 1);
    return x;

free_all:
    arena_done(&x->rq.arena);
    mem_free(x);
    return NULL;
}

void exchange_free(struct req_inside *x)
{
    struct listener *l = x->l;
    pthread_mutex_lock(&x->slot->lock);
    x->slot->x = NULL;
    x->slot->bytes_seen = -1;
    pthread_mutex_unlock(&x->slot->lock);

    admit_end(&x->rq);
    body_done(x);
    if (x->rq.reply.response) MHD_destroy_response(x->rq.reply.response);
    arena_done(&x->rq.arena);
    struct slot *slot = x->slot;
    mem_free(x);
    (void)!slot_go(slot, PHASE_IDLE, clock_monotonic_us() + l->slots.o.idle_us);
    atomic_fetch_sub(&l->inflight, 1);
    metrics_count(l->o.svc->metrics, GAUGE_INFLIGHT, -1);
}

/* --- the first call --- */

static bool is_request_id(struct str s)
{
    static const char allowed[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._-";
    if (s.n == 0 || s.n >= sizeof(((struct req *)0)->request_id)) return false;
    for (size_t i = 0; i < s.n; i++)
        if (!memchr(allowed, s.p[i], sizeof(allowed) - 1)) return false;
    return true;
}

static void name_request(struct req *rq)
{
    const struct str theirs = req_header(rq, "X-Request-Id");
    if (is_request_id(theirs))
        memcpy(rq->request_id, theirs.p, theirs.n);
    else
        id_format("req_", id_random(clock_wall_us()), rq->request_id);
}

static enum MHD_Result see_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    (void)kind;
    framing_see(arg, name, value);
    return MHD_YES;
}

/* The methods that a path has, as Allow lists them. Empty: there is no such path. */
static const char *allowed(struct req_inside *x)
{
    struct str unused[PATH_PARAMS];
    struct buf list;
    buf_init(&list, 128);
    for (size_t i = 0; i < x->l->o.routes_n; i++) {
        const struct route *r = &x->l->o.routes[i];
        if (!path_match(r->path, r->flags & ROUTE_REST, x->rq.path, unused)) continue;
        if (strcmp(r->method, "HEAD") == 0) continue; /* where HEAD has a row GET has one too */
        buf_c(&list, r->method);
        buf_c(&list, strcmp(r->method, "GET") == 0 ? ", HEAD, " : ", ");
    }
    if (list.n > 0) buf_c(&list, "OPTIONS");
    const char *text = arena_copy(&x->rq.arena, buf_view(&list));
    buf_done(&list);
    return text ? text : "";
}

static const struct route *find(struct req_inside *x, const char *method)
{
    for (size_t i = 0; i < x->l->o.routes_n; i++) {
        const struct route *r = &x->l->o.routes[i];
        if (strcmp(r->method, method) != 0) continue;
        if (path_match(r->path, r->flags & ROUTE_REST, x->rq.path, x->rq.param)) return r;
    }
    return NULL;
}

static bool decode_params(struct req *rq)
{
    for (size_t i = 0; i < PATH_PARAMS && rq->param[i].p; i++) {
        rq->param[i] = percent_decode(rq->param[i], false, &rq->arena);
        if (!rq->param[i].p) return FAIL(&rq->err, ERR_NO_MEMORY, "No memory for the path.");
    }
    return true;
}

/* Sets rq->route, or replies. */
static bool choose_route(struct req_inside *x, const char *method)
{
    struct req *rq = &x->rq;
    rq->is_head = strcmp(method, "HEAD") == 0;
    rq->route = find(x, method);
    if (!rq->route && rq->is_head) rq->route = find(x, "GET");
    if (rq->route) {
        if (decode_params(rq)) return true;
        reply_problem(rq);
        return false;
    }

    const char *methods =
        strcmp(method, "OPTIONS") == 0 && str_is(rq->path, "*") ? "OPTIONS" : allowed(x);
    if (!*methods) {
        reply_refusal(rq, ERR_NOT_FOUND, "Nothing is served at this path.");
        return false;
    }
    reply_header(rq, "Allow", methods);
    if (strcmp(method, "OPTIONS") == 0)
        reply_empty(rq, MHD_HTTP_NO_CONTENT);
    else
        reply_refusal(rq, ERR_METHOD_NOT_ALLOWED, "This path has: %s.", methods);
    return false;
}

/* What can be said before the body has come. False: replied. */
static bool look_at_headers(struct req_inside *x, const char *method, const char *version)
{
    struct req *rq = &x->rq;
    struct target target = { rq->path, { NULL, 0 } };
    const bool of_all = strcmp(method, "OPTIONS") == 0 && str_is(rq->path, "*");

    if (!framing_ok(&x->framing, version) || !(of_all || target_parse(rq->path, &target))) {
        x->must_close = true;
        rq->path.n = strcspn(rq->path.p, "?"); /* as the problem names it */
        reply_refusal(rq, ERR_MALFORMED_REQUEST, "Request line or headers are not well formed.");
        return false;
    }
    rq->path = target.path;
    rq->query = target.query;
    if (!choose_route(x, method)) return false;

    const unsigned flags = rq->route->flags;
    if (flags & ROUTE_BLOB_BODY) x->body_max = BLOB_MAX;
    if (x->framing.length > x->body_max) {
        x->must_close = true;
        reply_refusal(rq, ERR_BODY_TOO_LARGE, "At most %lld bytes.", (long long)x->body_max);
        return false;
    }
    if ((flags & ROUTE_BLOB_BODY) && x->framing.length < 0) {
        reply_refusal(rq, ERR_MALFORMED_REQUEST, "This needs a Content-Length.");
        return false;
    }
    if (!(flags & ROUTE_ALWAYS) && !listener_is_ready(x->l)) {
        reply_refusal(rq, ERR_NOT_LEADER, "This server does not lead the market now.");
        return false;
    }
    return true;
}

/* An answer before the body ends the connection: the library does not read on. Without a body it
 * can wait for the second call, and the connection lives. */
static enum MHD_Result answer_early(struct req_inside *x)
{
    x->stage = STAGE_REPLY;
    const bool body_comes = x->framing.length > 0 || x->framing.transfer_encodings > 0;
    return body_comes || x->must_close ? reply_send(x) : MHD_YES;
}

static enum MHD_Result answer_now(struct req_inside *x)
{
    reply_problem(&x->rq);
    return reply_send(x);
}

static enum MHD_Result ask_worker(struct req_inside *x, enum task task)
{
    struct workers *workers = hand_workers(x);
    if (!workers || !workers_have_room(workers)) {
        reply_refusal(&x->rq, ERR_OVERLOADED, "Too many requests wait already.");
        return reply_send(x);
    }
    if (!hand_suspend(x)) return MHD_NO;
    hand_to_worker(x, task);
    return MHD_YES;
}

static enum MHD_Result start_body(struct req_inside *x)
{
    const int64_t now_us = clock_monotonic_us();
    x->body_began_us = now_us;
    if (!slot_go(x->slot, PHASE_BODY, now_us + x->l->body_us)) return MHD_NO;
    x->stage = STAGE_BODY;
    if (!body_begin(x)) return answer_now(x);
    return MHD_YES;
}

/* A gigabyte is taken only from somebody whom we know and who may, and when there is room. */
static enum MHD_Result admit(struct req_inside *x)
{
    switch (access_check(x, NULL)) {
    case AUTH_OK: x->admitted = true; break;
    case AUTH_NO: return answer_now(x);
    case AUTH_NEEDS_DB: break;
    }
    if (x->admitted && !x->rq.svc->uploads) return start_body(x);
    return ask_worker(x, TASK_ADMIT);
}

static enum MHD_Result first_call(struct req_inside *x, struct MHD_Connection *c,
                                  const char *method, const char *version)
{
    x->connection = c;
    if (!slot_go(x->slot, PHASE_BODY, clock_monotonic_us() + x->l->body_us)) return MHD_NO;
    const char *copy = arena_copy(&x->rq.arena, str_of(method));
    if (!copy) return MHD_NO;
    x->rq.method = str_of(copy);
    name_request(&x->rq);
    MHD_get_connection_values(c, MHD_HEADER_KIND, see_header, &x->framing);

    if (!look_at_headers(x, copy, version)) return answer_early(x);
    return x->rq.route->flags & ROUTE_BLOB_BODY ? admit(x) : start_body(x);
}

/* --- the last call --- */

static enum MHD_Result step_here(struct req_inside *x, handler_fn *fn)
{
    return hand_step(x, fn, NULL) ? reply_send(x) : MHD_YES;
}

static enum MHD_Result whole(struct req_inside *x)
{
    if (!slot_go(x->slot, PHASE_ANSWER, INT64_MAX)) return MHD_NO;
    if (!body_end(x)) return answer_now(x);

    switch (x->admitted ? AUTH_OK : access_check(x, NULL)) {
    case AUTH_OK: break;
    case AUTH_NO: return answer_now(x);
    case AUTH_NEEDS_DB: return ask_worker(x, TASK_BEGIN);
    }
    x->admitted = true;
    if (!(x->rq.route->flags & ROUTE_INLINE)) return ask_worker(x, TASK_BEGIN);
    return step_here(x, hand_begin);
}

enum MHD_Result exchange_call(struct req_inside *x, struct MHD_Connection *c, const char *method,
                              const char *version, const char *data, size_t *size)
{
    const size_t n = *size;
    *size = 0;
    x->suspended = false;
    if (atomic_load(&x->l->stopping)) return MHD_NO;

    switch (x->stage) {
    case STAGE_HEADERS: return first_call(x, c, method, version);
    case STAGE_ADMITTED: return start_body(x);
    case STAGE_BODY:
        if (n == 0) return whole(x);
        return body_add(x, data, n) ? MHD_YES : MHD_NO;
    case STAGE_STEP: return step_here(x, x->rq.next);
    case STAGE_REPLY: return reply_send(x);
    case STAGE_GONE: return MHD_NO;
    case STAGE_SENT: return MHD_YES;
    }
    return MHD_NO;
}
