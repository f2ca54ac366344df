/* SPDX-License-Identifier: Apache-2.0 */
/* The log of commands, in order. */
#pragma once

#include "store/db.h"

struct command_row {
    int64_t seq, at_us;
    struct str payload;
};

/* The next `limit` commands behind number `after`. ERR_DB, ERR_NO_MEMORY. */
MUST_CHECK bool store_list_commands_after(struct db *db, int64_t after, int64_t limit,
                                          struct arena *a, struct command_row **out, size_t *n,
                                          struct err *err);

/* The payload of the last set_rules. DB_NONE: there was none. */
MUST_CHECK enum db_rc store_last_rules(struct db *db, struct arena *a, struct str *payload,
                                       struct err *err);
