/* SPDX-License-Identifier: Apache-2.0 */
#include "service/uploads.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"

#define PREFIX "upload-" /* of the files' names, see http/body.c */

struct uploads {
    char dir[4096];
    pthread_mutex_t lock; /* guards: v, n, cap, bytes */
    struct upload *v;     /* those under way, in no order */
    size_t n, cap;
    int64_t bytes;
};

/* ---- what a crash has left ---- */

static bool clear(const char *dir, struct err *err)
{
    DIR *d = opendir(dir);
    if (!d) {
        FAIL(err, ERR_IO, "The folder of uploads cannot be read.");
        err_internal(err, "%s: %s", dir, strerror(errno));
        return false;
    }
    for (const struct dirent *e; (e = readdir(d));)
        if (strncmp(e->d_name, PREFIX, strlen(PREFIX)) == 0) (void)unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
    return true;
}

struct uploads *uploads_new(const char *dir, struct err *err)
{
    struct uploads *u = mem_zalloc(sizeof(*u));

    pthread_mutex_init(&u->lock, NULL);
    if (snprintf(u->dir, sizeof(u->dir), "%s", dir) < (int)sizeof(u->dir)) {
        if (clear(u->dir, err)) return u;
    } else {
        FAIL(err, ERR_IO, "The path of the state folder is too long.");
    }
    uploads_free(u);
    return NULL;
}

void uploads_free(struct uploads *u)
{
    if (!u) return;
    pthread_mutex_destroy(&u->lock);
    mem_free(u->v);
    mem_free(u);
}

/* ---- those under way ---- */

/* Would the disk keep its reserve? One that cannot be asked is found out about when it is written.
 */
static bool disk_has_room(const struct uploads *u, int64_t more)
{
    struct statvfs st;

    if (statvfs(u->dir, &st) != 0) return true;
    const int64_t block = (int64_t)st.f_frsize;
    const int64_t free = (int64_t)st.f_bavail * block, share = (int64_t)st.f_blocks / 20 * block;
    return free - u->bytes - more >= (share < DISK_RESERVE ? share : DISK_RESERVE);
}

static bool reserve(struct uploads *u, struct err *err)
{
    if (u->n < u->cap) return true;
    const size_t cap = u->cap ? 2 * u->cap : 64;
    struct upload *v = mem_heap.resize(mem_heap.arg, u->v, cap * sizeof(*v));
    if (!v) return FAIL(err, ERR_NO_MEMORY, "No memory for an upload.");
    u->v = v;
    u->cap = cap;
    return true;
}

static bool may_begin(const struct uploads *u, const struct upload *w, int64_t kept,
                      struct err *err)
{
    int64_t bytes = 0, beside = 0;

    for (size_t i = 0; i < u->n; i++) {
        if (u->v[i].account != w->account) continue;
        bytes += u->v[i].size;
        if (u->v[i].node == w->node) beside++;
    }
    if (beside >= UPLOADS_MAX)
        return FAIL(err, ERR_RATE_LIMITED, "At most %d uploads at once.", UPLOADS_MAX);
    if (kept + bytes + w->size > BLOBS_ACCOUNT_MAX)
        return FAIL(err, ERR_QUOTA_EXCEEDED, "An account keeps at most %lld bytes.",
                    BLOBS_ACCOUNT_MAX);
    if (!disk_has_room(u, w->size))
        return FAIL(err, ERR_OVERLOADED, "There is no room for so many bytes now.");
    return true;
}

bool uploads_begin(struct uploads *u, const struct upload *w, int64_t kept, struct err *err)
{
    pthread_mutex_lock(&u->lock);
    const bool ok = may_begin(u, w, kept, err) && reserve(u, err);
    if (ok) {
        u->v[u->n++] = *w;
        u->bytes += w->size;
    }
    pthread_mutex_unlock(&u->lock);
    return ok;
}

static bool is_same(const struct upload *a, const struct upload *b)
{
    return a->account == b->account && a->node == b->node && a->size == b->size;
}

void uploads_end(struct uploads *u, const struct upload *w)
{
    pthread_mutex_lock(&u->lock);
    for (size_t i = 0; i < u->n; i++) {
        if (!is_same(&u->v[i], w)) continue;
        u->v[i] = u->v[--u->n];
        u->bytes -= w->size;
        break;
    }
    pthread_mutex_unlock(&u->lock);
}
