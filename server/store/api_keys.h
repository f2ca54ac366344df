/* SPDX-License-Identifier: Apache-2.0 */
/* API keys: secrets with scopes, kept as SHA-256. */
#pragma once

#include "base/id.h"
#include "merkle/merkle.h"
#include "store/db.h"

#define API_KEYS_MAX 100 /* of one account: one for each program, and to spare */

struct api_key_row {
    struct id id;
    int64_t account, account_at_us; /* id of the account: id_make(account_at_us, account, 0) */
    int64_t scopes;
    struct str name;
    int64_t created_us, last_used_us; /* 0: not yet */
};

MUST_CHECK enum db_rc store_find_api_key(struct db *db, const struct hash *secret, struct arena *a,
                                         struct api_key_row *out, struct err *err);
MUST_CHECK enum db_rc store_find_api_key_by_id(struct db *db, struct id id, struct arena *a,
                                               struct api_key_row *out, struct err *err);

struct new_api_key {
    struct id id;
    int64_t account;
    struct hash secret;
    struct str name; /* 1 to NAME_MAX_BYTES */
    unsigned scopes; /* 1 to 15 */
};
/* DB_NONE: the account has API_KEYS_MAX. */
MUST_CHECK enum db_rc store_add_api_key(struct db *db, const struct new_api_key *k,
                                        int64_t *created_us, struct err *err);

/* Newest first; before_us 0: from the newest. */
MUST_CHECK enum db_rc store_list_api_keys(struct db *db, int64_t account, int64_t before_us,
                                          int64_t limit, struct arena *a, struct api_key_row **out,
                                          size_t *n, struct err *err);

/* DB_NONE: noted less than a minute ago. */
MUST_CHECK enum db_rc store_use_api_key(struct db *db, struct id id, struct err *err);
MUST_CHECK enum db_rc store_delete_api_key(struct db *db, struct id id, int64_t account,
                                           struct err *err);
