/* SPDX-License-Identifier: Apache-2.0 */
/* Payouts, as they are read for people. */
#pragma once

#include "store/db.h"

struct payout_row {
    int64_t payout, amount, state, at_us, version;
};

/* DB_NONE: unknown, or not this account's. */
MUST_CHECK enum db_rc store_read_payout(struct db *db, int64_t payout, int64_t account,
                                        struct payout_row *out, struct err *err);
/* Newest first. DB_NONE: there are no more. */
MUST_CHECK enum db_rc store_list_payouts(struct db *db, int64_t account, int64_t before,
                                         int64_t limit, struct arena *a, struct payout_row **out,
                                         size_t *n, struct err *err);
