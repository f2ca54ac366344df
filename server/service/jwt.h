/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of a sign-in: JWT (RFC 7519) of one kind only.
 *
 * Header, exactly: {"alg":"HS256","kid":<ours>,"typ":"JWT"}. Claims, each once and no others: iss
 * and aud (the market's id), sub ("acct_…"), jti, iat, nbf, exp (whole seconds), scp (scopes as a
 * number) and, for a session made from an API key, kno ("key_…"). */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"

#define JWT_KEY_SIZE   32
#define JWT_LIFE_MAX_S INT64_C(43200) /* half a day: a session made from an API key */
#define JWT_SKEW_S     5              /* between the clocks of two servers of one market */
#define JWT_PREFIX     "jti_"

struct jwt_issuer {
    const uint8_t *key; /* JWT_KEY_SIZE bytes, used for nothing else */
    size_t key_n;
    const char *kid; /* visible ASCII */
    const char *market_id;
};

struct jwt_claims {
    struct id account, token;
    bool from_key;
    struct id key;               /* of the API key, when from_key */
    int64_t scopes;              /* 1 to 15 */
    int64_t issued_s, expires_s; /* Unix seconds */
};

/* A token in `a`. ERR_NO_MEMORY; ERR_INTERNAL: a key that is missing or short. */
MUST_CHECK bool jwt_issue(const struct jwt_issuer *issuer, const struct jwt_claims *claims,
                          struct arena *a, const char **out, struct err *err);

/* Is it a token of this issuer, valid now? ERR_UNAUTHENTICATED; which check failed is for the log
 * alone. */
MUST_CHECK bool jwt_check(const struct jwt_issuer *issuer, struct str token, int64_t now_us,
                          struct jwt_claims *out, struct err *err);
