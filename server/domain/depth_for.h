/* SPDX-License-Identifier: Apache-2.0 */
/* The depth of a pool for one who has wishes: only what would serve him. Pure. */
#pragma once

#include "domain/depth.h"

/* What is asked for: of one machine, so many units, for so long. */
struct depth_wish {
    struct wish wish;
    int32_t units, seconds, checkpoint_seconds;
    bool interruptible;
};

/* The best levels of the asks that would serve a bid of the account (0: of nobody yet) with these
 * wishes at any price; not those of its own. At most `orders_max` of them are looked at, and as
 * many as the book's bounds allow are passed over: a level that would be cut in the middle is left
 * out. False: no such pool, or the wishes are not valid. O(log n) for each ask that serves or is
 * passed. */
MUST_CHECK bool market_depth_for(struct market *m, int64_t account, int32_t pool,
                                 const struct depth_wish *wish, size_t orders_max, int64_t now_us,
                                 struct depth_side *out);
