/* SPDX-License-Identifier: Apache-2.0 */
/* The market as PostgreSQL holds it: everything that is not over, read into memory. */
#pragma once

#include "domain/market.h"
#include "store/db.h"

/* The pools in force, sorted by number; the array lives in `a`. */
MUST_CHECK bool store_load_pools(struct db *db, struct arena *a, struct pool **out, size_t *n,
                                 struct err *err);

/* Fill an empty market and end the load. All reads are of one snapshot. ERR_DB, ERR_NO_MEMORY. */
MUST_CHECK bool store_load_market(struct db *db, struct market *m, struct err *err);

/* Keys that a client may repeat, oldest first. */
struct stored_key {
    int64_t account, seq, at_us;
    struct str key, body; /* 16 and 32 bytes */
};
MUST_CHECK bool store_load_keys(struct db *db, int64_t since_us, struct arena *a,
                                struct stored_key **out, size_t *n, struct err *err);

/* Leadership. */
MUST_CHECK bool store_leader_lock(struct db *db, bool *locked, struct err *err);
MUST_CHECK bool store_leader_take(struct db *db, const char *name, int64_t *epoch, struct err *err);
