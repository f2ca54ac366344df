/* SPDX-License-Identifier: Apache-2.0 */
#include "http/handlers.h"

static const char *advice(const struct err_info *e)
{
    if (e->status == 503 || e->status == 429)
        return "Wait as long as Retry-After says, then repeat it.";
    if (e->fault == FAULT_OURS)
        return "Repeat it with the same Idempotency-Key; if it stays, tell the operator the "
               "request_id.";
    switch (e->status) {
    case 401: return "Sign in again, or check the key; then repeat it.";
    case 403: return "Use credentials that have the scope which the operation needs.";
    case 404: return "Check the address. What belongs to somebody else is not found, too.";
    case 409: return "Look at the present state, then decide anew.";
    case 412: return "Read it again and repeat the change on what it is now.";
    case 422: return "Correct what errors[] names; each entry points at a field.";
    default: return "Correct the request; detail says what is wrong with it.";
    }
}

/* Names and titles are ours (errors.def), so nothing needs to be escaped. */
static const char *page(struct arena *a, const struct err_info *e)
{
    return arena_fmt(
        a,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>%s</title>"
        "</head><body><main><h1>%s</h1><p><code>%s</code>, HTTP status %d</p><p>%s</p>"
        "<p><a href=\"/openapi.yaml\">The contract of this API</a></p></main></body></html>\n",
        e->name, e->title, e->name, e->status, advice(e));
}

/* GET /problems/{name}: what a problem means, and what to do next. */
void get_problem(struct req *rq)
{
    for (int code = ERR_NONE + 1; code < ERR_COUNT; code++) {
        const struct err_info *e = err_info((enum err_code)code);
        if (!str_is(rq->param[0], e->name)) continue;
        const char *html = page(&rq->arena, e);
        if (html)
            reply_text(rq, 200, "text/html; charset=utf-8", str_of(html));
        else
            reply_refusal(rq, ERR_NO_MEMORY, "No memory for the page.");
        return;
    }
    reply_refusal(rq, ERR_NOT_FOUND, "There is no problem of this name.");
}
