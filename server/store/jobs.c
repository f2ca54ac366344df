/* SPDX-License-Identifier: Apache-2.0 */
#include "store/jobs.h"

#include "store/sql.h"
#include "store/terms.h"

#define J struct job_row
static const struct sql_col cols[] = {
    COL_I64(J, bid),           COL_I64(J, account),
    COL_TIME(J, at_us),        COL_I64(J, priority),
    COL_I64(J, pool),          COL_I64(J, price),
    COL_I64(J, budget),        COL_I64(J, units),
    COL_I64(J, seconds),       COL_TIME(J, expires_us),
    COL_I64(J, attempts_max),  COL_I64(J, state),
    COL_I64(J, job),           COL_I64(J, spent),
    COL_I64(J, hold),          COL_I64(J, attempts),
    COL_I64(J, exit_code),     COL_I64(J, reason),
    COL_I64(J, version),       COL_I64(J, changed),
    COL_I64(J, last_lease),    COL_TIME(J, last_traded_us),
    COL_I64(J, last_reason),   COL_BOOL(J, exited),
    COL_TEXT(J, image_digest), COL_BYTES(J, payload),
    COL_BYTES(J, terms),       COL_I64(J, progress),
    COL_I64(J, parked),
};
#undef J

static bool fill(struct job_row *r, struct err *err)
{
    struct terms terms = { .n = 0 };

    if (!terms_read(r->terms, terms.v, ARRAY_LEN(terms.v), &terms.n))
        return FAIL(err, ERR_DB, "The terms of a bid cannot be read.");
    r->about = (struct bid){
        .bid = r->bid,
        .account = r->account,
        .at_us = r->at_us,
        .priority = r->priority,
        .spec = { .wants = { { (int32_t)r->pool, (int32_t)r->units } },
                  .limit = { r->price },
                  .budget = { r->budget },
                  .seconds = (int32_t)r->seconds,
                  .expires_us = r->expires_us,
                  .attempts_max = (int32_t)r->attempts_max },
        .state = (enum order_state)r->state,
        .job = (enum job_state)r->job,
        .spent = { r->spent },
        .hold = { r->hold },
        .attempts = (int32_t)r->attempts,
        .exit_code = (int32_t)r->exit_code,
        .reason = (enum reason)r->reason,
    };
    terms_to_bid(&terms, r->progress, &r->about);
    r->about.parked = r->parked;
    return true;
}

static enum db_rc fill_all(enum db_rc rc, struct job_row *rows, size_t n, struct err *err)
{
    for (size_t i = 0; rc == DB_ONE && i < n; i++)
        if (!fill(&rows[i], err)) rc = DB_FAIL;
    return rc;
}

enum db_rc store_read_job(struct db *db, int64_t bid, int64_t account, struct arena *a,
                          struct job_row *out, struct err *err)
{
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(*out), a };
    const struct sql_arg args[] = { SQL_I64(bid), SQL_I64(account) };

    return fill_all(db_one(db, &SQL_job, args, &rows, out, err), out, 1, err);
}

enum db_rc store_list_jobs(struct db *db, const struct job_query *q, struct arena *a,
                           struct job_row **out, size_t *n, struct err *err)
{
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct job_row), a };
    const struct sql_arg args[] = { SQL_I64(q->account), SQL_I64(q->job_state),
                                    SQL_I64(q->bid_state), SQL_I64(q->before), SQL_I64(q->limit) };
    void *array = NULL;

    *n = 0;
    const enum db_rc rc = db_many(db, &SQL_jobs, args, &rows, &array, n, err);
    *out = array;
    return fill_all(rc, array, *n, err);
}
