/* SPDX-License-Identifier: Apache-2.0 */
/* Asks, as they are read for people and agents. The market thread alone writes them. */
#pragma once

#include "store/db.h"

struct ask_row {
    int64_t ask, account, at_us, priority, node, pool, price, floor, units, free, until_us;
    int64_t seconds_min, seconds_max, state, reason, version;
    int64_t node_at_us; /* names the node, with its number */
};

/* Which asks of an account. 0 for node or state: any. */
struct ask_query {
    int64_t account, node, state;
    int64_t before, limit;
};

/* node 0: any. DB_NONE: unknown, not this account's, or of another node. */
MUST_CHECK enum db_rc store_read_ask(struct db *db, int64_t ask, int64_t account, int64_t node,
                                     struct ask_row *out, struct err *err);
/* Newest first. DB_NONE: there are no more. */
MUST_CHECK enum db_rc store_list_asks(struct db *db, const struct ask_query *q, struct arena *a,
                                      struct ask_row **out, size_t *n, struct err *err);
/* Those of a node that are open, or ended after `since_us`; at most 100. */
MUST_CHECK enum db_rc store_list_asks_told(struct db *db, int64_t account, int64_t node,
                                           int64_t since_us, struct arena *a, struct ask_row **out,
                                           size_t *n, struct err *err);
