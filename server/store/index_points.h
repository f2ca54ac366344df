/* SPDX-License-Identifier: Apache-2.0 */
/* The delivered-hours index: the leases that it is made from, and what was published. */
#pragma once

#include "store/db.h"

struct delivery_row {
    int64_t buyer, provider, price, units, seconds, term_seconds;
};

/* 0 for value, low, high: none. */
struct index_row {
    int64_t at_us, value, low, high, leases, buyers, providers, unit_seconds;
    bool stale;
};

/* A pool and a span of time. */
struct index_query {
    int64_t pool, from_us, to_us;
    int64_t limit; /* of deliveries */
};

/* Leases that were paid and ended after from_us, up to to_us, in the order of their ends, at most
 * `limit`: the newest. DB_NONE: there are none. */
MUST_CHECK enum db_rc store_deliveries(struct db *db, const struct index_query *q, struct arena *a,
                                       struct delivery_row **out, size_t *n, struct err *err);
/* A value that was published before stays as it is. */
MUST_CHECK bool store_index_add(struct db *db, int64_t pool, const struct index_row *row,
                                struct err *err);
/* From from_us on, before to_us, oldest first. DB_NONE: nothing was published. */
MUST_CHECK enum db_rc store_index_points(struct db *db, const struct index_query *q,
                                         struct arena *a, struct index_row **out, size_t *n,
                                         struct err *err);
