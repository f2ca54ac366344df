/* SPDX-License-Identifier: Apache-2.0 */
#include "store/leases.h"

#include "store/sql.h"

/* clang-format off */
#define LEASE_COLS(T, at)                                                                           \
    COL_I64(T, at lease), COL_I64(T, at bid), COL_I64(T, at ask), COL_I64(T, at node),              \
    COL_I64(T, at buyer), COL_I64(T, at provider), COL_I64(T, at pool), COL_I64(T, at units),       \
    COL_I64(T, at price), COL_I64(T, at seconds_max), COL_I64(T, at hold), COL_I64(T, at state),    \
    COL_I64(T, at epoch), COL_TIME(T, at traded_us), COL_TIME(T, at accepted_us),                   \
    COL_TIME(T, at ready_us), COL_TIME(T, at stopping_us), COL_TIME(T, at ended_us),                \
    COL_I64(T, at seconds_signed), COL_I64(T, at seconds_observed), COL_I64(T, at seconds_billed),  \
    COL_I64(T, at charge), COL_I64(T, at fee), COL_I64(T, at payout), COL_I64(T, at exit_code),     \
    COL_I64(T, at reason), COL_I64(T, at fault), COL_I64(T, at version), COL_TIME(T, at bid_at_us), \
    COL_TIME(T, at ask_at_us), COL_TIME(T, at node_at_us), COL_BOOL(T, at exited),                   \
    COL_I64(T, at base), COL_BOOL(T, at own), COL_BOOL(T, at ripe), COL_I64(T, at waits),           \
    COL_I64(T, at insurance), COL_I64(T, at nodes), COL_I64(T, at rank),               \
    COL_TIME(T, at prepared_us), COL_TIME(T, at gathered_us)

static const struct sql_col cols[] = { LEASE_COLS(struct lease_row, ) };
/* The same row within a larger one. */
static const struct sql_col text_cols[] = {
    LEASE_COLS(struct lease_text_row, lease.),
    COL_BYTES(struct lease_text_row, payload), COL_I64(struct lease_text_row, seq),
};
/* clang-format on */

static enum db_rc one(struct db *db, const struct sql_stmt *s, const struct sql_arg *args,
                      struct lease_row *out, struct err *err)
{
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(*out), NULL };

    return db_one(db, s, args, &rows, out, err);
}

static enum db_rc list(struct db *db, const struct sql_stmt *s, const struct sql_arg *args,
                       struct arena *a, struct lease_row **out, size_t *n, struct err *err)
{
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct lease_row), a };
    void *array = NULL;

    *n = 0;
    const enum db_rc rc = db_many(db, s, args, &rows, &array, n, err);
    *out = array;
    return rc;
}

enum db_rc store_read_lease(struct db *db, int64_t lease, int64_t account, struct lease_row *out,
                            struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(lease), SQL_I64(account) };

    return one(db, &SQL_lease, args, out, err);
}

enum db_rc store_read_lease_of_node(struct db *db, int64_t lease, int64_t node,
                                    struct lease_row *out, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(lease), SQL_I64(node) };

    return one(db, &SQL_lease_of_node, args, out, err);
}

enum db_rc store_list_leases(struct db *db, const struct lease_query *q, struct arena *a,
                             struct lease_row **out, size_t *n, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(q->account), SQL_I64(q->role), SQL_I64(q->state),
                                    SQL_I64(q->before), SQL_I64(q->limit) };

    return list(db, &SQL_leases, args, a, out, n, err);
}

enum db_rc store_list_leases_of_bid(struct db *db, int64_t bid, struct arena *a,
                                    struct lease_row **out, size_t *n, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(bid) };

    return list(db, &SQL_leases_of_bid, args, a, out, n, err);
}

enum db_rc store_list_leases_live(struct db *db, int64_t node, struct arena *a,
                                  struct lease_row **out, size_t *n, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(node) };

    return list(db, &SQL_leases_live, args, a, out, n, err);
}

enum db_rc store_list_assignments(struct db *db, int64_t node, int64_t after, int64_t limit,
                                  struct arena *a, struct lease_row **out, size_t *n,
                                  struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(node), SQL_I64(after), SQL_I64(limit) };

    return list(db, &SQL_assignments, args, a, out, n, err);
}

struct image_row {
    struct str image_digest;
};

enum db_rc store_read_lease_image(struct db *db, int64_t lease, struct arena *a, struct str *out,
                                  struct err *err)
{
    static const struct sql_col image_cols[] = { COL_TEXT(struct image_row, image_digest) };
    const struct sql_rows rows = { image_cols, 1, sizeof(struct image_row), a };
    const struct sql_arg args[] = { SQL_I64(lease) };
    struct image_row found = { { NULL, 0 } };

    const enum db_rc rc = db_one(db, &SQL_lease_image, args, &rows, &found, err);
    if (rc == DB_ONE) *out = found.image_digest;
    return rc;
}

enum db_rc store_read_receipt(struct db *db, int64_t lease, int64_t account, struct arena *a,
                              struct lease_text_row *out, struct err *err)
{
    const struct sql_rows rows = { text_cols, ARRAY_LEN(text_cols), sizeof(*out), a };
    const struct sql_arg args[] = { SQL_I64(lease), SQL_I64(account) };

    return db_one(db, &SQL_receipt, args, &rows, out, err);
}

struct number {
    int64_t lease;
};

enum db_rc store_read_receipt_last(struct db *db, int64_t bid, int64_t *lease, struct err *err)
{
    static const struct sql_col number_cols[] = { COL_I64(struct number, lease) };
    const struct sql_rows rows = { number_cols, 1, sizeof(struct number), NULL };
    const struct sql_arg args[] = { SQL_I64(bid) };
    struct number found = { 0 };

    const enum db_rc rc = db_one(db, &SQL_receipt_last, args, &rows, &found, err);
    if (rc == DB_ONE) *lease = found.lease;
    return rc;
}
