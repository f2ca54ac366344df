/* SPDX-License-Identifier: Apache-2.0 */
/* An export, line by line. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "rows/file.h"
#include "sign/sha.h"
#include "json/json.h"

#define LINE_MAX_BYTES (1 << 20)

static void put_bytes(struct buf *b, struct str s)
{
    char hex[3];

    buf_char(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        hex_encode((const uint8_t *)s.p + i, 1, hex);
        buf_c(b, hex);
    }
    buf_char(b, '"');
}

static void put_list(struct buf *b, const struct cell *c)
{
    buf_char(b, '[');
    for (size_t i = 0; i < c->list_n; i++) {
        if (i > 0) buf_char(b, ',');
        buf_i64(b, c->list[i]);
    }
    buf_char(b, ']');
}

static void put_cell(struct buf *b, char type, const struct cell *c)
{
    switch (type) {
    case 'x':
    case 'u': put_bytes(b, c->s); break;
    case 'j':
    case 's': json_canonical_text(c->s, b); break;
    case 'l': put_list(b, c); break;
    case 'b': buf_c(b, c->i != 0 ? "true" : "false"); break;
    default: buf_i64(b, c->i); break;
    }
}

static void put_row(struct buf *b, const struct row *r)
{
    const struct table_info *t = &table_infos[r->table];

    buf_fmt(b, "[\"%s\"", t->name);
    for (int i = 0; i < table_columns(r->table); i++) {
        buf_char(b, ',');
        put_cell(b, column_infos[(int)t->first + i].type, &r->cells[i]);
    }
    buf_c(b, "]\n");
}

static void put_header(struct buf *b)
{
    buf_fmt(b, "[\"" FILE_FORMAT "\",%d,{", FILE_VERSION);
    for (int t = 0; t < TABLES; t++) {
        buf_fmt(b, "%s\"%s\":[", t > 0 ? "," : "", table_infos[t].name);
        for (int i = 0; i < table_columns((enum table)t); i++)
            buf_fmt(b, "%s\"%s\"", i > 0 ? "," : "",
                    column_infos[(int)table_infos[t].first + i].name);
        buf_char(b, ']');
    }
    buf_c(b, "}]\n");
}

static bool put_line(FILE *to, struct buf *b, struct sha256_stream *sum, struct err *err)
{
    const struct str line = buf_view(b);

    if (b->failed) return FAIL(err, ERR_NO_MEMORY, "A row is too long.");
    if (sum) sha256_add(sum, line.p, line.n);
    if (fwrite(line.p, 1, line.n, to) != line.n)
        return FAIL(err, ERR_IO, "Cannot write: %s.", strerror(errno));
    buf_clear(b);
    return true;
}

bool file_write_all(struct row_source *from, FILE *to, struct err *err)
{
    struct buf b;
    struct sha256_stream *sum = sha256_new();
    struct row row;
    int64_t rows = 0;
    enum got got = GOT_ROW;
    char hex[65];

    buf_init(&b, LINE_MAX_BYTES);
    put_header(&b);
    bool ok = put_line(to, &b, sum, err);
    while (ok && (got = from->next(from, &row, err)) == GOT_ROW) {
        put_row(&b, &row);
        ok = put_line(to, &b, sum, err);
        rows++;
    }
    const struct hash h = sha256_end(sum);
    hex_encode(h.b, sizeof(h.b), hex);
    buf_fmt(&b, "[\"end\",%" PRId64 ",\"%s\"]\n", rows, hex);
    ok = ok && got == GOT_END && put_line(to, &b, NULL, err) && fflush(to) == 0;
    buf_done(&b);
    return ok;
}
