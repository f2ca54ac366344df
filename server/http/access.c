/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks, and may they do what the route does. */
#include <string.h>

#include "http/listener.h"
#include "service/info.h"
#include "service/liveness.h"

static const struct market_info *info(const struct req *rq)
{
    return rq->svc->info;
}

static const char *public_url(const struct req *rq)
{
    return info(rq) && info(rq)->public_url ? info(rq)->public_url : "";
}

/* The value of a cookie; the empty str when it is not there. */
static struct str cookie(struct str header, struct str name)
{
    struct str pair, key, value;
    while (header.p) {
        if (!str_cut(header, ';', &pair, &header)) {
            pair = header;
            header = (struct str){ NULL, 0 };
        }
        if (str_cut(str_trim(pair), '=', &key, &value) && str_eq(key, name)) return value;
    }
    return (struct str){ NULL, 0 };
}

/* The dashboard's cookie. Without TLS a browser takes no name that begins with __Host-. */
static struct str session_cookie(struct req *rq)
{
    const struct str header = req_header(rq, "Cookie");
    const struct str safe = cookie(header, STR("__Host-session"));
    if (safe.n > 0 || !str_starts(str_of(public_url(rq)), STR("http://"))) return safe;
    return cookie(header, STR("session"));
}

/* A cookie is sent along by the browser whoever asks for it. What changes something must come from
 * our own page. */
static bool from_own_page(struct req *rq)
{
    if (str_is(rq->method, "GET") || str_is(rq->method, "HEAD")) return true;
    const struct str site = req_header(rq, "Sec-Fetch-Site");
    if (site.n > 0) return str_is(site, "same-origin");
    const struct str origin = req_header(rq, "Origin");
    return origin.n > 0 && str_is(origin, public_url(rq));
}

static enum auth_rc refuse(struct req *rq, enum err_code code, const char *why)
{
    FAIL(&rq->err, code, "%s", why);
    return AUTH_NO;
}

static enum auth_rc check_account(struct req *rq, struct db *db)
{
    struct str scheme, token = { NULL, 0 };
    bool by_cookie = false;

    const struct str header = req_header(rq, "Authorization");
    if (header.n > 0) {
        if (!str_cut(header, ' ', &scheme, &token) || scheme.n != 6 ||
            strncasecmp(scheme.p, "Bearer", 6) != 0)
            return refuse(rq, ERR_UNAUTHENTICATED, "Authorization must be: Bearer <token>.");
        token = str_trim(token);
    } else {
        token = session_cookie(rq);
        by_cookie = token.n > 0;
    }
    if (token.n == 0) return refuse(rq, ERR_UNAUTHENTICATED, "This needs credentials.");
    if (by_cookie && !from_own_page(rq))
        return refuse(rq, ERR_FORBIDDEN, "A session counts only for requests of our own pages.");

    const enum auth_rc rc =
        auth_bearer(rq->svc->auth, db, token, clock_wall_us(), &rq->who, &rq->err);
    if (rc != AUTH_OK) return rc;
    rq->who.by_cookie = by_cookie;
    const unsigned scope = (unsigned)rq->route->scope;
    if ((rq->who.scopes & scope) != scope)
        return refuse(rq, ERR_FORBIDDEN, "These credentials lack the scope that this needs.");
    return AUTH_OK;
}

/* A browser sends its cookie along unasked, also one whose time is over: then nobody asks. Who puts
 * credentials into a header means them. */
static enum auth_rc check_maybe(struct req *rq, struct db *db)
{
    const bool in_header = req_header(rq, "Authorization").n > 0;

    if (!in_header && session_cookie(rq).n == 0) return AUTH_OK;
    const enum auth_rc rc = check_account(rq, db);
    if (rc != AUTH_NO || in_header || rq->err.code == ERR_DB) return rc;
    rq->err = (struct err){ 0 };
    rq->who = (struct who){ 0 };
    return AUTH_OK;
}

/* The key of a join stands in its body, which the signature covers. */
static bool join_key(struct req *rq, struct public_key *out)
{
    auto_json json_t *body = json_parse(rq->body, &rq->err);
    if (!body) return false;
    if (public_key_parse(json_get_text(body, "public_key"), out)) return true;
    return FAIL(&rq->err, ERR_UNAUTHENTICATED, "The body names no public key that signs it.");
}

static enum auth_rc check_agent(struct req_inside *x, struct db *db)
{
    struct req *rq = &x->rq;
    struct public_key key;
    struct hash promised;
    struct signed_request r = { .signature_input = req_header(rq, "Signature-Input"),
                                .signature = req_header(rq, "Signature"),
                                .content_digest = req_header(rq, "Content-Digest"),
                                .method = rq->method };

    /* A blob has not come yet. One of no bytes may be signed like any request without a body. */
    const bool is_nothing = x->framing.length == 0 && r.content_digest.n == 0;
    if ((rq->route->flags & ROUTE_BLOB_BODY) && !is_nothing) {
        if (!content_digest_parse(r.content_digest, &promised))
            return refuse(rq, ERR_UNAUTHENTICATED, "Content-Digest is missing or not SHA-256.");
        r.body_hash = &promised;
    } else if (rq->body.n > 0) {
        r.body_hash = &rq->body_hash;
    } else if (r.content_digest.n > 0) {
        promised = sha256(rq->body);
        r.body_hash = &promised;
    }
    if (rq->route->flags & ROUTE_SIGNED_BY_BODY) {
        if (!join_key(rq, &key)) return AUTH_NO;
        r.join_key = &key;
    }
    const char *target = rq->query.p ? arena_fmt(&rq->arena, "%.*s?%.*s", (int)rq->path.n,
                                                 rq->path.p, (int)rq->query.n, rq->query.p)
                                     : arena_copy(&rq->arena, rq->path);
    if (!target) return refuse(rq, ERR_NO_MEMORY, "No memory for the target.");
    r.path_and_query = str_of(target);
    return auth_agent(rq->svc->auth, db, &r, clock_wall_us(), &rq->who, &rq->err);
}

enum auth_rc access_check(struct req_inside *x, struct db *db)
{
    struct req *rq = &x->rq;
    enum auth_rc rc = AUTH_OK;
    switch (rq->route->auth) {
    case AUTH_NONE: return AUTH_OK;
    case AUTH_ACCOUNT: rc = check_account(rq, db); break;
    case AUTH_MAYBE: rc = check_maybe(rq, db); break;
    case AUTH_AGENT: rc = check_agent(x, db); break;
    }
    if (rc == AUTH_OK && rq->who.node && rq->svc->liveness)
        liveness_heard(rq->svc->liveness, rq->who.node, clock_wall_us());
    return rc;
}
