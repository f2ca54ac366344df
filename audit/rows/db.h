/* SPDX-License-Identifier: Apache-2.0 */
/* Rows from the database, in one snapshot and read-only: nothing that happens meanwhile is seen,
 * and nothing can be changed. The role bourse_auditor may read all of it.
 *
 * Each table is a cursor of its own, read a page at a time and merged by key, so memory does not
 * grow with the market; PostgreSQL sorts tables by version on its disk where there is no index. */
#pragma once

#include "rows/row.h"

/* What a round of following asks for. */
struct db_wish {
    int64_t after;         /* commands, and what comes behind them, with greater keys; 0: all */
    const int64_t *ids[4]; /* of asks, bids, leases, payouts: these rows alone, by number, */
    size_t ids_n[4];
    bool by_id; /* instead of all that changed */
    bool ends;  /* the tables that come behind all commands too */
};

/* NULL: err says why the database cannot be read. The wish's ids are looked at only now. */
struct row_source *db_source(const char *conninfo, const struct db_wish *wish, struct err *err);

/* Ask for something else in the same snapshot, whose rows come next. False: err. */
MUST_CHECK bool db_source_again(struct row_source *s, const struct db_wish *wish, struct err *err);
