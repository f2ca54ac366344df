/* SPDX-License-Identifier: Apache-2.0 */
/* API keys: a secret with some of one's scopes. The market keeps its hash. */
#include "store/api_keys.h"

#include "base/limits.h"
#include "http/handlers.h"
#include "http/scopes.h"

struct api_key_body {
    struct str name;
    struct str_list scopes;
};

const struct json_field post_api_keys_fields[] = {
    JSON_TEXT(struct api_key_body, name, "name", JSON_NEED, 1, NAME_MAX_BYTES,
              "A name that people read."),
    JSON_TEXTS(struct api_key_body, scopes, "scopes", JSON_NEED, 4,
               "The scopes. None can be more than one's own."),
    JSON_END,
};

static json_t *key_json(const struct api_key_row *row)
{
    char id[ID_TEXT_MAX];

    id_format("key_", row->id, id);
    return json_pack("{s:s,s:o,s:o,s:o,s:o}", "key_id", id, "name", json_text(row->name), "scopes",
                     scopes_json((unsigned)row->scopes), "created_at", json_time(row->created_us),
                     "last_used_at", json_time(row->last_used_us));
}

static json_t *rows_json(const struct api_key_row *rows, size_t n)
{
    auto_json json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        if (json_array_append_new(list, key_json(&rows[i])) != 0) return NULL;
    return json_incref(list);
}

/* GET /v1/api-keys: my API keys, without their secrets. */
void get_api_keys(struct req *rq)
{
    struct page page;
    struct api_key_row *rows = NULL;
    size_t n = 0;

    if (!req_page(rq, &page)) return;
    const enum db_rc rc = store_list_api_keys(rq->db, rq->who.account, page.before, page.limit + 1,
                                              &rq->arena, &rows, &n, &rq->err);
    if (rc != DB_ONE && rc != DB_NONE) {
        reply_problem(rq);
        return;
    }
    const size_t shown = n > (size_t)page.limit ? (size_t)page.limit : n;
    reply_page(rq, rows_json(rows, shown), shown < n ? rows[shown - 1].created_us : 0);
}

static void reply_made(struct req *rq, const struct new_api_key *key, int64_t created_us,
                       const char *secret)
{
    const struct api_key_row row = {
        .id = key->id, .scopes = key->scopes, .name = key->name, .created_us = created_us
    };
    json_t *j = key_json(&row);

    if (json_object_set_new(j, "secret", json_string(secret)) != 0) {
        json_decref(j);
        j = NULL;
    }
    reply_header(rq, "Cache-Control", "no-store");
    reply_json(rq, 201, j);
}

/* POST /v1/api-keys: the secret is in this answer and nowhere else. */
void post_api_keys(struct req *rq)
{
    struct api_key_body body;
    char secret[64];
    int64_t created_us = 0;
    unsigned scopes = SCOPE_NONE;

    if (!req_json(rq, &body) || !scopes_read(rq, &body.scopes, &scopes)) return;
    if ((scopes & ~rq->who.scopes) != 0) {
        reply_refusal(rq, ERR_FORBIDDEN, "A key cannot do more than the credentials that make it.");
        return;
    }
    auth_secret_new("brs_live_", secret);
    const struct new_api_key key = { .id = id_random(clock_wall_us()),
                                     .account = rq->who.account,
                                     .secret = auth_secret_hash(str_of(secret)),
                                     .name = body.name,
                                     .scopes = scopes };
    switch (store_add_api_key(rq->db, &key, &created_us, &rq->err)) {
    case DB_ONE: reply_made(rq, &key, created_us, secret); return;
    case DB_NONE:
        reply_refusal(rq, ERR_QUOTA_EXCEEDED, "The account has %d API keys, which is the most.",
                      API_KEYS_MAX);
        return;
    case DB_RETRY:
    case DB_FAIL: reply_problem(rq); return;
    }
}

/* DELETE /v1/api-keys/{key_id}: it opens nothing any more: here at once, on other servers of the
 * market within a minute. */
void delete_api_key(struct req *rq)
{
    struct id id;

    if (!req_id(rq, 0, "key_", &id)) return;
    if (!db_found(store_delete_api_key(rq->db, id, rq->who.account, &rq->err), &rq->err)) {
        reply_problem(rq);
        return;
    }
    auth_forget_key(rq->svc->auth, id);
    reply_empty(rq, 204);
}
