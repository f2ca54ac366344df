/* SPDX-License-Identifier: Apache-2.0 */
/* What was traded in a span of time: first, highest, lowest and last price, and how much. From
 * trades only: a span without one has no price. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define MINUTE_US INT64_C(60000000)

struct candle {
    int64_t start_us;
    int64_t open, high, low, close; /* micro-USD a unit and hour; 0 while trades is 0 */
    int64_t units;
    int64_t unit_seconds; /* units times the longest time that each lease may run */
    int64_t trades;
};

/* One more trade, later than all before. */
void candle_add(struct candle *c, int64_t price, int64_t units, int64_t seconds);
/* All of `later`, which is of a later span; c->start_us stays. */
void candle_join(struct candle *c, const struct candle *later);

/* The start of the span of that width in which a time lies: spans are counted from 1970, so days
 * are those of UTC. at_us >= 0. */
int64_t candle_start(int64_t at_us, int64_t width_us);

/* The minutes of the last day and a bit, each a candle, in a ring: what a day's statistics and the
 * candles of every width within it are added up from. A trade costs O(1), a span its minutes. */
#define SERIES_MINUTES 1536
#define DAY_MINUTES    1440

struct series {
    struct candle minutes[SERIES_MINUTES];
    int64_t newest_us; /* the start of the newest minute that has a trade; 0: none has */
};

/* Trades in their order. A minute that has fallen out of the ring is left alone. */
void series_add(struct series *s, int64_t at_us, int64_t price, int64_t units, int64_t seconds);
/* A whole minute at once, while loading; in their order. */
void series_put(struct series *s, const struct candle *minute);

/* All that was traded in [from_us, to_us), both on whole minutes. What lies before the ring is not
 * seen: ask series_holds() first. */
struct candle series_sum(const struct series *s, int64_t from_us, int64_t to_us);
/* Is everything from there on still in the ring? */
bool series_holds(const struct series *s, int64_t from_us);
