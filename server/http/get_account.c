/* SPDX-License-Identifier: Apache-2.0 */
#include "http/handlers.h"
#include "http/scopes.h"
#include "store/accounts.h"

/* The id of the API key used, or null. */
static json_t *key_id_json(const struct who *who)
{
    char id[ID_TEXT_MAX];

    if (id_eq(who->key_id, (struct id){ { 0 } })) return json_null();
    id_format("key_", who->key_id, id);
    return json_string(id);
}

/* GET /v1/account: the account of these credentials, and what they may do. */
void get_account(struct req *rq)
{
    struct account_row row;
    char id[ID_TEXT_MAX];

    const enum db_rc rc = store_find_account(rq->db, rq->who.account, &row, &rq->err);
    if (rc == DB_NONE) /* a token from before the database was set back */
        FAIL(&rq->err, ERR_UNAUTHENTICATED, "The account of this token is not known here.");
    if (rc != DB_ONE) {
        reply_problem(rq);
        return;
    }
    id_format("acct_", id_make(row.at_us, row.account, 0), id);
    reply_json(rq, 200,
               json_pack("{s:s,s:{s:o,s:o},s:o,s:o,s:o}", "account_id", id, "balance", "available",
                         json_money(row.available), "held", json_money(row.held), "created_at",
                         json_time(row.at_us), "scopes", scopes_json(rq->who.scopes), "key_id",
                         key_id_json(&rq->who)));
}
