/* SPDX-License-Identifier: Apache-2.0 */
#include "store/flows.h"

#include "store/sql.h"

enum db_rc store_put_flows(struct db *db, int64_t lease, struct str flows, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(lease), SQL_BYTES(flows) };

    return db_one(db, &SQL_flows_put, args, NULL, NULL, err);
}

enum db_rc store_read_flows(struct db *db, int64_t lease, struct arena *a, struct flows_row *out,
                            struct err *err)
{
    static const struct sql_col cols[] = {
        COL_BYTES(struct flows_row, flows),
        COL_TIME(struct flows_row, told_us),
    };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(*out), a };
    const struct sql_arg args[] = { SQL_I64(lease) };

    return db_one(db, &SQL_flows_read, args, &rows, out, err);
}

enum db_rc store_expire_flows(struct db *db, int64_t days, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(days) };

    return db_one(db, &SQL_flows_expire, args, NULL, NULL, err);
}
