/* SPDX-License-Identifier: Apache-2.0 */
/* Logins for registries: what a buyer keeps here so that the machines that run his jobs can fetch
 * his images. They come sealed and leave sealed; who reads the database learns nothing. */
#include "store/registry_logins.h"

#include "base/base64.h"
#include "base/limits.h"
#include "http/found.h"
#include "http/handlers.h"
#include "service/info.h"
#include "sign/login.h"
#include "wire/image_ref.h"

#define BOX_TEXT_MIN 68 /* of a box with nothing in it */
#define BOX_TEXT_MAX ((int64_t)(LOGIN_BOX_MAX + 2) / 3 * 4)

struct login_body {
    struct str sealed;
};

const struct json_field put_registry_login_fields[] = {
    JSON_TEXT(struct login_body, sealed, "sealed", JSON_NEED, BOX_TEXT_MIN, BOX_TEXT_MAX,
              "The login, sealed to the market's `seal_key`, in base64."),
    JSON_END,
};

/* The path parameter. False: replied. */
static bool registry_of(struct req *rq, struct str *out)
{
    if (!is_registry(rq->param[0])) {
        reply_refusal(rq, ERR_VALIDATION_FAILED,
                      "A registry is named as in front of an image: ghcr.io, "
                      "registry.example.org:5000, or docker.io.");
        return false;
    }
    *out = rq->param[0];
    return true;
}

/* GET /v1/registry-logins: for which registries I keep one. */
void get_registry_logins(struct req *rq)
{
    struct registry_login_row *rows = NULL;
    size_t n = 0;
    auto_json json_t *list = json_array();

    if (!read_well(rq, store_list_registry_logins(rq->db, rq->who.account, &rq->arena, &rows, &n,
                                                  &rq->err)))
        return;
    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(list,
                                    json_pack("{s:o, s:o}", "registry", json_text(rows[i].registry),
                                              "put_at", json_time(rows[i].put_us)));
    reply_json(rq, 200, json_pack("{s:O}", "data", list));
}

/* Does it open, for this account and registry? Complaints otherwise. */
static bool opens(struct req *rq, struct str registry, struct str box)
{
    const struct market_info *i = rq->svc->info;
    char account[ID_TEXT_MAX];
    struct login l;
    struct err why = { 0 };

    id_format("acct_", rq->who.account_id, account);
    const struct login_place place = { .market_id = str_of(i->market_id),
                                       .account_id = str_of(account),
                                       .registry = registry };
    if (!login_open(i->seal, &place, box, &rq->arena, &l, &why)) {
        complain(&rq->complaints, &rq->arena, &rq->err, "/sealed", "%s", why.detail);
        return false;
    }
    login_wipe(&l);
    return true;
}

/* PUT /v1/registry-logins/{registry}: keep this one, instead of an earlier one. */
void put_registry_login(struct req *rq)
{
    struct login_body body;
    struct str registry;
    size_t n = LOGIN_BOX_MAX;
    uint8_t *box = arena_alloc(&rq->arena, LOGIN_BOX_MAX + 3);

    if (!box) {
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the login.");
        return;
    }
    if (!registry_of(rq, &registry) || !req_json(rq, &body)) return;
    const bool is_text = base64_decode(body.sealed, box, &n);
    const struct str sealed = { (const char *)box, is_text ? n : 0 };
    if (!is_text) complain(&rq->complaints, &rq->arena, &rq->err, "/sealed", "must be base64");
    if (!is_text || !opens(rq, registry, sealed)) {
        reply_problem(rq);
        return;
    }
    switch (store_put_registry_login(rq->db, rq->who.account, registry, sealed, &rq->err)) {
    case DB_ONE: reply_empty(rq, 204); return;
    case DB_NONE:
        reply_refusal(rq, ERR_QUOTA_EXCEEDED, "The account keeps %d logins, which is the most.",
                      REGISTRY_LOGINS_MAX);
        return;
    case DB_RETRY:
    case DB_FAIL: reply_problem(rq); return;
    }
}

/* DELETE /v1/registry-logins/{registry}: no machine is given it any more. */
void delete_registry_login(struct req *rq)
{
    struct str registry;

    if (!registry_of(rq, &registry)) return;
    if (db_found(store_delete_registry_login(rq->db, rq->who.account, registry, &rq->err),
                 &rq->err))
        reply_empty(rq, 204);
    else
        reply_problem(rq);
}
