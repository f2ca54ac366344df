/* SPDX-License-Identifier: Apache-2.0 */
#include "store/seen.h"

#include "store/sql.h"

bool store_note_nodes_seen(struct db *db, struct sql_array *nodes, struct sql_array *times,
                           struct err *err)
{
    const struct sql_arg args[] = { { SQL_T_ARRAY, { .a = nodes } },
                                    { SQL_T_ARRAY, { .a = times } } };
    const enum db_rc rc = db_one(db, &SQL_nodes_seen, args, NULL, NULL, err);

    return rc == DB_ONE || rc == DB_NONE;
}

struct number_row {
    int64_t number;
};

static bool list(struct db *db, const struct sql_stmt *s, const struct sql_arg *args,
                 struct arena *a, int64_t **out, size_t *n, struct err *err)
{
    static const struct sql_col cols[] = { COL_I64(struct number_row, number) };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct number_row), a };
    void *array = NULL;

    *n = 0;
    const enum db_rc rc = db_many(db, s, args, &rows, &array, n, err);
    *out = array;
    return rc == DB_ONE || rc == DB_NONE;
}

bool store_list_nodes_known(struct db *db, struct arena *a, int64_t **out, size_t *n,
                            struct err *err)
{
    return list(db, &SQL_nodes_known, NULL, a, out, n, err);
}

bool store_list_asks_of_silent(struct db *db, int64_t node, int64_t limit, struct arena *a,
                               int64_t **out, size_t *n, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(node), SQL_I64(limit) };

    return list(db, &SQL_asks_of_silent, args, a, out, n, err);
}

bool store_list_leases_of_silent(struct db *db, int64_t node, int64_t limit, struct arena *a,
                                 struct held_row **out, size_t *n, struct err *err)
{
    static const struct sql_col cols[] = { COL_I64(struct held_row, lease),
                                           COL_I64(struct held_row, epoch) };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct held_row), a };
    const struct sql_arg args[] = { SQL_I64(node), SQL_I64(limit) };
    void *array = NULL;

    *n = 0;
    const enum db_rc rc = db_many(db, &SQL_leases_of_silent, args, &rows, &array, n, err);
    *out = array;
    return rc == DB_ONE || rc == DB_NONE;
}
