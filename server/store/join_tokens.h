/* SPDX-License-Identifier: Apache-2.0 */
/* Join tokens: invitations for nodes, kept as SHA-256. */
#pragma once

#include "merkle/merkle.h"
#include "store/db.h"

#define JOIN_TOKENS_MAX 100 /* unused ones of one account: a rack at a time */

struct join_token_row {
    int64_t account, account_at_us;
    int64_t expires_us;
    struct str public_key; /* 32 bytes of the key that used it; p NULL: unused */
    int64_t node;          /* then its node */
};

/* DB_NONE: the account has JOIN_TOKENS_MAX that can still be used. */
MUST_CHECK enum db_rc store_add_join_token(struct db *db, const struct hash *token, int64_t account,
                                           struct str name, int64_t expires_us, struct err *err);
MUST_CHECK enum db_rc store_find_join_token(struct db *db, const struct hash *token,
                                            struct arena *a, struct join_token_row *out,
                                            struct err *err);
/* DB_NONE: another key used it. */
MUST_CHECK enum db_rc store_use_join_token(struct db *db, const struct hash *token,
                                           const uint8_t public_key[32], int64_t node,
                                           struct err *err);
