/* SPDX-License-Identifier: Apache-2.0 */
/* The tape with what each trade was for, and what is added up from it. Hours that are over are kept
 * added up; the rest is added up when asked. */
#pragma once

#include "store/trades.h"

struct tape_row {
    int64_t trade, at_us, pool, units, price, bid, ask;
    bool bid_rested;
    int64_t seconds; /* the longest that its lease may run */
    bool own;        /* off the tape: not to be shown to anybody */
};

/* A span in which something was traded; times in micro-seconds, prices in micro-USD. */
struct candle_row {
    int64_t start_us, open, high, low, close, units, unit_seconds, trades;
};

/* 0: nothing was traded yet. */
MUST_CHECK bool store_tape_last(struct db *db, int64_t *trade, struct err *err);
/* Of all pools, oldest first, with those that are off the tape. DB_NONE: there are no more. */
MUST_CHECK enum db_rc store_tape_since(struct db *db, int64_t after, int64_t limit, struct arena *a,
                                       struct tape_row **out, size_t *n, struct err *err);
/* Newest first. DB_NONE: there are no more. */
MUST_CHECK enum db_rc store_tape_of_pool(struct db *db, int64_t pool, int64_t before, int64_t limit,
                                         struct arena *a, struct tape_row **out, size_t *n,
                                         struct err *err);

struct candle_query {
    int64_t pool, from_us, to_us; /* from_us included, to_us not */
    int64_t width_s;
    int64_t up_to; /* only trades up to this number; not looked at for widths of whole hours */
};

/* Oldest first, without the empty ones; of whole hours those that are over are read added up.
 * DB_NONE: nothing was traded. */
MUST_CHECK enum db_rc store_candles(struct db *db, const struct candle_query *q, struct arena *a,
                                    struct candle_row **out, size_t *n, struct err *err);
/* Add up the hours of a pool that are over and not added up yet. */
MUST_CHECK bool store_candles_roll(struct db *db, int64_t pool, struct err *err);
