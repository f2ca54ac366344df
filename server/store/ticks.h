/* SPDX-License-Identifier: Apache-2.0 */
/* Signed meter ticks: the newest one of each lease. */
#pragma once

#include "store/db.h"

struct tick_row {
    int64_t lease, epoch, n, seconds;
    struct str document;
    uint8_t signature[64];
};

/* DB_NONE: a later one is there. */
MUST_CHECK enum db_rc store_put_tick(struct db *db, const struct tick_row *t, struct err *err);
