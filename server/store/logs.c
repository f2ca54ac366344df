/* SPDX-License-Identifier: Apache-2.0 */
#include "store/logs.h"

#include "base/limits.h"
#include "store/sql.h"

static bool is_kept(struct db *db, const struct log_chunk *c, bool *kept, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(c->lease), SQL_I64(c->n) };
    const enum db_rc rc = db_one(db, &SQL_log_has, args, NULL, NULL, err);

    *kept = rc == DB_ONE;
    return rc == DB_ONE || rc == DB_NONE;
}

static bool count_dropped(struct db *db, const struct log_chunk *c, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(c->lease), SQL_I64(c->n),
                                    SQL_I64((int64_t)c->bytes.n) };
    const enum db_rc rc = db_one(db, &SQL_log_drop, args, NULL, NULL, err);

    return rc == DB_ONE || rc == DB_NONE;
}

bool store_put_log(struct db *db, const struct log_chunk *c, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(c->lease), SQL_I64(c->n), SQL_I64(c->stream),
                                    SQL_BYTES(c->bytes), SQL_I64(LOG_LEASE_MAX) };
    bool kept = false;

    const enum db_rc rc = db_one(db, &SQL_log_put, args, NULL, NULL, err);
    if (rc == DB_ONE) return true;
    if (rc != DB_NONE || !is_kept(db, c, &kept, err)) return false;
    return kept || count_dropped(db, c, err);
}

enum db_rc store_list_log(struct db *db, int64_t lease, int64_t after, int64_t limit, int64_t bytes,
                          struct arena *a, struct log_row **out, size_t *n, struct err *err)
{
    static const struct sql_col cols[] = {
        COL_I64(struct log_row, n),
        COL_TIME(struct log_row, at_us),
        COL_I64(struct log_row, stream),
        COL_BYTES(struct log_row, bytes),
    };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct log_row), a };
    const struct sql_arg args[] = { SQL_I64(lease), SQL_I64(after), SQL_I64(limit),
                                    SQL_I64(bytes) };
    void *array = NULL;

    *n = 0;
    const enum db_rc rc = db_many(db, &SQL_log_chunks, args, &rows, &array, n, err);
    *out = array;
    return rc;
}

struct text_row {
    struct str bytes;
};

bool store_read_log_text(struct db *db, int64_t lease, struct arena *a, struct str *out,
                         struct err *err)
{
    static const struct sql_col cols[] = { COL_BYTES(struct text_row, bytes) };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct text_row), a };
    const struct sql_arg args[] = { SQL_I64(lease) };
    struct text_row row = { { NULL, 0 } };

    if (db_one(db, &SQL_log_text, args, &rows, &row, err) != DB_ONE) return false;
    *out = row.bytes.p ? row.bytes : STR("");
    return true;
}

struct dropped_row {
    int64_t bytes;
};

bool store_read_log_dropped(struct db *db, int64_t lease, int64_t *out, struct err *err)
{
    static const struct sql_col cols[] = { COL_I64(struct dropped_row, bytes) };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct dropped_row), NULL };
    const struct sql_arg args[] = { SQL_I64(lease) };
    struct dropped_row row = { 0 };

    const enum db_rc rc = db_one(db, &SQL_log_dropped, args, &rows, &row, err);
    if (rc != DB_ONE && rc != DB_NONE) return false;
    *out = row.bytes;
    return true;
}
