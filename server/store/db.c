/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db_inside.h"

#include <assert.h>
#include <endian.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "store/array.h"

#define PG_EPOCH_US    INT64_C(946684800000000) /* 2000-01-01 in microseconds since 1970 */
#define ATTEMPTS       5
#define RETRY_LEAST_US 2000
#define RETRY_MOST_US  30000

/* Object ids of types, from pg_type.dat; they never change. */
enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_TIMESTAMPTZ = 1184,
    OID_UUID = 2950
};

static void ignore_notice(void *arg, const PGresult *res)
{
    (void)arg;
    (void)res;
}

bool db_failed(struct db *db, const PGresult *res, const char *what, struct err *err)
{
    const char *state = res ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;

    FAIL(err, ERR_DB, "The database could not %s.", what);
    err_internal(err, "%s: %s %s", what, state ? state : "?????", PQerrorMessage(db->conn));
    return false;
}

static bool run_plain(struct db *db, const char *text, const char *what, struct err *err)
{
    PGresult *res = PQexec(db->conn, text);
    const ExecStatusType status = PQresultStatus(res);
    const bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;

    if (!ok) (void)db_failed(db, res, what, err);
    PQclear(res);
    return ok;
}

static const char *role_script(enum db_role role)
{
    switch (role) {
    case DB_OWNER: return "SET client_min_messages = warning";
    case DB_APP:
        return "SET client_min_messages = warning; SET ROLE bourse_app;"
               "SET plan_cache_mode = force_generic_plan;"
               "SET enable_hashjoin = off; SET enable_mergejoin = off;"
               "SET synchronous_commit = on; SET statement_timeout = '20s';"
               "SET idle_in_transaction_session_timeout = '5s'";
    case DB_AUDITOR: return "SET client_min_messages = warning; SET ROLE bourse_auditor";
    }
    return "";
}

static bool settle_in(struct db *db, struct err *err)
{
    db->prepared_n = 0;
    db->steps_first = db->steps_n = 0;
    db->groups_n = 0;
    db->piping = db->broken = false;
    if (PQstatus(db->conn) != CONNECTION_OK) return db_failed(db, NULL, "be reached", err);
    PQsetNoticeReceiver(db->conn, ignore_notice, NULL);
    return run_plain(db, role_script(db->role), "give the session its role", err);
}

/* What the connection string says wins over what stands before it. A dead server must be noticed in
 * seconds, not when TCP gives up. */
static PGconn *connect_to(const char *conninfo)
{
    static const char *const names[] = { "connect_timeout",
                                         "tcp_user_timeout",
                                         "keepalives_idle",
                                         "keepalives_interval",
                                         "keepalives_count",
                                         "dbname",
                                         NULL };
    const char *const values[] = { "3", "10000", "5", "2", "3", conninfo, NULL };

    return PQconnectdbParams(names, values, /* expand_dbname= */ 1);
}

struct db *db_open(const char *conninfo, enum db_role role, struct err *err)
{
    struct db *db = mem_zalloc(sizeof(*db));

    db->role = role;
    db->conn = connect_to(conninfo);
    if (db->conn && settle_in(db, err)) return db;
    if (!db->conn) FAIL(err, ERR_NO_MEMORY, "No memory for a connection to the database.");
    db_close(db);
    return NULL;
}

void db_close(struct db *db)
{
    if (!db) return;
    PQfinish(db->conn);
    mem_free(db);
}

/* An idle connection has nothing to read: if it has, it is the news that it was closed. */
bool db_alive(const struct db *db)
{
    struct pollfd fd = { .fd = PQsocket(db->conn), .events = POLLIN };

    if (PQstatus(db->conn) != CONNECTION_OK || db->broken) return false;
    if (poll(&fd, 1, 0) > 0) (void)PQconsumeInput(db->conn);
    return PQstatus(db->conn) == CONNECTION_OK;
}

bool db_reset(struct db *db, struct err *err)
{
    PQreset(db->conn);
    return settle_in(db, err);
}

/* ---- arguments ---- */

static const Oid array_oids[] = {
    [ELEMENT_I64] = 1016,   [ELEMENT_TIME] = 1185, [ELEMENT_UUID] = 2951,
    [ELEMENT_BYTES] = 1001, [ELEMENT_BOOL] = 1000,
};

static void bind_number(struct params *p, int i, Oid type, int64_t v)
{
    p->types[i] = type;
    p->numbers[i] = htobe64((uint64_t)v);
    p->values[i] = (const char *)&p->numbers[i];
    p->lengths[i] = 8;
}

static void bind_bytes(struct params *p, int i, Oid type, struct str s)
{
    p->types[i] = type;
    p->values[i] = s.p ? s.p : "";
    p->lengths[i] = (int)s.n;
}

static bool bind_array(struct params *p, int i, struct sql_array *a)
{
    const struct str view = array_view(a);

    bind_bytes(p, i, array_oids[a->element], view);
    return view.p != NULL;
}

/* False: an array ran out of memory. */
bool db_bind(struct params *p, const struct sql_arg *args, int n)
{
    assert(n <= PARAMS_MAX);
    for (int i = 0; i < n; i++) {
        const struct sql_arg *a = &args[i];
        p->formats[i] = 1;
        switch (a->t) {
        case SQL_T_I64: bind_number(p, i, OID_INT8, a->v.i); break;
        case SQL_T_TIME: bind_number(p, i, OID_TIMESTAMPTZ, a->v.i - PG_EPOCH_US); break;
        case SQL_T_TEXT: bind_bytes(p, i, OID_TEXT, a->v.s); break;
        case SQL_T_BYTES: bind_bytes(p, i, OID_BYTEA, a->v.s); break;
        case SQL_T_UUID: bind_bytes(p, i, OID_UUID, a->v.s); break;
        case SQL_T_BOOL:
            p->types[i] = OID_BOOL;
            p->bools[i] = a->v.b ? 1 : 0;
            p->values[i] = &p->bools[i];
            p->lengths[i] = 1;
            break;
        case SQL_T_ARRAY:
            if (!bind_array(p, i, a->v.a)) return false;
            break;
        case SQL_T_NULL:
            p->types[i] = 0;
            p->values[i] = NULL;
            break;
        }
    }
    return true;
}

bool db_is_prepared(struct db *db, const struct sql_stmt *s)
{
    for (size_t i = 0; i < db->prepared_n; i++)
        if (db->prepared[i] == s) return true;
    return false;
}

/* Parameter types are those of the first use; SQL_NULL leaves its own to the server. */
static bool prepare(struct db *db, const struct sql_stmt *s, const struct params *p,
                    struct err *err)
{
    if (db_is_prepared(db, s)) return true;
    assert(db->prepared_n < PREPARED_MAX);

    PGresult *res = PQprepare(db->conn, s->name, s->text, s->nparams, p->types);
    const bool ok = PQresultStatus(res) == PGRES_COMMAND_OK;
    if (!ok) (void)db_failed(db, res, s->name, err);
    PQclear(res);
    if (ok) db->prepared[db->prepared_n++] = s;
    return ok;
}

/* ---- results ---- */

enum db_rc db_classify(struct db *db, const PGresult *res, const char *what, struct err *err)
{
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

    (void)db_failed(db, res, what, err);
    if (state && (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0)) return DB_RETRY;
    return DB_FAIL;
}

static enum db_rc execute(struct db *db, const struct sql_stmt *s, const struct sql_arg *args,
                          PGresult **out, struct err *err)
{
    struct params p = { 0 };

    assert(!db->piping);
    if (!db_bind(&p, args, s->nparams)) {
        FAIL(err, ERR_NO_MEMORY, "No memory for the parameters of %s.", s->name);
        return DB_FAIL;
    }
    if (!prepare(db, s, &p, err)) return DB_FAIL;

    PGresult *res =
        PQexecPrepared(db->conn, s->name, s->nparams, p.values, p.lengths, p.formats, 1);
    const ExecStatusType status = PQresultStatus(res);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        *out = res;
        return DB_ONE;
    }
    const enum db_rc rc = db_classify(db, res, s->name, err);
    PQclear(res);
    return rc;
}

static int64_t read_number(struct str v)
{
    uint64_t wide;
    uint32_t word;
    uint16_t half;

    switch (v.n) {
    case 8: memcpy(&wide, v.p, sizeof(wide)); return (int64_t)be64toh(wide);
    case 4: memcpy(&word, v.p, sizeof(word)); return (int32_t)be32toh(word);
    case 2: memcpy(&half, v.p, sizeof(half)); return (int16_t)be16toh(half);
    default: assert(false && "a column that is not an integer"); return 0;
    }
}

void db_read_column(const struct sql_col *c, struct str v, void *row)
{
    void *const where = (char *)row + c->off;

    switch (c->t) {
    case SQL_T_I64: *(int64_t *)where = v.p ? read_number(v) : 0; return;
    case SQL_T_TIME: *(int64_t *)where = v.p ? read_number(v) + PG_EPOCH_US : 0; return;
    case SQL_T_BOOL: *(bool *)where = v.p && *v.p != 0; return;
    case SQL_T_TEXT:
    case SQL_T_BYTES: *(struct str *)where = v; return;
    case SQL_T_UUID:
    case SQL_T_ARRAY:
    case SQL_T_NULL: break;
    }
    assert(false && "a column kind that no row has");
}

/* What outlives the result is copied into the arena. */
static bool read_column(const PGresult *res, int row, int col, const struct sql_rows *rows,
                        char *at)
{
    const struct sql_col *c = &rows->cols[col];
    struct str v = { NULL, 0 };

    if (!PQgetisnull(res, row, col))
        v = (struct str){ PQgetvalue(res, row, col), (size_t)PQgetlength(res, row, col) };
    if (v.p && (c->t == SQL_T_TEXT || c->t == SQL_T_BYTES)) {
        v.p = arena_copy(rows->arena, v);
        if (!v.p) return false;
    }
    db_read_column(c, v, at);
    return true;
}

static enum db_rc read_row(const PGresult *res, int row, const struct sql_stmt *s,
                           const struct sql_rows *rows, void *out, struct err *err)
{
    assert((size_t)PQnfields(res) == rows->ncols);
    for (size_t col = 0; col < rows->ncols; col++) {
        if (read_column(res, row, (int)col, rows, out)) continue;
        FAIL(err, ERR_NO_MEMORY, "No memory for a row of %s.", s->name);
        return DB_FAIL;
    }
    return DB_ONE;
}

int64_t db_affected(PGresult *res)
{
    int64_t n = 0;
    const char *text = PQcmdTuples(res);

    if (!str_i64(str_of(text), 0, INT64_MAX, &n)) return PQntuples(res);
    return n;
}

enum db_rc db_one(struct db *db, const struct sql_stmt *s, const struct sql_arg *args,
                  const struct sql_rows *rows, void *out, struct err *err)
{
    PGresult *res = NULL;
    enum db_rc rc = execute(db, s, args, &res, err);

    if (rc != DB_ONE) return rc;
    if (!rows)
        rc = db_affected(res) > 0 ? DB_ONE : DB_NONE;
    else if (PQntuples(res) == 0)
        rc = DB_NONE;
    else {
        assert(PQntuples(res) == 1);
        rc = read_row(res, 0, s, rows, out, err);
    }
    PQclear(res);
    return rc;
}

enum db_rc db_many(struct db *db, const struct sql_stmt *s, const struct sql_arg *args,
                   const struct sql_rows *rows, void **out, size_t *n, struct err *err)
{
    PGresult *res = NULL;
    enum db_rc rc = execute(db, s, args, &res, err);

    if (rc != DB_ONE) return rc;
    const int count = PQntuples(res);
    char *array = count > 0 ? arena_alloc(rows->arena, (size_t)count * rows->row_size) : NULL;
    if (count > 0 && !array) {
        FAIL(err, ERR_NO_MEMORY, "No memory for %d rows of %s.", count, s->name);
        rc = DB_FAIL;
    }
    for (int i = 0; i < count && rc == DB_ONE; i++)
        rc = read_row(res, i, s, rows, array + (size_t)i * rows->row_size, err);
    PQclear(res);
    if (rc != DB_ONE) return rc;
    *out = array;
    *n = (size_t)count;
    return count > 0 ? DB_ONE : DB_NONE;
}

/* What one result of a statement read row by row holds: a row, or the end. */
static enum db_rc take_row(struct db *db, const PGresult *res, const struct sql_stmt *s,
                           const struct sql_rows *rows, void *row, struct err *err)
{
    const ExecStatusType status = PQresultStatus(res);

    if (status == PGRES_TUPLES_OK) return DB_NONE;
    if (status != PGRES_SINGLE_TUPLE) return db_classify(db, res, s->name, err);
    return read_row(res, 0, s, rows, row, err);
}

enum db_rc db_each(struct db *db, const struct sql_stmt *s, const struct sql_arg *args,
                   const struct sql_rows *rows, db_row_fn *fn, void *arg, struct err *err)
{
    char row[DB_ROW_MAX] __attribute__((aligned(16)));
    struct params p = { 0 };
    enum db_rc rc = DB_NONE, all = DB_ONE;

    assert(!db->piping && rows->row_size <= sizeof(row));
    if (!db_bind(&p, args, s->nparams)) {
        FAIL(err, ERR_NO_MEMORY, "No memory for the parameters of %s.", s->name);
        return DB_FAIL;
    }
    if (!prepare(db, s, &p, err)) return DB_FAIL;
    if (!PQsendQueryPrepared(db->conn, s->name, s->nparams, p.values, p.lengths, p.formats, 1) ||
        !PQsetSingleRowMode(db->conn)) {
        (void)db_failed(db, NULL, s->name, err);
        return DB_FAIL;
    }
    for (PGresult *res; (res = PQgetResult(db->conn)); PQclear(res)) {
        if (all != DB_ONE) continue; /* the rest is read and thrown away */
        rc = take_row(db, res, s, rows, row, err);
        if (rc == DB_ONE && !fn(arg, row, err)) rc = DB_FAIL;
        if (rc != DB_ONE && rc != DB_NONE) all = rc;
        if (rows->arena && rows->arena->used > 0) arena_done(rows->arena);
    }
    return all;
}

bool db_found(enum db_rc rc, struct err *err)
{
    if (rc == DB_NONE)
        return FAIL(err, ERR_NOT_FOUND, "There is no such thing, or it is not yours.");
    return rc == DB_ONE;
}

/* ---- transactions ---- */

static enum db_rc try_tx(struct db *db, const char *begin, db_tx_fn *fn, void *arg, struct err *err)
{
    if (!run_plain(db, begin, "begin", err)) return DB_FAIL;

    const enum db_rc rc = fn(db, arg, err);
    if (rc != DB_ONE && rc != DB_NONE) {
        struct err ignored = { 0 };
        (void)run_plain(db, "ROLLBACK", "roll back", &ignored);
        return rc;
    }
    PGresult *res = PQexec(db->conn, "COMMIT");
    const bool ok = PQresultStatus(res) == PGRES_COMMAND_OK;
    enum db_rc after = rc;
    if (!ok) {
        after = db_classify(db, res, "commit", err);
        if (PQstatus(db->conn) != CONNECTION_OK) err->code = ERR_OUTCOME_UNKNOWN;
    }
    PQclear(res);
    return after;
}

enum db_rc db_tx(struct db *db, db_tx_fn *fn, void *arg, struct err *err)
{
    enum db_rc rc = DB_RETRY;

    for (int i = 0; i < ATTEMPTS && rc == DB_RETRY; i++) {
        if (i > 0) clock_sleep_us(random_between(RETRY_LEAST_US, RETRY_MOST_US));
        rc = try_tx(db, "BEGIN", fn, arg, err);
    }
    return rc;
}

enum db_rc db_snapshot(struct db *db, db_tx_fn *fn, void *arg, struct err *err)
{
    return try_tx(db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", fn, arg, err);
}

bool db_script(struct db *db, const char *text, struct err *err)
{
    assert(db->role == DB_OWNER);
    return run_plain(db, text, "run a script", err);
}

bool db_set_durable(struct db *db, bool durable, struct err *err)
{
    return run_plain(db, durable ? "SET synchronous_commit = on" : "SET synchronous_commit = off",
                     "choose when to flush", err);
}

/* ---- notifications ---- */

bool db_listen(struct db *db, const char *channel, struct err *err)
{
    char text[96];

    snprintf(text, sizeof(text), "LISTEN %s", channel);
    return run_plain(db, text, "listen", err);
}

bool db_wait_notify(struct db *db, int timeout_ms, bool *came, struct err *err)
{
    struct pollfd fd = { .fd = PQsocket(db->conn), .events = POLLIN };

    *came = false;
    if (fd.fd < 0) return db_failed(db, NULL, "be listened to", err);
    if (poll(&fd, 1, timeout_ms) <= 0) return true;
    if (!PQconsumeInput(db->conn)) return db_failed(db, NULL, "be listened to", err);
    for (PGnotify *n; (n = PQnotifies(db->conn)); PQfreemem(n))
        *came = true;
    return true;
}
