/* SPDX-License-Identifier: Apache-2.0 */
#include "store/entries.h"

#include "store/sql.h"

static const struct sql_col command_cols[] = {
    COL_TIME(struct command_row, at_us),
    COL_BYTES(struct command_row, payload),
};

#define E struct entry_line_row
static const struct sql_col line_cols[] = {
    COL_I64(E, seq),     COL_TIME(E, at_us), COL_I64(E, kind),
    COL_I64(E, account), COL_I64(E, bucket), COL_I64(E, amount),
};
#undef E

enum db_rc store_read_command(struct db *db, int64_t seq, int64_t account, struct arena *a,
                              struct command_row *out, struct err *err)
{
    const struct sql_rows rows = { command_cols, ARRAY_LEN(command_cols), sizeof(*out), a };
    const struct sql_arg args[] = { SQL_I64(seq), SQL_I64(account) };

    return db_one(db, &SQL_command, args, &rows, out, err);
}

enum db_rc store_list_entries(struct db *db, const struct entry_query *q, struct arena *a,
                              struct entry_line_row **out, size_t *n, struct err *err)
{
    const struct sql_rows rows = { line_cols, ARRAY_LEN(line_cols), sizeof(struct entry_line_row),
                                   a };
    const struct sql_arg args[] = { SQL_I64(q->account), SQL_I64(q->before), SQL_I64(q->limit),
                                    SQL_I64(q->bid) };
    void *array = NULL;

    *n = 0;
    const enum db_rc rc =
        db_many(db, q->bid ? &SQL_entries_of_job : &SQL_entries, args, &rows, &array, n, err);
    *out = array;
    return rc;
}
