/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a market as the auditor sees them, wherever they come from: a database (rows/db.h) or an
 * export (rows/file.h). tables.def says which tables and columns there are.
 *
 * Rows come in this order: the market and its pools; then each command, and behind it the rows that
 * it is the key of, table by table; then what has no key, as it is after the last command. Rows of
 * one table and key are in order of their first columns. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum table {
#define TABLE(T, name, from, key) TABLE_##T,
#define COLUMN(T, C, name, type, finding)
#include "rows/tables.def"
#undef TABLE
#undef COLUMN
    TABLES
};

/* Columns are counted through all tables; FIRST_T is the first of table T. */
enum column {
    FIRST_COLUMN = -1,
#define TABLE(T, name, from, key)         FIRST_##T, BEFORE_##T = FIRST_##T - 1,
#define COLUMN(T, C, name, type, finding) T##_##C,
#include "rows/tables.def"
#undef TABLE
#undef COLUMN
    COLUMNS
};

#define CELLS_MAX 40 /* of a row */
#define LIST_MAX  64 /* of a list */
#define KEY_END   INT64_MAX

struct table_info {
    const char *name, *from, *key;
    enum column first;
};
extern const struct table_info table_infos[TABLES];
int table_columns(enum table t);

struct column_info {
    const char *name;
    char type;
};
extern const struct column_info column_infos[COLUMNS];

/* NULL is 0, false, the empty text and the empty list. */
struct cell {
    int64_t i; /* integers, times in µs, booleans */
    struct str s;
    const int64_t *list;
    size_t list_n;
};

struct row {
    enum table table;
    int64_t key; /* the command that it comes behind; 0: before all, KEY_END: behind all */
    struct cell cells[CELLS_MAX];
};

static inline const struct cell *row_cell(const struct row *r, enum column c)
{
    return &r->cells[(int)c - (int)table_infos[r->table].first];
}

static inline struct cell *row_at(struct row *r, enum column c)
{
    return &r->cells[(int)c - (int)table_infos[r->table].first];
}

static inline int64_t row_i64(const struct row *r, enum column c)
{
    return row_cell(r, c)->i;
}

/* Do two cells of that column say the same? */
bool cell_eq(char type, const struct cell *a, const struct cell *b);

/* For people: 123, 2026-11-24T…Z, true, hex, [1,2]; cut to what fits. */
void cell_print(char type, const struct cell *c, char *out, size_t size);

/* Where rows come from. */
enum got { GOT_ROW, GOT_END, GOT_ERROR };
struct row_source {
    enum got (*next)(struct row_source *s, struct row *out,
                     struct err *err); /* views until the next */
    void (*close)(struct row_source *s);
};
