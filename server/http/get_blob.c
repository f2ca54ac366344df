/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a blob: for the account that keeps it, and for who runs a job that names it as its
 * image. */
#include "http/found.h"
#include "http/handlers.h"

#include <inttypes.h>
#include <stdio.h>

#include "service/blobs.h"
#include "store/blobs.h"

static bool may_read(struct req *rq, const struct hash *digest, int64_t *size, bool *may)
{
    const struct blob_asker who = { rq->who.account, rq->who.node };
    char image[80];

    enum db_rc rc = store_read_blob(rq->db, digest, rq->who.account, size, &rq->err);
    if (rc == DB_NONE) {
        snprintf(image, sizeof(image), "blob:sha256:%.*s", (int)rq->param[0].n, rq->param[0].p);
        rc = store_read_blob_of_lease(rq->db, digest, &who, str_of(image), size, &rq->err);
    }
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

    if (!find_digest(rq, &digest) || !may_read(rq, &digest, &size, &may)) return;
    const char *path = may ? blobs_path(rq->svc->blobs, &digest, &rq->arena) : NULL;
    if (path)
        reply_file(rq, 200, "application/octet-stream", path);
    else if (may)
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the answer.");
    else
        reply_refusal(rq, ERR_NOT_FOUND, "There is no such blob, or it is not yours.");
}

static void reply_offset(struct req *rq, unsigned status, int64_t offset)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRId64, offset);
    reply_header(rq, "Upload-Offset", text);
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
        reply_offset(rq, may ? 200 : 404,
                     may ? size : blobs_offset(rq->svc->blobs, rq->who.account, &digest));
}

void get_agent_blob(struct req *rq)
{
    get_blob(rq);
}

void head_agent_blob(struct req *rq)
{
    head_blob(rq);
}
