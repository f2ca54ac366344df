/* SPDX-License-Identifier: Apache-2.0 */
#include "service/keeping.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"

#define FORGET_MEMORY ((size_t)1 << 20)
#define BATCHES_MAX   100  /* of one sweep */
#define DOUBT_SECONDS 3600 /* longer than any blob is on its way into the store */

/* Not now is no failure: it stays in doubt. */
static bool remove_now(const struct keeping *k, const struct hash *digest, struct err *err)
{
    struct err why = { 0 };

    if (blobs_remove(k->blobs, digest, &why)) return store_end_doubt(k->db, digest, err);
    log_err(LOG_WARN, "blob.not_removed", &why);
    return true;
}

bool keeping_tidy(const struct keeping *k, const struct hash *digest, struct err *err)
{
    switch (store_find_blob(k->db, digest, err)) {
    case DB_ONE: return true;
    case DB_NONE: return remove_now(k, digest, err);
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

/* ---- the sweep ---- */

static bool digest_of(const struct blob_name *name, struct hash *out)
{
    if (name->sha256.n != sizeof(out->b)) return false;
    memcpy(out->b, name->sha256.p, sizeof(out->b));
    return true;
}

static bool expire(const struct keeping *k, const struct blob_terms *t, struct arena *a, size_t *n,
                   struct err *err)
{
    struct blob_name *names = NULL;
    struct hash digest;

    if (store_list_blobs_expired(k->db, t, a, &names, n, err) < DB_NONE) return false;
    for (size_t i = 0; i < *n; i++) {
        if (!digest_of(&names[i], &digest)) continue;
        auto_close int held = blobs_lock(k->blobs, &digest, err);
        if (held < 0) return false;
        const enum db_rc rc = store_expire_blob(k->db, &digest, names[i].account, t, err);
        if (rc < DB_NONE || (rc == DB_ONE && !keeping_tidy(k, &digest, err))) return false;
    }
    return true;
}

/* One that has been in doubt for long. False: it stays so. */
static bool settle_doubt(const struct keeping *k, const struct hash *digest, struct err *err)
{
    auto_close int held = blobs_lock(k->blobs, digest, err);

    if (held < 0) return false;
    switch (store_find_blob(k->db, digest, err)) {
    case DB_ONE: break;
    case DB_NONE:
        if (!blobs_remove(k->blobs, digest, err)) return false;
        break;
    case DB_RETRY:
    case DB_FAIL: return false;
    }
    return store_end_doubt(k->db, digest, err);
}

static bool settle_doubts(const struct keeping *k, struct arena *a, size_t *n, struct err *err)
{
    struct blob_name *names = NULL;
    struct hash digest;

    if (store_list_doubts(k->db, DOUBT_SECONDS, a, &names, n, err) < DB_NONE) return false;
    for (size_t i = 0; i < *n; i++)
        if (digest_of(&names[i], &digest) && !settle_doubt(k, &digest, err)) return false;
    return true;
}

/* One batch of each. *more: there may be another. */
static bool sweep_some(const struct keeping *k, const struct blob_terms *t, bool *more,
                       struct err *err)
{
    struct arena a;
    size_t expired = 0, doubts = 0;

    arena_init(&a, FORGET_MEMORY);
    const bool ok = expire(k, t, &a, &expired, err) && settle_doubts(k, &a, &doubts, err);
    arena_done(&a);
    *more = ok && expired + doubts > 0;
    return ok;
}

bool keeping_sweep(const struct keeping *k, const struct blob_terms *t, struct err *err)
{
    bool more = true, ok = true;

    partials_forget(blobs_partials(k->blobs), clock_wall_us());
    for (int i = 0; more && i < BATCHES_MAX; i++)
        ok = sweep_some(k, t, &more, err);
    return ok;
}
