/* SPDX-License-Identifier: Apache-2.0 */
#include "rows/row.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

const struct table_info table_infos[TABLES] = {
#define TABLE(T, name, from, key) [TABLE_##T] = { name, from, key, FIRST_##T },
#define COLUMN(T, C, name, type, finding)
#include "rows/tables.def"
#undef TABLE
#undef COLUMN
};

int table_columns(enum table t)
{
    const int end = t + 1 < TABLES ? (int)table_infos[t + 1].first : (int)COLUMNS;
    return end - (int)table_infos[t].first;
}

const struct column_info column_infos[COLUMNS] = {
#define TABLE(T, name, from, key)
#define COLUMN(T, C, name, type, finding) [T##_##C] = { name, type },
#include "rows/tables.def"
#undef TABLE
#undef COLUMN
};

bool cell_eq(char type, const struct cell *a, const struct cell *b)
{
    switch (type) {
    case 'x':
    case 'u':
    case 'j':
    case 's': return str_eq(a->s, b->s);
    case 'l':
        return a->list_n == b->list_n &&
               (a->list_n == 0 || memcmp(a->list, b->list, a->list_n * sizeof(*a->list)) == 0);
    default: return a->i == b->i;
    }
}

static void print_list(const struct cell *c, struct buf *b)
{
    buf_char(b, '[');
    for (size_t i = 0; i < c->list_n; i++) {
        if (i > 0) buf_char(b, ',');
        buf_i64(b, c->list[i]);
    }
    buf_char(b, ']');
}

void cell_print(char type, const struct cell *c, char *out, size_t size)
{
    struct buf b;
    char text[65];

    buf_init(&b, 4096);
    switch (type) {
    case 'x':
    case 'u':
        hex_encode((const uint8_t *)c->s.p, c->s.n > 32 ? 32 : c->s.n, text);
        buf_c(&b, text);
        break;
    case 'j':
    case 's': buf_str(&b, (struct str){ c->s.p, c->s.n > 200 ? 200 : c->s.n }); break;
    case 'l': print_list(c, &b); break;
    case 't':
        if (c->i > 0) {
            char at[RFC3339_SIZE];
            rfc3339_format(c->i, at);
            buf_fmt(&b, "%s (%" PRId64 ")", at, c->i);
        } else {
            buf_c(&b, "none");
        }
        break;
    case 'b': buf_c(&b, c->i != 0 ? "true" : "false"); break;
    default: buf_i64(&b, c->i); break;
    }
    const struct str view = buf_view(&b);
    snprintf(out, size, "%.*s", (int)view.n, view.p);
    buf_done(&b);
}
