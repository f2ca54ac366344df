/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs and their bids, as they are read for people. The market thread alone writes them. */
#pragma once

#include "domain/market.h"
#include "store/db.h"

struct job_row {
    int64_t bid, account, at_us, priority, pool, price, budget, units, seconds, expires_us;
    int64_t attempts_max, state, job, spent, hold, attempts, exit_code, reason, version;
    int64_t changed; /* version of the bid or of its newest lease, whichever is later */
    int64_t last_lease, last_traded_us, last_reason; /* the newest lease; 0: none yet */
    bool exited;                                     /* a receipt of that lease came */
    struct str image_digest;                         /* p NULL: not resolved yet */
    struct str payload;                              /* of the command that made it */
    struct str terms;                                /* as the database has them: read `about` */
    int64_t progress, parked;
    struct bid about; /* all that it asks for, and how far it is, in the market's words */
};

/* Which jobs of an account. 0 for a state: any. */
struct job_query {
    int64_t account, job_state, bid_state;
    int64_t before, limit;
};

/* DB_NONE: unknown, or not this account's. */
MUST_CHECK enum db_rc store_read_job(struct db *db, int64_t bid, int64_t account, struct arena *a,
                                     struct job_row *out, struct err *err);
/* Newest first. DB_NONE: there are no more. */
MUST_CHECK enum db_rc store_list_jobs(struct db *db, const struct job_query *q, struct arena *a,
                                      struct job_row **out, size_t *n, struct err *err);
