/* SPDX-License-Identifier: Apache-2.0 */
/* Amounts as text: a decimal number with at most six decimals, held in millionths. Both ends read
 * and write it; what an amount means is the business of the rules above. */
#pragma once

#include "base/str.h"

#define MICROS_TEXT_SIZE 22 /* "-9223372036854.775808" and a NUL */

enum micros_read {
    MICROS_OK,
    MICROS_NOT_DECIMAL, /* not "-"? digits ("." digits)? */
    MICROS_TOO_PRECISE, /* more than six decimals */
    MICROS_TOO_LARGE,   /* beyond int64 */
};

/* The whole of `text`. *out is set on MICROS_OK alone. */
MUST_CHECK enum micros_read micros_parse(struct str text, int64_t *out);

/* "12.500000": always six decimals. */
void micros_format(int64_t micros, char out[MICROS_TEXT_SIZE]);
