/* SPDX-License-Identifier: Apache-2.0 */
#include "store/asks.h"

#include "store/sql.h"
#include "store/terms.h"

#define A struct ask_row
static const struct sql_col cols[] = {
    COL_I64(A, ask),         COL_I64(A, account), COL_TIME(A, at_us),    COL_I64(A, priority),
    COL_I64(A, node),        COL_I64(A, pool),    COL_I64(A, price),     COL_I64(A, floor),
    COL_I64(A, units),       COL_I64(A, free),    COL_TIME(A, until_us), COL_I64(A, seconds_min),
    COL_I64(A, seconds_max), COL_I64(A, state),   COL_I64(A, reason),    COL_I64(A, version),
    COL_TIME(A, node_at_us), COL_I64(A, pricing), COL_BYTES(A, terms),
};
#undef A

static bool fill(struct ask_row *r, struct err *err)
{
    struct terms terms = { .n = 0 };

    if (!terms_read(r->terms, terms.v, ARRAY_LEN(terms.v), &terms.n))
        return FAIL(err, ERR_DB, "The terms of an ask cannot be read.");
    r->about = (struct ask){
        .ask = r->ask,
        .account = r->account,
        .at_us = r->at_us,
        .priority = r->priority,
        .spec = { .node = r->node,
                  .pool = (int32_t)r->pool,
                  .price = { r->price },
                  .floor = { r->floor },
                  .units = (int32_t)r->units,
                  .until_us = r->until_us,
                  .seconds_min = (int32_t)r->seconds_min,
                  .seconds_max = (int32_t)r->seconds_max },
        .free = (int32_t)r->free,
        .state = (enum order_state)r->state,
        .reason = (enum reason)r->reason,
    };
    terms_to_ask(&terms, &r->about);
    return true;
}

static enum db_rc fill_all(enum db_rc rc, struct ask_row *rows, size_t n, struct err *err)
{
    for (size_t i = 0; rc == DB_ONE && i < n; i++)
        if (!fill(&rows[i], err)) rc = DB_FAIL;
    return rc;
}

enum db_rc store_read_ask(struct db *db, int64_t ask, int64_t account, int64_t node,
                          struct arena *a, struct ask_row *out, struct err *err)
{
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(*out), a };
    const struct sql_arg args[] = { SQL_I64(ask), SQL_I64(account), SQL_I64(node) };

    return fill_all(db_one(db, &SQL_ask, args, &rows, out, err), out, 1, err);
}

static enum db_rc list(struct db *db, const struct sql_stmt *s, const struct sql_arg *args,
                       struct arena *a, struct ask_row **out, size_t *n, struct err *err)
{
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct ask_row), a };
    void *array = NULL;

    *n = 0;
    const enum db_rc rc = db_many(db, s, args, &rows, &array, n, err);
    *out = array;
    return fill_all(rc, array, *n, err);
}

enum db_rc store_list_asks(struct db *db, const struct ask_query *q, struct arena *a,
                           struct ask_row **out, size_t *n, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(q->account), SQL_I64(q->node), SQL_I64(q->state),
                                    SQL_I64(q->before), SQL_I64(q->limit) };

    return list(db, &SQL_asks, args, a, out, n, err);
}

enum db_rc store_list_asks_told(struct db *db, int64_t account, int64_t node, int64_t since_us,
                                struct arena *a, struct ask_row **out, size_t *n, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(account), SQL_I64(node), SQL_TIME(since_us) };

    return list(db, &SQL_asks_told, args, a, out, n, err);
}

enum db_rc store_find_rival(struct db *db, int64_t pool, int64_t account, struct rival_row *out,
                            struct err *err)
{
    static const struct sql_col rival_cols[] = { COL_I64(struct rival_row, price) };
    const struct sql_rows rows = { rival_cols, ARRAY_LEN(rival_cols), sizeof(*out), NULL };
    const struct sql_arg args[] = { SQL_I64(pool), SQL_I64(account) };

    return db_one(db, &SQL_ask_rival, args, &rows, out, err);
}

#define P struct ask_price_row
static const struct sql_col price_cols[] = {
    COL_I64(P, seq),
    COL_TIME(P, at_us),
    COL_BYTES(P, payload),
};
#undef P

enum db_rc store_list_ask_prices(struct db *db, const struct ask_price_query *q, struct arena *a,
                                 struct ask_price_row **out, size_t *n, struct err *err)
{
    const struct sql_rows rows = { price_cols, ARRAY_LEN(price_cols), sizeof(struct ask_price_row),
                                   a };
    const struct sql_arg args[] = { SQL_I64(q->ask), SQL_I64(q->account), SQL_I64(q->before),
                                    SQL_I64(q->limit) };
    void *array = NULL;

    *n = 0;
    const enum db_rc rc = db_many(db, &SQL_ask_prices, args, &rows, &array, n, err);
    *out = array;
    return rc;
}
