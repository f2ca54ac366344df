/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs in both places, the store's bytes and the rows that say who keeps them: a row is never
 * without its bytes, and bytes that may be without a row are noted as in doubt before they are. On
 * a thread that may wait for the store. */
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
/* Look after what is old: give up what no account need keep, and remove from the store what nobody
 * keeps. Some of each; again later. False: some of it has to wait, err says why. */
MUST_CHECK bool keeping_sweep(const struct keeping *k, const struct blob_terms *t, struct err *err);
/* Remove the bytes if nobody keeps them. Under blobs_lock(). What the store does not remove now is
 * left to keeping_sweep(), and no failure. */
MUST_CHECK bool keeping_tidy(const struct keeping *k, const struct hash *digest, struct err *err);
