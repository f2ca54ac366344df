/* SPDX-License-Identifier: Apache-2.0 */
/* An export is read a line at a time; nothing in it is trusted. */
#include "rows/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sign/sha.h"
#include "json/json.h"

#define TEXT_ROOM (1 << 21) /* bytes of the texts of one row */

struct file_source {
    struct row_source base;
    FILE *f;
    bool is_stdin;
    char *line;
    size_t line_cap;
    int64_t number, rows;
    struct sha256_stream *sum;
    json_t *row; /* whose texts the last row looks at */
    char *bytes; /* and its bytes that stood in hex */
    int64_t lists[CELLS_MAX][LIST_MAX];
    bool ended;
};

static bool bad(const struct file_source *s, struct err *err, const char *what)
{
    return FAIL(err, ERR_VALIDATION_FAILED, "line %" PRId64 ": %s", s->number, what);
}

/* The next line without its newline. False: err, or there is none. */
static bool read_line(struct file_source *s, struct str *out, struct err *err)
{
    const ssize_t n = getline(&s->line, &s->line_cap, s->f);

    s->number++;
    if (n <= 0) return bad(s, err, "the file ends without its last line: it was cut");
    if (s->line[n - 1] != '\n') return bad(s, err, "the line has no end: the file was cut");
    *out = (struct str){ s->line, (size_t)n };
    return true;
}

static json_t *parse(const struct file_source *s, struct str line, struct err *err)
{
    struct err why = { 0 };
    json_t *j = json_parse((struct str){ line.p, line.n - 1 }, &why);

    if (!j) (void)FAIL(err, ERR_VALIDATION_FAILED, "line %" PRId64 ": %s", s->number, why.detail);
    return j;
}

/* ---- cells ---- */

static bool read_text(const json_t *v, struct cell *out)
{
    if (!json_is_string(v)) return false;
    out->s = (struct str){ json_string_value(v), json_string_length(v) };
    return true;
}

static bool read_bytes(const json_t *v, struct cell *out, char **room, const char *end)
{
    if (!json_is_string(v)) return false;
    const struct str hex = { json_string_value(v), json_string_length(v) };
    const size_t n = hex.n / 2;
    if (n > (size_t)(end - *room) || !str_hex(hex, (uint8_t *)*room, n) || hex.n % 2 != 0)
        return false;
    out->s = (struct str){ *room, n };
    *room += n;
    return true;
}

static bool read_list(const json_t *v, int64_t list[LIST_MAX], struct cell *out)
{
    const size_t n = json_array_size(v);

    if (!json_is_array(v) || n > LIST_MAX) return false;
    for (size_t i = 0; i < n; i++) {
        const json_t *e = json_array_get(v, i);
        if (!json_is_integer(e)) return false;
        list[i] = json_integer_value(e);
    }
    out->list = list;
    out->list_n = n;
    return true;
}

static bool read_cell(struct file_source *s, int i, char type, char **room, struct cell *out)
{
    const json_t *v = json_array_get(s->row, (size_t)i + 1);

    *out = (struct cell){ 0 };
    switch (type) {
    case 'x':
    case 'u': return read_bytes(v, out, room, s->bytes + TEXT_ROOM);
    case 'j':
    case 's': return read_text(v, out);
    case 'l': return read_list(v, s->lists[i], out);
    case 'b': out->i = json_is_true(v); return json_is_boolean(v);
    default: out->i = json_integer_value(v); return json_is_integer(v);
    }
}

/* ---- rows ---- */

static enum table table_named(struct str name)
{
    for (int t = 0; t < TABLES; t++)
        if (str_is(name, table_infos[t].name)) return (enum table)t;
    return TABLES;
}

/* The command that a row comes behind. */
static int64_t key_of(const struct row *r)
{
    const struct table_info *t = &table_infos[r->table];

    if (t->key[0] == '\0') return KEY_END;
    if (t->key[0] == '0') return 0;
    if (r->table == TABLE_TRADES) return row_i64(r, TRADES_TRADE) / 4096;
    for (int i = 0; i < table_columns(r->table); i++)
        if (strcmp(column_infos[(int)t->first + i].name, t->key) == 0) return r->cells[i].i;
    return 0;
}

static bool read_footer(struct file_source *s, struct err *err)
{
    char hex[65];
    const struct hash h = sha256_end(s->sum);
    const json_t *sum = json_array_get(s->row, 2);

    s->sum = NULL;
    s->ended = true;
    hex_encode(h.b, sizeof(h.b), hex);
    if (json_array_size(s->row) != 3 || !json_is_string(sum) ||
        strcmp(json_string_value(sum), hex) != 0)
        return bad(s, err, "the sum of the file is another than the footer says");
    if (json_integer_value(json_array_get(s->row, 1)) != s->rows)
        return bad(s, err, "the footer counts other rows");
    if (fgetc(s->f) != EOF) return bad(s, err, "something stands behind the last line");
    return true;
}

static bool read_row(struct file_source *s, struct row *out, struct err *err)
{
    struct cell name = { 0 };
    char *room = s->bytes;

    if (!read_text(json_array_get(s->row, 0), &name) ||
        (out->table = table_named(name.s)) == TABLES)
        return bad(s, err, "this is no row");
    const int n = table_columns(out->table);
    if (json_array_size(s->row) != (size_t)n + 1) return bad(s, err, "a row of another length");
    for (int i = 0; i < n; i++) {
        const enum column c = (enum column)((int)table_infos[out->table].first + i);
        if (!read_cell(s, i, column_infos[c].type, &room, &out->cells[i]))
            return FAIL(err, ERR_VALIDATION_FAILED, "line %" PRId64 ": %s.%s is of another type",
                        s->number, table_infos[out->table].name, column_infos[c].name);
    }
    out->key = key_of(out);
    s->rows++;
    return true;
}

static enum got next(struct row_source *base, struct row *out, struct err *err)
{
    struct file_source *s = (struct file_source *)base;
    struct str line = { NULL, 0 };

    if (s->ended) return GOT_END;
    json_decref(s->row);
    s->row = NULL;
    if (!read_line(s, &line, err) || !(s->row = parse(s, line, err))) return GOT_ERROR;
    const json_t *name = json_array_get(s->row, 0);
    if (json_is_string(name) && strcmp(json_string_value(name), "end") == 0)
        return read_footer(s, err) ? GOT_END : GOT_ERROR;
    sha256_add(s->sum, line.p, line.n);
    return read_row(s, out, err) ? GOT_ROW : GOT_ERROR;
}

/* ---- opening ---- */

static bool same_columns(const json_t *tables)
{
    if (json_object_size(tables) != TABLES) return false;
    for (int t = 0; t < TABLES; t++) {
        const json_t *columns = json_object_get(tables, table_infos[t].name);
        if (json_array_size(columns) != (size_t)table_columns((enum table)t)) return false;
        for (int i = 0; i < table_columns((enum table)t); i++) {
            const char *name = json_string_value(json_array_get(columns, (size_t)i));
            if (!name || strcmp(name, column_infos[(int)table_infos[t].first + i].name) != 0)
                return false;
        }
    }
    return true;
}

static bool read_header(struct file_source *s, struct err *err)
{
    struct str line = { NULL, 0 };

    if (!read_line(s, &line, err)) return false;
    sha256_add(s->sum, line.p, line.n);
    auto_json json_t *header = parse(s, line, err);
    if (!header) return false;
    const char *format = json_string_value(json_array_get(header, 0));
    if (!format || strcmp(format, FILE_FORMAT) != 0)
        return bad(s, err, "this is no export for the auditor");
    if (json_integer_value(json_array_get(header, 1)) != FILE_VERSION ||
        !same_columns(json_array_get(header, 2)))
        return bad(s, err, "this program reads another version of exports");
    return true;
}

static void close_source(struct row_source *base)
{
    struct file_source *s = (struct file_source *)base;

    if (s->f && !s->is_stdin) (void)fclose(s->f);
    if (s->sum) sha256_free(s->sum);
    json_decref(s->row);
    free(s->line); /* getline's */
    mem_free(s->bytes);
    mem_free(s);
}

struct row_source *file_source(const char *path, struct err *err)
{
    struct file_source *s = mem_zalloc(sizeof(*s));

    s->base = (struct row_source){ next, close_source };
    s->is_stdin = strcmp(path, "-") == 0;
    s->f = s->is_stdin ? stdin : fopen(path, "re");
    s->sum = sha256_new();
    s->bytes = mem_zalloc(TEXT_ROOM);
    if (!s->f) (void)FAIL(err, ERR_IO, "%s: %s", path, strerror(errno));
    if (s->f && read_header(s, err)) return &s->base;
    close_source(&s->base);
    return NULL;
}
