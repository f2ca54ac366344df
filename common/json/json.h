/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: jansson, with our limits, and canonical text.
 *
 * json_t values follow jansson's rules of ownership; auto_json drops a reference at scope end. */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define auto_json __attribute__((cleanup(auto_json_)))
void auto_json_(json_t **j);

/* Parse one whole document: no duplicate keys, valid UTF-8, no NUL (written as \u0000 neither),
 * integers within int64, depth <= JSON_DEPTH_MAX. NULL: ERR_MALFORMED_BODY with line and column, or
 * ERR_NO_MEMORY. Yours to decref. */
json_t *json_parse(struct str text, struct err *err);

/* Canonical form (RFC 8785 for objects, arrays, strings, integers, booleans, null): keys sorted by
 * their bytes, no blanks, minimal escapes. A real number is a bug: asserts; so not for what came
 * from outside, unless a table has read it. */
void json_canonical(const json_t *j, struct buf *out);
/* The same without sorting, for answers: members in the order in which they were set. */
void json_compact(const json_t *j, struct buf *out);
/* One string of it, with its quotes; what json_text would change is changed. */
void json_canonical_text(struct str s, struct buf *out);

/* A string value from bytes that may not be UTF-8: each byte that belongs to no valid sequence, and
 * NUL, becomes U+FFFD. NULL: no memory. */
json_t *json_text(struct str s);
bool json_text_ok(struct str s); /* does json_text keep every byte? */
/* The same value for jansson's iterators, which want one that is not const: walking changes
 * nothing. */
json_t *json_walkable(const json_t *j);
/* Text of a string member in place; empty str when absent or no string. */
struct str json_get_text(const json_t *object, const char *name);
/* Integer member within the range. False, *out untouched, otherwise. */
MUST_CHECK bool json_get_i64(const json_t *object, const char *name, int64_t min, int64_t max,
                             int64_t *out);
