/* SPDX-License-Identifier: Apache-2.0 */
/* How far the images of leases have come, as their nodes say. Nothing is derived from it. */
#pragma once

#include "store/db.h"

enum pull_phase { PULL_WAITS, PULL_DOWNLOADS, PULL_UNPACKS };

struct pull_row {
    int64_t lease;
    int64_t phase;                   /* enum pull_phase */
    int64_t done_bytes, total_bytes; /* -1: the whole is not known */
    int64_t told_us;
};

/* DB_NONE: something later is kept. */
MUST_CHECK enum db_rc store_put_pull(struct db *db, const struct pull_row *row, struct err *err);
/* Of the leases of a job that are being prepared. DB_NONE: nothing was told. */
MUST_CHECK enum db_rc store_list_pulls(struct db *db, int64_t bid, struct arena *a,
                                       struct pull_row **out, size_t *n, struct err *err);
