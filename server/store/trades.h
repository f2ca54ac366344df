/* SPDX-License-Identifier: Apache-2.0 */
/* The tape. */
#pragma once

#include "store/db.h"

struct trade_row {
    int64_t trade, at_us, pool, units, price, bid, ask;
    bool bid_rested; /* the ask arrived; else the bid did */
    bool own;        /* of one owner: free, and not on the tape */
    bool displacing; /* for a lease that had to make room */
};

/* The tape. pool 0: all of them. Newest first. DB_NONE: there are no more. */
MUST_CHECK enum db_rc store_list_trades(struct db *db, int64_t pool, int64_t before, int64_t limit,
                                        struct arena *a, struct trade_row **out, size_t *n,
                                        struct err *err);
/* The newest trade of a pool by a node with a delivery record, among the last hundred. DB_NONE:
 * there is none. */
MUST_CHECK enum db_rc store_find_proven_trade(struct db *db, int64_t pool, struct trade_row *out,
                                              struct err *err);
/* In order. DB_NONE: it traded nothing. */
MUST_CHECK enum db_rc store_list_trades_of_command(struct db *db, int64_t seq, struct arena *a,
                                                   struct trade_row **out, size_t *n,
                                                   struct err *err);
/* The whole tape in order, `limit` at a time, behind number `after`. DB_NONE: there are no more. */
MUST_CHECK enum db_rc store_list_trades_after(struct db *db, int64_t after, int64_t limit,
                                              struct arena *a, struct trade_row **out, size_t *n,
                                              struct err *err);
