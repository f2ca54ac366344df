/* SPDX-License-Identifier: Apache-2.0 */
#include "store/registry_logins.h"

#include "base/limits.h"
#include "store/sql.h"

enum db_rc store_put_registry_login(struct db *db, int64_t account, struct str registry,
                                    struct str sealed, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(account), SQL_TEXT(registry), SQL_BYTES(sealed),
                                    SQL_I64(REGISTRY_LOGINS_MAX) };

    return db_one(db, &SQL_registry_login_put, args, NULL, NULL, err);
}

enum db_rc store_list_registry_logins(struct db *db, int64_t account, struct arena *a,
                                      struct registry_login_row **out, size_t *n, struct err *err)
{
    static const struct sql_col cols[] = {
        COL_TEXT(struct registry_login_row, registry),
        COL_TIME(struct registry_login_row, put_us),
    };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct registry_login_row), a };
    const struct sql_arg args[] = { SQL_I64(account) };

    return db_many(db, &SQL_registry_login_list, args, &rows, (void **)out, n, err);
}

enum db_rc store_find_registry_login(struct db *db, int64_t account, struct str registry,
                                     struct arena *a, struct str *sealed, struct err *err)
{
    struct found {
        struct str sealed;
    } found;
    static const struct sql_col cols[] = { COL_BYTES(struct found, sealed) };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(found), a };
    const struct sql_arg args[] = { SQL_I64(account), SQL_TEXT(registry) };

    const enum db_rc rc = db_one(db, &SQL_registry_login_find, args, &rows, &found, err);
    if (rc == DB_ONE) *sealed = found.sealed;
    return rc;
}

enum db_rc store_delete_registry_login(struct db *db, int64_t account, struct str registry,
                                       struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(account), SQL_TEXT(registry) };

    return db_one(db, &SQL_registry_login_delete, args, NULL, NULL, err);
}
