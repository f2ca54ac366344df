/* SPDX-License-Identifier: Apache-2.0 */
#include "store/auctions.h"

#include "store/sql.h"
#include "store/terms.h"

#define AT_ONCE 64  /* auctions of one answer */
#define SELLERS 256 /* who is told of one at once: four times as many as may offer */

static bool fill(struct auction_row *r, struct err *err)
{
    struct terms terms = { .n = 0 };
    struct bid bid = { .spec.wants = { { (int32_t)r->pool, (int32_t)r->units } } };

    if (!terms_read(r->terms, terms.v, ARRAY_LEN(terms.v), &terms.n))
        return FAIL(err, ERR_DB, "The terms of a bid cannot be read.");
    terms_to_bid(&terms, /* progress= */ 0, &bid);
    for (int32_t i = 0; i < bid.spec.wants_n; i++)
        r->wants[i] = bid.spec.wants[i];
    r->wants_n = bid.spec.wants_n;
    return true;
}

enum db_rc store_list_auctions(struct db *db, int64_t node, int64_t after, int64_t now_us,
                               struct arena *a, struct auction_row **out, size_t *n,
                               struct err *err)
{
    static const struct sql_col cols[] = {
        COL_I64(struct auction_row, bid),        COL_TIME(struct auction_row, at_us),
        COL_TIME(struct auction_row, closes_us), COL_I64(struct auction_row, pool),
        COL_I64(struct auction_row, units),      COL_I64(struct auction_row, seconds),
        COL_BYTES(struct auction_row, terms),
    };
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct auction_row), a };
    const struct sql_arg args[] = { SQL_I64(node), SQL_I64(after), SQL_TIME(now_us),
                                    SQL_I64(AT_ONCE) };
    void *array = NULL;

    *n = 0;
    enum db_rc rc = db_many(db, &SQL_auctions_told, args, &rows, &array, n, err);
    *out = array;
    for (size_t i = 0; rc == DB_ONE && i < *n; i++)
        if (!fill(&(*out)[i], err)) rc = DB_FAIL;
    return rc;
}

struct found {
    int64_t at_us;
};

enum db_rc store_read_auction(struct db *db, int64_t bid, int64_t *at_us, struct err *err)
{
    static const struct sql_col cols[] = { COL_TIME(struct found, at_us) };
    const struct sql_rows rows = { cols, 1, sizeof(struct found), NULL };
    const struct sql_arg args[] = { SQL_I64(bid) };
    struct found found = { 0 };

    const enum db_rc rc = db_one(db, &SQL_auction, args, &rows, &found, err);
    if (rc == DB_ONE) *at_us = found.at_us;
    return rc;
}

struct seller {
    int64_t node;
};

enum db_rc store_list_sellers(struct db *db, int64_t pool, struct arena *a, int64_t **out,
                              size_t *n, struct err *err)
{
    static const struct sql_col cols[] = { COL_I64(struct seller, node) };
    const struct sql_rows rows = { cols, 1, sizeof(struct seller), a };
    const struct sql_arg args[] = { SQL_I64(pool), SQL_I64(SELLERS) };
    void *array = NULL;

    *n = 0;
    const enum db_rc rc = db_many(db, &SQL_asks_cheapest, args, &rows, &array, n, err);
    *out = array; /* a struct of one number */
    return rc;
}
