/* SPDX-License-Identifier: Apache-2.0 */
#include "store/standings.h"

#include "store/sql.h"

enum db_rc store_read_standing(struct db *db, int64_t account, struct standing_row *out,
                               struct err *err)
{
    static const struct sql_col cols[] = {
        COL_I64(struct standing_row, account),
        COL_TIME(struct standing_row, at_us),
        COL_I64(struct standing_row, tier),
        COL_I64(struct standing_row, team),
        COL_TIME(struct standing_row, team_at_us),
        COL_I64(struct standing_row, quota),
        COL_I64(struct standing_row, invited_by),
        COL_TIME(struct standing_row, invited_by_at_us),
        COL_I64(struct standing_row, invited_quota),
    };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(*out), NULL };
    const struct sql_arg args[] = { SQL_I64(account) };

    return db_one(db, &SQL_standing, args, &rows, out, err);
}

enum db_rc store_list_members(struct db *db, int64_t leader, struct arena *a,
                              struct member_row **out, size_t *n, struct err *err)
{
    static const struct sql_col cols[] = {
        COL_I64(struct member_row, account),
        COL_TIME(struct member_row, at_us),
        COL_I64(struct member_row, quota),
    };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct member_row), a };
    const struct sql_arg args[] = { SQL_I64(leader), SQL_I64(MEMBERS_SHOWN) };
    void *array = NULL;

    *n = 0;
    const enum db_rc rc = db_many(db, &SQL_team_members, args, &rows, &array, n, err);
    *out = array;
    return rc;
}
