/* SPDX-License-Identifier: Apache-2.0 */
#include "store/use.h"

#include "store/sql.h"

enum db_rc store_put_node_gpus(struct db *db, int64_t node, struct str gpus, int64_t told_us,
                               struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(node), SQL_BYTES(gpus), SQL_TIME(told_us) };

    return db_one(db, &SQL_node_gpus_put, args, NULL, NULL, err);
}

enum db_rc store_put_lease_use(struct db *db, const struct use_row *row, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(row->lease), SQL_I64(row->busy_percent),
                                    SQL_I64(row->memory_used_bytes), SQL_TIME(row->told_us) };

    return db_one(db, &SQL_lease_use_put, args, NULL, NULL, err);
}

enum db_rc store_list_lease_use(struct db *db, int64_t bid, struct arena *a, struct use_row **out,
                                size_t *n, struct err *err)
{
    static const struct sql_col cols[] = {
        COL_I64(struct use_row, lease),
        COL_I64(struct use_row, busy_percent),
        COL_I64(struct use_row, memory_used_bytes),
        COL_TIME(struct use_row, told_us),
    };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct use_row), a };
    const struct sql_arg args[] = { SQL_I64(bid) };

    return db_many(db, &SQL_lease_use_of_job, args, &rows, (void **)out, n, err);
}
