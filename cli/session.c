/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define RENEW_BEFORE_US                                                                            \
    (30 * INT64_C(1000000)) /* a token this near its end is as good as spent                       \
                             */

static bool fail(struct api *api, const struct err *err)
{
    api->exit = cli_fail(api->cli, err);
    return false;
}

static bool protocol(struct api *api, const char *what)
{
    struct err err;
    FAIL(&err, ERR_PROTOCOL, "The server's %s cannot be understood.", what);
    return fail(api, &err);
}

static bool post(struct api *api, const char *path, json_t *body, json_t **out)
{
    struct reply reply;
    struct request r = request_defaults;
    r.method = "POST";
    r.path = path;
    r.body = body;
    r.open = true;
    const bool ok = api_call(api, &r, &reply);
    json_decref(body);
    if (ok) *out = reply.json;
    return ok;
}

static json_t *key_body(const struct key *k, const char *name, const char *value)
{
    char text[45];
    const struct public_key public = key_public(k);
    public_key_text(&public, text);
    if (!name) return json_pack("{ss}", "public_key", text);
    return json_pack("{ss ss}", "public_key", text, name, value);
}

/* Is it a challenge of the pinned market for our key? Something else is not signed: who asks could
 * be passing on the challenge of another market. */
static bool is_ours(const struct api *api, const struct key *k, const json_t *challenge)
{
    char text[45];
    const struct public_key public = key_public(k);
    public_key_text(&public, text);
    const struct str message = json_get_text(challenge, "message");
    const struct str nonce = json_get_text(challenge, "nonce");
    const char *const start = arena_fmt(&api->cli->a, "bourse-login-v1|%s|%.*s|%s|",
                                        api->market.market_id, (int)nonce.n, nonce.p, text);
    return start && nonce.n > 0 && str_starts(message, str_of(start));
}

static bool answer_challenge(struct api *api, const struct key *k, const json_t *challenge,
                             json_t **out)
{
    char text[89];
    if (!is_ours(api, k, challenge)) return protocol(api, "challenge");
    const struct signature s = key_sign(k, json_get_text(challenge, "message"));
    signature_text(&s, text);
    json_t *const id = json_object_get(challenge, "challenge_id");
    return post(api, "/v1/session/tokens",
                json_pack("{sO ss}", "challenge_id", id, "signature", text), out);
}

static bool remember(struct api *api, const json_t *token)
{
    struct arena *const a = &api->cli->a;
    struct market m = api->market;
    struct err err;
    m.token = arena_copy(a, json_get_text(token, "token"));
    m.account_id = arena_copy(a, json_get_text(token, "account_id"));
    if (!m.token || !m.account_id || !*m.token ||
        !rfc3339_parse(json_get_text(token, "expires_at"), &m.token_until_us))
        return protocol(api, "token");
    if (!home_save(api->home, &m, false, &err)) return fail(api, &err);
    api->market = m;
    return true;
}

static bool sign_in(struct api *api, const struct key *k, json_t **out)
{
    json_t *token = NULL;
    auto_json json_t *challenge = NULL;
    if (!api_pin(api)) return false;
    if (!post(api, "/v1/session/challenges", key_body(k, NULL, NULL), &challenge)) return false;
    if (!answer_challenge(api, k, challenge, &token)) return false;
    if (remember(api, token)) {
        *out = token;
        return true;
    }
    json_decref(token);
    return false;
}

bool session_sign_in(struct api *api, bool make, json_t **out)
{
    struct err err = { .code = ERR_NONE };
    struct arena *const a = &api->cli->a;
    struct key *const k = make ? home_key_make(api->home, a, &err) : home_key(api->home, a, &err);
    if (!k && err.code == ERR_NOT_FOUND)
        FAIL(&err, ERR_UNAUTHENTICATED,
             "There are no credentials: run `bourse login`, or set BOURSE_API_KEY.");
    if (!k) return fail(api, &err);
    const bool ok = sign_in(api, k, out);
    key_free(k);
    return ok;
}

bool session_recover(struct api *api, const char *code, json_t **out)
{
    struct err err;
    if (!api_pin(api)) return false;
    struct key *const k = home_key_make(api->home, &api->cli->a, &err);
    if (!k) return fail(api, &err);
    const bool ok = post(api, "/v1/session/recoveries", key_body(k, "recovery_code", code), out);
    key_free(k);
    return ok;
}

const char *session_bearer(struct api *api, bool renew)
{
    json_t *token = NULL;
    if (api->api_key) return api->api_key;
    const struct market *const m = &api->market;
    if (!renew && m->token && m->token_until_us - RENEW_BEFORE_US > clock_wall_us())
        return m->token;
    if (!session_sign_in(api, false, &token)) return NULL;
    json_decref(token);
    return api->market.token;
}
