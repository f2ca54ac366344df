/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/eligible.h"

#include <assert.h>

static bool excludes(const struct bid *b, int64_t node)
{
    for (int32_t i = 0; i < b->excluded_n; i++)
        if (b->excluded[i] == node) return true;
    return false;
}

enum eligible eligible(const struct ask *a, const struct bid *b, int64_t now_us)
{
    assert(a->state == ORDER_OPEN);
    assert(b->state == ORDER_OPEN);

    if (a->spec.pool != b->spec.pool) return NOT_SAME_POOL;
    if (a->account == b->account) return NOT_OTHER_OWNER;
    if (a->free < b->spec.units) return NOT_ENOUGH_UNITS;
    if (money_cmp(a->spec.price, b->spec.limit) > 0) return NOT_AT_THE_LIMIT;
    if (b->spec.seconds < a->spec.seconds_min) return NOT_THIS_SHORT;
    if (b->spec.seconds > a->spec.seconds_max) return NOT_THIS_LONG;
    if (a->spec.until_us < now_us + b->spec.seconds * INT64_C(1000000)) return NOT_UNTIL_THEN;
    if (excludes(b, a->spec.node)) return NOT_THIS_NODE;
    return ELIGIBLE_YES;
}
