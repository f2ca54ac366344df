/* SPDX-License-Identifier: Apache-2.0 */
/* The dashboard: GET /static/{file}, and one document for all its pages, as the address of a page
 * is its state. */
#include <strings.h>

#include "http/handlers.h"
#include "http/inside.h"
#include "http/statics.h"

#define PAGE_CSP                                                                                   \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "              \
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; "                   \
    "frame-ancestors 'none'; require-trusted-types-for 'script'"

/* Does Accept-Encoding take gzip? A name with "q=0" is refused. */
static bool takes_gzip(struct req *rq)
{
    struct str left = req_header(rq, "Accept-Encoding"), item, name, q;
    while (left.p) {
        if (!str_cut(left, ',', &item, &left)) {
            item = left;
            left = (struct str){ NULL, 0 };
        }
        if (!str_cut(item, ';', &name, &q)) {
            name = item;
            q = (struct str){ "", 0 };
        }
        name = str_trim(name);
        q = str_trim(q);
        if (name.n != 4 || strncasecmp(name.p, "gzip", 4) != 0) continue;
        return !str_is(q, "q=0") && !str_starts(q, STR("q=0.0"));
    }
    return false;
}

static void page_headers(struct req *rq)
{
    reply_header(rq, "Content-Security-Policy", PAGE_CSP);
    reply_header(rq, "Referrer-Policy", "no-referrer");
    reply_header(rq, "Cross-Origin-Opener-Policy", "same-origin");
    reply_header(rq, "Permissions-Policy", "camera=(), microphone=(), geolocation=()");
}

static void serve(struct req *rq, struct str path)
{
    const struct static_file *f = statics_find(rq->svc->statics, path);
    if (!f) {
        reply_refusal(rq, ERR_NOT_FOUND, "There is no such file.");
        return;
    }
    page_headers(rq);
    reply_header(rq, "ETag", f->etag);
    reply_header(rq, "Cache-Control",
                 f->immutable ? "public, max-age=31536000, immutable" : "no-cache");
    if (f->gzipped.p) reply_header(rq, "Vary", "Accept-Encoding");
    const bool gzip = f->gzipped.p && takes_gzip(rq);
    if (gzip) reply_header(rq, "Content-Encoding", "gzip");
    reply_static(rq, req_none_match_tag(rq, f->etag) ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, f->type,
                 gzip ? f->gzipped : f->bytes);
}

void get_static(struct req *rq)
{
    serve(rq, rq->param[0]);
}

static void page(struct req *rq)
{
    serve(rq, STR("index.html"));
}

void get_page_home(struct req *rq)
{
    page(rq);
}

void get_page_market(struct req *rq)
{
    page(rq);
}

void get_page_jobs(struct req *rq)
{
    page(rq);
}

void get_page_job(struct req *rq)
{
    page(rq);
}

void get_page_earn(struct req *rq)
{
    page(rq);
}

void get_page_signin(struct req *rq)
{
    page(rq);
}

/* The contract: as it is written, and as JSON where the install has that. */
void get_openapi_yaml(struct req *rq)
{
    serve(rq, STR("openapi.yaml"));
}

void get_openapi_json(struct req *rq)
{
    serve(rq, STR("openapi.json"));
}
