/* SPDX-License-Identifier: Apache-2.0 */
/* What anybody sees of the market: its books, its tape and what is made from it, by the names of
 * openapi.yaml. NULL: no memory. */
#pragma once

#include "domain/depth.h"
#include "service/candles.h"
#include "service/price_index.h"
#include "service/view.h"
#include "store/tape.h"

json_t *view_levels(const struct depth_side *side, size_t most);

/* A trade of the tape, with the longest time that its lease may run. */
json_t *view_tape_row(const struct market_info *info, const struct tape_row *row);
json_t *view_tape(const struct market_info *info, const struct tape_row *rows, size_t n);

json_t *view_candle(const struct candle *c);
/* The middle of best bid and best ask; 0 when a side is empty. */
int64_t price_between(const struct depth_side *asks, const struct depth_side *bids);
/* Of one that was published: without a look at the book. */
json_t *view_index(const struct price_index *i);

/* What is told of a pool besides its name: everything that changes. */
struct figures {
    const struct depth_side *asks, *bids;
    const struct tape_row *last; /* NULL: nothing was traded yet */
    struct candle day;           /* from day.start_us, a whole minute, until now */
    struct price_index index;
    int64_t
        displacing; /* the lowest limit that has a lease make room; 0: none has. Of a pool alone */
};
json_t *view_ticker(const struct figures *f);
/* The pool with its figures. */
json_t *view_pool(const struct pool *pool, const struct figures *f);
