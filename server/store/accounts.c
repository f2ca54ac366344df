/* SPDX-License-Identifier: Apache-2.0 */
#include "store/accounts.h"

#include "store/sql.h"

#define FAR_US INT64_C(253402300799000000) /* the end of the year 9999: later than any row */

static const struct sql_col ref_cols[] = {
    COL_I64(struct account_ref, account),
    COL_TIME(struct account_ref, at_us),
};
static const struct sql_rows refs = { ref_cols, ARRAY_LEN(ref_cols), sizeof(struct account_ref),
                                      NULL };

static struct str key_bytes(const uint8_t public_key[32])
{
    return (struct str){ (const char *)public_key, 32 };
}

enum db_rc store_find_account(struct db *db, int64_t account, struct account_row *out,
                              struct err *err)
{
    static const struct sql_col cols[] = {
        COL_I64(struct account_row, account),
        COL_TIME(struct account_row, at_us),
        COL_I64(struct account_row, available),
        COL_I64(struct account_row, held),
    };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(*out), NULL };
    const struct sql_arg args[] = { SQL_I64(account) };

    return db_one(db, &SQL_account_find, args, &rows, out, err);
}

enum db_rc store_name_account(struct db *db, int64_t account, struct str name, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(account), SQL_TEXT(name) };

    return db_one(db, &SQL_account_name, args, NULL, NULL, err);
}

enum db_rc store_find_account_of_key(struct db *db, const uint8_t public_key[32],
                                     struct account_ref *out, struct err *err)
{
    const struct sql_arg args[] = { SQL_BYTES(key_bytes(public_key)) };

    return db_one(db, &SQL_account_of_key, args, &refs, out, err);
}

enum db_rc store_add_account_key(struct db *db, const uint8_t public_key[32], int64_t account,
                                 struct str name, int64_t *created_us, struct err *err)
{
    struct created {
        int64_t at_us;
    } created;
    static const struct sql_col cols[] = { COL_TIME(struct created, at_us) };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(created), NULL };
    const struct sql_arg args[] = { SQL_BYTES(key_bytes(public_key)), SQL_I64(account),
                                    SQL_TEXT(name), SQL_I64(ACCOUNT_KEYS_MAX) };

    const enum db_rc rc = db_one(db, &SQL_account_key_add, args, &rows, &created, err);
    if (rc == DB_ONE) *created_us = created.at_us;
    return rc;
}

enum db_rc store_list_account_keys(struct db *db, int64_t account, int64_t before_us, int64_t limit,
                                   struct arena *a, struct account_key_row **out, size_t *n,
                                   struct err *err)
{
    static const struct sql_col cols[] = {
        COL_BYTES(struct account_key_row, public_key),
        COL_TEXT(struct account_key_row, name),
        COL_TIME(struct account_key_row, created_us),
    };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(**out), a };
    const struct sql_arg args[] = { SQL_I64(account), SQL_TIME(before_us ? before_us : FAR_US),
                                    SQL_I64(limit) };
    void *array = NULL;

    const enum db_rc rc = db_many(db, &SQL_account_key_list, args, &rows, &array, n, err);
    if (rc == DB_ONE || rc == DB_NONE) *out = array;
    return rc;
}

enum db_rc store_add_recovery_code(struct db *db, const struct hash *code, int64_t account,
                                   struct err *err)
{
    const struct sql_arg args[] = { SQL_RAW(code->b), SQL_I64(account) };

    return db_one(db, &SQL_recovery_code_add, args, NULL, NULL, err);
}

enum db_rc store_spend_recovery_code(struct db *db, const struct hash *code,
                                     struct account_ref *out, struct err *err)
{
    const struct sql_arg args[] = { SQL_RAW(code->b) };

    return db_one(db, &SQL_recovery_code_spend, args, &refs, out, err);
}
