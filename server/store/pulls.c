/* SPDX-License-Identifier: Apache-2.0 */
#include "store/pulls.h"

#include "store/sql.h"

enum db_rc store_put_pull(struct db *db, const struct pull_row *row, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(row->lease), SQL_I64(row->phase),
                                    SQL_I64(row->done_bytes), SQL_I64(row->total_bytes),
                                    SQL_TIME(row->told_us) };

    return db_one(db, &SQL_lease_image_put, args, NULL, NULL, err);
}

enum db_rc store_list_pulls(struct db *db, int64_t bid, struct arena *a, struct pull_row **out,
                            size_t *n, struct err *err)
{
    static const struct sql_col cols[] = {
        COL_I64(struct pull_row, lease),      COL_I64(struct pull_row, phase),
        COL_I64(struct pull_row, done_bytes), COL_I64(struct pull_row, total_bytes),
        COL_TIME(struct pull_row, told_us),
    };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct pull_row), a };
    const struct sql_arg args[] = { SQL_I64(bid) };

    return db_many(db, &SQL_lease_images_of_job, args, &rows, (void **)out, n, err);
}
