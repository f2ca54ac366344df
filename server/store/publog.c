/* SPDX-License-Identifier: Apache-2.0 */
#include "store/publog.h"

#include "store/sql.h"

/* A statement that adds one row. */
static bool add(struct db *db, const struct sql_stmt *s, const struct sql_arg *args,
                struct err *err)
{
    const enum db_rc rc = db_one(db, s, args, NULL, NULL, err);
    return rc == DB_ONE || rc == DB_NONE;
}

static bool many(struct db *db, const struct sql_stmt *s, const struct sql_arg *args,
                 const struct sql_rows *rows, void **out, size_t *n, struct err *err)
{
    *out = NULL;
    *n = 0;
    const enum db_rc rc = db_many(db, s, args, rows, out, n, err);
    return rc == DB_ONE || rc == DB_NONE;
}

/* ---- who it is ---- */

enum db_rc store_publog_identity(struct db *db, struct arena *a, struct publog_identity_row *out,
                                 struct err *err)
{
    static const struct sql_col cols[] = { COL_TEXT(struct publog_identity_row, origin),
                                           COL_BYTES(struct publog_identity_row, public_key) };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(*out), a };

    return db_one(db, &SQL_publog_identity, NULL, &rows, out, err);
}

bool store_publog_identity_set(struct db *db, struct str origin, struct str public_key,
                               struct err *err)
{
    const struct sql_arg args[] = { SQL_TEXT(origin), SQL_BYTES(public_key) };
    return add(db, &SQL_publog_identity_set, args, err);
}

/* ---- what was signed ---- */

enum db_rc store_publog_last(struct db *db, struct arena *a, struct publog_checkpoint_row *out,
                             struct err *err)
{
#define T struct publog_checkpoint_row
    static const struct sql_col cols[] = { COL_I64(T, size), COL_I64(T, seq), COL_BYTES(T, root),
                                           COL_TEXT(T, note) };
#undef T
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(*out), a };

    return db_one(db, &SQL_publog_last, NULL, &rows, out, err);
}

bool store_publog_checkpoint_add(struct db *db, const struct publog_checkpoint_row *row,
                                 int64_t at_us, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(row->size), SQL_I64(row->seq), SQL_BYTES(row->root),
                                    SQL_TIME(at_us), SQL_TEXT(row->note) };
    return add(db, &SQL_publog_checkpoint_add, args, err);
}

bool store_publog_fence(struct db *db, int64_t epoch, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(epoch) };
    return db_found(db_one(db, &SQL_leader_check, args, NULL, NULL, err), err);
}

bool store_publog_cosignature_add(struct db *db, int64_t size, struct str witness, struct str line,
                                  struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(size), SQL_TEXT(witness), SQL_TEXT(line) };
    return add(db, &SQL_publog_cosignature_add, args, err);
}

bool store_publog_cosignatures(struct db *db, int64_t size, struct arena *a,
                               struct publog_cosignature_row **out, size_t *n, struct err *err)
{
    static const struct sql_col cols[] = { COL_TEXT(struct publog_cosignature_row, witness),
                                           COL_TEXT(struct publog_cosignature_row, line) };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(**out), a };
    const struct sql_arg args[] = { SQL_I64(size) };
    void *array = NULL;

    const bool ok = many(db, &SQL_publog_cosignatures, args, &rows, &array, n, err);
    *out = array;
    return ok;
}

/* ---- what is to be logged ---- */

struct reach {
    int64_t seq;
};

bool store_publog_reach(struct db *db, int64_t after, int64_t limit, int64_t *up_to,
                        struct err *err)
{
    static const struct sql_col cols[] = { COL_I64(struct reach, seq) };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct reach), NULL };
    const struct sql_arg args[] = { SQL_I64(after), SQL_I64(limit) };
    struct reach reach = { 0 };

    if (!db_found(db_one(db, &SQL_publog_reach, args, &rows, &reach, err), err)) return false;
    *up_to = reach.seq > after ? reach.seq : after;
    return true;
}

enum db_rc store_publog_commands(struct db *db, int64_t after, int64_t up_to, struct arena *scratch,
                                 db_row_fn *fn, void *arg, struct err *err)
{
#define T struct publog_command_row
    static const struct sql_col cols[] = { COL_I64(T, seq), COL_TIME(T, at_us), COL_I64(T, kind),
                                           COL_BYTES(T, leaf), COL_BYTES(T, payload) };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(T), scratch };
#undef T
    const struct sql_arg args[] = { SQL_I64(after), SQL_I64(up_to) };

    return db_each(db, &SQL_publog_commands, args, &rows, fn, arg, err);
}

bool store_publog_settled(struct db *db, int64_t after, int64_t up_to, struct arena *a,
                          struct settled_row **out, size_t *n, struct err *err)
{
#define T struct settled_row
    static const struct sql_col cols[] = {
        COL_I64(T, seq),
        COL_I64(T, lease),
        { "traded", SQL_T_TIME, offsetof(T, traded_us) },
        { "ended", SQL_T_TIME, offsetof(T, ended_us) },
        COL_I64(T, pool),
        COL_I64(T, units),
        COL_I64(T, price),
        COL_I64(T, epoch),
        COL_I64(T, seconds_signed),
        COL_I64(T, seconds_observed),
        COL_I64(T, seconds_billed),
        COL_I64(T, charge),
        COL_I64(T, fee),
        COL_I64(T, payout),
        COL_I64(T, insurance),
        COL_I64(T, exit_code),
        COL_I64(T, reason),
        COL_I64(T, fault),
        COL_BYTES(T, payload),
        COL_BYTES(T, logged),
    };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(T), a };
#undef T
    const struct sql_arg args[] = { SQL_I64(after), SQL_I64(up_to) };
    void *array = NULL;

    const bool ok = many(db, &SQL_publog_settled, args, &rows, &array, n, err);
    *out = array;
    return ok;
}

/* ---- entries and tiles ---- */

bool store_publog_entries_add(struct db *db, const struct publog_part_row *p, int64_t seq,
                              struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(p->first), SQL_I64(p->n), SQL_I64(seq),
                                    SQL_BYTES(p->entries) };
    return add(db, &SQL_publog_entries_add, args, err);
}

bool store_publog_bundle(struct db *db, int64_t n, struct arena *a, struct publog_part_row **out,
                         size_t *parts, struct err *err)
{
#define T struct publog_part_row
    static const struct sql_col cols[] = { COL_I64(T, first), COL_I64(T, n),
                                           COL_BYTES(T, entries) };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(T), a };
#undef T
    const struct sql_arg args[] = { SQL_I64(n * 256), SQL_I64(n * 256 + 256) };
    void *array = NULL;

    const bool ok = many(db, &SQL_publog_entries, args, &rows, &array, parts, err);
    *out = array;
    return ok;
}

bool store_publog_tile_add(struct db *db, int level, int64_t n, struct str hashes, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(level), SQL_I64(n), SQL_BYTES(hashes) };
    return add(db, &SQL_publog_tile_add, args, err);
}

static const struct sql_col tile_cols[] = { COL_I64(struct publog_tile_row, n),
                                            COL_BYTES(struct publog_tile_row, hashes) };

enum db_rc store_publog_tile(struct db *db, int level, int64_t n, struct arena *a,
                             struct str *hashes, struct err *err)
{
    const struct sql_rows rows = { tile_cols, ARRAY_LEN(tile_cols), sizeof(struct publog_tile_row),
                                   a };
    const struct sql_arg args[] = { SQL_I64(level), SQL_I64(n) };
    struct publog_tile_row row;
    const enum db_rc rc = db_one(db, &SQL_publog_tile, args, &rows, &row, err);

    if (rc == DB_ONE) *hashes = row.hashes;
    return rc;
}

enum db_rc store_publog_tiles(struct db *db, int level, int64_t from, int64_t to,
                              struct arena *scratch, db_row_fn *fn, void *arg, struct err *err)
{
    const struct sql_rows rows = { tile_cols, ARRAY_LEN(tile_cols), sizeof(struct publog_tile_row),
                                   scratch };
    const struct sql_arg args[] = { SQL_I64(level), SQL_I64(from), SQL_I64(to) };

    return db_each(db, &SQL_publog_tiles, args, &rows, fn, arg, err);
}

/* ---- settlements ---- */

bool store_publog_settlement_add(struct db *db, int64_t lease,
                                 const struct publog_settlement_row *s, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(lease), SQL_I64(s->index), SQL_BYTES(s->document) };
    return add(db, &SQL_publog_settlement_add, args, err);
}

enum db_rc store_publog_settlement(struct db *db, int64_t lease, struct arena *a,
                                   struct publog_settlement_row *out, struct err *err)
{
    static const struct sql_col cols[] = { COL_I64(struct publog_settlement_row, index),
                                           COL_BYTES(struct publog_settlement_row, document) };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(*out), a };
    const struct sql_arg args[] = { SQL_I64(lease) };

    return db_one(db, &SQL_publog_settlement, args, &rows, out, err);
}
