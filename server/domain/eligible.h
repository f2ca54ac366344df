/* SPDX-License-Identifier: Apache-2.0 */
/* May this ask serve this bid? Yes, or the first reason why not. Pure.
 *
 * An ask that may not is passed over and never stands in the way of one behind it. */
#pragma once

#include "domain/market.h"

enum eligible {
    ELIGIBLE_YES,
    NOT_SAME_POOL,
    NOT_OTHER_OWNER, /* nobody trades with himself */
    NOT_ENOUGH_UNITS,
    NOT_AT_THE_LIMIT, /* the ask's price is above it */
    NOT_THIS_SHORT,
    NOT_THIS_LONG,
    NOT_UNTIL_THEN, /* the ask ends before the run would */
    NOT_THIS_NODE,  /* it has failed the job before */
};

/* Both must be open. */
enum eligible eligible(const struct ask *a, const struct bid *b, int64_t now_us);
