/* SPDX-License-Identifier: Apache-2.0 */
/* What leases did with their networks. Nothing is derived from it. */
#pragma once

#include "store/db.h"

struct flows_row {
    struct str flows; /* JSON, as the agent sent it */
    int64_t told_us;
};

/* DB_NONE: there is one already, which stays. */
MUST_CHECK enum db_rc store_put_flows(struct db *db, int64_t lease, struct str flows,
                                      struct err *err);
/* DB_NONE: none was told, or it is forgotten. */
MUST_CHECK enum db_rc store_read_flows(struct db *db, int64_t lease, struct arena *a,
                                       struct flows_row *out, struct err *err);
/* Forget a batch of those that are older. DB_NONE: there are none. */
MUST_CHECK enum db_rc store_expire_flows(struct db *db, int64_t days, struct err *err);
