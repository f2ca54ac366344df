/* SPDX-License-Identifier: Apache-2.0 */
/* Asks, as they are read for people and agents. The market thread alone writes them. */
#pragma once

#include "domain/market.h"
#include "store/db.h"

struct ask_row {
    int64_t ask, account, at_us, priority, node, pool, price, floor, units, free, until_us;
    int64_t seconds_min, seconds_max, state, reason, version;
    int64_t node_at_us; /* names the node, with its number */
    struct str terms;   /* as the database has them: read `about` */
    struct ask about;   /* all that it states, in the market's words */
    int64_t pricing;    /* as in ask_pricing_names, from the command that placed it */
};

struct rival_row {
    int64_t price;
};

struct ask_price_row { /* a command that set the price of an ask */
    int64_t seq, at_us;
    struct str payload; /* canonical JSON */
};

struct ask_price_query {
    int64_t ask, account;
    int64_t before, limit;
};

/* Which asks of an account. 0 for node or state: any. */
struct ask_query {
    int64_t account, node, state;
    int64_t before, limit;
};

/* node 0: any. DB_NONE: unknown, not this account's, or of another node. */
MUST_CHECK enum db_rc store_read_ask(struct db *db, int64_t ask, int64_t account, int64_t node,
                                     struct arena *a, struct ask_row *out, struct err *err);
/* Newest first. DB_NONE: there are no more. */
MUST_CHECK enum db_rc store_list_asks(struct db *db, const struct ask_query *q, struct arena *a,
                                      struct ask_row **out, size_t *n, struct err *err);
/* Those of a node that are open, or ended after `since_us`; at most 100. */
MUST_CHECK enum db_rc store_list_asks_told(struct db *db, int64_t account, int64_t node,
                                           int64_t since_us, struct arena *a, struct ask_row **out,
                                           size_t *n, struct err *err);
/* The cheapest ask of others that competes with those of this account in a pool: open, with free
 * units, of a node with a delivery record. DB_NONE: there is none. */
MUST_CHECK enum db_rc store_find_rival(struct db *db, int64_t pool, int64_t account,
                                       struct rival_row *out, struct err *err);
/* What set the price of an ask, newest first; the last one placed it. DB_NONE: there are no more.
 */
MUST_CHECK enum db_rc store_list_ask_prices(struct db *db, const struct ask_price_query *q,
                                            struct arena *a, struct ask_price_row **out, size_t *n,
                                            struct err *err);
