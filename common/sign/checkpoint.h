/* SPDX-License-Identifier: Apache-2.0 */
/* A checkpoint: what a job has saved in its folder, as blobs. The agent makes it and puts it back,
 * the market keeps it in between.
 *
 * The *manifest* is a blob of canonical JSON that lists the files: {"files":[{"mode","path",
 * "pieces","size_bytes"},…],"type":"bourse-checkpoint","version":1}, sorted by path. A file is cut
 * into pieces of CHECKPOINT_PIECE bytes, the last one shorter; each piece is a blob, named by its
 * SHA-256. So what has not changed since the last checkpoint is not sent again.
 *
 * The *statement* is what the agent signs when it tells of one: "bourse-checkpoint-v1\n" and the
 * canonical JSON {at, epoch, lease_id, looked_seconds, manifest_sha256, seconds}. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "sign/key.h"
#include "json/field.h"

struct saved_file {
    struct str path; /* relative to the folder, output_path_ok() */
    int64_t mode;    /* permissions, 0 to 0777 */
    int64_t size_bytes;
    struct str_list pieces; /* each the 64 digits of a SHA-256 */
};

struct manifest {
    struct saved_file *files; /* sorted by path */
    size_t n;
};

/* How many pieces a file of that size has. */
int64_t checkpoint_pieces(int64_t size_bytes);
/* The size of piece number `i`, from 0. */
int64_t checkpoint_piece_size(int64_t size_bytes, int64_t i);

/* The canonical text, appended to `out`, which was made with CHECKPOINT_MANIFEST_MAX; out->failed:
 * longer than that, or no memory. */
void manifest_text(const struct manifest *m, struct buf *out);

/* Parse and check: canonical, paths that are good and sorted, no file where another one needs a
 * folder, as many pieces as the sizes ask for, no more than CHECKPOINT_FILES_MAX files and
 * CHECKPOINT_PIECES_MAX pieces. Views live in `a`. ERR_VALIDATION_FAILED says what is wrong;
 * ERR_NO_MEMORY. */
MUST_CHECK bool manifest_parse(struct str text, struct arena *a, struct manifest *out,
                               struct err *err);

int64_t manifest_bytes(const struct manifest *m); /* of all files */

struct checkpoint {
    struct str lease_id, manifest_sha256;
    int64_t epoch;
    int64_t seconds;        /* of the run, when the newest file was written */
    int64_t looked_seconds; /* and when the agent looked */
    int64_t at_us;
};
/* The canonical text, in `a`; NULL p: no memory. */
struct str checkpoint_text(const struct checkpoint *c, struct arena *a);
/* ERR_VALIDATION_FAILED, ERR_NO_MEMORY. Views live in `a`. */
MUST_CHECK bool checkpoint_parse(struct str text, struct arena *a, struct checkpoint *out,
                                 struct err *err);
