/* SPDX-License-Identifier: Apache-2.0 */
/* What heartbeats tell of cards: figures for people, of which nothing else is made. */
#pragma once

#include "base/arena.h"
#include "store/db.h"

/* How much a lease uses its cards. */
struct use_row {
    int64_t lease;
    int64_t busy_percent, memory_used_bytes; /* negative: not told */
    int64_t told_us;
};

/* Keep the newest. `gpus` is canonical JSON. DB_FAIL: err. */
MUST_CHECK enum db_rc store_put_node_gpus(struct db *db, int64_t node, struct str gpus,
                                          int64_t told_us, struct err *err);
MUST_CHECK enum db_rc store_put_lease_use(struct db *db, const struct use_row *row,
                                          struct err *err);

/* Of the live leases of a job. DB_NONE: nothing was told of any. */
MUST_CHECK enum db_rc store_list_lease_use(struct db *db, int64_t bid, struct arena *a,
                                           struct use_row **out, size_t *n, struct err *err);
