/* SPDX-License-Identifier: Apache-2.0 */
#include "store/index_points.h"

#include "store/sql.h"

#define D struct delivery_row
static const struct sql_col delivery_cols[] = {
    COL_I64(D, buyer), COL_I64(D, provider), COL_I64(D, price),
    COL_I64(D, units), COL_I64(D, seconds),  COL_I64(D, term_seconds),
};
#undef D

#define I struct index_row
static const struct sql_col index_cols[] = {
    COL_TIME(I, at_us),    COL_I64(I, value),        COL_I64(I, low),
    COL_I64(I, high),      COL_I64(I, leases),       COL_I64(I, buyers),
    COL_I64(I, providers), COL_I64(I, unit_seconds), COL_BOOL(I, stale),
};
#undef I

enum db_rc store_deliveries(struct db *db, const struct index_query *q, struct arena *a,
                            struct delivery_row **out, size_t *n, struct err *err)
{
    const struct sql_rows rows = { delivery_cols, ARRAY_LEN(delivery_cols),
                                   sizeof(struct delivery_row), a };
    const struct sql_arg args[] = { SQL_I64(q->pool), SQL_TIME(q->from_us), SQL_TIME(q->to_us),
                                    SQL_I64(q->limit) };
    void *array = NULL;

    *n = 0;
    const enum db_rc rc = db_many(db, &SQL_deliveries, args, &rows, &array, n, err);
    *out = array;
    return rc;
}

bool store_index_add(struct db *db, int64_t pool, const struct index_row *row, struct err *err)
{
    const struct sql_arg args[] = {
        SQL_I64(pool),        SQL_TIME(row->at_us),    SQL_I64(row->value),
        SQL_I64(row->low),    SQL_I64(row->high),      SQL_I64(row->leases),
        SQL_I64(row->buyers), SQL_I64(row->providers), SQL_I64(row->unit_seconds),
        SQL_BOOL(row->stale),
    };
    const enum db_rc rc = db_one(db, &SQL_index_add, args, NULL, NULL, err);

    return rc == DB_ONE || rc == DB_NONE;
}

enum db_rc store_index_points(struct db *db, const struct index_query *q, struct arena *a,
                              struct index_row **out, size_t *n, struct err *err)
{
    const struct sql_rows rows = { index_cols, ARRAY_LEN(index_cols), sizeof(struct index_row), a };
    const struct sql_arg args[] = { SQL_I64(q->pool), SQL_TIME(q->from_us), SQL_TIME(q->to_us) };
    void *array = NULL;

    *n = 0;
    const enum db_rc rc = db_many(db, &SQL_index_points, args, &rows, &array, n, err);
    *out = array;
    return rc;
}
