/* SPDX-License-Identifier: Apache-2.0 */
#include "store/checkpoints.h"

#include "base/limits.h"
#include "store/sql.h"

struct bytes_row {
    int64_t bytes;
};

enum db_rc store_save_blob(struct db *db, const struct saved *s, int64_t provider, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(s->job), SQL_RAW(s->manifest.b), SQL_RAW(s->digest.b),
                                    SQL_I64(s->size), SQL_I64(provider) };

    return db_one(db, &SQL_checkpoint_save, args, NULL, NULL, err);
}

bool store_take_checkpoint(struct db *db, int64_t job, const struct hash *manifest,
                           int64_t provider, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(job), SQL_RAW(manifest->b), SQL_I64(provider) };
    const enum db_rc rc = db_one(db, &SQL_checkpoint_taken, args, NULL, NULL, err);

    return rc == DB_ONE || rc == DB_NONE;
}

enum db_rc store_read_checkpoint(struct db *db, int64_t job, struct arena *a,
                                 struct job_checkpoint *out, struct err *err)
{
    static const struct sql_col cols[] = { COL_I64(struct job_checkpoint, seconds),
                                           COL_TEXT(struct job_checkpoint, manifest) };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(*out), a };
    const struct sql_arg args[] = { SQL_I64(job), SQL_I64(RISK_DEFAULT_S) };

    return db_one(db, &SQL_checkpoint_of_job, args, &rows, out, err);
}

enum db_rc store_read_saved_size(struct db *db, const struct hash *digest, int64_t account,
                                 int64_t node, int64_t *size, struct err *err)
{
    static const struct sql_col cols[] = { COL_I64(struct bytes_row, bytes) };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct bytes_row), NULL };
    const struct sql_stmt *s = node > 0 ? &SQL_checkpoint_size : &SQL_checkpoint_size_of_buyer;
    const struct sql_arg args[] = { SQL_RAW(digest->b), SQL_I64(node > 0 ? node : account) };
    struct bytes_row row = { 0 };

    const enum db_rc rc = db_one(db, s, args, &rows, &row, err);
    if (rc == DB_ONE) *size = row.bytes;
    return rc;
}

static enum db_rc list(struct db *db, const struct sql_stmt *s, const struct sql_arg *args,
                       struct arena *a, struct saved_row **out, size_t *n, struct err *err)
{
    static const struct sql_col cols[] = { COL_I64(struct saved_row, job),
                                           COL_BYTES(struct saved_row, manifest),
                                           COL_BYTES(struct saved_row, sha256) };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct saved_row), a };
    void *array = NULL;

    *n = 0;
    const enum db_rc rc = db_many(db, s, args, &rows, &array, n, err);
    *out = array;
    return rc;
}

enum db_rc store_list_superseded(struct db *db, int64_t job, const struct hash *manifest,
                                 struct arena *a, struct saved_row **out, size_t *n,
                                 struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(job), SQL_RAW(manifest->b) };

    return list(db, &SQL_checkpoint_superseded, args, a, out, n, err);
}

enum db_rc store_list_stale(struct db *db, struct arena *a, struct saved_row **out, size_t *n,
                            struct err *err)
{
    return list(db, &SQL_checkpoint_stale, NULL, a, out, n, err);
}

enum db_rc store_drop_saved(struct db *db, const struct saved *s, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(s->job), SQL_RAW(s->manifest.b), SQL_RAW(s->digest.b) };

    return db_one(db, &SQL_checkpoint_drop, args, NULL, NULL, err);
}

bool store_ask_checkpoint(struct db *db, int64_t job, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(job) };
    const enum db_rc rc = db_one(db, &SQL_checkpoint_ask, args, NULL, NULL, err);

    return rc == DB_ONE || rc == DB_NONE;
}

bool store_grant_checkpoint(struct db *db, int64_t job, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(job) };
    const enum db_rc rc = db_one(db, &SQL_checkpoint_granted, args, NULL, NULL, err);

    return rc == DB_ONE || rc == DB_NONE;
}

enum db_rc store_list_checkpoints_wanted(struct db *db, int64_t node, struct arena *a,
                                         struct wanted_row **out, size_t *n, struct err *err)
{
    static const struct sql_col cols[] = { COL_I64(struct wanted_row, lease) };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct wanted_row), a };
    const struct sql_arg args[] = { SQL_I64(node) };
    void *array = NULL;

    *n = 0;
    const enum db_rc rc = db_many(db, &SQL_checkpoint_asked, args, &rows, &array, n, err);
    *out = array;
    return rc;
}
