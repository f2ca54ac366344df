/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 9457. Names, titles and statuses come from errors.def; GET /problems/{name} tells of each. */
#include <stdarg.h>
#include <stdio.h>

#include "http/inside.h"
#include "service/info.h"

static json_t *errors_json(const struct complaints *c)
{
    json_t *list = json_array();
    for (size_t i = 0; i < c->n; i++)
        json_array_append_new(list,
                              json_pack("{s:o, s:o}", "pointer", json_text(str_of(c->v[i].pointer)),
                                        "detail", json_text(str_of(c->v[i].detail))));
    return list;
}

static json_t *problem_json(struct req_inside *x)
{
    struct req *rq = &x->rq;
    const struct err_info *e = err_info(rq->err.code);
    const struct market_info *info = rq->svc->info;
    const char *base = info && info->public_url ? info->public_url : "";

    json_t *p = json_object();
    json_object_set_new(p, "type", json_sprintf("%s/problems/%s", base, e->name));
    json_object_set_new(p, "title", json_string(e->title));
    json_object_set_new(p, "status", json_integer(e->status));
    json_object_set_new(p, "code", json_string(e->name));
    json_object_set_new(p, "detail", json_text(str_of(rq->err.detail)));
    json_object_set_new(p, "instance", json_text(rq->path));
    json_object_set_new(p, "request_id", json_string(rq->request_id));
    if (rq->complaints.n > 0) json_object_set_new(p, "errors", errors_json(&rq->complaints));
    return p;
}

/* Whole seconds until then, at least one. */
static void reply_again(struct req *rq)
{
    char text[24];
    const int64_t left = rq->again_us - clock_wall_us();

    snprintf(text, sizeof(text), "%lld",
             (long long)(left > 1000000 ? (left + 999999) / 1000000 : 1));
    reply_header(rq, "Retry-After", text);
}

static void add_headers(struct req *rq, const struct err_info *e)
{
    if (e->status == 401) {
        const bool agent = rq->route && rq->route->auth == AUTH_AGENT;
        reply_header(rq, "WWW-Authenticate", agent ? "Signature" : "Bearer");
    }
    if (rq->again_us != 0)
        reply_again(rq);
    else if (e->status == 503 || e->status == 429)
        reply_header(rq, "Retry-After", rq->err.code == ERR_NOT_LEADER ? "2" : "1");
}

void reply_problem(struct req *rq)
{
    if (rq->err.code == ERR_NONE) FAIL(&rq->err, ERR_INTERNAL, "It failed without saying why.");
    const struct err_info *e = err_info(rq->err.code);
    add_headers(rq, e);

    json_t *body = problem_json(rq->inside);
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    reply_made(rq, (unsigned)e->status, "application/problem+json", text);
}

void reply_refusal(struct req *rq, enum err_code code, const char *fmt, ...)
{
    char detail[sizeof(rq->err.detail)];
    va_list args;
    va_start(args, fmt);
    vsnprintf(detail, sizeof(detail), fmt, args);
    va_end(args);
    rq->complaints.n = 0;
    FAIL(&rq->err, code, "%s", detail);
    reply_problem(rq);
}

void reply_refused(struct req *rq)
{
    const struct submission *s = rq->submission;
    if (s->result != SUBMIT_REFUSED) {
        reply_refusal(rq, ERR_INTERNAL, "It was not refused.");
        return;
    }
    rq->again_us = s->outcome.again_us;
    reply_refusal(rq, s->outcome.refused, "%s", s->outcome.why);
}
