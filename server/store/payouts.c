/* SPDX-License-Identifier: Apache-2.0 */
#include "store/payouts.h"

#include "store/sql.h"

#define P struct payout_row
static const struct sql_col cols[] = {
    COL_I64(P, payout), COL_I64(P, amount),  COL_I64(P, state),
    COL_TIME(P, at_us), COL_I64(P, version),
};
#undef P

enum db_rc store_read_payout(struct db *db, int64_t payout, int64_t account, struct payout_row *out,
                             struct err *err)
{
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(*out), NULL };
    const struct sql_arg args[] = { SQL_I64(payout), SQL_I64(account) };

    return db_one(db, &SQL_payout, args, &rows, out, err);
}

enum db_rc store_list_payouts(struct db *db, int64_t account, int64_t before, int64_t limit,
                              struct arena *a, struct payout_row **out, size_t *n, struct err *err)
{
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct payout_row), a };
    const struct sql_arg args[] = { SQL_I64(account), SQL_I64(before), SQL_I64(limit) };
    void *array = NULL;

    *n = 0;
    const enum db_rc rc = db_many(db, &SQL_payouts, args, &rows, &array, n, err);
    *out = array;
    return rc;
}
