/* SPDX-License-Identifier: Apache-2.0 */
/* How often somebody may ask: a token bucket for each, in memory of a fixed size.
 *
 * A bucket holds `burst` tokens and gains `rate` of them a second; what it has is kept as the time
 * at which it is full again, so a bucket that nobody used for a while is the same as none. Any
 * thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

struct limiter;

struct limit_left {
    int64_t burst, rate; /* the policy */
    int64_t left;        /* tokens that it still has */
    int64_t full_us;     /* until it has all of them again */
    int64_t wait_us;     /* when refused: until there is one */
};

struct limiter *limiter_new(int64_t rate, int64_t burst);
void limiter_free(struct limiter *l); /* takes NULL */

/* Take a token of `who`; now_us is monotonic. False: there is none. */
MUST_CHECK bool limiter_take(struct limiter *l, uint64_t who, int64_t now_us,
                             struct limit_left *out);
