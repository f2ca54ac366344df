/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts beside their money, and the teams that they form. The market thread alone writes them.
 */
#pragma once

#include "store/db.h"

#define MEMBERS_SHOWN 1000

struct standing_row {
    int64_t account, at_us, tier;
    int64_t team, team_at_us, quota; /* of which it is a member; 0: none */
    int64_t invited_by, invited_by_at_us, invited_quota;
};

struct member_row {
    int64_t account, at_us, quota;
};

/* DB_NONE: there is no such account. */
MUST_CHECK enum db_rc store_read_standing(struct db *db, int64_t account, struct standing_row *out,
                                          struct err *err);
/* Those of the team that `leader` leads, itself apart, at most MEMBERS_SHOWN. DB_NONE: none. */
MUST_CHECK enum db_rc store_list_members(struct db *db, int64_t leader, struct arena *a,
                                         struct member_row **out, size_t *n, struct err *err);
