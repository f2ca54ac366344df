/* SPDX-License-Identifier: Apache-2.0 */
/* What the last trades of a pool cost, and how soon they ran: to say what to expect. */
#pragma once

#include "store/db.h"

/* A percentile is a value that was seen: the lowest that is not below that part of them. */
struct recent_row {
    int64_t trades;             /* looked at; own ones are not */
    int64_t price_50, price_90; /* micro-USD for a unit and hour; 0 without trades */
    int64_t starts;             /* of these trades, leases that became ready */
    int64_t start_50, start_90; /* seconds from trade to ready, rounded up; 0 without starts */
};

/* Of the newest `limit` trades of a pool. */
MUST_CHECK bool store_recent(struct db *db, int64_t pool, int64_t limit, struct recent_row *out,
                             struct err *err);
