/* SPDX-License-Identifier: Apache-2.0 */
#include "store/join_tokens.h"

#include "store/sql.h"

enum db_rc store_add_join_token(struct db *db, const struct hash *token, int64_t account,
                                struct str name, int64_t expires_us, struct err *err)
{
    const struct sql_arg args[] = { SQL_RAW(token->b), SQL_I64(account), SQL_TEXT(name),
                                    SQL_TIME(expires_us), SQL_I64(JOIN_TOKENS_MAX) };

    return db_one(db, &SQL_join_token_add, args, NULL, NULL, err);
}

enum db_rc store_find_join_token(struct db *db, const struct hash *token, struct arena *a,
                                 struct join_token_row *out, struct err *err)
{
    static const struct sql_col cols[] = {
        COL_I64(struct join_token_row, account),     COL_TIME(struct join_token_row, account_at_us),
        COL_TIME(struct join_token_row, expires_us), COL_BYTES(struct join_token_row, public_key),
        COL_I64(struct join_token_row, node),
    };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(*out), a };
    const struct sql_arg args[] = { SQL_RAW(token->b) };

    return db_one(db, &SQL_join_token_find, args, &rows, out, err);
}

enum db_rc store_use_join_token(struct db *db, const struct hash *token,
                                const uint8_t public_key[32], int64_t node, struct err *err)
{
    const struct str key = { (const char *)public_key, 32 };
    const struct sql_arg args[] = { SQL_RAW(token->b), SQL_BYTES(key), SQL_I64(node) };

    return db_one(db, &SQL_join_token_use, args, NULL, NULL, err);
}
