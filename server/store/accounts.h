/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts as people see them: names, login keys, recovery codes. The market's commands open them.
 */
#pragma once

#include "merkle/merkle.h"
#include "store/db.h"

#define ACCOUNT_KEYS_MAX 16 /* login keys of one account: a person has a few devices */

/* What names an account: id_make(at_us, account, 0). */
struct account_ref {
    int64_t account, at_us;
};

struct account_row {
    int64_t account, at_us;
    int64_t available, held; /* micros */
};

struct account_key_row {
    struct str public_key; /* 32 bytes */
    struct str name;
    int64_t created_us;
};

MUST_CHECK enum db_rc store_find_account(struct db *db, int64_t account, struct account_row *out,
                                         struct err *err);
MUST_CHECK enum db_rc store_name_account(struct db *db, int64_t account, struct str name,
                                         struct err *err);

/* The account that a login key opens. */
MUST_CHECK enum db_rc store_find_account_of_key(struct db *db, const uint8_t public_key[32],
                                                struct account_ref *out, struct err *err);

/* DB_NONE: the key opens an account already, or this one has ACCOUNT_KEYS_MAX. */
MUST_CHECK enum db_rc store_add_account_key(struct db *db, const uint8_t public_key[32],
                                            int64_t account, struct str name, int64_t *created_us,
                                            struct err *err);

/* Newest first; before_us 0: from the newest. */
MUST_CHECK enum db_rc store_list_account_keys(struct db *db, int64_t account, int64_t before_us,
                                              int64_t limit, struct arena *a,
                                              struct account_key_row **out, size_t *n,
                                              struct err *err);

MUST_CHECK enum db_rc store_add_recovery_code(struct db *db, const struct hash *code,
                                              int64_t account, struct err *err);
/* DB_NONE: there is no such code, or it was spent. */
MUST_CHECK enum db_rc store_spend_recovery_code(struct db *db, const struct hash *code,
                                                struct account_ref *out, struct err *err);
