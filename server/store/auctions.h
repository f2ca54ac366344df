/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed bids, as machines are told of them. The market thread alone writes them. */
#pragma once

#include "domain/market.h"
#include "store/db.h"

struct auction_row {
    int64_t bid, at_us, closes_us, pool, units, seconds;
    struct str terms; /* as the database has them: read `wants` */
    struct want wants[WANTS_MAX];
    int32_t wants_n;
};

/* Those that a node with an open ask in one of their pools may offer for, later than `after`.
 * DB_NONE: none. */
MUST_CHECK enum db_rc store_list_auctions(struct db *db, int64_t node, int64_t after,
                                          int64_t now_us, struct arena *a, struct auction_row **out,
                                          size_t *n, struct err *err);
/* When the sealed bid entered. DB_NONE: there is none of this number. */
MUST_CHECK enum db_rc store_read_auction(struct db *db, int64_t bid, int64_t *at_us,
                                         struct err *err);
/* The nodes that sell cheapest in a pool, one a row, some perhaps twice. DB_NONE: nobody sells. */
MUST_CHECK enum db_rc store_list_sellers(struct db *db, int64_t pool, struct arena *a,
                                         int64_t **out, size_t *n, struct err *err);
