/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sheet.h"

#include <assert.h>
#include <string.h>

#include "store/pipeline.h"

#define COLUMN_BYTES_MAX (64 << 20) /* GROUP_MAX bodies of BODY_MAX fit twice */

static enum sql_element element_of(char letter)
{
    switch (letter) {
    case 'i':
    case 'I': return ELEMENT_I64;
    case 't': return ELEMENT_TIME;
    case 'u': return ELEMENT_UUID;
    case 'b': return ELEMENT_BYTES;
    case 'o': return ELEMENT_BOOL;
    default: assert(false && "no such letter"); return ELEMENT_I64;
    }
}

void sheet_init(struct sheet *s, const struct sql_stmt *stmt, const char *elements)
{
    *s = (struct sheet){ .stmt = stmt, .columns_n = (int)strlen(elements) };
    assert(s->columns_n <= SHEET_COLUMNS_MAX && s->columns_n == stmt->nparams);
    for (int i = 0; i < s->columns_n; i++) {
        array_init(&s->columns[i], element_of(elements[i]), COLUMN_BYTES_MAX);
        if (elements[i] != 'I') s->cells_n++;
    }
}

void sheet_done(struct sheet *s)
{
    for (int i = 0; i < s->columns_n; i++)
        array_done(&s->columns[i]);
}

void sheet_clear(struct sheet *s)
{
    for (int i = 0; i < s->columns_n; i++)
        array_clear(&s->columns[i]);
    s->at = 0;
    s->rows = 0;
}

/* The column of the next cell; loose columns are passed over. */
static struct sql_array *next_cell(struct sheet *s)
{
    struct sql_array *a = &s->columns[s->at];

    assert(s->at < s->cells_n);
    if (++s->at == s->cells_n) {
        s->at = 0;
        s->rows++;
    }
    return a;
}

void sheet_i64(struct sheet *s, int64_t v)
{
    array_i64(next_cell(s), v);
}

void sheet_time(struct sheet *s, int64_t at_us)
{
    array_time(next_cell(s), at_us);
}

void sheet_uuid(struct sheet *s, const uint8_t id[16])
{
    array_uuid(next_cell(s), id);
}

void sheet_bytes(struct sheet *s, struct str v)
{
    array_bytes(next_cell(s), v);
}

void sheet_bool(struct sheet *s, bool b)
{
    array_bool(next_cell(s), b);
}

int64_t sheet_loose(struct sheet *s, int column, int64_t v)
{
    assert(column >= s->cells_n && column < s->columns_n);
    array_i64(&s->columns[column], v);
    return s->columns[column].n;
}

bool sheet_send(struct sheet *s, struct db *db, struct err *err)
{
    struct sql_arg args[SHEET_COLUMNS_MAX];

    assert(s->at == 0);
    if (s->rows == 0) return true;
    for (int i = 0; i < s->columns_n; i++)
        args[i] = (struct sql_arg){ SQL_T_ARRAY, { .a = &s->columns[i] } };
    return db_pipeline_add(db, s->stmt, args, s->rows, err);
}
