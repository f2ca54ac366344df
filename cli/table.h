/* SPDX-License-Identifier: Apache-2.0 */
/* Aligned columns of text. Cells come from outside: what could move a cursor is shown as '?'. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

struct column {
    const char *title; /* NULL in all columns: no line of titles */
    bool right;        /* numbers */
};

#define COLUMNS_MAX 12
#define ROWS_MAX    10000

struct table {
    struct arena *a;
    const struct column *columns;
    size_t columns_n, rows_n;
    struct str *cells; /* rows_n × columns_n */
    size_t cells_n, cells_max;
};

/* `columns` stays the caller's; at most COLUMNS_MAX. */
void table_init(struct table *t, struct arena *a, const struct column *columns, size_t n);

/* The next cell, left to right, row by row; the text is copied. False: no memory, or ROWS_MAX. */
MUST_CHECK bool table_add(struct table *t, struct str cell);

/* Two blanks between columns, none at a line's end. */
void table_write(const struct table *t, struct buf *out);

/* How many columns of a terminal a text takes, when each character takes one. */
size_t text_width(struct str s);

/* Append `s` with control characters as '?'. */
void text_clean(struct str s, struct buf *out);
