/* SPDX-License-Identifier: Apache-2.0 */
#include "service/restore.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/agent.h"
#include "service/outputs.h"
#include "service/runner.h"
#include "service/saved.h"
#include "sign/sha.h"

#define RESTORE_MEMORY ((size_t)32 << 20) /* a manifest's text and its tables */

struct restoring {
    struct lease *lease;
    struct arena arena;
    struct err *err;
    bool stopped;
};

/* A blob in a file of its own, until the market is reached; its name is looked after by the market,
 * its bytes by us. -1. */
static int fetch(struct restoring *r, struct str digest, int64_t size)
{
    const struct link *m = &r->lease->agent->market;
    char path[PATH_MAX], name[65];

    snprintf(name, sizeof(name), "%.*s", (int)digest.n, digest.p);
    snprintf(path, sizeof(path), "%s/fetched", r->lease->stage_dir);
    for (int failures = 1;; failures++) {
        const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0) {
            FAIL(r->err, ERR_IO, "A checkpoint could not be written.");
            return -1;
        }
        const enum link_result got = m->ops->blob_get(m->self, name, fd, size, r->err);
        if (got == LINK_DONE) return fd;
        close(fd);
        if (got != LINK_UNREACHABLE) return -1;
        r->stopped = runner_is_stopping(r->lease) ||
                     !runner_pause(r->lease, agent_backoff_us(r->lease->agent, failures));
        if (r->stopped) return -1;
    }
}

static bool bad(struct restoring *r)
{
    return FAIL(r->err, ERR_DIGEST_MISMATCH, "A checkpoint is not what its manifest says.");
}

/* The bytes of a blob, checked. NULL: r->err, or stopped. From the heap. */
static char *fetch_bytes(struct restoring *r, struct str digest, int64_t most, size_t *n)
{
    auto_close int fd = fetch(r, digest, most);
    struct stat st;
    char hex[65];

    if (fd < 0) return NULL;
    if (fstat(fd, &st) != 0 || st.st_size > most) {
        (void)bad(r);
        return NULL;
    }
    char *p = mem_zalloc((size_t)st.st_size + 1);
    if (pread(fd, p, (size_t)st.st_size, 0) == st.st_size) {
        sha256_hex((struct str){ p, (size_t)st.st_size }, hex);
        *n = (size_t)st.st_size;
        if (str_is(digest, hex)) return p;
    }
    mem_free(p);
    (void)bad(r);
    return NULL;
}

static bool write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        const ssize_t put = write(fd, p, n);
        if (put <= 0) return false;
        p += put;
        n -= (size_t)put;
    }
    return true;
}

static bool restore_file(struct restoring *r, const struct saved_file *f)
{
    auto_close int fd = saved_create(r->lease->save_dir, f, r->err);
    bool ok = fd >= 0;

    for (size_t i = 0; ok && i < f->pieces.n; i++) {
        const int64_t size = checkpoint_piece_size(f->size_bytes, (int64_t)i);
        size_t n = 0;
        char *p = fetch_bytes(r, f->pieces.v[i], size, &n);
        ok = p != NULL && ((int64_t)n == size || bad(r));
        if (ok && !write_all(fd, p, n))
            ok = FAIL(r->err, ERR_IO, "A checkpoint could not be written.");
        mem_free(p);
        if (ok && !runner_may_go_on(r->lease)) r->stopped = true;
        ok = ok && !r->stopped;
    }
    return ok;
}

static bool restore_all(struct restoring *r)
{
    struct lease *l = r->lease;
    struct manifest m;
    size_t n = 0;
    char *text = fetch_bytes(r, l->what.checkpoint, CHECKPOINT_MANIFEST_MAX, &n);
    const char *copy = text ? arena_copy(&r->arena, (struct str){ text, n }) : NULL;

    mem_free(text);
    if (!copy || !manifest_parse((struct str){ copy, n }, &r->arena, &m, r->err)) return false;
    if (manifest_bytes(&m) > l->what.scratch_bytes)
        return FAIL(r->err, ERR_VALIDATION_FAILED, "The checkpoint is larger than the scratch.");
    for (size_t i = 0; i < m.n; i++)
        if (!restore_file(r, &m.files[i])) return false;
    LOG(LOG_INFO, "checkpoint.restored", LOG_C("lease", l->lease_id),
        LOG_I64("files", (int64_t)m.n), LOG_I64("bytes", manifest_bytes(&m)));
    return true;
}

enum restored runner_restore(struct lease *l, struct err *err)
{
    struct restoring r = { .lease = l, .err = err };

    if (!tree_remove(l->save_dir, err) || !dir_make(l->save_dir, err) ||
        !dir_make(l->stage_dir, err))
        return RESTORE_FAILED;
    arena_init(&r.arena, RESTORE_MEMORY);
    bool ok = l->what.checkpoint.n == 0 || restore_all(&r);
    arena_done(&r.arena);
    ok = tree_remove(l->stage_dir, err) && ok;
    ok = ok && saved_give(l->save_dir, err);
    if (ok) return RESTORED;
    return r.stopped ? RESTORE_STOPPED : RESTORE_FAILED;
}
