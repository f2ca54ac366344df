/* SPDX-License-Identifier: Apache-2.0 */
#include "store/tape.h"

#include "store/sql.h"

#define HOUR_S 3600

#define T struct tape_row
static const struct sql_col tape_cols[] = {
    COL_I64(T, trade),   COL_TIME(T, at_us), COL_I64(T, pool), COL_I64(T, units),
    COL_I64(T, price),   COL_I64(T, bid),    COL_I64(T, ask),  COL_BOOL(T, bid_rested),
    COL_I64(T, seconds), COL_BOOL(T, own),
};
#undef T

#define C struct candle_row
static const struct sql_col candle_cols[] = {
    COL_TIME(C, start_us), COL_I64(C, open),  COL_I64(C, high),         COL_I64(C, low),
    COL_I64(C, close),     COL_I64(C, units), COL_I64(C, unit_seconds), COL_I64(C, trades),
};
#undef C

static enum db_rc list(struct db *db, const struct sql_stmt *s, const struct sql_arg *args,
                       struct arena *a, struct tape_row **out, size_t *n, struct err *err)
{
    const struct sql_rows rows = { tape_cols, ARRAY_LEN(tape_cols), sizeof(struct tape_row), a };
    void *array = NULL;

    *n = 0;
    const enum db_rc rc = db_many(db, s, args, &rows, &array, n, err);
    *out = array;
    return rc;
}

struct number {
    int64_t trade;
};

bool store_tape_last(struct db *db, int64_t *trade, struct err *err)
{
    static const struct sql_col cols[] = { COL_I64(struct number, trade) };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct number), NULL };
    struct number last = { 0 };

    if (!db_found(db_one(db, &SQL_tape_last, NULL, &rows, &last, err), err)) return false;
    *trade = last.trade;
    return true;
}

enum db_rc store_tape_since(struct db *db, int64_t after, int64_t limit, struct arena *a,
                            struct tape_row **out, size_t *n, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(after), SQL_I64(limit) };

    return list(db, &SQL_tape_since, args, a, out, n, err);
}

enum db_rc store_tape_of_pool(struct db *db, int64_t pool, int64_t before, int64_t limit,
                              struct arena *a, struct tape_row **out, size_t *n, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(pool), SQL_I64(before), SQL_I64(limit) };

    return list(db, &SQL_tape_of_pool, args, a, out, n, err);
}

enum db_rc store_candles(struct db *db, const struct candle_query *q, struct arena *a,
                         struct candle_row **out, size_t *n, struct err *err)
{
    const struct sql_rows rows = { candle_cols, ARRAY_LEN(candle_cols), sizeof(struct candle_row),
                                   a };
    const struct sql_arg args[] = { SQL_I64(q->pool), SQL_TIME(q->from_us), SQL_TIME(q->to_us),
                                    SQL_I64(q->width_s), SQL_I64(q->up_to) };
    const bool is_long = q->width_s % HOUR_S == 0;
    void *array = NULL;

    *n = 0;
    const enum db_rc rc =
        db_many(db, is_long ? &SQL_candles_long : &SQL_candles, args, &rows, &array, n, err);
    *out = array;
    return rc;
}

bool store_candles_roll(struct db *db, int64_t pool, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(pool) };
    const enum db_rc rc = db_one(db, &SQL_candles_roll, args, NULL, NULL, err);

    return rc == DB_ONE || rc == DB_NONE;
}
