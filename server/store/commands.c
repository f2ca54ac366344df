/* SPDX-License-Identifier: Apache-2.0 */
#include "store/commands.h"

#include "store/sql.h"

static const struct sql_col command_cols[] = {
    COL_I64(struct command_row, seq),
    COL_TIME(struct command_row, at_us),
    COL_BYTES(struct command_row, payload),
};

bool store_list_commands_after(struct db *db, int64_t after, int64_t limit, struct arena *a,
                               struct command_row **out, size_t *n, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(after), SQL_I64(limit) };
    const struct sql_rows rows = { command_cols, ARRAY_LEN(command_cols),
                                   sizeof(struct command_row), a };
    void *array = NULL;

    *n = 0;
    const enum db_rc rc = db_many(db, &SQL_commands_after, args, &rows, &array, n, err);
    *out = array;
    return rc == DB_ONE || rc == DB_NONE;
}

struct payload_row {
    struct str payload;
};

enum db_rc store_last_rules(struct db *db, struct arena *a, struct str *payload, struct err *err)
{
    static const struct sql_col cols[] = { COL_BYTES(struct payload_row, payload) };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct payload_row), a };
    struct payload_row row;
    const enum db_rc rc = db_one(db, &SQL_rules_last, NULL, &rows, &row, err);

    if (rc == DB_ONE) *payload = row.payload;
    return rc;
}

struct at_row {
    int64_t seq, at_us;
};

/* True: at_us or later, or there is none from `seq` on. */
static bool is_late(struct db *db, int64_t seq, int64_t at_us, bool *late, struct err *err)
{
    static const struct sql_col cols[] = { COL_I64(struct at_row, seq),
                                           COL_TIME(struct at_row, at_us) };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct at_row), NULL };
    const struct sql_arg args[] = { SQL_I64(seq) };
    struct at_row row = { 0 };
    const enum db_rc rc = db_one(db, &SQL_command_at, args, &rows, &row, err);

    if (rc != DB_ONE && rc != DB_NONE) return false;
    *late = rc == DB_NONE || row.at_us >= at_us;
    return true;
}

bool store_first_command_at(struct db *db, int64_t at_us, int64_t *seq, struct err *err)
{
    static const struct sql_col cols[] = { COL_I64(struct at_row, seq) };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct at_row), NULL };
    struct at_row last = { 0 };
    int64_t from = 0;
    bool late = false;

    if (!db_found(db_one(db, &SQL_commands_last, NULL, &rows, &last, err), err)) return false;
    int64_t to = last.seq + 1; /* that one is late, as there is none */
    while (from < to) {
        const int64_t mid = from + (to - from) / 2;
        if (!is_late(db, mid, at_us, &late, err)) return false;
        from = late ? from : mid + 1;
        to = late ? mid : to;
    }
    *seq = from;
    return true;
}

enum db_rc store_list_orders_between(struct db *db, int64_t from, int64_t to, int64_t limit,
                                     struct arena *a, struct command_row **out, size_t *n,
                                     struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(from), SQL_I64(to), SQL_I64(limit) };
    const struct sql_rows rows = { command_cols, ARRAY_LEN(command_cols),
                                   sizeof(struct command_row), a };
    void *array = NULL;

    *n = 0;
    const enum db_rc rc = db_many(db, &SQL_orders_between, args, &rows, &array, n, err);
    *out = array;
    return rc;
}
