/* SPDX-License-Identifier: Apache-2.0 */
#include "store/operator.h"

#include "store/sql.h"

bool store_insert_operator_request(struct db *db, const struct operator_request *r, struct err *err)
{
    const struct sql_arg args[] = {
        { SQL_T_UUID, { .s = r->request } },
        SQL_I64(r->kind),
        SQL_I64(r->account),
        SQL_I64(r->number),
        SQL_I64(r->amount),
        SQL_I64(r->tier),
        SQL_I64(r->verified),
    };

    if (db_one(db, &SQL_operator_request_insert, args, NULL, NULL, err) != DB_ONE) return false;
    return db_one(db, &SQL_operator_notify, NULL, NULL, NULL, err) == DB_ONE;
}

bool store_waiting_operator_requests(struct db *db, struct arena *a, struct operator_request **out,
                                     size_t *n, struct err *err)
{
    static const struct sql_col cols[] = {
        COL_BYTES(struct operator_request, request), COL_I64(struct operator_request, kind),
        COL_I64(struct operator_request, account),   COL_I64(struct operator_request, number),
        COL_I64(struct operator_request, amount),    COL_I64(struct operator_request, tier),
        COL_I64(struct operator_request, verified),
    };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct operator_request), a };
    void *array = NULL;

    *n = 0;
    const enum db_rc rc = db_many(db, &SQL_operator_requests_waiting, NULL, &rows, &array, n, err);
    *out = array;
    return rc == DB_ONE || rc == DB_NONE;
}

bool store_finish_operator_request(struct db *db, struct str request, int64_t seq,
                                   struct str refusal, struct err *err)
{
    const struct sql_arg args[] = { { SQL_T_UUID, { .s = request } },
                                    SQL_I64(seq),
                                    SQL_TEXT(refusal) };

    return db_one(db, &SQL_operator_request_finish, args, NULL, NULL, err) == DB_ONE;
}

bool store_operator_result(struct db *db, struct str request, struct arena *a,
                           struct operator_result *out, struct err *err)
{
    static const struct sql_col cols[] = {
        COL_BOOL(struct operator_result, done),
        COL_I64(struct operator_result, seq),
        COL_TIME(struct operator_result, at_us),
        COL_TEXT(struct operator_result, refusal),
    };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(*out), a };
    const struct sql_arg args[] = { { SQL_T_UUID, { .s = request } } };

    return db_found(db_one(db, &SQL_operator_request_result, args, &rows, out, err), err);
}
