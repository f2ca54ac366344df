/* SPDX-License-Identifier: Apache-2.0 */
/* Which blobs the checkpoints of jobs need. They count for nobody, and are dropped when a newer
 * checkpoint has come or the job is over. */
#pragma once

#include "merkle/merkle.h"
#include "store/db.h"

/* A blob, as part of a checkpoint. */
struct saved {
    int64_t job;
    struct hash manifest, digest;
    int64_t size;
};

/* The job needs it from now on. DB_NONE: neither the provider nor the job keeps one of that size.
 */
MUST_CHECK enum db_rc store_save_blob(struct db *db, const struct saved *s, int64_t provider,
                                      struct err *err);
/* All that this checkpoint needs is the job's: the provider keeps none of it. */
MUST_CHECK bool store_take_checkpoint(struct db *db, int64_t job, const struct hash *manifest,
                                      int64_t provider, struct err *err);

struct job_checkpoint {
    int64_t seconds;     /* the longest time that the job may lose */
    struct str manifest; /* of its last checkpoint, hex; n 0: it has none. In the arena */
};
/* DB_NONE: there is no such job. */
MUST_CHECK enum db_rc store_read_checkpoint(struct db *db, int64_t job, struct arena *a,
                                            struct job_checkpoint *out, struct err *err);

/* The size of one that the node (node > 0: by a live lease of the job) or the buyer may read.
 * DB_NONE: none. */
MUST_CHECK enum db_rc store_read_saved_size(struct db *db, const struct hash *digest,
                                            int64_t account, int64_t node, int64_t *size,
                                            struct err *err);

/* The buyer wants one now; he has it; and of which leases of the node one is wanted. DB_NONE: of
 * none. */
MUST_CHECK bool store_ask_checkpoint(struct db *db, int64_t job, struct err *err);
MUST_CHECK bool store_grant_checkpoint(struct db *db, int64_t job, struct err *err);
struct wanted_row {
    int64_t lease;
};
MUST_CHECK enum db_rc store_list_checkpoints_wanted(struct db *db, int64_t node, struct arena *a,
                                                    struct wanted_row **out, size_t *n,
                                                    struct err *err);

struct saved_row {
    int64_t job;
    struct str manifest, sha256; /* 32 bytes each */
};
/* Some of what the job does not need any more since it has this manifest; of what no job needs.
 * DB_NONE: nothing. */
MUST_CHECK enum db_rc store_list_superseded(struct db *db, int64_t job, const struct hash *manifest,
                                            struct arena *a, struct saved_row **out, size_t *n,
                                            struct err *err);
MUST_CHECK enum db_rc store_list_stale(struct db *db, struct arena *a, struct saved_row **out,
                                       size_t *n, struct err *err);
MUST_CHECK enum db_rc store_drop_saved(struct db *db, const struct saved *s, struct err *err);
