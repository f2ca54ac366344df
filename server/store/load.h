/* SPDX-License-Identifier: Apache-2.0 */
/* The market as PostgreSQL holds it: everything that is not over, read into memory. */
#pragma once

#include "domain/market.h"
#include "store/db.h"

/* The pools in force, sorted by number; the array lives in `a`. */
MUST_CHECK bool store_load_pools(struct db *db, struct arena *a, struct pool **out, size_t *n,
                                 struct err *err);

/* Fill an empty market and end the load. All reads are of one snapshot; *read_us: how long they
 * took, without what the market makes of them. ERR_DB, ERR_NO_MEMORY. */
MUST_CHECK bool store_load_market(struct db *db, struct market *m, int64_t *read_us,
                                  struct err *err);

/* The same within a transaction of the caller's, db_snapshot() when he is not the leader; `market`
 * is the struct market *. */
MUST_CHECK enum db_rc store_load_state(struct db *db, void *market, struct err *err);

/* Keys that a client may repeat, in no order. */
struct stored_key {
    int64_t account, seq, at_us;
    struct str key, body; /* 16 and 32 bytes */
};
typedef bool stored_key_fn(void *arg, const struct stored_key *k); /* false: no memory */
MUST_CHECK bool store_load_keys(struct db *db, int64_t since_us, stored_key_fn *fn, void *arg,
                                struct err *err);

/* Note which bids are open now, so that a start looks at these and the newer ones alone and not at
 * all that ever were. Does nothing when fewer than `step` commands have come since the last note.
 * Not the market thread's business: it reads what is new since then. */
MUST_CHECK bool store_note_open(struct db *db, int64_t step, struct err *err);

/* Leadership. */
MUST_CHECK bool store_leader_lock(struct db *db, bool *locked, struct err *err);
MUST_CHECK bool store_leader_take(struct db *db, const char *name, int64_t *epoch, struct err *err);
