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

/* The first command at this time or after; one more than the last when there is none. Their times
 * never fall, so it takes some thirty looks by number. */
MUST_CHECK bool store_first_command_at(struct db *db, int64_t at_us, int64_t *seq, struct err *err);
/* Those from number `from` to `to` − 1 that enter, change or end orders, at most `limit`. DB_NONE:
 * none. */
MUST_CHECK enum db_rc store_list_orders_between(struct db *db, int64_t from, int64_t to,
                                                int64_t limit, struct arena *a,
                                                struct command_row **out, size_t *n,
                                                struct err *err);
