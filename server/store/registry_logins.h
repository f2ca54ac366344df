/* SPDX-License-Identifier: Apache-2.0 */
/* What buyers keep here to fetch their images with: sealed (common/sign/login.h), one a registry.
 */
#pragma once

#include "store/db.h"

struct registry_login_row {
    struct str registry;
    int64_t put_us;
};

/* A later one of the registry takes the place of the earlier. DB_NONE: the account has
 * REGISTRY_LOGINS_MAX others. */
MUST_CHECK enum db_rc store_put_registry_login(struct db *db, int64_t account, struct str registry,
                                               struct str sealed, struct err *err);
/* By name; at most REGISTRY_LOGINS_MAX. DB_NONE: none. */
MUST_CHECK enum db_rc store_list_registry_logins(struct db *db, int64_t account, struct arena *a,
                                                 struct registry_login_row **out, size_t *n,
                                                 struct err *err);
/* The box. DB_NONE: the account keeps none for it. */
MUST_CHECK enum db_rc store_find_registry_login(struct db *db, int64_t account, struct str registry,
                                                struct arena *a, struct str *sealed,
                                                struct err *err);
/* DB_NONE: there was none. */
MUST_CHECK enum db_rc store_delete_registry_login(struct db *db, int64_t account,
                                                  struct str registry, struct err *err);
