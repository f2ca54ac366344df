/* SPDX-License-Identifier: Apache-2.0 */
/* The only doors to the clocks. */
#pragma once

#include "base/str.h"

int64_t clock_wall_us(void);      /* microseconds since 1970, UTC; may jump */
int64_t clock_boot_us(void);      /* CLOCK_BOOTTIME: never jumps, counts suspend */
int64_t clock_monotonic_us(void); /* for measuring */
void clock_sleep_us(int64_t us);

#define RFC3339_SIZE 25 /* "2026-11-24T08:47:08.123Z" and a NUL */

/* UTC with milliseconds. Years 1970 to 9999. */
void rfc3339_format(int64_t at_us, char out[RFC3339_SIZE]);

/* RFC 3339 with "Z" or an offset, at most 9 decimals (cut to µs), no leap seconds, years as above:
 * what is parsed can be formatted. False, *out untouched, else. */
MUST_CHECK bool rfc3339_parse(struct str text, int64_t *out);
