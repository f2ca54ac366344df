/* SPDX-License-Identifier: Apache-2.0 */
#include "store/asks.h"

#include "store/sql.h"

#define A struct ask_row
static const struct sql_col cols[] = {
    COL_I64(A, ask),         COL_I64(A, account), COL_TIME(A, at_us),    COL_I64(A, priority),
    COL_I64(A, node),        COL_I64(A, pool),    COL_I64(A, price),     COL_I64(A, floor),
    COL_I64(A, units),       COL_I64(A, free),    COL_TIME(A, until_us), COL_I64(A, seconds_min),
    COL_I64(A, seconds_max), COL_I64(A, state),   COL_I64(A, reason),    COL_I64(A, version),
    COL_TIME(A, node_at_us),
};
#undef A

enum db_rc store_read_ask(struct db *db, int64_t ask, int64_t account, int64_t node,
                          struct ask_row *out, struct err *err)
{
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(*out), NULL };
    const struct sql_arg args[] = { SQL_I64(ask), SQL_I64(account), SQL_I64(node) };

    return db_one(db, &SQL_ask, args, &rows, out, err);
}

static enum db_rc list(struct db *db, const struct sql_stmt *s, const struct sql_arg *args,
                       struct arena *a, struct ask_row **out, size_t *n, struct err *err)
{
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct ask_row), a };
    void *array = NULL;

    *n = 0;
    const enum db_rc rc = db_many(db, s, args, &rows, &array, n, err);
    *out = array;
    return rc;
}

enum db_rc store_list_asks(struct db *db, const struct ask_query *q, struct arena *a,
                           struct ask_row **out, size_t *n, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(q->account), SQL_I64(q->node), SQL_I64(q->state),
                                    SQL_I64(q->before), SQL_I64(q->limit) };

    return list(db, &SQL_asks, args, a, out, n, err);
}

enum db_rc store_list_asks_told(struct db *db, int64_t account, int64_t node, int64_t since_us,
                                struct arena *a, struct ask_row **out, size_t *n, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(account), SQL_I64(node), SQL_TIME(since_us) };

    return list(db, &SQL_asks_told, args, a, out, n, err);
}
