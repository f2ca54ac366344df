/* SPDX-License-Identifier: Apache-2.0 */
/* libpq queues what the socket does not take at once, so sending never waits for a server that is
 * busy with the group before. Each group ends with a Sync of its own: what fails in it takes the
 * rest of it along, and, as the transaction stays open and failed, all groups behind it too. That
 * is what the writer wants: they were made on the assumption that the first one holds. */
#include "store/pipeline.h"

#include <assert.h>
#include <poll.h>
#include <string.h>

#include "store/db_inside.h"

static bool broken(struct db *db, const char *what, struct err *err)
{
    db->broken = true;
    if (err->code != ERR_NONE) return false;
    FAIL(err, ERR_DB, "The database could not take the group.");
    err_internal(err, "%s: %s", what, PQerrorMessage(db->conn));
    return false;
}

static void push(struct db *db, const char *name, int64_t rows)
{
    assert(db->steps_n < STEPS_MAX);
    db->steps[(db->steps_first + db->steps_n++) % STEPS_MAX] = (struct step){ name, rows };
}

static bool push_text(struct db *db, const char *text, struct err *err)
{
    if (!PQsendQueryParams(db->conn, text, 0, NULL, NULL, NULL, NULL, 0))
        return broken(db, text, err);
    push(db, text, -1);
    return true;
}

bool db_pipeline_begin(struct db *db, struct err *err)
{
    if (!db->piping) {
        if (!PQenterPipelineMode(db->conn) || PQsetnonblocking(db->conn, 1) != 0)
            return broken(db, "pipeline", err);
        db->piping = true;
    }
    return push_text(db, "BEGIN", err);
}

bool db_pipeline_add(struct db *db, const struct sql_stmt *s, const struct sql_arg *args,
                     int64_t rows_expected, struct err *err)
{
    struct params p = { 0 };

    assert(db->piping);
    if (!db_bind(&p, args, s->nparams)) {
        FAIL(err, ERR_NO_MEMORY, "No memory for the parameters of %s.", s->name);
        return broken(db, s->name, err);
    }
    if (!db_is_prepared(db, s)) {
        assert(db->prepared_n < PREPARED_MAX);
        if (!PQsendPrepare(db->conn, s->name, s->text, s->nparams, p.types))
            return broken(db, s->name, err);
        push(db, s->name, -1);
        db->prepared[db->prepared_n++] = s;
    }
    if (!PQsendQueryPrepared(db->conn, s->name, s->nparams, p.values, p.lengths, p.formats, 1))
        return broken(db, s->name, err);
    push(db, s->name, rows_expected);
    return true;
}

bool db_pipeline_send(struct db *db, struct err *err)
{
    assert(db->piping);
    if (!push_text(db, "COMMIT", err)) return false;
    if (!PQpipelineSync(db->conn)) return broken(db, "sync", err);
    push(db, NULL, -1);
    db->groups_n++;
    return true;
}

/* A wrong row count is seen only after COMMIT was sent with the rest: it is a bug that the caller's
 * rebuild from the stored rows cannot mend, so it stops the program rather than go on booking. */
static bool accept_step(struct db *db, const struct step *step, PGresult *res, struct err *err)
{
    const ExecStatusType status = PQresultStatus(res);
    const ExecStatusType wanted = step->name ? PGRES_COMMAND_OK : PGRES_PIPELINE_SYNC;

    if (status != wanted && !(step->name && status == PGRES_TUPLES_OK)) {
        if (err->code == ERR_NONE && status != PGRES_PIPELINE_ABORTED)
            (void)db_classify(db, res, step->name ? step->name : "sync", err);
        return broken(db, step->name ? step->name : "sync", err);
    }
    assert(step->rows < 0 || db_affected(res) == step->rows);
    return true;
}

/* Is the answer of the first step here? With `wait`, until it is. */
static bool is_here(struct db *db, bool wait)
{
    return wait || !PQisBusy(db->conn);
}

/* The steps of the first group that have been answered; true with *done when that is all of it. */
static bool take_steps(struct db *db, bool wait, bool *done, struct err *err)
{
    *done = false;
    while (!*done && is_here(db, wait)) {
        const struct step step = db->steps[db->steps_first];
        PGresult *res = PQgetResult(db->conn);
        const bool ok = res && accept_step(db, &step, res, err);
        PQclear(res);
        if (!ok) return broken(db, step.name ? step.name : "sync", err);
        if (step.name) PQclear(PQgetResult(db->conn)); /* the NULL behind it */
        db->steps_first = (db->steps_first + 1) % STEPS_MAX;
        db->steps_n--;
        *done = !step.name;
    }
    return true;
}

enum db_rc db_pipeline_result(struct db *db, bool wait, struct err *err)
{
    bool done = false;

    assert(db->groups_n > 0);
    *err = (struct err){ 0 };
    bool ok = !db->broken && PQflush(db->conn) >= 0 && PQconsumeInput(db->conn);
    ok = ok ? take_steps(db, wait, &done, err) : broken(db, "answer", err);
    if (!ok) {
        if (PQstatus(db->conn) != CONNECTION_OK) err->code = ERR_OUTCOME_UNKNOWN;
        return DB_FAIL;
    }
    if (!done) return DB_NONE;
    db->groups_n--;
    return DB_ONE;
}

size_t db_pipeline_groups(const struct db *db)
{
    return db->groups_n;
}

void db_pipeline_watch(struct db *db, struct pollfd *out)
{
    const bool more = db->piping && PQflush(db->conn) == 1;

    *out = (struct pollfd){ .fd = PQsocket(db->conn),
                            .events = (short)(more ? POLLIN | POLLOUT : POLLIN) };
}

enum db_rc db_pipeline_commit(struct db *db, struct err *err)
{
    enum db_rc rc = DB_FAIL;

    if (!db_pipeline_send(db, err)) return DB_FAIL;
    while (db->groups_n > 0) {
        rc = db_pipeline_result(db, true, err);
        if (rc == DB_FAIL) return rc;
    }
    return rc;
}

bool db_pipeline_end(struct db *db, struct err *err)
{
    if (db->broken || db->groups_n > 0) return broken(db, "end", err);
    if (!db->piping) return true;
    if (!PQexitPipelineMode(db->conn) || PQsetnonblocking(db->conn, 0) != 0)
        return broken(db, "pipeline", err);
    db->piping = false;
    return true;
}
