/* SPDX-License-Identifier: Apache-2.0 */
/* PUT /v1/blobs/{sha256}: bytes that are named by their digest, at once or in pieces. */
#include "http/found.h"
#include "http/handlers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "service/keeping.h"

struct putting {
    struct hash digest;
    struct blob_piece piece;
    bool in_pieces;
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

static void reply_offset(struct req *rq, int64_t offset)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRId64, offset);
    reply_header(rq, "Upload-Offset", text);
}

/* "bytes a-b/total" */
static bool parse_range(struct str s, struct blob_piece *out)
{
    struct str first, last, total, rest;
    int64_t a = 0, b = 0, n = 0;

    if (!str_starts(s, STR("bytes "))) return false;
    s = (struct str){ s.p + 6, s.n - 6 };
    if (!str_cut(s, '-', &first, &rest) || !str_cut(rest, '/', &last, &total)) return false;
    if (!str_i64(first, 0, BLOB_MAX, &a) || !str_i64(last, a, BLOB_MAX, &b)) return false;
    if (!str_i64(total, b + 1, INT64_MAX, &n)) return false;
    out->at = a;
    out->size = b - a + 1;
    out->total = n;
    return true;
}

static bool read_piece(struct req *rq, struct putting *p)
{
    const struct str range = req_header(rq, "Content-Range");

    p->in_pieces = range.n > 0;
    if (!p->in_pieces) return true;
    if (!parse_range(range, &p->piece) || p->piece.size != rq->body_size) {
        reply_refusal(rq, ERR_MALFORMED_REQUEST,
                      "Content-Range must be \"bytes a-b/total\" and fit the body.");
        return false;
    }
    if (p->piece.total > BLOB_MAX) {
        reply_refusal(rq, ERR_BODY_TOO_LARGE, "A blob has at most %lld bytes.", BLOB_MAX);
        return false;
    }
    p->piece.account = rq->who.account;
    p->piece.digest = p->digest;
    return true;
}

static struct blob_note note_of(const struct req *rq, const struct putting *p, int64_t size)
{
    return (struct blob_note){ .digest = p->digest,
                               .account = rq->who.account,
                               .origin = rq->who.node > 0 ? ORIGIN_OUTPUT : ORIGIN_OWN,
                               .size = size };
}

/* 200 if the account keeps it already. True: it does not, go on. */
static bool is_new(struct req *rq, const struct putting *p)
{
    const struct blob_note b = note_of(rq, p, 0);
    int64_t size = 0;
    const enum db_rc rc = store_claim_blob(rq->db, &b, &size, &rq->err);

    if (!read_well(rq, rc)) return false;
    if (rc == DB_ONE) reply_blob(rq, 200, &p->digest, size);
    return rc == DB_NONE;
}

/* The bytes are in the store: from now on the account keeps them. Under the lock. */
static void note(struct req *rq, const struct putting *p, int64_t size)
{
    const struct keeping k = { rq->svc->blobs, rq->db };
    const struct blob_note b = note_of(rq, p, size);
    const enum db_rc rc = store_put_blob(rq->db, &b, BLOBS_ACCOUNT_MAX, &rq->err);

    if (!read_well(rq, rc)) return;
    if (rc == DB_ONE) {
        reply_blob(rq, 201, &p->digest, size);
    } else if (is_new(rq, p)) { /* neither put nor there */
        if (keeping_tidy(&k, &p->digest, &rq->err))
            reply_refusal(rq, ERR_QUOTA_EXCEEDED, "An account keeps at most %lld bytes.",
                          BLOBS_ACCOUNT_MAX);
        else
            reply_problem(rq);
    }
}

static void put_whole(struct req *rq, const struct putting *p)
{
    if (memcmp(rq->body_hash.b, p->digest.b, sizeof(p->digest.b)) != 0) {
        reply_refusal(rq, ERR_DIGEST_MISMATCH, "The body has another SHA-256 than the path names.");
        return;
    }
    if (!is_new(rq, p)) return;
    if (blobs_keep(rq->svc->blobs, &p->digest, rq->body_file, &rq->err))
        note(rq, p, rq->body_size);
    else
        reply_problem(rq);
}

static void put_piece(struct req *rq, const struct putting *p)
{
    int64_t offset = 0;

    if (!is_new(rq, p)) return;
    const enum blob_append done =
        blobs_append(rq->svc->blobs, &p->piece, rq->body_file, &offset, &rq->err);
    reply_offset(rq, offset);
    switch (done) {
    case BLOB_WHOLE: note(rq, p, p->piece.total); return;
    case BLOB_PART: reply_empty(rq, 202); return;
    case BLOB_MISPLACED:
        reply_refusal(rq, ERR_WRONG_STATE, "The upload stands at byte %" PRId64 ".", offset);
        return;
    case BLOB_WRONG:
        reply_refusal(rq, ERR_DIGEST_MISMATCH,
                      "The upload has another SHA-256 than the path names, and is forgotten.");
        return;
    case BLOB_FAILED: reply_problem(rq); return;
    }
}

void put_blob(struct req *rq)
{
    struct putting p = { .in_pieces = false };

    if (!find_digest(rq, &p.digest) || !read_piece(rq, &p)) return;
    /* What makes a blob whole is held until its row is there. */
    const bool is_last = !p.in_pieces || p.piece.at + p.piece.size == p.piece.total;
    auto_close int held = is_last ? blobs_lock(rq->svc->blobs, &p.digest, &rq->err) : -1;
    if (is_last && held < 0)
        reply_problem(rq);
    else if (p.in_pieces)
        put_piece(rq, &p);
    else
        put_whole(rq, &p);
    admit_end(rq);
}

void put_agent_blob(struct req *rq)
{
    put_blob(rq);
}
