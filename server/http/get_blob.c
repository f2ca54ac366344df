/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a blob: for the account that keeps it, for who runs a job that names it as its
 * image, and for both sides of a job whose checkpoint needs it. */
#include "http/found.h"
#include "http/handlers.h"
#include "http/piece.h"

#include <stdio.h>

#include "service/blobs.h"
#include "store/blobs.h"
#include "store/checkpoints.h"

static bool may_read(struct req *rq, const struct hash *digest, int64_t *size, bool *may)
{
    const struct blob_asker who = { rq->who.account, rq->who.node };
    char image[80];

    enum db_rc rc = store_read_blob(rq->db, digest, rq->who.account, size, &rq->err);
    if (rc == DB_NONE) {
        snprintf(image, sizeof(image), "blob:sha256:%.*s", (int)rq->param[0].n, rq->param[0].p);
        rc = store_read_blob_of_lease(rq->db, digest, &who, str_of(image), size, &rq->err);
    }
    if (rc == DB_NONE)
        rc = store_read_saved_size(rq->db, digest, rq->who.account, rq->who.node, size, &rq->err);
    *may = rc == DB_ONE;
    return read_well(rq, rc);
}

static bool find_digest(struct req *rq, struct hash *out)
{
    if (str_hex(rq->param[0], out->b, sizeof(out->b))) return true;
    reply_refusal(rq, ERR_NOT_FOUND, "A blob is named by 64 lower-case hexadecimal digits.");
    return false;
}

void get_blob(struct req *rq)
{
    struct hash digest;
    int64_t size = 0;
    bool may = false;
    char tag[67];

    if (!find_digest(rq, &digest) || !may_read(rq, &digest, &size, &may)) return;
    if (!may) {
        reply_refusal(rq, ERR_NOT_FOUND, "There is no such blob, or it is not yours.");
        return;
    }
    const int fd = blobs_open(rq->svc->blobs, &digest, &rq->err);
    snprintf(tag, sizeof(tag), "\"%.*s\"", (int)rq->param[0].n, rq->param[0].p);
    if (fd >= 0)
        reply_bytes(rq, "application/octet-stream", fd, tag);
    else
        reply_problem(rq);
}

static void reply_offset(struct req *rq, unsigned status, int64_t offset)
{
    piece_offset(rq, offset);
    reply_empty(rq, status);
}

/* HEAD: all of it, or how much of the caller's upload. */
void head_blob(struct req *rq)
{
    struct hash digest;
    int64_t size = 0;
    bool may = false;

    if (!str_hex(rq->param[0], digest.b, sizeof(digest.b)))
        reply_offset(rq, 404, 0);
    else if (may_read(rq, &digest, &size, &may))
        reply_offset(
            rq, may ? 200 : 404,
            may ? size : partials_offset(blobs_partials(rq->svc->blobs), rq->who.account, &digest));
}

void get_agent_blob(struct req *rq)
{
    get_blob(rq);
}

void head_agent_blob(struct req *rq)
{
    head_blob(rq);
}
