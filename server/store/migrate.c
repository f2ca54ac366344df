/* SPDX-License-Identifier: Apache-2.0 */
#include "store/migrate.h"

#include "store/sql.h"

#define ROWS_BYTES_MAX (1 << 20)

struct applied_row {
    int64_t number;
    struct str sha256;
};

static const char table_script[] =
    "CREATE TABLE IF NOT EXISTS migrations (number int PRIMARY KEY, name text NOT NULL,"
    " sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());"
    "COMMENT ON TABLE migrations IS 'Which migrations were applied, and what they were.'";

static bool read_applied(struct db *db, struct arena *a, struct applied_row **out, size_t *n,
                         struct err *err)
{
    static const struct sql_col cols[] = { COL_I64(struct applied_row, number),
                                           COL_TEXT(struct applied_row, sha256) };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct applied_row), a };
    void *array = NULL;

    *n = 0;
    const enum db_rc rc = db_many(db, &SQL_migrations_applied, NULL, &rows, &array, n, err);
    *out = array;
    return rc == DB_ONE || rc == DB_NONE;
}

static bool compare(const struct applied_row *rows, size_t n, struct err *err)
{
    if (n > migrations_n)
        return FAIL(err, ERR_WRONG_STATE,
                    "The database has %zu migrations, this program knows %zu: it"
                    " is too old.",
                    n, migrations_n);
    for (size_t i = 0; i < n; i++) {
        const struct migration *m = &migrations[i];
        if (rows[i].number != m->number || !str_is(rows[i].sha256, m->sha256))
            return FAIL(err, ERR_WRONG_STATE, "Migration %d (%s) differs from what was applied.",
                        m->number, m->name);
    }
    return true;
}

static enum db_rc apply_one(struct db *db, void *arg, struct err *err)
{
    const struct migration *m = arg;
    const struct sql_arg args[] = { SQL_I64(m->number), SQL_C(m->name), SQL_C(m->sha256) };

    if (!db_script(db, m->text, err)) return DB_FAIL;
    return db_one(db, &SQL_migration_insert, args, NULL, NULL, err);
}

static bool apply_missing(struct db *owner, struct arena *a, int *applied, struct err *err)
{
    struct applied_row *rows = NULL;
    size_t n = 0;

    if (!db_script(owner, table_script, err)) return false;
    if (!read_applied(owner, a, &rows, &n, err) || !compare(rows, n, err)) return false;
    for (size_t i = n; i < migrations_n; i++) {
        struct migration m = migrations[i];
        if (db_tx(owner, apply_one, &m, err) != DB_ONE) return false;
        ++*applied;
    }
    return db_script(owner,
                     "GRANT SELECT ON migrations TO bourse_app, bourse_auditor;"
                     "GRANT bourse_app, bourse_auditor TO CURRENT_USER",
                     err);
}

bool store_migrate(struct db *owner, int *applied, struct err *err)
{
    struct arena a;
    struct err ignored = { 0 };

    *applied = 0;
    if (!db_script(owner, "SELECT pg_advisory_lock(723910585)", err)) return false;
    arena_init(&a, ROWS_BYTES_MAX);
    const bool ok = apply_missing(owner, &a, applied, err);
    arena_done(&a);
    return db_script(owner, "SELECT pg_advisory_unlock(723910585)", ok ? err : &ignored) && ok;
}

bool store_migrations_check(struct db *db, struct err *err)
{
    struct arena a;
    struct applied_row *rows = NULL;
    size_t n = 0;

    arena_init(&a, ROWS_BYTES_MAX);
    bool ok = read_applied(db, &a, &rows, &n, err) && compare(rows, n, err);
    if (ok && n < migrations_n)
        ok = FAIL(err, ERR_WRONG_STATE,
                  "The database lacks %zu migrations: run bourse-server init.", migrations_n - n);
    arena_done(&a);
    return ok;
}

enum db_rc store_identity(struct db *db, struct arena *a, struct identity_row *out, struct err *err)
{
    static const struct sql_col cols[] = { COL_TEXT(struct identity_row, market_id),
                                           COL_BYTES(struct identity_row, public_key) };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(*out), a };

    return db_one(db, &SQL_identity, NULL, &rows, out, err);
}

bool store_identity_set(struct db *owner, struct str market_id, struct str public_key,
                        struct err *err)
{
    const struct sql_arg args[] = { SQL_TEXT(market_id), SQL_BYTES(public_key) };

    return db_one(owner, &SQL_identity_set, args, NULL, NULL, err) == DB_ONE;
}
