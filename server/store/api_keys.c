/* SPDX-License-Identifier: Apache-2.0 */
#include "store/api_keys.h"

#include <assert.h>
#include <string.h>

#include "store/sql.h"

#define FAR_US INT64_C(253402300799000000) /* the end of the year 9999: later than any row */

/* As it comes: the id is 16 bytes in the arena. */
struct raw {
    struct str id;
    struct api_key_row row;
};

static const struct sql_col cols[] = {
    COL_BYTES(struct raw, id),
    COL_I64(struct raw, row.account),
    COL_TIME(struct raw, row.account_at_us),
    COL_I64(struct raw, row.scopes),
    COL_TEXT(struct raw, row.name),
    COL_TIME(struct raw, row.created_us),
    COL_TIME(struct raw, row.last_used_us),
};

static struct api_key_row cooked(const struct raw *raw)
{
    struct api_key_row row = raw->row;

    assert(raw->id.n == sizeof(row.id.b));
    memcpy(row.id.b, raw->id.p, sizeof(row.id.b));
    return row;
}

static enum db_rc find(struct db *db, const struct sql_stmt *s, const struct sql_arg *args,
                       struct arena *a, struct api_key_row *out, struct err *err)
{
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct raw), a };
    struct raw raw;

    const enum db_rc rc = db_one(db, s, args, &rows, &raw, err);
    if (rc == DB_ONE) *out = cooked(&raw);
    return rc;
}

enum db_rc store_find_api_key(struct db *db, const struct hash *secret, struct arena *a,
                              struct api_key_row *out, struct err *err)
{
    const struct sql_arg args[] = { SQL_RAW(secret->b) };

    return find(db, &SQL_api_key_find, args, a, out, err);
}

enum db_rc store_find_api_key_by_id(struct db *db, struct id id, struct arena *a,
                                    struct api_key_row *out, struct err *err)
{
    const struct sql_arg args[] = { SQL_UUID(id) };

    return find(db, &SQL_api_key_find_id, args, a, out, err);
}

enum db_rc store_add_api_key(struct db *db, const struct new_api_key *k, int64_t *created_us,
                             struct err *err)
{
    struct created {
        int64_t at_us;
    } created;
    static const struct sql_col created_cols[] = { COL_TIME(struct created, at_us) };
    const struct sql_rows rows = { created_cols, ARRAY_LEN(created_cols), sizeof(created), NULL };
    const struct sql_arg args[] = { SQL_UUID(k->id),   SQL_I64(k->account), SQL_RAW(k->secret.b),
                                    SQL_TEXT(k->name), SQL_I64(k->scopes),  SQL_I64(API_KEYS_MAX) };

    const enum db_rc rc = db_one(db, &SQL_api_key_add, args, &rows, &created, err);
    if (rc == DB_ONE) *created_us = created.at_us;
    return rc;
}

enum db_rc store_list_api_keys(struct db *db, int64_t account, int64_t before_us, int64_t limit,
                               struct arena *a, struct api_key_row **out, size_t *n,
                               struct err *err)
{
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct raw), a };
    const struct sql_arg args[] = { SQL_I64(account), SQL_TIME(before_us ? before_us : FAR_US),
                                    SQL_I64(limit) };
    void *array = NULL;
    size_t count = 0;

    const enum db_rc rc = db_many(db, &SQL_api_key_list, args, &rows, &array, &count, err);
    if (rc != DB_ONE && rc != DB_NONE) return rc;
    const struct raw *raw = array;
    struct api_key_row *list = count > 0 ? arena_alloc(a, count * sizeof(*list)) : NULL;
    if (count > 0 && !list) {
        FAIL(err, ERR_NO_MEMORY, "No memory for %zu keys.", count);
        return DB_FAIL;
    }
    for (size_t i = 0; i < count; i++)
        list[i] = cooked(&raw[i]);
    *out = list;
    *n = count;
    return rc;
}

enum db_rc store_use_api_key(struct db *db, struct id id, struct err *err)
{
    const struct sql_arg args[] = { SQL_UUID(id) };

    return db_one(db, &SQL_api_key_use, args, NULL, NULL, err);
}

enum db_rc store_delete_api_key(struct db *db, struct id id, int64_t account, struct err *err)
{
    const struct sql_arg args[] = { SQL_UUID(id), SQL_I64(account) };

    return db_one(db, &SQL_api_key_delete, args, NULL, NULL, err);
}
