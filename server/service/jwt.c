/* SPDX-License-Identifier: Apache-2.0 */
/* libjwt makes and checks the MAC; what a token says is read here.
 *
 * libjwt 1.10 takes every algorithm it knows, "none" with a NULL key, keys of one byte, tokens of
 * any length on the stack, and looks at no claim. So before it sees a token: its length, exactly
 * three parts in strict base64url, and a header that can be no other than ours. After it: the
 * algorithm once more, then every claim with its type, by our own reader, which refuses what is
 * there twice. */
#include "service/jwt.h"

#include <jwt.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "json/json.h"

#define US_PER_S   INT64_C(1000000)
#define MAC_SIZE   32
#define SCOPES_ALL 15

struct parts {
    struct str header, claims, mac;
};

static bool refuse(struct err *err, const char *why)
{
    FAIL(err, ERR_UNAUTHENTICATED, "The token is not valid.");
    err_internal(err, "token: %s", why);
    return false;
}

static bool has_key(const struct jwt_issuer *issuer)
{
    return issuer->key && issuer->key_n == JWT_KEY_SIZE;
}

/* ---- making ---- */

static void drop(jwt_t **t)
{
    jwt_free(*t);
}

static int add_claims(jwt_t *t, const struct jwt_issuer *issuer, const struct jwt_claims *c)
{
    char sub[ID_TEXT_MAX], jti[ID_TEXT_MAX], kno[ID_TEXT_MAX];
    int failed = 0;

    id_format("acct_", c->account, sub);
    id_format(JWT_PREFIX, c->token, jti);
    id_format("key_", c->key, kno);
    failed |= jwt_add_grant(t, "iss", issuer->market_id);
    failed |= jwt_add_grant(t, "aud", issuer->market_id);
    failed |= jwt_add_grant(t, "sub", sub);
    failed |= jwt_add_grant(t, "jti", jti);
    failed |= jwt_add_grant_int(t, "iat", c->issued_s);
    failed |= jwt_add_grant_int(t, "nbf", c->issued_s);
    failed |= jwt_add_grant_int(t, "exp", c->expires_s);
    failed |= jwt_add_grant_int(t, "scp", c->scopes);
    if (c->from_key) failed |= jwt_add_grant(t, "kno", kno);
    return failed;
}

bool jwt_issue(const struct jwt_issuer *issuer, const struct jwt_claims *claims, struct arena *a,
               const char **out, struct err *err)
{
    __attribute__((cleanup(drop))) jwt_t *t = NULL;

    if (!has_key(issuer)) return FAIL(err, ERR_INTERNAL, "The key for tokens is missing.");
    if (jwt_new(&t) != 0 || add_claims(t, issuer, claims) != 0 ||
        jwt_add_header(t, "kid", issuer->kid) != 0 ||
        jwt_set_alg(t, JWT_ALG_HS256, issuer->key, (int)issuer->key_n) != 0)
        return FAIL(err, ERR_NO_MEMORY, "No memory was left for a token.");

    auto_free char *text = jwt_encode_str(t);
    const char *copy = text ? arena_copy(a, str_of(text)) : NULL;
    if (!copy) return FAIL(err, ERR_NO_MEMORY, "No memory was left for a token.");
    *out = copy;
    return true;
}

/* ---- checking ---- */

static bool split(struct str token, struct parts *out)
{
    struct parts p;
    struct str rest;

    if (!str_cut(token, '.', &p.header, &rest)) return false;
    if (!str_cut(rest, '.', &p.claims, &p.mac)) return false;
    *out = p;
    return true;
}

/* A part as JSON; NULL: it is none. A dot or a NUL is no base64url. */
static json_t *part_json(struct str part)
{
    uint8_t bytes[TOKEN_MAX];
    size_t n = sizeof(bytes);
    struct err ignored;

    if (part.n == 0 || !base64url_decode(part, bytes, &n)) return NULL;
    json_t *j = json_parse((struct str){ (const char *)bytes, n }, &ignored);
    if (json_is_object(j)) return j;
    json_decref(j);
    return NULL;
}

static bool is_text(const json_t *object, const char *name, const char *want)
{
    return json_is_string(json_object_get(object, name)) &&
           str_is(json_get_text(object, name), want);
}

/* Exactly our header: an algorithm, a key or an extension of somebody's choice has no place in it.
 */
static bool is_our_header(const struct jwt_issuer *issuer, struct str part)
{
    auto_json json_t *h = part_json(part);

    return h && json_object_size(h) == 3 && is_text(h, "alg", "HS256") &&
           is_text(h, "typ", "JWT") && is_text(h, "kid", issuer->kid);
}

/* Whole and canonical: another text of the same bits would be another token with the same meaning.
 */
static bool is_mac(struct str part)
{
    uint8_t mac[MAC_SIZE];
    size_t n = sizeof(mac);

    return base64url_decode(part, mac, &n) && n == sizeof(mac);
}

static bool has_our_mac(const struct jwt_issuer *issuer, struct str token)
{
    __attribute__((cleanup(drop))) jwt_t *t = NULL;
    char text[TOKEN_MAX + 1];

    memcpy(text, token.p, token.n);
    text[token.n] = '\0';
    if (jwt_decode(&t, text, issuer->key, (int)issuer->key_n) != 0) return false;
    return jwt_get_alg(t) == JWT_ALG_HS256;
}

static bool read_id(const json_t *claims, const char *name, const char *prefix, struct id *out)
{
    return json_is_string(json_object_get(claims, name)) &&
           id_parse(prefix, json_get_text(claims, name), out);
}

static const char *read_claims(const struct jwt_issuer *issuer, const json_t *j, int64_t now_s,
                               struct jwt_claims *c)
{
    int64_t not_before_s = 0;

    c->from_key = json_object_get(j, "kno") != NULL;
    if (json_object_size(j) != (c->from_key ? 9 : 8)) return "not exactly our claims";
    if (!is_text(j, "iss", issuer->market_id)) return "iss";
    if (!is_text(j, "aud", issuer->market_id)) return "aud";
    if (!read_id(j, "sub", "acct_", &c->account)) return "sub";
    if (!read_id(j, "jti", JWT_PREFIX, &c->token)) return "jti";
    if (c->from_key && !read_id(j, "kno", "key_", &c->key)) return "kno";
    if (!json_get_i64(j, "scp", 1, SCOPES_ALL, &c->scopes)) return "scp";
    if (!json_get_i64(j, "iat", 1, now_s + JWT_SKEW_S, &c->issued_s)) return "iat";
    if (!json_get_i64(j, "nbf", 1, now_s + JWT_SKEW_S, &not_before_s)) return "nbf";
    if (!json_get_i64(j, "exp", now_s + 1, c->issued_s + JWT_LIFE_MAX_S, &c->expires_s))
        return "exp";
    return NULL;
}

bool jwt_check(const struct jwt_issuer *issuer, struct str token, int64_t now_us,
               struct jwt_claims *out, struct err *err)
{
    struct parts p;
    struct jwt_claims c = { .scopes = 0 };

    if (!has_key(issuer)) return FAIL(err, ERR_INTERNAL, "The key for tokens is missing.");
    if (token.n > TOKEN_MAX) return refuse(err, "too long");
    if (!split(token, &p)) return refuse(err, "not three parts");
    if (!is_our_header(issuer, p.header)) return refuse(err, "not our header");
    if (!is_mac(p.mac)) return refuse(err, "no MAC");

    auto_json json_t *claims = part_json(p.claims);
    if (!claims) return refuse(err, "claims that are no object");
    if (!has_our_mac(issuer, token)) return refuse(err, "another MAC");
    const char *wrong = read_claims(issuer, claims, now_us / US_PER_S, &c);
    if (wrong) return refuse(err, wrong);
    *out = c;
    return true;
}
