/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of blobs: files named by their SHA-256, below the state folder.
 *
 *   blobs/aa/<64 hex>                  whole ones; the name appears when all of it is on the disk
 *   blobs/partial/<account>/<64 hex>   uploads that go on; forgotten after a day without news
 *
 * Who may read what stands in the database. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "merkle/merkle.h"

struct blobs;

struct blobs *blobs_new(const char *state_dir, struct err *err); /* NULL: ERR_IO, ERR_NO_MEMORY */
void blobs_free(struct blobs *b);

/* Hold what is kept of all blobs with the same first byte; close() lets go. Whoever adds a file and
 * its row to the database, or removes both, holds it meanwhile: so no row is without its file. -1:
 * ERR_IO. */
MUST_CHECK int blobs_lock(const struct blobs *b, const struct hash *digest, struct err *err);

/* Where the bytes are, if they are there. In `a`; NULL: no memory. */
const char *blobs_path(const struct blobs *b, const struct hash *digest, struct arena *a);

/* Keep a file whose bytes have this digest (NULL: no bytes). It may lose its name. ERR_IO. */
MUST_CHECK bool blobs_keep(struct blobs *b, const struct hash *digest, const char *file,
                           struct err *err);

/* Remove the file, if there is one. */
MUST_CHECK bool blobs_remove(struct blobs *b, const struct hash *digest, struct err *err);

/* A piece of an upload: bytes at .. at + size of a blob of `total`. */
struct blob_piece {
    int64_t account;
    struct hash digest;
    int64_t at, size, total;
};

enum blob_append {
    BLOB_WHOLE,     /* the last piece: the blob is kept now */
    BLOB_PART,      /* more has to come */
    BLOB_MISPLACED, /* does not begin where the upload stands */
    BLOB_WRONG,     /* all is there and has another digest: the upload is forgotten */
    BLOB_FAILED,    /* err: ERR_IO */
};

/* Append the bytes of `file`. *offset: how much of the upload is kept then. */
MUST_CHECK enum blob_append blobs_append(struct blobs *b, const struct blob_piece *p,
                                         const char *file, int64_t *offset, struct err *err);

/* How much of an upload is kept; 0: nothing. */
int64_t blobs_offset(const struct blobs *b, int64_t account, const struct hash *digest);

/* Bytes of all uploads of the account that go on; those without news for a day are removed. */
int64_t blobs_partial_bytes(struct blobs *b, int64_t account, int64_t now_us);
