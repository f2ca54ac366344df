/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs in both places, the files and the rows that say who keeps them: a row is never without its
 * file. On a worker. */
#pragma once

#include "service/blobs.h"
#include "store/blobs.h"

struct keeping {
    struct blobs *blobs;
    struct db *db;
};

/* The account does not keep it any more; with nobody left the file goes. DB_NONE: it did not. */
MUST_CHECK enum db_rc keeping_drop(const struct keeping *k, const struct hash *digest,
                                   int64_t account, struct err *err);
/* An output of the provider is its buyer's now. Repeated, it is as once. */
MUST_CHECK bool keeping_give(const struct keeping *k, const struct hash *digest, int64_t provider,
                             int64_t buyer, struct err *err);
/* Forget some of the account's old outputs. */
MUST_CHECK bool keeping_forget(const struct keeping *k, int64_t account, struct err *err);
/* Remove the file if nobody keeps it. Under blobs_lock(). */
MUST_CHECK bool keeping_tidy(const struct keeping *k, const struct hash *digest, struct err *err);
