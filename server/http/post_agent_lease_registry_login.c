/* SPDX-License-Identifier: Apache-2.0 */
/* The login with which a lease's image is fetched, for the machine that won it and while it
 * prepares, sealed to a key that the agent made for this one question. It stands in no assignment
 * and no journal. */
#include "http/found.h"
#include "http/handlers.h"

#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "service/info.h"
#include "service/payload.h"
#include "service/view.h"
#include "sign/login.h"
#include "store/accounts.h"
#include "store/entries.h"
#include "store/registry_logins.h"
#include "wire/image_ref.h"
#include "wire/lease.h"

struct asked {
    int64_t epoch;
    uint8_t seal_to[SEAL_KEY_SIZE];
};

/* clang-format off */
#define A struct asked
const struct json_field post_agent_lease_registry_login_fields[] = {
    JSON_I64(A, epoch, "epoch", JSON_NEED, 1, INT32_MAX, "The epoch of the lease, from the assignment."),
    JSON_BASE64(A, seal_to, "seal_to", JSON_NEED, SEAL_KEY_SIZE, "An X25519 key of the agent, 32 bytes in base64."),
    JSON_END
};
#undef A
/* clang-format on */

/* Whose login for which registry the job wants used, by its blueprint. False: none, or rq->err. */
static bool wanted(struct req *rq, const struct lease_row *l, struct str *registry)
{
    struct command_row job;

    if (!db_found(store_read_command(rq->db, l->bid, l->buyer, &rq->arena, &job, &rq->err),
                  &rq->err))
        return false;
    auto_json json_t *blueprint = payload_more(job.payload, &rq->err);
    if (!blueprint) return false;
    const struct str name = image_registry(json_get_text(blueprint, "image"));
    const char *copy = arena_copy(&rq->arena, name);
    if (!copy) return FAIL(&rq->err, ERR_NO_MEMORY, "No memory for the login.");
    *registry = (struct str){ copy, name.n };
    return json_is_true(json_object_get(blueprint, "registry_login")) ||
           FAIL(&rq->err, ERR_NOT_FOUND, "The job has its image fetched without a login.");
}

/* Opened with our key and sealed to the agent's. False: rq->err. */
static bool reseal(struct req *rq, const struct lease_row *l, struct str registry,
                   const struct seal_public *to, struct buf *out)
{
    const struct market_info *i = rq->svc->info;
    char account[ID_TEXT_MAX], lease[ID_TEXT_MAX];
    struct account_row buyer;
    struct str sealed = { NULL, 0 };
    struct login login;

    if (!db_found(store_find_account(rq->db, l->buyer, &buyer, &rq->err), &rq->err)) return false;
    if (!db_found(
            store_find_registry_login(rq->db, l->buyer, registry, &rq->arena, &sealed, &rq->err),
            &rq->err))
        return false;
    id_format("acct_", id_make(buyer.at_us, buyer.account, 0), account);
    id_format("lease_", lease_id_of(l->traded_us, l->lease), lease);
    struct login_place place = { .market_id = str_of(i->market_id),
                                 .account_id = str_of(account),
                                 .registry = registry };
    if (!login_open(i->seal, &place, sealed, &rq->arena, &login, &rq->err))
        return FAIL(&rq->err, ERR_NOT_FOUND,
                    "The login was sealed to another key of the market and must be put again.");
    place.account_id = STR(""); /* whose it is, the machine need not know */
    place.lease_id = str_of(lease);
    place.epoch = l->epoch;
    const bool ok = login_seal(to, &place, &login, out, &rq->err);
    login_wipe(&login);
    return ok;
}

static json_t *answer_json(struct str registry, const struct buf *box)
{
    auto_buf struct buf text = { .max = (size_t)2 * LOGIN_BOX_MAX };

    base64_encode((const uint8_t *)box->p, box->n, &text);
    if (box->failed || text.failed) return NULL;
    return json_pack("{s:o, s:o}", "registry", json_text(registry), "sealed",
                     json_text(buf_view(&text)));
}

void post_agent_lease_registry_login(struct req *rq)
{
    struct asked asked;
    struct lease_row row;
    struct seal_public to;
    struct str registry = { NULL, 0 };
    auto_buf struct buf box = { .max = LOGIN_BOX_MAX };

    if (!found_lease_of_node(rq, &row) || !req_json(rq, &asked)) return;
    if (asked.epoch != row.epoch) {
        reply_refusal(rq, ERR_STALE_EPOCH, "The lease is at epoch %d.", (int)row.epoch);
        return;
    }
    if (row.state != LEASE_PREPARING) {
        reply_refusal(rq, ERR_WRONG_STATE, "A login is given while the lease prepares.");
        return;
    }
    memcpy(to.b, asked.seal_to, sizeof(to.b));
    if (!wanted(rq, &row, &registry) || !reseal(rq, &row, registry, &to, &box)) {
        reply_problem(rq);
        return;
    }
    reply_header(rq, "Cache-Control", "no-store");
    reply_json(rq, 200, answer_json(registry, &box));
}
