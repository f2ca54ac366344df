/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "http/handlers.h"
#include "store/accounts.h"

struct recovery {
    struct str code;
    struct public_key key;

    struct account_ref account;
    char next[64];
};

const struct json_field post_session_recoveries_fields[] = {
    JSON_TEXT(struct recovery, code, "recovery_code", JSON_NEED, 1, 128, "The code, `brs_rec_…`."),
    JSON_BASE64(struct recovery, key, "public_key", JSON_NEED, PUBLIC_KEY_SIZE,
                "An Ed25519 public key, 32 bytes in base64."),
    JSON_END,
};

/* Why a key could not be added to the account: it opens one already, or there are too many. A key
 * that opens this very account is as good as added. */
static enum db_rc not_added(struct db *db, const struct recovery *r, struct err *err)
{
    struct account_ref other;

    const enum db_rc rc = store_find_account_of_key(db, r->key.b, &other, err);
    if (rc == DB_ONE && other.account == r->account.account) return DB_ONE;
    if (rc == DB_ONE)
        FAIL(err, ERR_WRONG_STATE, "This key opens another account.");
    else if (rc == DB_NONE)
        FAIL(err, ERR_QUOTA_EXCEEDED, "The account has %d keys, which is the most.",
             ACCOUNT_KEYS_MAX);
    return DB_FAIL;
}

/* All of it or nothing: a code that helped nobody is not spent. */
static enum db_rc recover(struct db *db, void *arg, struct err *err)
{
    struct recovery *r = arg;
    const struct hash old = auth_secret_hash(r->code), next = auth_secret_hash(str_of(r->next));
    int64_t created_us = 0;

    enum db_rc rc = store_spend_recovery_code(db, &old, &r->account, err);
    if (rc != DB_ONE) return rc;
    rc =
        store_add_account_key(db, r->key.b, r->account.account, STR("recovered"), &created_us, err);
    if (rc == DB_NONE) rc = not_added(db, r, err);
    return rc == DB_ONE ? store_add_recovery_code(db, &next, r->account.account, err) : rc;
}

static void reply_recovered(struct req *rq, const struct recovery *r)
{
    char id[ID_TEXT_MAX];

    id_format("acct_", id_make(r->account.at_us, r->account.account, 0), id);
    reply_json(rq, 201, json_pack("{s:s,s:s}", "account_id", id, "recovery_code", r->next));
}

/* POST /v1/session/recoveries: a code and a new key; the code is spent, the next one is in the
 * answer. */
void post_session_recoveries(struct req *rq)
{
    struct recovery r = { .account = { 0, 0 } };

    if (!req_json(rq, &r)) return;
    auth_secret_new("brs_rec_", r.next);
    switch (db_tx(rq->db, recover, &r, &rq->err)) {
    case DB_ONE: reply_recovered(rq, &r); return;
    case DB_NONE: reply_refusal(rq, ERR_UNAUTHENTICATED, "The recovery code is not valid."); return;
    case DB_RETRY:
    case DB_FAIL: reply_problem(rq); return;
    }
}
