/* SPDX-License-Identifier: Apache-2.0 */
#include "service/checkpoints.h"

#include <string.h>

#define LIST_MEMORY ((size_t)1 << 20)

enum db_rc checkpoints_save(const struct keeping *k, const struct saved *s, int64_t provider,
                            struct err *err)
{
    auto_close int held = blobs_lock(k->blobs, &s->digest, err);

    return held < 0 ? DB_FAIL : store_save_blob(k->db, s, provider, err);
}

static bool drop_one(const struct keeping *k, const struct saved_row *row, struct err *err)
{
    struct saved s = { .job = row->job };

    if (row->manifest.n != sizeof(s.manifest.b) || row->sha256.n != sizeof(s.digest.b)) return true;
    memcpy(s.manifest.b, row->manifest.p, sizeof(s.manifest.b));
    memcpy(s.digest.b, row->sha256.p, sizeof(s.digest.b));
    auto_close int held = blobs_lock(k->blobs, &s.digest, err);
    if (held < 0) return false;
    const enum db_rc rc = store_drop_saved(k->db, &s, err);
    return (rc == DB_ONE || rc == DB_NONE) && keeping_tidy(k, &s.digest, err);
}

static bool drop_all(const struct keeping *k, const struct saved_row *rows, size_t n,
                     struct err *err)
{
    for (size_t i = 0; i < n; i++)
        if (!drop_one(k, &rows[i], err)) return false;
    return true;
}

/* Round after round, until there is nothing left. manifest NULL: of all jobs. */
static bool drop_rounds(const struct keeping *k, int64_t job, const struct hash *manifest,
                        struct err *err)
{
    struct saved_row *rows = NULL;
    size_t n = 0;
    bool ok = true;

    do {
        struct arena a;
        arena_init(&a, LIST_MEMORY);
        const enum db_rc rc = manifest
                                  ? store_list_superseded(k->db, job, manifest, &a, &rows, &n, err)
                                  : store_list_stale(k->db, &a, &rows, &n, err);
        ok = (rc == DB_ONE || rc == DB_NONE) && drop_all(k, rows, n, err);
        arena_done(&a);
    } while (ok && n > 0);
    return ok;
}

bool checkpoints_settle(const struct keeping *k, int64_t job, const struct hash *manifest,
                        int64_t provider, struct err *err)
{
    return store_grant_checkpoint(k->db, job, err) &&
           store_take_checkpoint(k->db, job, manifest, provider, err) &&
           drop_rounds(k, job, manifest, err);
}

bool checkpoints_sweep(const struct keeping *k, struct err *err)
{
    return drop_rounds(k, 0, NULL, err);
}
