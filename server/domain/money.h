/* SPDX-License-Identifier: Apache-2.0 */
/* Money: exact amounts of US dollars, in millionths.
 *
 * A struct of its own, so the compiler refuses to add a price to a count of seconds. No function
 * here rounds unless its name says which way. Pure: no I/O, no clock, no heap. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

struct money {
    int64_t micros;
};

/* Largest amount we accept from outside: a billion dollars. Nine thousand of them still add up. */
#define MONEY_INPUT_MAX ((struct money){ INT64_C(1000000000) * 1000000 })

#define MONEY_TEXT_SIZE 22 /* "-9223372036854.775808" and a NUL */

/* Negative, zero or positive, as `a` is below, equal to or above `b`. */
int money_cmp(struct money a, struct money b);
struct money money_min(struct money a, struct money b);

/* a + b and a - b. False, leaving *out alone, when the result does not fit. */
MUST_CHECK bool money_add(struct money a, struct money b, struct money *out);
MUST_CHECK bool money_sub(struct money a, struct money b, struct money *out);

/* price × units × seconds ÷ 3600: what a use costs. `_floor` leaves the remainder to the buyer,
 * `_ceil` is for holds, which must cover any charge. None may be negative. False, leaving *out
 * alone, when the result does not fit. (design.md §4) */
MUST_CHECK bool money_charge_floor(struct money per_unit_hour, int64_t units, int64_t seconds,
                                   struct money *out);
MUST_CHECK bool money_charge_ceil(struct money per_unit_hour, int64_t units, int64_t seconds,
                                  struct money *out);

/* How many whole seconds of `units` at `per_unit_hour` (> 0) the amount pays for, at most
 * `seconds_max`: the largest s with money_charge_floor(s) <= amount. */
int64_t money_seconds_for(struct money amount, struct money per_unit_hour, int64_t units,
                          int64_t seconds_max);

/* amount × bps ÷ 10,000, rounded down, in the payer's favour. amount >= 0, bps in 0..10000. */
struct money money_share_floor(struct money amount, int32_t bps);

/* Read "12.50": digits, at most one point with a digit on both sides, at most six decimals, no
 * sign, no exponent, no more than MONEY_INPUT_MAX. False, leaving *out alone, otherwise. */
MUST_CHECK bool money_parse(struct str text, struct money *out);

/* "12.500000": always six decimals, '-' before negative ones. */
void money_format(struct money m, char out[MONEY_TEXT_SIZE]);
