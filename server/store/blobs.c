/* SPDX-License-Identifier: Apache-2.0 */
#include "store/blobs.h"

#include "store/sql.h"

struct bytes_row {
    int64_t bytes;
};

static enum db_rc read_bytes(struct db *db, const struct sql_stmt *s, const struct sql_arg *args,
                             int64_t *out, struct err *err)
{
    static const struct sql_col cols[] = { COL_I64(struct bytes_row, bytes) };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct bytes_row), NULL };
    struct bytes_row row = { 0 };

    const enum db_rc rc = db_one(db, s, args, &rows, &row, err);
    if (rc == DB_ONE) *out = row.bytes;
    return rc;
}

enum db_rc store_put_blob(struct db *db, const struct blob_note *b, int64_t most, struct err *err)
{
    const struct sql_arg args[] = { SQL_RAW(b->digest.b), SQL_I64(b->account), SQL_I64(b->origin),
                                    SQL_I64(b->size), SQL_I64(most) };

    return db_one(db, &SQL_blob_put, args, NULL, NULL, err);
}

enum db_rc store_claim_blob(struct db *db, const struct blob_note *b, int64_t *size,
                            struct err *err)
{
    const struct sql_arg args[] = { SQL_RAW(b->digest.b), SQL_I64(b->account), SQL_I64(b->origin) };

    return read_bytes(db, &SQL_blob_claim, args, size, err);
}

bool store_give_blob(struct db *db, const struct hash *digest, int64_t from, int64_t to,
                     struct err *err)
{
    const struct sql_arg args[] = { SQL_RAW(digest->b), SQL_I64(from), SQL_I64(to) };

    enum db_rc rc = db_one(db, &SQL_blob_give, args, NULL, NULL, err);
    if (rc != DB_ONE && rc != DB_NONE) return false;
    rc = db_one(db, &SQL_blob_pass, args, NULL, NULL, err);
    return rc == DB_ONE || rc == DB_NONE;
}

enum db_rc store_drop_blob(struct db *db, const struct hash *digest, int64_t account, bool only_old,
                           struct err *err)
{
    const struct sql_arg args[] = { SQL_RAW(digest->b), SQL_I64(account), SQL_BOOL(only_old) };

    return db_one(db, &SQL_blob_drop, args, NULL, NULL, err);
}

enum db_rc store_find_blob(struct db *db, const struct hash *digest, struct err *err)
{
    const struct sql_arg args[] = { SQL_RAW(digest->b) };

    return db_one(db, &SQL_blob_kept, args, NULL, NULL, err);
}

enum db_rc store_list_blobs_old(struct db *db, int64_t account, struct arena *a,
                                struct blob_name **out, size_t *n, struct err *err)
{
    static const struct sql_col cols[] = { COL_BYTES(struct blob_name, sha256) };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct blob_name), a };
    const struct sql_arg args[] = { SQL_I64(account) };
    void *array = NULL;

    *n = 0;
    const enum db_rc rc = db_many(db, &SQL_blobs_old, args, &rows, &array, n, err);
    *out = array;
    return rc;
}

enum db_rc store_list_blobs_expired(struct db *db, const struct blob_terms *t, struct arena *a,
                                    struct blob_name **out, size_t *n, struct err *err)
{
    static const struct sql_col cols[] = { COL_BYTES(struct blob_name, sha256),
                                           COL_I64(struct blob_name, account) };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct blob_name), a };
    const struct sql_arg args[] = { SQL_I64(t->uploads_days), SQL_I64(t->outputs_days) };
    void *array = NULL;

    *n = 0;
    const enum db_rc rc = db_many(db, &SQL_blobs_expired, args, &rows, &array, n, err);
    *out = array;
    return rc;
}

enum db_rc store_expire_blob(struct db *db, const struct hash *digest, int64_t account,
                             const struct blob_terms *t, struct err *err)
{
    const struct sql_arg args[] = { SQL_RAW(digest->b), SQL_I64(account), SQL_I64(t->uploads_days),
                                    SQL_I64(t->outputs_days) };

    return db_one(db, &SQL_blob_expire, args, NULL, NULL, err);
}

bool store_doubt_blob(struct db *db, const struct hash *digest, struct err *err)
{
    const struct sql_arg args[] = { SQL_RAW(digest->b) };

    return db_one(db, &SQL_blob_doubt, args, NULL, NULL, err) == DB_ONE;
}

bool store_end_doubt(struct db *db, const struct hash *digest, struct err *err)
{
    const struct sql_arg args[] = { SQL_RAW(digest->b) };
    const enum db_rc rc = db_one(db, &SQL_blob_doubt_end, args, NULL, NULL, err);

    return rc == DB_ONE || rc == DB_NONE;
}

enum db_rc store_list_doubts(struct db *db, int64_t seconds, struct arena *a,
                             struct blob_name **out, size_t *n, struct err *err)
{
    static const struct sql_col cols[] = { COL_BYTES(struct blob_name, sha256) };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct blob_name), a };
    const struct sql_arg args[] = { SQL_I64(seconds) };
    void *array = NULL;

    *n = 0;
    const enum db_rc rc = db_many(db, &SQL_blob_doubts_old, args, &rows, &array, n, err);
    *out = array;
    return rc;
}

enum db_rc store_read_blob(struct db *db, const struct hash *digest, int64_t account, int64_t *size,
                           struct err *err)
{
    const struct sql_arg args[] = { SQL_RAW(digest->b), SQL_I64(account) };

    return read_bytes(db, &SQL_blob_size, args, size, err);
}

enum db_rc store_read_blobs_used(struct db *db, int64_t account, int64_t *bytes, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(account) };

    return read_bytes(db, &SQL_blob_used, args, bytes, err);
}

enum db_rc store_read_blob_of_lease(struct db *db, const struct hash *digest,
                                    const struct blob_asker *who, struct str image, int64_t *size,
                                    struct err *err)
{
    const struct sql_stmt *s = who->node > 0 ? &SQL_blob_of_node : &SQL_blob_of_provider;
    const struct sql_arg args[] = { SQL_RAW(digest->b),
                                    SQL_I64(who->node > 0 ? who->node : who->account),
                                    SQL_TEXT(image) };

    return read_bytes(db, s, args, size, err);
}
