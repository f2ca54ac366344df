/* SPDX-License-Identifier: Apache-2.0 */
/* A witness: it has seen a log grow, and says so. c2sp.org/tlog-witness.
 *
 * It keeps of each log the last checkpoint that it has cosigned, nothing else, and cosigns another
 * only if that goes on from it. What it has said is on disk before it is answered, so no crash
 * makes it forget, and two requests for one log are taken one after the other. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "tlog/checkpoint.h"

#define WITNESS_BODY_MAX ((size_t)2 * NOTE_MAX)
#define WITNESS_KEYS_MAX 256 /* of logs, in all */

struct witness;

struct witness_options {
    const char *state; /* folder: witness.key, name, lock, and a file for each log */
    const char
        *origins; /* file: a line with the verifier key of each log; its name is the origin */
};

/* Make key and name in the folder. ERR_WRONG_STATE: they are there; ERR_VALIDATION_FAILED: the name
 * cannot be one; ERR_IO. */
MUST_CHECK bool witness_init(const char *state, const char *name, struct err *err);

/* NULL: ERR_NOT_FOUND: run init; ERR_WRONG_STATE: another process has the folder;
 * ERR_VALIDATION_FAILED names a line of the origins' file, or a file of the folder; ERR_IO. */
struct witness *witness_open(const struct witness_options *o, struct err *err);
void witness_close(struct witness *w); /* takes NULL */

/* Its verifier key, which others need to know. */
const struct note_key *witness_key(const struct witness *w);

struct witness_answer {
    int status;
    const char *type; /* of the body */
    struct str body;  /* in the arena; of a refusal a sentence, of another size that size */
};

/* Body of POST …/add-checkpoint, at second `now_s`. On any thread.
 *
 *   200 the cosignature; the checkpoint is on disk    403 no trusted key of this log has signed it
 *   400 malformed, or old is above the size           404 unknown log
 *   409 old is not what was cosigned last: the body is that size; or another root of the same size
 *   422 the proof does not lead from there            500 it could not be written */
void witness_add_checkpoint(struct witness *w, struct str request, int64_t now_s, struct arena *a,
                            struct witness_answer *out);
