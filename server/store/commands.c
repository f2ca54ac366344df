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
