/* SPDX-License-Identifier: Apache-2.0 */
/* An explanation, checked the long way: every ask is counted, and of each term the values are tried
 * one by one, or the neighbours of what was named. Only looks at the market. */
#pragma once

#include "domain/explain.h"

struct asked {
    struct market *m;
    int64_t bid; /* that rests, */
    int64_t by;  /* of an account that can pay for any of the tries */
    int64_t now_us;
    struct bid_spec spec;
};

/* What is wrong with the explanation; NULL: nothing. Collars, and bounds of the search, must be out
 * of reach. */
const char *explain_naive_wrong(const struct asked *a, const struct explanation *e);
