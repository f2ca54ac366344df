/* SPDX-License-Identifier: Apache-2.0 */
/* The store's own small language: arguments in, columns out, one of four results.
 *
 * A connection belongs to one thread at a time. Statements live in store/sql/, one a file, and are
 * prepared at first use. Only db_tx() begins, commits and retries. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct db;
struct sql_array;

struct sql_stmt {
    const char *name, *text;
    int nparams;
};

enum sql_type {
    SQL_T_I64,
    SQL_T_TEXT,
    SQL_T_BYTES,
    SQL_T_BOOL,
    SQL_T_TIME,
    SQL_T_UUID,
    SQL_T_ARRAY,
    SQL_T_NULL
};

struct sql_arg {
    enum sql_type t;
    union {
        int64_t i;
        struct str s;
        bool b;
        struct sql_array *a;
    } v;
};

/* clang-format off */
#define SQL_I64(x)   { SQL_T_I64,   { .i = (x) } }
#define SQL_BOOL(x)  { SQL_T_BOOL,  { .b = (x) } }
#define SQL_TEXT(x)  { SQL_T_TEXT,  { .s = (x) } }
#define SQL_C(x)     { SQL_T_TEXT,  { .s = str_of(x) } }
#define SQL_BYTES(x) { SQL_T_BYTES, { .s = (x) } }
#define SQL_TIME(us) { SQL_T_TIME,  { .i = (us) } }  /* µs since 1970 -> timestamptz */
#define SQL_NULL     { SQL_T_NULL,  { .i = 0 } }
#define SQL_UUID(id) { SQL_T_UUID,  { .s = { (const char *)(id).b, 16 } } } /* any struct with uint8_t b[16] */
/* Bytes of an object that is an array of uint8_t in a struct. */
#define SQL_ARRAY(x) { SQL_T_ARRAY, { .a = (x) } } /* struct sql_array *, see store/array.h */
#define SQL_RAW(a)   { SQL_T_BYTES, { .s = { (const char *)(a), sizeof(a) } } }
/* clang-format on */

/* Where a statement's columns go. Columns of a row: in the order of the SELECT. A NULL gives 0,
 * false or the empty str (p NULL). Times become µs since 1970. Integers of any width fit COL_I64.
 * Texts and bytes are copied into the arena. */
struct sql_col {
    const char *name;
    enum sql_type t;
    size_t off;
};

struct sql_rows {
    const struct sql_col *cols;
    size_t ncols;
    size_t row_size;
    struct arena *arena; /* for texts, bytes and db_many's array */
};

/* clang-format off */
/* The offset of the member; one of another type does not compile. */
#define COL_I64(T, f)   { #f, SQL_T_I64,    _Generic(((T *)0)->f, int64_t: offsetof(T, f)) }
#define COL_BOOL(T, f)  { #f, SQL_T_BOOL,   _Generic(((T *)0)->f, bool: offsetof(T, f)) }
#define COL_TEXT(T, f)  { #f, SQL_T_TEXT,   _Generic(((T *)0)->f, struct str: offsetof(T, f)) }
#define COL_BYTES(T, f) { #f, SQL_T_BYTES,  _Generic(((T *)0)->f, struct str: offsetof(T, f)) }
#define COL_TIME(T, f)  { #f, SQL_T_TIME,   _Generic(((T *)0)->f, int64_t: offsetof(T, f)) }
/* clang-format on */

/* What a statement did. Callers switch over all of these; there is no default. */
enum db_rc { DB_ONE = 1, DB_NONE = 0, DB_RETRY = -1, DB_FAIL = -2 };

enum db_role { DB_OWNER, DB_APP, DB_AUDITOR };

/* Connect; as DB_APP the session gives up every right that the application does not need (SET
 * ROLE). NULL: ERR_DB. */
struct db *db_open(const char *conninfo, enum db_role role, struct err *err);
void db_close(struct db *db); /* takes NULL */

/* Is the connection usable? False after a failure that lost it; db_reset() tries again. */
bool db_alive(const struct db *db);
MUST_CHECK bool db_reset(struct db *db, struct err *err);

/* From now on a COMMIT returns before it is on disk (false), or after, as at first (true). */
MUST_CHECK bool db_set_durable(struct db *db, bool durable, struct err *err);

/* One row into *out, or none. More than one row is a bug: asserts. `rows` may be NULL (result
 * unused: DB_ONE when at least one row was affected or came back). *out untouched unless DB_ONE. */
MUST_CHECK enum db_rc db_one(struct db *db, const struct sql_stmt *s, const struct sql_arg *args,
                             const struct sql_rows *rows, void *out, struct err *err);

/* All rows as an array in rows->arena: DB_ONE with *n >= 1, DB_NONE with *n = 0. */
MUST_CHECK enum db_rc db_many(struct db *db, const struct sql_stmt *s, const struct sql_arg *args,
                              const struct sql_rows *rows, void **out, size_t *n, struct err *err);

/* Each row in turn, without holding them all: fn(arg, row), which may say false to end it (DB_FAIL,
 * err is fn's). What is in rows->arena is dropped after each. DB_ONE: all were had, or there was
 * none. */
typedef bool db_row_fn(void *arg, const void *row, struct err *err);
MUST_CHECK enum db_rc db_each(struct db *db, const struct sql_stmt *s, const struct sql_arg *args,
                              const struct sql_rows *rows, db_row_fn *fn, void *arg,
                              struct err *err);

/* The same for a statement without parameters, read by COPY: libpq makes no result of each row.
 * rows->arena is not used: texts and bytes of the row are valid during fn. */
MUST_CHECK enum db_rc db_copy(struct db *db, const struct sql_stmt *s, const struct sql_rows *rows,
                              db_row_fn *fn, void *arg, struct err *err);

/* Run fn in one transaction; on DB_RETRY (40001, 40P01) again, at most 5 times with a pause. fn has
 * no effect but through db, returns DB_ONE or DB_NONE to commit, else the transaction is rolled
 * back. An unknown outcome of COMMIT is ERR_OUTCOME_UNKNOWN. */
typedef enum db_rc db_tx_fn(struct db *db, void *arg, struct err *err);
MUST_CHECK enum db_rc db_tx(struct db *db, db_tx_fn *fn, void *arg, struct err *err);

/* The same for reading alone: all that fn reads is of one moment, while others go on writing. It
 * runs once. */
MUST_CHECK enum db_rc db_snapshot(struct db *db, db_tx_fn *fn, void *arg, struct err *err);

/* A script of several statements as the owner, without parameters: migrations. */
MUST_CHECK bool db_script(struct db *db, const char *text, struct err *err);

/* LISTEN: wait up to timeout_ms for any notification; true when one came. */
MUST_CHECK bool db_listen(struct db *db, const char *channel, struct err *err);
MUST_CHECK bool db_wait_notify(struct db *db, int timeout_ms, bool *came, struct err *err);

/* Turn "no such row, retry, fail" of a read into a handler's error: DB_ONE true; DB_NONE false with
 * ERR_NOT_FOUND; else false. */
MUST_CHECK bool db_found(enum db_rc rc, struct err *err);
