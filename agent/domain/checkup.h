/* SPDX-License-Identifier: Apache-2.0 */
/* The self-test of a machine: what a check is, and what many of them come to. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum check_result { CHECK_OK, CHECK_WARNING, CHECK_FAILURE, CHECK_SKIPPED };
#define CHECK_RESULTS 4
extern const char *const check_result_names[CHECK_RESULTS]; /* "ok", … as on the wire */

#define CHECK_TEXT 400

struct check {
    const char *id, *name; /* "D06", "engine" */
    enum check_result result;
    char reason[CHECK_TEXT]; /* what was seen */
    char fix[CHECK_TEXT];    /* the command that puts it right; empty: none, or none is needed */
};

/* The worst of them; what was skipped does not count. CHECK_OK for none. */
enum check_result checkup_worst(const struct check *v, size_t n);

/* Versions as 1.10.2, by their numbers: below 0, 0, above 0 as a is older, the same, newer. What
 * follows a '-' or '+' does not count, a number that is missing is 0. */
int checkup_compare_versions(struct str a, struct str b);
