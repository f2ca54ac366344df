/* SPDX-License-Identifier: Apache-2.0 */
/* A borrowed run of bytes. Never NUL-terminated, never owned, never NULL with n > 0. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct str {
    const char *p;
    size_t n;
};

/* A string literal as a str. */
#define STR(literal) ((struct str){ (literal), sizeof(literal) - 1 })

struct str str_of(const char *c_string); /* NULL gives the empty str */

bool str_eq(struct str a, struct str b);
bool str_is(struct str a, const char *c_string);
bool str_starts(struct str s, struct str prefix);
struct str str_trim(struct str s); /* without blanks and tabs at both ends */

/* Cut `s` at the first `sep`: true, *head before it and *tail after it; false (no sep): both
 * untouched. */
MUST_CHECK bool str_cut(struct str s, char sep, struct str *head, struct str *tail);

/* The whole of `s` as a decimal number within [min, max]: no blanks, no '+', no leading zeros but
 * "0" itself. False, leaving *out alone, otherwise. */
MUST_CHECK bool str_i64(struct str s, int64_t min, int64_t max, int64_t *out);

/* Lower-case hex, exactly 2 × n digits. False, leaving `out` alone, otherwise. */
MUST_CHECK bool str_hex(struct str s, uint8_t *out, size_t n);

/* Write 2 × n lower-case hex digits and a NUL to `out` (2 × n + 1 bytes). */
void hex_encode(const uint8_t *p, size_t n, char *out);
