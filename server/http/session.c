/* SPDX-License-Identifier: Apache-2.0 */
/* The dashboard's cookie. It holds a token; a page's script cannot read it, another site cannot
 * send it. */
#include "base/limits.h"
#include "http/handlers.h"
#include "service/info.h"

#define KEY_SESSION_S INT64_C(43200) /* half a day */
#define US_PER_S      INT64_C(1000000)

struct session_body {
    struct str token;
};

const struct json_field post_session_fields[] = {
    JSON_TEXT(struct session_body, token, "token", JSON_NEED, 1, TOKEN_MAX,
              "A JWT, or an API key `brs_live_…`."),
    JSON_END,
};

/* Another site must not sign a person in, as somebody else, or out. A browser says where a request
 * comes from; who says nothing is no browser, and has no cookie to lose. */
static bool is_from_elsewhere(struct req *rq)
{
    const struct str site = req_header(rq, "Sec-Fetch-Site"), origin = req_header(rq, "Origin");

    if (site.n > 0) return !str_is(site, "same-origin") && !str_is(site, "none");
    return origin.n > 0 && !str_is(origin, rq->svc->info->public_url);
}

/* The prefix __Host- binds a cookie to this host, but needs https. */
static void set_cookie(struct req *rq, const char *value, int64_t life_s)
{
    const bool secure = str_starts(str_of(rq->svc->info->public_url), STR("https://"));
    const char *cookie = arena_fmt(
        &rq->arena, "%s=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Strict%s",
        secure ? "__Host-session" : "session", value, (long long)life_s, secure ? "; Secure" : "");

    if (!cookie) {
        reply_refusal(rq, ERR_NO_MEMORY, "No memory was left for the cookie.");
        return;
    }
    reply_header(rq, "Set-Cookie", cookie);
    reply_header(rq, "Cache-Control", "no-store");
    reply_empty(rq, 204);
}

/* A session made from an API key carries the key's scopes and its id, and ends with it. */
static void set_key_session(struct req *rq, const struct who *who, int64_t now_us)
{
    const char *token = NULL;
    int64_t expires_us = 0;

    if (auth_token(rq->svc->auth, who, KEY_SESSION_S, now_us, &rq->arena, &token, &expires_us,
                   &rq->err))
        set_cookie(rq, token, KEY_SESSION_S);
    else
        reply_problem(rq);
}

/* POST /v1/session: a cookie for a token, which lasts no longer than the token, or for an API key.
 */
void post_session(struct req *rq)
{
    struct session_body body;
    struct who who;
    const int64_t now_us = clock_wall_us();

    if (is_from_elsewhere(rq)) {
        reply_refusal(rq, ERR_FORBIDDEN, "This request comes from another site.");
        return;
    }
    if (!req_json(rq, &body)) return;
    if (auth_bearer(rq->svc->auth, rq->db, body.token, now_us, &who, &rq->err) != AUTH_OK) {
        reply_problem(rq);
        return;
    }
    if (who.expires_us == 0) {
        set_key_session(rq, &who, now_us);
        return;
    }
    const char *token = arena_copy(&rq->arena, body.token);
    if (token)
        set_cookie(rq, token, (who.expires_us - now_us) / US_PER_S);
    else
        reply_refusal(rq, ERR_NO_MEMORY, "No memory was left for the cookie.");
}

/* DELETE /v1/session: no cookie any more, whatever it held. */
void delete_session(struct req *rq)
{
    if (is_from_elsewhere(rq)) {
        reply_refusal(rq, ERR_FORBIDDEN, "This request comes from another site.");
        return;
    }
    set_cookie(rq, "", 0);
}
