/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "http/handlers.h"
#include "service/info.h"
#include "store/join_tokens.h"

struct join_token_body {
    struct str name;
};

const struct json_field post_join_tokens_fields[] = {
    JSON_TEXT(struct join_token_body, name, "name", JSON_MAY, 1, NAME_MAX_BYTES,
              "A name that people read."),
    JSON_END,
};

/* The secret and what the agent shall know our key by. */
static const char *new_token(struct req *rq)
{
    char secret[64], fingerprint[33];
    const struct public_key key = key_public(rq->svc->info->key);

    auth_secret_new("brs_join_", secret);
    public_key_fingerprint(&key, fingerprint);
    return arena_fmt(&rq->arena, "%s.%s", secret, fingerprint);
}

static void reply_made(struct req *rq, const char *token, int64_t expires_us)
{
    reply_header(rq, "Cache-Control", "no-store");
    reply_json(rq, 201,
               json_pack("{s:s,s:o}", "token", token, "expires_at", json_time(expires_us)));
}

/* POST /v1/join-tokens: an invitation for one machine, for a quarter of an hour. */
void post_join_tokens(struct req *rq)
{
    struct join_token_body body = { .name = STR("") };
    const int64_t expires_us = clock_wall_us() + JOIN_TOKEN_LIFE_S * INT64_C(1000000);

    if (!req_json(rq, &body)) return;
    const char *token = new_token(rq);
    if (!token) {
        reply_refusal(rq, ERR_NO_MEMORY, "No memory was left for a token.");
        return;
    }
    const struct hash hash = auth_secret_hash(str_of(token));
    switch (store_add_join_token(rq->db, &hash, rq->who.account, body.name, expires_us, &rq->err)) {
    case DB_ONE: reply_made(rq, token, expires_us); return;
    case DB_NONE:
        reply_refusal(rq, ERR_QUOTA_EXCEEDED, "The account has %d unused join tokens; they expire.",
                      JOIN_TOKENS_MAX);
        return;
    case DB_RETRY:
    case DB_FAIL: reply_problem(rq); return;
    }
}
