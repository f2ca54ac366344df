/* SPDX-License-Identifier: Apache-2.0 */
/* Commands as they were recorded, and the ledger entries that they carry. */
#pragma once

#include "store/db.h"

struct command_row {
    int64_t at_us;
    struct str payload; /* canonical JSON */
};

struct entry_line_row { /* a line, with what its entry says of itself */
    int64_t seq, at_us, kind;
    int64_t account, bucket, amount;
};

struct entry_query {
    int64_t account;
    int64_t bid; /* 0: of all jobs, and of none */
    int64_t before, limit;
};

/* DB_NONE: unknown, or not this account's. */
MUST_CHECK enum db_rc store_read_command(struct db *db, int64_t seq, int64_t account,
                                         struct arena *a, struct command_row *out, struct err *err);
/* All lines of a page of entries; newest entry first, lines in their order. DB_NONE: no more. */
MUST_CHECK enum db_rc store_list_entries(struct db *db, const struct entry_query *q,
                                         struct arena *a, struct entry_line_row **out, size_t *n,
                                         struct err *err);
