/* SPDX-License-Identifier: Apache-2.0 */
/* The parameters of one set-based statement, written row by row, cell by cell, sent as columns.
 *
 * The elements are given by a text, one letter a column: 'i' integer, 't' time, 'u' uuid, 'b'
 * bytes, 'o' boolean. A capital letter is a loose column, not part of the rows: lines of entries,
 * say, of which each row names a slice. */
#pragma once

#include "store/array.h"
#include "store/db.h"

#define SHEET_COLUMNS_MAX 40

struct sheet {
    const struct sql_stmt *stmt;
    struct sql_array columns[SHEET_COLUMNS_MAX];
    int columns_n, cells_n; /* cells_n: columns that belong to rows */
    int at;                 /* the next cell of the row being written */
    int64_t rows;
};

void sheet_init(struct sheet *s, const struct sql_stmt *stmt, const char *elements);
void sheet_done(struct sheet *s);
void sheet_clear(struct sheet *s);

void sheet_i64(struct sheet *s, int64_t v);
void sheet_time(struct sheet *s, int64_t at_us); /* 0: NULL */
void sheet_uuid(struct sheet *s, const uint8_t id[16]);
void sheet_bytes(struct sheet *s, struct str v);
void sheet_bool(struct sheet *s, bool b);

/* Append to a loose column; the index of the value, from 1. */
int64_t sheet_loose(struct sheet *s, int column, int64_t v);

/* Queue the statement, which must touch exactly as many rows as the sheet has; nothing when it has
 * none. */
MUST_CHECK bool sheet_send(struct sheet *s, struct db *db, struct err *err);
