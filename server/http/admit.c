/* SPDX-License-Identifier: Apache-2.0 */
/* A blob is taken only where there will be room for it: asked before its body comes. */
#include "base/limits.h"
#include "http/found.h"
#include "http/listener.h"
#include "http/piece.h"
#include "service/keeping.h"
#include "service/uploads.h"

/* What counts for the account already. */
static bool count_kept(struct req *rq, int64_t *out)
{
    int64_t used = 0;

    if (store_read_blobs_used(rq->db, rq->who.account, &used, &rq->err) != DB_ONE) return false;
    *out = used + partials_bytes(blobs_partials(rq->svc->blobs), rq->who.account);
    return true;
}

/* Does the account keep it already? Then nothing is added. False: rq->err. */
static bool is_kept(struct req *rq, bool *kept)
{
    struct hash digest;
    int64_t size = 0;

    *kept = false;
    if (!str_hex(rq->param[0], digest.b, sizeof(digest.b))) return true;
    const enum db_rc rc = store_read_blob(rq->db, &digest, rq->who.account, &size, &rq->err);
    *kept = rc == DB_ONE;
    return rc == DB_ONE || rc == DB_NONE;
}

/* A piece goes straight to where the upload stands. False: rq->err. */
static bool open_piece(struct req_inside *x)
{
    struct req *rq = &x->rq;
    struct hash digest;
    struct blob_piece piece;
    bool is_piece = false;
    int64_t offset = 0;

    if (!str_hex(rq->param[0], digest.b, sizeof(digest.b))) return true;
    if (!piece_read(rq, &digest, x->framing.length, &piece, &is_piece)) return false;
    if (!is_piece) return true;
    const enum partial_rc rc =
        partial_open(blobs_partials(rq->svc->blobs), &piece, &rq->partial, &offset, &rq->err);
    if (rc != PARTIAL_FAILED) piece_offset(rq, offset);
    switch (rc) {
    case PARTIAL_OPEN: return true;
    case PARTIAL_MISPLACED:
        return FAIL(&rq->err, ERR_WRONG_STATE, "The upload stands at byte %lld.",
                    (long long)offset);
    case PARTIAL_BUSY:
        return FAIL(&rq->err, ERR_OVERLOADED, "All of it is there and is being kept just now.");
    case PARTIAL_FAILED: break;
    }
    return false;
}

bool admit_upload(struct req_inside *x)
{
    struct req *rq = &x->rq;
    const struct keeping k = { rq->svc->blobs, rq->db };
    int64_t kept = 0;
    bool again = false;

    if (!rq->svc->uploads || !rq->svc->blobs) return true;
    if (!keeping_forget(&k, rq->who.account, &rq->err) || !is_kept(rq, &again)) return false;
    if (!again && !count_kept(rq, &kept)) return false;
    x->upload = (struct upload){ rq->who.account, rq->who.node, x->framing.length };
    x->uploading = uploads_begin(rq->svc->uploads, &x->upload, kept, &rq->err);
    return x->uploading && (again || open_piece(x));
}

void admit_end(struct req *rq)
{
    struct req_inside *x = rq->inside;

    if (x->uploading) uploads_end(rq->svc->uploads, &x->upload);
    x->uploading = false;
}
