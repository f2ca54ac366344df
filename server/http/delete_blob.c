/* SPDX-License-Identifier: Apache-2.0 */
#include "http/found.h"
#include "http/handlers.h"
#include "service/keeping.h"

/* DELETE /v1/blobs/{sha256}: the account keeps it no longer; the bytes go when nobody does. */
void delete_blob(struct req *rq)
{
    const struct keeping k = { rq->svc->blobs, rq->db };
    struct hash digest;

    if (!str_hex(rq->param[0], digest.b, sizeof(digest.b))) {
        reply_refusal(rq, ERR_NOT_FOUND, "A blob is named by 64 lower-case hexadecimal digits.");
        return;
    }
    const enum db_rc rc = keeping_drop(&k, &digest, rq->who.account, &rq->err);
    if (!read_well(rq, rc)) return;
    if (rc == DB_ONE)
        reply_empty(rq, 204);
    else
        reply_refusal(rq, ERR_NOT_FOUND, "There is no such blob, or it is not yours.");
}
