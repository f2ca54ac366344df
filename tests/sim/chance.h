/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers of the simulator: splitmix64. A seed gives the same run on every machine. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct chance {
    uint64_t state;
};

uint64_t chance_u64(struct chance *c);
int64_t chance_between(struct chance *c, int64_t low,
                       int64_t high);                       /* both included; < 2^32 apart */
bool chance_in(struct chance *c, int64_t part, int64_t of); /* true in part of so many */

/* Exponentially distributed with this mean, at least 1; rounded down to a whole number. */
int64_t chance_wait(struct chance *c, int64_t mean);
