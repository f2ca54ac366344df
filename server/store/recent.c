/* SPDX-License-Identifier: Apache-2.0 */
#include "store/recent.h"

#include "store/sql.h"

#define R struct recent_row
static const struct sql_col recent_cols[] = {
    COL_I64(R, trades), COL_I64(R, price_50), COL_I64(R, price_90),
    COL_I64(R, starts), COL_I64(R, start_50), COL_I64(R, start_90),
};
#undef R

bool store_recent(struct db *db, int64_t pool, int64_t limit, struct recent_row *out,
                  struct err *err)
{
    const struct sql_rows rows = { recent_cols, ARRAY_LEN(recent_cols), sizeof(struct recent_row),
                                   NULL };
    const struct sql_arg args[] = { SQL_I64(pool), SQL_I64(limit) };

    return db_found(db_one(db, &SQL_recent, args, &rows, out, err), err);
}
