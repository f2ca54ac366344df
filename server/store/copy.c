/* SPDX-License-Identifier: Apache-2.0 */
/* Many rows at once, as COPY sends them: libpq makes no result of each, and PostgreSQL no portal.
 *
 * The binary form (https://www.postgresql.org/docs/15/sql-copy.html) begins with a signature, four
 * bytes of flags, and the length of what else there is in the header. A row is the number of its
 * columns, then each as length (-1: NULL) and bytes, as in a binary result; -1 columns are the end.
 * Each message is one row; that the header comes with the first, or alone, is left open here. */
#include <assert.h>
#include <endian.h>
#include <string.h>

#include "base/buf.h"
#include "store/db_inside.h"

#define SIGNATURE     "PGCOPY\n\377\r\n" /* and a zero */
#define STATEMENT_MAX 8192

struct copying {
    const struct sql_stmt *stmt;
    const struct sql_rows *rows;
    db_row_fn *fn;
    void *arg;
    bool begun; /* the header has been read */
};

/* Cut the first n bytes off *s. False: there are not so many. */
static bool take_bytes(struct str *s, size_t n, struct str *out)
{
    if (s->n < n) return false;
    *out = (struct str){ s->p, n };
    *s = (struct str){ s->p + n, s->n - n };
    return true;
}

static bool take_i32(struct str *s, int32_t *out)
{
    struct str bytes;
    uint32_t word;

    if (!take_bytes(s, sizeof(word), &bytes)) return false;
    memcpy(&word, bytes.p, sizeof(word));
    *out = (int32_t)be32toh(word);
    return true;
}

static bool take_i16(struct str *s, int16_t *out)
{
    struct str bytes;
    uint16_t half;

    if (!take_bytes(s, sizeof(half), &bytes)) return false;
    memcpy(&half, bytes.p, sizeof(half));
    *out = (int16_t)be16toh(half);
    return true;
}

static bool take_header(struct str *s)
{
    struct str bytes;
    int32_t flags, more;

    return take_bytes(s, sizeof(SIGNATURE), &bytes) &&
           memcmp(bytes.p, SIGNATURE, sizeof(SIGNATURE)) == 0 && take_i32(s, &flags) &&
           flags == 0 && take_i32(s, &more) && more >= 0 && take_bytes(s, (size_t)more, &bytes);
}

static bool take_columns(struct str *s, const struct sql_rows *rows, void *row)
{
    for (size_t i = 0; i < rows->ncols; i++) {
        struct str v = { NULL, 0 };
        int32_t n;
        if (!take_i32(s, &n) || n < -1) return false;
        if (n >= 0 && !take_bytes(s, (size_t)n, &v)) return false;
        db_read_column(&rows->cols[i], v, row);
    }
    return true;
}

/* One message. The row stands on the stack, as there are many and each is soon done with. */
static bool take_message(struct copying *c, struct str s, struct err *err)
{
    char row[DB_ROW_MAX] __attribute__((aligned(16)));
    int16_t n;

    if (!c->begun && !take_header(&s)) goto strange;
    c->begun = true;
    while (s.n > 0) {
        if (!take_i16(&s, &n)) goto strange;
        if (n == -1) return true;
        assert(n == (int16_t)c->rows->ncols);
        if (!take_columns(&s, c->rows, row)) goto strange;
        if (!c->fn(c->arg, row, err)) return false;
    }
    return true;
strange:
    return FAIL(err, ERR_DB, "What COPY sent for %s is cut off, or is not its binary form.",
                c->stmt->name);
}

/* Statements end with a semicolon and a newline, which may not stand in brackets. */
static bool start(struct db *db, const struct sql_stmt *s, struct err *err)
{
    struct str select = str_of(s->text);
    struct buf text;

    while (select.n > 0 && strchr(";\n ", select.p[select.n - 1]))
        select.n--;
    buf_init(&text, STATEMENT_MAX);
    buf_c(&text, "COPY (");
    buf_str(&text, select);
    buf_c(&text, "\n) TO STDOUT (FORMAT binary)");
    buf_char(&text, '\0');
    PGresult *const res = text.failed ? NULL : PQexec(db->conn, text.p);
    const bool ok = PQresultStatus(res) == PGRES_COPY_OUT;
    if (!ok) (void)db_failed(db, res, s->name, err);
    PQclear(res);
    buf_done(&text);
    return ok;
}

/* The results that follow the rows: did all go well? */
static enum db_rc finish(struct db *db, const struct sql_stmt *s, struct err *err)
{
    enum db_rc rc = DB_ONE;

    for (PGresult *res; (res = PQgetResult(db->conn)); PQclear(res))
        if (PQresultStatus(res) != PGRES_COMMAND_OK && rc == DB_ONE)
            rc = db_classify(db, res, s->name, err);
    return rc;
}

enum db_rc db_copy(struct db *db, const struct sql_stmt *s, const struct sql_rows *rows,
                   db_row_fn *fn, void *arg, struct err *err)
{
    struct copying c = { s, rows, fn, arg, false };
    char *message;
    bool ok = true;
    int n;

    assert(!db->piping && s->nparams == 0 && rows->row_size <= DB_ROW_MAX);
    if (!start(db, s, err)) return DB_FAIL;
    while ((n = PQgetCopyData(db->conn, &message, /* async= */ 0)) > 0) {
        /* After a failure the rest is read and thrown away. */
        ok = ok && take_message(&c, (struct str){ message, (size_t)n }, err);
        PQfreemem(message);
    }
    if (n == -2) {
        if (ok) (void)db_failed(db, NULL, s->name, err);
        ok = false;
    }
    struct err ignored = { 0 };
    const enum db_rc rc = finish(db, s, ok ? err : &ignored);
    return ok ? rc : DB_FAIL;
}
