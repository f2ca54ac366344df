/* SPDX-License-Identifier: Apache-2.0 */
/* Leases, as they are read for their parties. The market thread alone writes them. */
#pragma once

#include "store/db.h"

struct lease_row {
    int64_t lease, bid, ask, node, buyer, provider, pool, units, price, seconds_max, hold, state;
    int64_t epoch, traded_us, accepted_us, ready_us, stopping_us, ended_us; /* 0: not yet */
    int64_t seconds_signed, seconds_observed, seconds_billed, charge, fee, payout, exit_code;
    int64_t reason, fault, version;
    int64_t bid_at_us, ask_at_us, node_at_us; /* name them, with their numbers */
    bool exited;                              /* its receipt came */
    int64_t base;                             /* of a displacing one: the ask's price */
    bool own, ripe;
    int64_t waits;                    /* the lease that makes room for it first; 0: none */
    int64_t insurance;                /* part of the charge: charge = fee + payout + insurance */
    int64_t nodes, rank;              /* of a gang: how many leases, and which this is, from 0 */
    int64_t prepared_us, gathered_us; /* of a gang: it, and all of them, could start; 0: not yet */
};

/* With the command of its exit. */
struct lease_text_row {
    struct lease_row lease;
    struct str payload;
    int64_t seq;
};

enum lease_role { ROLE_BOTH, ROLE_BUYER, ROLE_PROVIDER };

struct lease_query {
    int64_t account;
    enum lease_role role;
    int64_t state; /* -1: any */
    int64_t before, limit;
};

/* DB_NONE: unknown, or the account is neither buyer nor provider. */
MUST_CHECK enum db_rc store_read_lease(struct db *db, int64_t lease, int64_t account,
                                       struct lease_row *out, struct err *err);
/* DB_NONE: unknown, or of another node. */
MUST_CHECK enum db_rc store_read_lease_of_node(struct db *db, int64_t lease, int64_t node,
                                               struct lease_row *out, struct err *err);
/* Newest first. DB_NONE: there are no more. */
MUST_CHECK enum db_rc store_list_leases(struct db *db, const struct lease_query *q, struct arena *a,
                                        struct lease_row **out, size_t *n, struct err *err);
MUST_CHECK enum db_rc store_list_leases_of_bid(struct db *db, int64_t bid, struct arena *a,
                                               struct lease_row **out, size_t *n, struct err *err);
/* Those that hold units of the node, or wait for them. */
MUST_CHECK enum db_rc store_list_leases_live(struct db *db, int64_t node, struct arena *a,
                                             struct lease_row **out, size_t *n, struct err *err);
/* What the node shall do that it was not told at version `after`; 0: all its live leases. By
 * version; more than `limit` when the last version has more leases. */
MUST_CHECK enum db_rc store_list_assignments(struct db *db, int64_t node, int64_t after,
                                             int64_t limit, struct arena *a, struct lease_row **out,
                                             size_t *n, struct err *err);
/* The digest of the image that runs, as the agent told it. DB_NONE: it told none. */
MUST_CHECK enum db_rc store_read_lease_image(struct db *db, int64_t lease, struct arena *a,
                                             struct str *out, struct err *err);
/* DB_NONE: no receipt, or the account is no party. */
MUST_CHECK enum db_rc store_read_receipt(struct db *db, int64_t lease, int64_t account,
                                         struct arena *a, struct lease_text_row *out,
                                         struct err *err);
/* The newest lease of the bid that has a receipt. DB_NONE: none has. */
MUST_CHECK enum db_rc store_read_receipt_last(struct db *db, int64_t bid, int64_t *lease,
                                              struct err *err);
