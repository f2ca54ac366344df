/* SPDX-License-Identifier: Apache-2.0 */
#include "rows/db.h"

#include <endian.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <string.h>

#include "base/mem.h"

#define PAGE            512
#define EPOCH_2000_US   INT64_C(946684800000000)
#define ARRAY_HEADER    20 /* dimensions, null flag, element type, length, lower bound */
#define ARRAY_ELEMENT   12 /* length and value */
#define SELECT_SIZE_MAX (1 << 24)

struct cursor {
    PGresult *page;
    int at;
    int64_t key; /* of the row at hand */
    bool open, ended;
    int64_t lists[CELLS_MAX][LIST_MAX];
};

struct db_source {
    struct row_source base;
    PGconn *conn;
    struct db_wish wish;
    struct cursor cursors[TABLES];
};

static bool failed(struct db_source *s, const char *what, struct err *err)
{
    const char *said = PQerrorMessage(s->conn);
    return FAIL(err, ERR_DB, "%s: %.*s", what, (int)strcspn(said, "\n"), said);
}

static bool run(struct db_source *s, const char *sql, struct err *err)
{
    PGresult *r = PQexec(s->conn, sql);
    const ExecStatusType status = PQresultStatus(r);

    PQclear(r);
    return status == PGRES_COMMAND_OK || failed(s, "the database refuses", err);
}

/* ---- cursors ---- */

static void select_column(struct buf *b, enum column c)
{
    const struct column_info *i = &column_infos[c];

    switch (i->type) {
    case 'i': buf_fmt(b, ", %s::bigint", i->name); break;
    case 'l': buf_fmt(b, ", %s::bigint[]", i->name); break;
    case 's': buf_fmt(b, ", %s::text", i->name); break;
    default: buf_fmt(b, ", %s", i->name); break;
    }
}

/* Where the rows of tables that carry a version are picked by number. */
static int picked(enum table t)
{
    switch ((int)t) {
    case TABLE_ASKS: return 0;
    case TABLE_BIDS: return 1;
    case TABLE_LEASES: return 2;
    case TABLE_PAYOUTS: return 3;
    default: return -1;
    }
}

static void where(const struct db_source *s, enum table t, struct buf *b)
{
    const struct table_info *i = &table_infos[t];
    const int pick = picked(t);

    if (pick >= 0 && s->wish.by_id) {
        buf_fmt(b, " WHERE %s = ANY('{", column_infos[i->first].name);
        for (size_t k = 0; k < s->wish.ids_n[pick]; k++)
            buf_fmt(b, "%s%" PRId64, k > 0 ? "," : "", s->wish.ids[pick][k]);
        buf_c(b, "}'::bigint[])");
    } else if (t == TABLE_TRADES) { /* so that its index serves */
        buf_fmt(b, " WHERE trade > %" PRId64, s->wish.after * 4096 + 4095);
    } else if (i->key[0] != '0' && i->key[0] != '\0') {
        buf_fmt(b, " WHERE (%s) > %" PRId64, i->key, s->wish.after);
    }
}

static const char *key_of(enum table t)
{
    if (table_infos[t].key[0] == '\0') return "9223372036854775807";
    return table_infos[t].key;
}

/* DECLARE … SELECT key, columns … ORDER BY key, first columns. */
static bool declare(struct db_source *s, enum table t, struct err *err)
{
    const struct table_info *i = &table_infos[t];
    struct buf b;

    buf_init(&b, SELECT_SIZE_MAX);
    buf_fmt(&b, "DECLARE c%d NO SCROLL CURSOR FOR SELECT (%s)::bigint", (int)t, key_of(t));
    for (int c = 0; c < table_columns(t); c++)
        select_column(&b, (enum column)((int)i->first + c));
    buf_fmt(&b, " FROM %s", i->from);
    where(s, t, &b);
    if (t == TABLE_TRADES)
        buf_c(&b, " ORDER BY trade");
    else if (t == TABLE_COMMANDS)
        buf_c(&b, " ORDER BY seq");
    else
        buf_c(&b, " ORDER BY 1, 2, 3");
    buf_char(&b, '\0');
    const bool ok = !b.failed && run(s, b.p, err);
    buf_done(&b);
    s->cursors[t].open = ok;
    return ok;
}

static int64_t be_i64(const char *p)
{
    uint64_t be;

    memcpy(&be, p, sizeof(be));
    return (int64_t)be64toh(be);
}

/* The next page of a cursor, if the one at hand is used up. */
static bool fill(struct db_source *s, enum table t, struct err *err)
{
    struct cursor *c = &s->cursors[t];
    char sql[64];

    if (c->ended || (c->page && c->at < PQntuples(c->page))) return true;
    PQclear(c->page);
    snprintf(sql, sizeof(sql), "FETCH %d FROM c%d", PAGE, (int)t);
    c->page = PQexecParams(s->conn, sql, 0, NULL, NULL, NULL, NULL, 1);
    c->at = 0;
    if (PQresultStatus(c->page) != PGRES_TUPLES_OK) return failed(s, table_infos[t].name, err);
    c->ended = PQntuples(c->page) == 0;
    return true;
}

/* ---- cells ---- */

static bool read_list(const char *p, size_t n, int64_t out[LIST_MAX], struct cell *cell)
{
    if (n < ARRAY_HEADER) return true; /* {} */
    const size_t count = (n - ARRAY_HEADER) / ARRAY_ELEMENT;
    if (count > LIST_MAX || n != ARRAY_HEADER + count * ARRAY_ELEMENT) return false;
    for (size_t i = 0; i < count; i++)
        out[i] = be_i64(p + ARRAY_HEADER + i * ARRAY_ELEMENT + 4);
    cell->list = out;
    cell->list_n = count;
    return true;
}

static bool read_cell(struct cursor *c, int column, char type, struct cell *out)
{
    const char *p = PQgetvalue(c->page, c->at, column + 1);
    const size_t n = (size_t)PQgetlength(c->page, c->at, column + 1);

    *out = (struct cell){ 0 };
    if (PQgetisnull(c->page, c->at, column + 1)) return true;
    switch (type) {
    case 'i': out->i = be_i64(p); return true;
    case 't': out->i = be_i64(p) + EPOCH_2000_US; return true;
    case 'b': out->i = *p != 0; return true;
    case 'l': return read_list(p, n, c->lists[column], out);
    default: out->s = (struct str){ p, n }; return true;
    }
}

/* The table whose next row comes first; TABLES: there is none. False: err. */
static bool first_of(struct db_source *s, enum table *first, struct err *err)
{
    *first = TABLES;
    for (int t = 0; t < TABLES; t++) {
        struct cursor *c = &s->cursors[t];
        if (!c->open) continue;
        if (!fill(s, (enum table)t, err)) return false;
        if (c->ended) continue;
        c->key = be_i64(PQgetvalue(c->page, c->at, 0));
        if (*first == TABLES || c->key < s->cursors[*first].key) *first = (enum table)t;
    }
    return true;
}

static enum got next(struct row_source *base, struct row *out, struct err *err)
{
    struct db_source *s = (struct db_source *)base;
    enum table first;

    if (!first_of(s, &first, err)) return GOT_ERROR;
    if (first == TABLES) return GOT_END;
    struct cursor *c = &s->cursors[first];
    out->table = first;
    out->key = c->key;
    for (int i = 0; i < table_columns(first); i++)
        if (!read_cell(c, i, column_infos[(int)table_infos[first].first + i].type,
                       &out->cells[i])) {
            (void)FAIL(err, ERR_DB, "%s: a list is too long", table_infos[first].name);
            return GOT_ERROR;
        }
    c->at++;
    return GOT_ROW;
}

static void close_source(struct row_source *base)
{
    struct db_source *s = (struct db_source *)base;

    for (int t = 0; t < TABLES; t++)
        PQclear(s->cursors[t].page);
    PQfinish(s->conn);
    mem_free(s);
}

static bool wanted(const struct db_source *s, enum table t)
{
    const struct table_info *i = &table_infos[t];

    if (i->key[0] == '\0') return s->wish.ends;
    if (i->key[0] == '0') return s->wish.after == 0 && !s->wish.by_id;
    return s->wish.by_id ? picked(t) >= 0 : s->wish.after == 0 || picked(t) < 0;
}

/* The cursors that the wish is about. */
static bool ask(struct db_source *s, const struct db_wish *wish, struct err *err)
{
    s->wish = *wish;
    for (int t = 0; t < TABLES; t++)
        if (wanted(s, (enum table)t) && !declare(s, (enum table)t, err)) return false;
    return true;
}

static bool begin(struct db_source *s, struct err *err)
{
    if (PQstatus(s->conn) != CONNECTION_OK) return failed(s, "no connection", err);
    return run(s, "SET client_encoding = 'UTF8'", err) && run(s, "SET search_path = public", err) &&
           run(s, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err);
}

struct row_source *db_source(const char *conninfo, const struct db_wish *wish, struct err *err)
{
    struct db_source *s = mem_zalloc(sizeof(*s));

    s->base = (struct row_source){ next, close_source };
    s->conn = PQconnectdb(conninfo);
    if (begin(s, err) && ask(s, wish, err)) return &s->base;
    close_source(&s->base);
    return NULL;
}

bool db_source_again(struct row_source *base, const struct db_wish *wish, struct err *err)
{
    struct db_source *s = (struct db_source *)base;

    for (int t = 0; t < TABLES; t++) {
        PQclear(s->cursors[t].page);
        s->cursors[t] = (struct cursor){ .page = NULL };
    }
    return run(s, "CLOSE ALL", err) && ask(s, wish, err);
}
