/* SPDX-License-Identifier: Apache-2.0 */
/* Migrations: forward only, in order, each once, under a lock, with a checksum of what was applied.
 */
#pragma once

#include "store/db.h"

/* Apply what is missing, as the owner, each in a transaction of its own. *applied: how many.
 * ERR_DB; ERR_WRONG_STATE when an applied one differs from ours, or the database is newer than we
 * are. */
MUST_CHECK bool store_migrate(struct db *owner, int *applied, struct err *err);

/* Are exactly our migrations applied? ERR_WRONG_STATE says what differs. */
MUST_CHECK bool store_migrations_check(struct db *db, struct err *err);

/* Which market this database belongs to. */
struct identity_row {
    struct str market_id, public_key; /* 32 bytes */
};
MUST_CHECK enum db_rc store_identity(struct db *db, struct arena *a, struct identity_row *out,
                                     struct err *err);
MUST_CHECK bool store_identity_set(struct db *owner, struct str market_id, struct str public_key,
                                   struct err *err);
