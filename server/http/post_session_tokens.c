/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/limits.h"
#include "http/handlers.h"
#include "service/payload.h"
#include "store/accounts.h"

struct sign_in {
    struct str challenge_id;
    struct signature signature;

    struct public_key key;
    struct account_ref account;
    char recovery[64]; /* empty unless the account is new */
};

const struct json_field post_session_tokens_fields[] = {
    JSON_TEXT(struct sign_in, challenge_id, "challenge_id", JSON_NEED, 1, 64,
              "The id of a challenge."),
    JSON_BASE64(struct sign_in, signature, "signature", JSON_NEED, SIGNATURE_SIZE,
                "An Ed25519 signature, 64 bytes in base64."),
    JSON_END,
};

static void reply_token(struct req *rq, const struct sign_in *s)
{
    const char *token = NULL;
    int64_t expires_us = 0;
    char id[ID_TEXT_MAX];
    const struct who who = { .account = s->account.account,
                             .account_id = id_make(s->account.at_us, s->account.account, 0),
                             .scopes = SCOPE_ALL };

    if (!auth_token(rq->svc->auth, &who, JWT_LIFE_S, clock_wall_us(), &rq->arena, &token,
                    &expires_us, &rq->err)) {
        reply_problem(rq);
        return;
    }
    const bool created = s->recovery[0] != '\0';
    id_format("acct_", who.account_id, id);
    reply_json(rq, 201,
               json_pack("{s:s,s:o,s:s,s:b,s:s?}", "token", token, "expires_at",
                         json_time(expires_us), "account_id", id, "created", created,
                         "recovery_code", created ? s->recovery : NULL));
}

/* The key and the code, both or neither. DB_NONE: somebody was faster with this key. */
static enum db_rc keep_key(struct db *db, void *arg, struct err *err)
{
    const struct sign_in *s = arg;
    const struct hash code = auth_secret_hash(str_of(s->recovery));
    int64_t created_us = 0;

    const enum db_rc rc =
        store_add_account_key(db, s->key.b, s->account.account, STR(""), &created_us, err);
    return rc == DB_ONE ? store_add_recovery_code(db, &code, s->account.account, err) : rc;
}

/* The second half for a new key: its account is durable. */
static void opened(struct req *rq)
{
    struct sign_in *s = rq->state;

    if (rq->submission->result == SUBMIT_REFUSED) {
        reply_refused(rq);
        return;
    }
    s->account = (struct account_ref){ rq->submission->command.seq, rq->submission->command.at_us };
    auth_secret_new("brs_rec_", s->recovery);
    enum db_rc rc = db_tx(rq->db, keep_key, s, &rq->err);
    if (rc == DB_NONE) {
        s->recovery[0] = '\0';
        rc = store_find_account_of_key(rq->db, s->key.b, &s->account, &rq->err);
    }
    if (db_found(rc, &rq->err))
        reply_token(rq, s);
    else
        reply_problem(rq);
}

/* Named after the key, so that a repetition after any failure finds the same account. */
static void open_account(struct req *rq, const struct sign_in *s)
{
    static const char label[] = "open-account\n";
    struct submission *sub = rq->submission;
    const struct hash_part parts[] = { { label, sizeof(label) - 1 },
                                       { s->key.b, sizeof(s->key.b) } };
    const struct hash name = sha256_parts(parts, ARRAY_LEN(parts));
    char text[45];

    public_key_text(&s->key, text);
    sub->command = (struct command){ .kind = COMMAND_OPEN_ACCOUNT, .account = ACCOUNT_WORLD };
    sub->keyed = true;
    memcpy(sub->key, name.b, sizeof(sub->key));
    sub->body = name;
    sub->payload = payload_make(&sub->command, json_pack("{s:s}", "public_key", text), &rq->arena);
    if (sub->payload.p)
        req_submit(rq, opened, /* on_worker= */ true);
    else
        reply_refusal(rq, ERR_NO_MEMORY, "No memory was left for the sign-in.");
}

/* POST /v1/session/tokens: the answer to a challenge gives a token. A key that nobody has used here
 * before opens an account and gets its recovery code, this once. */
void post_session_tokens(struct req *rq)
{
    struct sign_in *s = arena_alloc(&rq->arena, sizeof(*s));
    struct id challenge;

    if (!s) {
        reply_refusal(rq, ERR_NO_MEMORY, "No memory was left for the sign-in.");
        return;
    }
    rq->state = s;
    if (!req_json(rq, s)) return;
    if (!id_parse("chal_", s->challenge_id, &challenge)) {
        reply_refusal(rq, ERR_UNAUTHENTICATED, "The challenge or its answer is not valid.");
        return;
    }
    if (!auth_challenge_answer(rq->svc->auth, challenge, &s->signature, clock_wall_us(), &s->key,
                               &rq->err)) {
        reply_problem(rq);
        return;
    }
    switch (store_find_account_of_key(rq->db, s->key.b, &s->account, &rq->err)) {
    case DB_ONE: reply_token(rq, s); return;
    case DB_NONE: open_account(rq, s); return;
    case DB_RETRY:
    case DB_FAIL: reply_problem(rq); return;
    }
}
