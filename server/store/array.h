/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays as parameters of a statement, in PostgreSQL's binary form: one value a row of a group.
 *
 * Layout (src/backend/utils/adt/arrayfuncs.c, array_recv): dimensions, null flag, element type,
 * then length and lower bound, then each element as length (-1: NULL) and bytes. */
#pragma once

#include "base/buf.h"

enum sql_element { ELEMENT_I64, ELEMENT_TIME, ELEMENT_UUID, ELEMENT_BYTES, ELEMENT_BOOL };

struct sql_array {
    enum sql_element element;
    struct buf bytes; /* header and elements; the header is filled in at array_view() */
    int32_t n;
    bool has_null;
};

void array_init(struct sql_array *a, enum sql_element element, size_t max_bytes);
void array_done(struct sql_array *a);
void array_clear(struct sql_array *a);

void array_i64(struct sql_array *a, int64_t v);
void array_time(struct sql_array *a, int64_t at_us); /* 0: NULL */
void array_uuid(struct sql_array *a, const uint8_t id[16]);
void array_bytes(struct sql_array *a, struct str s);
void array_bool(struct sql_array *a, bool b);
void array_null(struct sql_array *a);

struct str array_view(struct sql_array *a); /* until the next write */

/* The numbers of a bigint[] without NULLs, as PostgreSQL sends it; none when p is NULL. There are
 * at most so many: asserts. How many there are. */
size_t array_read_i64(struct str sent, int64_t *out, size_t most);
