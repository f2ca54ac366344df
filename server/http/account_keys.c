/* SPDX-License-Identifier: Apache-2.0 */
/* Login keys: an account should have two, since a lost key loses money. */
#include <string.h>

#include "base/limits.h"
#include "http/handlers.h"
#include "store/accounts.h"

struct account_key_body {
    struct public_key key;
    struct str name;
};

const struct json_field post_account_keys_fields[] = {
    JSON_BASE64(struct account_key_body, key, "public_key", JSON_NEED, PUBLIC_KEY_SIZE,
                "An Ed25519 public key, 32 bytes in base64."),
    JSON_TEXT(struct account_key_body, name, "name", JSON_NEED, 1, NAME_MAX_BYTES,
              "A name that people read."),
    JSON_END,
};

/* The id of a login key is made from the key and the time it was added, so that none is stored. */
static struct id id_of(const struct public_key *key, int64_t created_us)
{
    const struct hash h = sha256((struct str){ (const char *)key->b, sizeof(key->b) });
    int64_t bits = h.b[0] & 0x3f;

    for (int i = 1; i < 8; i++)
        bits = bits << 8 | h.b[i];
    return id_make(created_us, bits, (h.b[8] & 0x0f) << 8 | h.b[9]);
}

static json_t *key_json(const struct public_key *key, struct str name, int64_t created_us)
{
    char id[ID_TEXT_MAX], text[45];

    id_format("key_", id_of(key, created_us), id);
    public_key_text(key, text);
    return json_pack("{s:s,s:s,s:o,s:o}", "key_id", id, "public_key", text, "name", json_text(name),
                     "created_at", json_time(created_us));
}

static json_t *row_json(const struct account_key_row *row)
{
    struct public_key key;

    memcpy(key.b, row->public_key.p, sizeof(key.b));
    return key_json(&key, row->name, row->created_us);
}

static json_t *rows_json(const struct account_key_row *rows, size_t n)
{
    auto_json json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        if (json_array_append_new(list, row_json(&rows[i])) != 0) return NULL;
    return json_incref(list);
}

/* GET /v1/account/keys: the keys that can sign in to my account. */
void get_account_keys(struct req *rq)
{
    struct page page;
    struct account_key_row *rows = NULL;
    size_t n = 0;

    if (!req_page(rq, &page)) return;
    const enum db_rc rc = store_list_account_keys(rq->db, rq->who.account, page.before,
                                                  page.limit + 1, &rq->arena, &rows, &n, &rq->err);
    if (rc != DB_ONE && rc != DB_NONE) {
        reply_problem(rq);
        return;
    }
    const size_t shown = n > (size_t)page.limit ? (size_t)page.limit : n;
    reply_page(rq, rows_json(rows, shown), shown < n ? rows[shown - 1].created_us : 0);
}

static void reply_not_added(struct req *rq, const struct public_key *key)
{
    struct account_ref other;

    switch (store_find_account_of_key(rq->db, key->b, &other, &rq->err)) {
    case DB_ONE: reply_refusal(rq, ERR_WRONG_STATE, "This key opens an account already."); return;
    case DB_NONE:
        reply_refusal(rq, ERR_QUOTA_EXCEEDED, "The account has %d keys, which is the most.",
                      ACCOUNT_KEYS_MAX);
        return;
    case DB_RETRY:
    case DB_FAIL: reply_problem(rq); return;
    }
}

/* POST /v1/account/keys: one more key that opens my account. Who signs in with it may do
 * everything, so credentials that may not themselves add none. */
void post_account_keys(struct req *rq)
{
    struct account_key_body body;
    int64_t created_us = 0;

    if (rq->who.scopes != SCOPE_ALL) {
        reply_refusal(rq, ERR_FORBIDDEN,
                      "A login key can do everything; only credentials that can do everything add "
                      "one.");
        return;
    }
    if (!req_json(rq, &body)) return;
    switch (store_add_account_key(rq->db, body.key.b, rq->who.account, body.name, &created_us,
                                  &rq->err)) {
    case DB_ONE: reply_json(rq, 201, key_json(&body.key, body.name, created_us)); return;
    case DB_NONE: reply_not_added(rq, &body.key); return;
    case DB_RETRY:
    case DB_FAIL: reply_problem(rq); return;
    }
}
