/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks, and what they may do. design.md §7.
 *
 * People: an Ed25519 challenge gives a JWT (HS256, pinned algorithm and kid, every claim checked
 * here), or a scoped API key, stored hashed. Agents: RFC 9421 signatures by their own key. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "sign/key.h"
#include "sign/request.h"
#include "store/db.h"

enum auth_kind {
    AUTH_NONE,
    AUTH_ACCOUNT,
    AUTH_MAYBE, /* an account when there are credentials, else nobody */
    AUTH_AGENT
};

enum scope {
    SCOPE_NONE = 0,
    SCOPE_READ = 1,
    SCOPE_TRADE = 2,
    SCOPE_PROVIDER = 4,
    SCOPE_KEYS = 8,
    SCOPE_ALL = 15
};

struct who {
    int64_t account; /* 0: nobody */
    struct id account_id;
    unsigned scopes;
    int64_t node; /* with AUTH_AGENT */
    struct id node_id;
    struct id key_id;   /* the API key used; zero otherwise */
    int64_t expires_us; /* of the token; 0: an API key, which does not expire */
    bool by_cookie;
};

struct auth;

struct auth_options {       /* texts are borrowed until auth_free() */
    const char *state_dir;  /* jwt.key (32 random bytes, 0600) is here */
    const char *market_id;  /* issuer and audience of tokens */
    const char *public_url; /* origin for cookies; base of nothing else */
    const char *agent_url;  /* base of agents' @target-uri */
};
/* NULL: ERR_IO, ERR_NOT_FOUND, ERR_NO_MEMORY. */
struct auth *auth_new(const struct auth_options *o, struct err *err);
void auth_free(struct auth *a);
/* Make jwt.key in state_dir. ERR_IO; ERR_WRONG_STATE: there is one. */
MUST_CHECK bool auth_init(const char *state_dir, struct err *err);

/* This server serves agents from now on: signed requests created before are refused, since the
 * nonces of then are not known here. auth_new() does it; again when a standby starts to lead. */
void auth_begin(struct auth *a, int64_t now_us);

enum auth_rc { AUTH_OK, AUTH_NO, AUTH_NEEDS_DB };

/* A bearer token or cookie value. With db NULL answers AUTH_NEEDS_DB for an API key (or a session
 * made from one) that it does not remember; a second call with a connection decides. AUTH_NO: err
 * (ERR_UNAUTHENTICATED; ERR_DB). by_cookie is the caller's to set. */
MUST_CHECK enum auth_rc auth_bearer(struct auth *a, struct db *db, struct str token, int64_t now_us,
                                    struct who *out, struct err *err);

/* An agent's signed request. keyid is a node id, or with `join_key` set the base64 key of a join:
 * then nobody is known yet, and `who` stays empty. A request is good once (a join may be repeated,
 * see post_agent_join). ERR_UNAUTHENTICATED; ERR_OVERLOADED: no room for its nonce; ERR_DB. */
struct signed_request {
    struct str signature_input, signature, content_digest, method, path_and_query;
    const struct hash *body_hash; /* SHA-256 of the body; NULL: there is none */
    const struct public_key *join_key;
};
MUST_CHECK enum auth_rc auth_agent(struct auth *a, struct db *db, const struct signed_request *r,
                                   int64_t now_us, struct who *out, struct err *err);

/* For handlers of sign-in and keys. */
struct challenge {
    struct id id;
    char nonce[45];
    char message[256];
    int64_t expires_us;
};
MUST_CHECK bool auth_challenge(struct auth *a, const struct public_key *k, int64_t now_us,
                               struct challenge *out, struct err *err);
/* Single use: the key that signed it. ERR_UNAUTHENTICATED. */
MUST_CHECK bool auth_challenge_answer(struct auth *a, struct id challenge,
                                      const struct signature *s, int64_t now_us,
                                      struct public_key *out, struct err *err);
/* A JWT in `a` for the account. `life_s` <= 12 h. */
MUST_CHECK bool auth_token(struct auth *a, const struct who *who, int64_t life_s, int64_t now_us,
                           struct arena *arena, const char **out, int64_t *expires_us,
                           struct err *err);
/* Make secrets "brs_live_…", "brs_rec_…", "brs_join_…" and their stored form. */
void auth_secret_new(const char *prefix, char out[64]);
struct hash auth_secret_hash(struct str secret);
/* A key of its own for another use: HMAC-SHA256 of the JWT key over the label. */
void auth_derive(struct auth *a, const char *label, uint8_t out[32]);
/* Forget what is remembered of an API key (deleted) or of a node's key. */
void auth_forget_key(struct auth *a, struct id key_id);
void auth_forget_node(struct auth *a, int64_t node);
