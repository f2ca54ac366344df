/* SPDX-License-Identifier: Apache-2.0 */
/* PUT /v1/blobs/{sha256}: bytes that are named by their digest, at once or in pieces. */
#include "http/found.h"
#include "http/handlers.h"
#include "http/piece.h"

#include <string.h>

#include "base/limits.h"
#include "service/keeping.h"

struct putting {
    struct hash digest;
    const char *file; /* that holds all of it */
    int64_t size;
};

static bool find_digest(struct req *rq, struct hash *out)
{
    if (str_hex(rq->param[0], out->b, sizeof(out->b))) return true;
    reply_refusal(rq, ERR_NOT_FOUND, "A blob is named by 64 lower-case hexadecimal digits.");
    return false;
}

static void reply_blob(struct req *rq, unsigned status, const struct hash *digest, int64_t size)
{
    char hex[65];

    hex_encode(digest->b, sizeof(digest->b), hex);
    reply_json(rq, status, json_pack("{s:s, s:I}", "sha256", hex, "size_bytes", (json_int_t)size));
}

static struct blob_note note_of(const struct req *rq, const struct putting *p)
{
    return (struct blob_note){ .digest = p->digest,
                               .account = rq->who.account,
                               .origin = rq->who.node > 0 ? ORIGIN_OUTPUT : ORIGIN_OWN,
                               .size = p->size };
}

/* 200 if the account keeps it already. True: it does not, go on. */
static bool is_new(struct req *rq, const struct putting *p)
{
    const struct blob_note b = note_of(rq, p);
    int64_t size = 0;
    const enum db_rc rc = store_claim_blob(rq->db, &b, &size, &rq->err);

    if (!read_well(rq, rc)) return false;
    if (rc == DB_ONE) reply_blob(rq, 200, &p->digest, size);
    return rc == DB_NONE;
}

/* The bytes are in the store: from now on the account keeps them. Under the lock. */
static void note(struct req *rq, const struct putting *p)
{
    const struct keeping k = { rq->svc->blobs, rq->db };
    const struct blob_note b = note_of(rq, p);
    const enum db_rc rc = store_put_blob(rq->db, &b, BLOBS_ACCOUNT_MAX, &rq->err);

    if (!read_well(rq, rc)) return;
    if (rc == DB_ONE) {
        reply_blob(rq, 201, &p->digest, p->size);
    } else if (is_new(rq, p)) { /* neither put nor there */
        if (keeping_tidy(&k, &p->digest, &rq->err))
            reply_refusal(rq, ERR_QUOTA_EXCEEDED, "An account keeps at most %lld bytes.",
                          BLOBS_ACCOUNT_MAX);
        else
            reply_problem(rq);
    }
}

/* Into the store, which may take long, and then the row. Between the two another account may have
 * given up the same bytes, and they are gone. False: they are not in the store. */
static bool keep(struct req *rq, const struct putting *p)
{
    struct blobs *blobs = rq->svc->blobs;
    struct err *err = &rq->err;

    /* Until its row is there, or for good if we do not live to make it. */
    if (!store_doubt_blob(rq->db, &p->digest, err) ||
        !blobs_keep(blobs, &p->digest, p->file, err)) {
        reply_problem(rq);
        return false;
    }
    auto_close int held = blobs_lock(blobs, &p->digest, err);
    if (held >= 0 && blobs_has(blobs, &p->digest, err)) {
        note(rq, p);
        return true;
    }
    if (held >= 0 && err->code == ERR_NOT_FOUND)
        reply_refusal(rq, ERR_OVERLOADED, "It was given up elsewhere meanwhile; send it again.");
    else
        reply_problem(rq);
    return false;
}

static void put_whole(struct req *rq, const struct putting *p)
{
    if (memcmp(rq->body_hash.b, p->digest.b, sizeof(p->digest.b)) != 0)
        reply_refusal(rq, ERR_DIGEST_MISMATCH, "The body has another SHA-256 than the path names.");
    else if (is_new(rq, p))
        (void)keep(rq, p);
}

/* The piece is where the upload goes on, see admit.c. */
static void put_piece(struct req *rq, struct putting *p)
{
    struct partial *piece = take(rq->partial);
    int64_t offset = 0;
    bool kept = false;
    const enum partial_end end = partial_end(piece, &p->file, &offset, &rq->err);

    piece_offset(rq, offset);
    switch (end) {
    case PARTIAL_WHOLE:
        p->size = offset;
        if (is_new(rq, p)) kept = keep(rq, p);
        break;
    case PARTIAL_PART: reply_empty(rq, 202); break;
    case PARTIAL_WRONG:
        reply_refusal(rq, ERR_DIGEST_MISMATCH,
                      "The upload has another SHA-256 than the path names, and is forgotten.");
        break;
    case PARTIAL_NOT_END: reply_problem(rq); break;
    }
    partial_close(piece, kept);
}

void put_blob(struct req *rq)
{
    struct putting p = { .file = rq->body_file, .size = rq->body_size };

    if (!find_digest(rq, &p.digest)) return;
    if (rq->partial)
        put_piece(rq, &p);
    else if (req_header(rq, "Content-Range").n == 0)
        put_whole(rq, &p);
    else if (is_new(rq, &p)) /* it was kept when the piece began to come */
        reply_refusal(rq, ERR_OVERLOADED, "It was given up meanwhile; send it again.");
    admit_end(rq);
}

void put_agent_blob(struct req *rq)
{
    put_blob(rq);
}
