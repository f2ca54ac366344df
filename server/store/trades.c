/* SPDX-License-Identifier: Apache-2.0 */
#include "store/trades.h"

#include "store/sql.h"

#define TRADES_PER_COMMAND 4096

#define T struct trade_row
static const struct sql_col cols[] = {
    COL_I64(T, trade), COL_TIME(T, at_us),      COL_I64(T, pool), COL_I64(T, units),
    COL_I64(T, price), COL_I64(T, bid),         COL_I64(T, ask),  COL_BOOL(T, bid_rested),
    COL_BOOL(T, own),  COL_BOOL(T, displacing),
};
#undef T

static enum db_rc list(struct db *db, const struct sql_stmt *s, const struct sql_arg *args,
                       struct arena *a, struct trade_row **out, size_t *n, struct err *err)
{
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct trade_row), a };
    void *array = NULL;

    *n = 0;
    const enum db_rc rc = db_many(db, s, args, &rows, &array, n, err);
    *out = array;
    return rc;
}

enum db_rc store_list_trades(struct db *db, int64_t pool, int64_t before, int64_t limit,
                             struct arena *a, struct trade_row **out, size_t *n, struct err *err)
{
    const struct sql_arg all[] = { SQL_I64(before), SQL_I64(limit) };
    const struct sql_arg of_pool[] = { SQL_I64(pool), SQL_I64(before), SQL_I64(limit) };

    if (pool == 0) return list(db, &SQL_trades, all, a, out, n, err);
    return list(db, &SQL_trades_of_pool, of_pool, a, out, n, err);
}

enum db_rc store_find_proven_trade(struct db *db, int64_t pool, struct trade_row *out,
                                   struct err *err)
{
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(*out), NULL };
    const struct sql_arg args[] = { SQL_I64(pool) };

    return db_one(db, &SQL_trade_proven, args, &rows, out, err);
}

enum db_rc store_list_trades_of_command(struct db *db, int64_t seq, struct arena *a,
                                        struct trade_row **out, size_t *n, struct err *err)
{
    const int64_t first = seq * TRADES_PER_COMMAND;
    const struct sql_arg args[] = { SQL_I64(first), SQL_I64(first + TRADES_PER_COMMAND - 1) };

    return list(db, &SQL_trades_of_command, args, a, out, n, err);
}

enum db_rc store_list_trades_after(struct db *db, int64_t after, int64_t limit, struct arena *a,
                                   struct trade_row **out, size_t *n, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(after), SQL_I64(limit) };

    return list(db, &SQL_trades_after, args, a, out, n, err);
}
