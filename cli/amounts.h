/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes, durations and amounts as people write them. Exact: what does not come out even is refused,
 * and nothing here is ever a floating-point number. */
#pragma once

#include <stdint.h>

#include "base/str.h"

/* Bytes: a number, perhaps with a fraction, and B, kB MB GB TB (powers of 1000) or KiB MiB GiB TiB
 * (powers of 1024); "Mi" for "MiB" as Kubernetes writes. "M" alone means either, so it is refused.
 * False, *out untouched, otherwise. */
MUST_CHECK bool size_parse(struct str s, int64_t *out);

/* Seconds: "90", or numbers with d h m s from large to small, "1h30m". */
MUST_CHECK bool duration_parse(struct str s, int64_t *out);

/* Thousandths: "1.5" is 1500. From 1. */
MUST_CHECK bool millis_parse(struct str s, int64_t *out);

/* An amount as the market takes it: digits, at most six decimals, no sign. */
bool amount_ok(struct str s);

/* "25.000000" to "25.00": zeros at the end go, two decimals stay. A view into `amount`. */
struct str amount_short(struct str amount);

#define SIZE_TEXT_SIZE 32

/* "1.4 MiB", "312 B". */
void size_format(int64_t bytes, char out[SIZE_TEXT_SIZE]);
/* "1h 02m 03s", "12s". */
void duration_format(int64_t seconds, char out[SIZE_TEXT_SIZE]);
