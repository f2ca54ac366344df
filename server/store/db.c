/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"

#include <assert.h>
#include <endian.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "store/array.h"

#define PG_EPOCH_US    INT64_C(946684800000000) /* 2000-01-01 in microseconds since 1970 */
#define PREPARED_MAX   256
#define PARAMS_MAX     32
#define PIPELINE_MAX   32
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

struct step {                    /* of a pipeline, to be answered in order */
    const struct sql_stmt *stmt; /* NULL: BEGIN or COMMIT */
    const char *name;
    int64_t rows;
};

struct db {
    PGconn *conn;
    enum db_role role;
    const struct sql_stmt *prepared[PREPARED_MAX];
    size_t prepared_n;
    struct step steps[PIPELINE_MAX];
    size_t steps_n;
    bool piping;
};

static void ignore_notice(void *arg, const PGresult *res)
{
    (void)arg;
    (void)res;
}

static bool fail(struct db *db, const PGresult *res, const char *what, struct err *err)
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

    if (!ok) (void)fail(db, res, what, err);
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
    db->steps_n = 0;
    db->piping = false;
    if (PQstatus(db->conn) != CONNECTION_OK) return fail(db, NULL, "be reached", err);
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

    if (PQstatus(db->conn) != CONNECTION_OK || db->piping) return false;
    if (poll(&fd, 1, 0) > 0) (void)PQconsumeInput(db->conn);
    return PQstatus(db->conn) == CONNECTION_OK;
}

bool db_reset(struct db *db, struct err *err)
{
    PQreset(db->conn);
    return settle_in(db, err);
}

/* ---- arguments ---- */

struct params {
    Oid types[PARAMS_MAX];
    const char *values[PARAMS_MAX];
    int lengths[PARAMS_MAX], formats[PARAMS_MAX];
    uint64_t numbers[PARAMS_MAX];
    char bools[PARAMS_MAX];
};

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
static bool bind(struct params *p, const struct sql_arg *args, int n)
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

static bool is_prepared(struct db *db, const struct sql_stmt *s)
{
    for (size_t i = 0; i < db->prepared_n; i++)
        if (db->prepared[i] == s) return true;
    return false;
}

/* Parameter types are those of the first use; SQL_NULL leaves its own to the server. */
static bool prepare(struct db *db, const struct sql_stmt *s, const struct params *p,
                    struct err *err)
{
    if (is_prepared(db, s)) return true;
    assert(db->prepared_n < PREPARED_MAX);

    PGresult *res = PQprepare(db->conn, s->name, s->text, s->nparams, p->types);
    const bool ok = PQresultStatus(res) == PGRES_COMMAND_OK;
    if (!ok) (void)fail(db, res, s->name, err);
    PQclear(res);
    if (ok) db->prepared[db->prepared_n++] = s;
    return ok;
}

/* ---- results ---- */

static enum db_rc classify(struct db *db, const PGresult *res, const char *what, struct err *err)
{
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

    (void)fail(db, res, what, err);
    if (state && (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0)) return DB_RETRY;
    return DB_FAIL;
}

static enum db_rc execute(struct db *db, const struct sql_stmt *s, const struct sql_arg *args,
                          PGresult **out, struct err *err)
{
    struct params p = { 0 };

    assert(!db->piping);
    if (!bind(&p, args, s->nparams)) {
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
    const enum db_rc rc = classify(db, res, s->name, err);
    PQclear(res);
    return rc;
}

static int64_t read_number(const PGresult *res, int row, int col)
{
    const char *v = PQgetvalue(res, row, col);
    uint64_t wide;
    uint32_t word;
    uint16_t half;

    switch (PQgetlength(res, row, col)) {
    case 8: memcpy(&wide, v, sizeof(wide)); return (int64_t)be64toh(wide);
    case 4: memcpy(&word, v, sizeof(word)); return (int32_t)be32toh(word);
    case 2: memcpy(&half, v, sizeof(half)); return (int16_t)be16toh(half);
    default: assert(false && "a column that is not an integer"); return 0;
    }
}

static bool read_text(const PGresult *res, int row, int col, struct arena *a, struct str *out)
{
    const size_t n = (size_t)PQgetlength(res, row, col);
    char *copy = arena_copy(a, (struct str){ PQgetvalue(res, row, col), n });

    if (!copy) return false;
    *out = (struct str){ copy, n };
    return true;
}

static bool read_column(const PGresult *res, int row, int col, const struct sql_rows *rows,
                        char *at)
{
    const struct sql_col *c = &rows->cols[col];
    const bool null = PQgetisnull(res, row, col);
    void *where = at + c->off;

    switch (c->t) {
    case SQL_T_I64: *(int64_t *)where = null ? 0 : read_number(res, row, col); return true;
    case SQL_T_TIME:
        *(int64_t *)where = null ? 0 : read_number(res, row, col) + PG_EPOCH_US;
        return true;
    case SQL_T_BOOL: *(bool *)where = !null && *PQgetvalue(res, row, col) != 0; return true;
    case SQL_T_TEXT:
    case SQL_T_BYTES:
        *(struct str *)where = (struct str){ NULL, 0 };
        return null || read_text(res, row, col, rows->arena, where);
    case SQL_T_UUID:
    case SQL_T_ARRAY:
    case SQL_T_NULL: break;
    }
    assert(false && "a column kind that no row has");
    return false;
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

static int64_t affected(PGresult *res)
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
        rc = affected(res) > 0 ? DB_ONE : DB_NONE;
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

bool db_found(enum db_rc rc, struct err *err)
{
    if (rc == DB_NONE)
        return FAIL(err, ERR_NOT_FOUND, "There is no such thing, or it is not yours.");
    return rc == DB_ONE;
}

/* ---- transactions ---- */

static enum db_rc try_tx(struct db *db, db_tx_fn *fn, void *arg, struct err *err)
{
    if (!run_plain(db, "BEGIN", "begin", err)) return DB_FAIL;

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
        after = classify(db, res, "commit", err);
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
        rc = try_tx(db, fn, arg, err);
    }
    return rc;
}

bool db_script(struct db *db, const char *text, struct err *err)
{
    assert(db->role == DB_OWNER);
    return run_plain(db, text, "run a script", err);
}

/* ---- the writer's pipeline ---- */

static bool pipe_failed(struct db *db, const char *what, struct err *err)
{
    FAIL(err, ERR_DB, "The database could not take the group.");
    err_internal(err, "%s: %s", what, PQerrorMessage(db->conn));
    return false;
}

static bool pipe_text(struct db *db, const char *text, struct err *err)
{
    assert(db->steps_n < PIPELINE_MAX);
    if (!PQsendQueryParams(db->conn, text, 0, NULL, NULL, NULL, NULL, 0))
        return pipe_failed(db, text, err);
    db->steps[db->steps_n++] = (struct step){ .name = text, .rows = -1 };
    return true;
}

bool db_pipeline_begin(struct db *db, struct err *err)
{
    assert(!db->piping);
    db->steps_n = 0;
    if (!PQenterPipelineMode(db->conn)) return pipe_failed(db, "pipeline", err);
    db->piping = true;
    return pipe_text(db, "BEGIN", err);
}

bool db_pipeline_add(struct db *db, const struct sql_stmt *s, const struct sql_arg *args,
                     int64_t rows_expected, struct err *err)
{
    struct params p = { 0 };

    assert(db->piping);
    if (!bind(&p, args, s->nparams))
        return FAIL(err, ERR_NO_MEMORY, "No memory for the parameters of %s.", s->name);
    if (!is_prepared(db, s)) {
        assert(db->steps_n < PIPELINE_MAX && db->prepared_n < PREPARED_MAX);
        if (!PQsendPrepare(db->conn, s->name, s->text, s->nparams, p.types))
            return pipe_failed(db, s->name, err);
        db->steps[db->steps_n++] = (struct step){ .name = s->name, .rows = -1 };
        db->prepared[db->prepared_n++] = s;
    }
    assert(db->steps_n < PIPELINE_MAX);
    if (!PQsendQueryPrepared(db->conn, s->name, s->nparams, p.values, p.lengths, p.formats, 1))
        return pipe_failed(db, s->name, err);
    db->steps[db->steps_n++] = (struct step){ .stmt = s, .name = s->name, .rows = rows_expected };
    return true;
}

/* The answer of one step; reads on to the NULL that ends it. */
static bool step_answer(struct db *db, const struct step *step, struct err *err)
{
    PGresult *res = PQgetResult(db->conn);
    const ExecStatusType status = PQresultStatus(res);
    bool ok = res && (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK);

    if (!ok && err->code == ERR_NONE) {
        (void)classify(db, res, step->name, err);
    } else if (ok && step->rows >= 0 && affected(res) != step->rows) {
        ok = FAIL(err, ERR_DB, "The database could not take the group.");
        err_internal(err, "%s: %lld rows instead of %lld", step->name, (long long)affected(res),
                     (long long)step->rows);
    }
    PQclear(res);
    while (res && (res = PQgetResult(db->conn)))
        PQclear(res);
    return ok;
}

static bool leave_pipeline(struct db *db)
{
    PGresult *res;

    while ((res = PQgetResult(db->conn))) { /* the Sync */
        const bool sync = PQresultStatus(res) == PGRES_PIPELINE_SYNC;
        PQclear(res);
        if (sync) break;
    }
    if (!PQexitPipelineMode(db->conn)) return false;
    db->piping = false;
    return true;
}

/* A wrong row count is seen only after COMMIT was sent with the rest: it is a bug that the caller's
 * rebuild from the stored rows cannot mend, so it stops the program rather than go on booking. */
static void assert_rows(const struct err *err)
{
    assert(strstr(err->internal, "rows instead of") == NULL);
}

enum db_rc db_pipeline_commit(struct db *db, struct err *err)
{
    bool ok = true;

    assert(db->piping);
    if (!pipe_text(db, "COMMIT", err)) return DB_FAIL;
    if (!PQpipelineSync(db->conn)) {
        (void)pipe_failed(db, "sync", err);
        err->code = ERR_OUTCOME_UNKNOWN;
        return DB_FAIL;
    }
    *err = (struct err){ 0 };
    for (size_t i = 0; i < db->steps_n; i++)
        ok = step_answer(db, &db->steps[i], err) && ok;
    if (PQstatus(db->conn) != CONNECTION_OK || !leave_pipeline(db)) {
        (void)pipe_failed(db, "answer", err);
        err->code = ERR_OUTCOME_UNKNOWN;
        return DB_FAIL;
    }
    if (ok) return DB_ONE;
    assert_rows(err);
    /* Statements behind the failure were not prepared, those before it were: forget them all. */
    struct err ignored = { 0 };
    (void)run_plain(db, "ROLLBACK; DEALLOCATE ALL", "roll back", &ignored);
    db->prepared_n = 0;
    return DB_FAIL;
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
    if (fd.fd < 0) return fail(db, NULL, "be listened to", err);
    if (poll(&fd, 1, timeout_ms) <= 0) return true;
    if (!PQconsumeInput(db->conn)) return fail(db, NULL, "be listened to", err);
    for (PGnotify *n; (n = PQnotifies(db->conn)); PQfreemem(n))
        *came = true;
    return true;
}
