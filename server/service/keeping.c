/* SPDX-License-Identifier: Apache-2.0 */
#include "service/keeping.h"

#include <string.h>

#define FORGET_MEMORY ((size_t)1 << 20)

bool keeping_tidy(const struct keeping *k, const struct hash *digest, struct err *err)
{
    switch (store_find_blob(k->db, digest, err)) {
    case DB_ONE: return true;
    case DB_NONE: return blobs_remove(k->blobs, digest, err);
    case DB_RETRY:
    case DB_FAIL: break;
    }
    return false;
}

static enum db_rc drop(const struct keeping *k, const struct hash *digest, int64_t account,
                       bool only_old, struct err *err)
{
    auto_close int held = blobs_lock(k->blobs, digest, err);

    if (held < 0) return DB_FAIL;
    const enum db_rc rc = store_drop_blob(k->db, digest, account, only_old, err);
    if (rc != DB_ONE) return rc;
    return keeping_tidy(k, digest, err) ? DB_ONE : DB_FAIL;
}

enum db_rc keeping_drop(const struct keeping *k, const struct hash *digest, int64_t account,
                        struct err *err)
{
    return drop(k, digest, account, false, err);
}

bool keeping_give(const struct keeping *k, const struct hash *digest, int64_t provider,
                  int64_t buyer, struct err *err)
{
    auto_close int held = blobs_lock(k->blobs, digest, err);

    return held >= 0 && store_give_blob(k->db, digest, provider, buyer, err);
}

bool keeping_forget(const struct keeping *k, int64_t account, struct err *err)
{
    struct arena a;
    struct blob_name *names = NULL;
    struct hash digest;
    size_t n = 0;

    arena_init(&a, FORGET_MEMORY);
    enum db_rc rc = store_list_blobs_old(k->db, account, &a, &names, &n, err);
    for (size_t i = 0; i < n && (rc == DB_ONE || rc == DB_NONE); i++) {
        if (names[i].sha256.n != sizeof(digest.b)) continue;
        memcpy(digest.b, names[i].sha256.p, sizeof(digest.b));
        rc = drop(k, &digest, account, true, err);
    }
    arena_done(&a);
    return rc == DB_ONE || rc == DB_NONE;
}
