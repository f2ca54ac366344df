/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints in both places, as keeping.h has blobs: a row is never without its file, and a file
 * that nobody needs goes. On a worker, or on the sweeper's thread. */
#pragma once

#include "service/keeping.h"
#include "store/checkpoints.h"

/* The job needs this blob from now on, if the provider has sent it or the job has it already.
 * DB_NONE: it is missing. */
MUST_CHECK enum db_rc checkpoints_save(const struct keeping *k, const struct saved *s,
                                       int64_t provider, struct err *err);

/* The job's checkpoint is this one: what the others needed is forgotten, and what the provider sent
 * for it counts no longer for him. Repeated, it is as once. */
MUST_CHECK bool checkpoints_settle(const struct keeping *k, int64_t job,
                                   const struct hash *manifest, int64_t provider, struct err *err);

/* Forget what is kept for jobs that are over and for checkpoints that never came to be. */
MUST_CHECK bool checkpoints_sweep(const struct keeping *k, struct err *err);
