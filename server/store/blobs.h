/* SPDX-License-Identifier: Apache-2.0 */
/* Who keeps which blob; the bytes are files (service/blobs.h). */
#pragma once

#include "merkle/merkle.h"
#include "store/db.h"

/* How an account came to keep it. Its own and outputs that it has not passed on count for it. */
enum blob_origin {
    ORIGIN_OWN = 1,   /* uploaded by the account */
    ORIGIN_OUTPUT,    /* uploaded by a node of it; forgotten after two days */
    ORIGIN_PASSED_ON, /* such an output, named by a receipt: the buyer keeps it now; forgotten too
                       */
    ORIGIN_GIVEN,     /* an output that the account has paid for */
};

struct blob_note {
    struct hash digest;
    int64_t account;
    enum blob_origin origin; /* ORIGIN_OWN, ORIGIN_OUTPUT */
    int64_t size;
};

/* The account keeps it from now on, if it then keeps no more than `most` bytes. DB_NONE: it did
 * already, or it would be more. */
MUST_CHECK enum db_rc store_put_blob(struct db *db, const struct blob_note *b, int64_t most,
                                     struct err *err);
/* If it keeps it already, it does so anew: *size. b->size is not read. DB_NONE: it has to be put.
 */
MUST_CHECK enum db_rc store_claim_blob(struct db *db, const struct blob_note *b, int64_t *size,
                                       struct err *err);
/* An output that `from` keeps is kept by `to` now, and counts for neither. Repeated, it is as once.
 */
MUST_CHECK bool store_give_blob(struct db *db, const struct hash *digest, int64_t from, int64_t to,
                                struct err *err);
/* The account does not keep it any more. DB_NONE: it did not, or (only_old) need not yet be
 * forgotten. */
MUST_CHECK enum db_rc store_drop_blob(struct db *db, const struct hash *digest, int64_t account,
                                      bool only_old, struct err *err);
/* DB_NONE: nobody keeps it. */
MUST_CHECK enum db_rc store_find_blob(struct db *db, const struct hash *digest, struct err *err);
/* Outputs of the account that may be forgotten, some of them. */
struct blob_name {
    struct str sha256; /* 32 bytes */
    int64_t account;   /* 0: not asked for */
};
MUST_CHECK enum db_rc store_list_blobs_old(struct db *db, int64_t account, struct arena *a,
                                           struct blob_name **out, size_t *n, struct err *err);
/* For how many days an account keeps what it uploaded, and what it paid for. */
struct blob_terms {
    int64_t uploads_days, outputs_days;
};
/* Some of those that are older; never the image of a job that is not over. */
MUST_CHECK enum db_rc store_list_blobs_expired(struct db *db, const struct blob_terms *t,
                                               struct arena *a, struct blob_name **out, size_t *n,
                                               struct err *err);
/* The account does not keep it any more. DB_NONE: it is not so old. */
MUST_CHECK enum db_rc store_expire_blob(struct db *db, const struct hash *digest, int64_t account,
                                        const struct blob_terms *t, struct err *err);

/* It is not certain that anybody keeps what the store has under this name. */
MUST_CHECK bool store_doubt_blob(struct db *db, const struct hash *digest, struct err *err);
/* Now it is, or the store has it no more. */
MUST_CHECK bool store_end_doubt(struct db *db, const struct hash *digest, struct err *err);
/* Some of those that have been in doubt for longer. */
MUST_CHECK enum db_rc store_list_doubts(struct db *db, int64_t seconds, struct arena *a,
                                        struct blob_name **out, size_t *n, struct err *err);

/* DB_NONE: the account does not keep it. */
MUST_CHECK enum db_rc store_read_blob(struct db *db, const struct hash *digest, int64_t account,
                                      int64_t *size, struct err *err);
MUST_CHECK enum db_rc store_read_blobs_used(struct db *db, int64_t account, int64_t *bytes,
                                            struct err *err);

/* Is it, as `image`, what a live lease of the node (node > 0), or of any node of the account, runs?
 */
struct blob_asker {
    int64_t account, node;
};
MUST_CHECK enum db_rc store_read_blob_of_lease(struct db *db, const struct hash *digest,
                                               const struct blob_asker *who, struct str image,
                                               int64_t *size, struct err *err);
