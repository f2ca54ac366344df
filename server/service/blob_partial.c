/* SPDX-License-Identifier: Apache-2.0 */
#include "service/blob_partial.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "service/blob_dir.h"
#include "sign/sha.h"

#define PATH_SIZE    4096
#define PIECE        65536
#define FORGET_AFTER INT64_C(86400)
#define SECOND       1000000

/* An upload that somebody has open. */
struct going {
    int64_t account;
    struct hash digest;
    int64_t base; /* bytes that were there before the present piece */
    int refs;     /* guarded by partials.lock, as are `base` and `next` */
    struct going *next;
    pthread_mutex_t lock; /* guards: the file's bytes, `turn`, `ending` */
    int64_t turn;         /* whose it is: the last who opened it */
    bool ending;
};

struct partials {
    char folder[PATH_SIZE - 256];
    pthread_mutex_t lock; /* guards: the list */
    struct going *first;
};

struct partial {
    struct partials *all;
    struct going *going;
    struct blob_piece piece;
    int64_t turn, at; /* at: where the next byte goes */
    int fd;
    char path[PATH_SIZE];
};

struct partials *partials_new(const char *folder, struct err *err)
{
    struct partials *ps = mem_zalloc(sizeof(*ps));
    const int n = snprintf(ps->folder, sizeof(ps->folder), "%s", folder);

    pthread_mutex_init(&ps->lock, NULL);
    if (n <= 0 || (size_t)n >= sizeof(ps->folder))
        FAIL(err, ERR_IO, "The path of the state folder is too long.");
    else if (dir_make(ps->folder, err))
        return ps;
    partials_free(ps);
    return NULL;
}

void partials_free(struct partials *ps)
{
    if (!ps) return;
    pthread_mutex_destroy(&ps->lock);
    mem_free(ps);
}

static void name_of(const struct partials *ps, int64_t account, const struct hash *digest,
                    char out[PATH_SIZE])
{
    char hex[65];

    hex_encode(digest->b, sizeof(digest->b), hex);
    snprintf(out, PATH_SIZE, "%s/%" PRId64 "/%s", ps->folder, account, hex);
}

/* ---- the list ---- */

static struct going *find(struct partials *ps, int64_t account, const struct hash *digest)
{
    struct going *g = ps->first;

    while (g && (g->account != account || memcmp(&g->digest, digest, sizeof(*digest)) != 0))
        g = g->next;
    return g;
}

/* NULL: no memory. */
static struct going *join(struct partials *ps, const struct blob_piece *p)
{
    pthread_mutex_lock(&ps->lock);
    struct going *g = find(ps, p->account, &p->digest);
    if (!g && (g = mem_heap.resize(mem_heap.arg, NULL, sizeof(*g)))) {
        *g = (struct going){ .account = p->account, .digest = p->digest, .next = ps->first };
        pthread_mutex_init(&g->lock, NULL);
        ps->first = g;
    }
    if (g) g->refs++;
    pthread_mutex_unlock(&ps->lock);
    return g;
}

static void leave(struct partials *ps, struct going *g)
{
    pthread_mutex_lock(&ps->lock);
    const bool last = --g->refs == 0;
    for (struct going **at = &ps->first; last && *at; at = &(*at)->next) {
        if (*at != g) continue;
        *at = g->next;
        break;
    }
    pthread_mutex_unlock(&ps->lock);
    if (!last) return;
    pthread_mutex_destroy(&g->lock);
    mem_free(g);
}

/* ---- one piece ---- */

static bool open_file(struct partial *w, struct err *err)
{
    char folder[PATH_SIZE];

    snprintf(folder, sizeof(folder), "%s/%" PRId64, w->all->folder, w->piece.account);
    name_of(w->all, w->piece.account, &w->piece.digest, w->path);
    if (!dir_make(folder, err)) return false;
    w->fd = open(w->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return w->fd >= 0 || blob_io_failed("make a file", w->path, err);
}

/* Under the lock of what goes on. */
static enum partial_rc take_over(struct partial *w, int64_t *offset, struct err *err)
{
    struct stat st;
    struct going *g = w->going;

    if (g->ending) {
        *offset = w->piece.total;
        return PARTIAL_BUSY;
    }
    if (!open_file(w, err)) return PARTIAL_FAILED;
    if (fstat(w->fd, &st) != 0) {
        (void)blob_io_failed("measure an upload", w->path, err);
        return PARTIAL_FAILED;
    }
    *offset = (int64_t)st.st_size;
    if (w->piece.at != *offset) return PARTIAL_MISPLACED;
    w->turn = ++g->turn;
    w->at = w->piece.at;
    pthread_mutex_lock(&w->all->lock);
    g->base = w->piece.at;
    pthread_mutex_unlock(&w->all->lock);
    return PARTIAL_OPEN;
}

enum partial_rc partial_open(struct partials *ps, const struct blob_piece *p, struct partial **out,
                             int64_t *offset, struct err *err)
{
    struct partial *w = mem_heap.resize(mem_heap.arg, NULL, sizeof(*w));
    struct going *g = w ? join(ps, p) : NULL;

    if (!g) {
        mem_free(w);
        FAIL(err, ERR_NO_MEMORY, "No memory for an upload.");
        return PARTIAL_FAILED;
    }
    *w = (struct partial){ .all = ps, .going = g, .piece = *p, .fd = -1 };
    pthread_mutex_lock(&g->lock);
    const enum partial_rc rc = take_over(w, offset, err);
    pthread_mutex_unlock(&g->lock);
    if (rc == PARTIAL_OPEN)
        *out = w;
    else
        partial_close(w, false);
    return rc;
}

static bool write_all(struct partial *w, const char *from, size_t n, struct err *err)
{
    while (n > 0) {
        const ssize_t put = pwrite(w->fd, from, n, w->at);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return blob_io_failed("write an upload", w->path, err);
        w->at += put;
        from += put;
        n -= (size_t)put;
    }
    return true;
}

/* Is the upload still ours to write? Under its lock. */
static bool is_ours(const struct partial *w, struct err *err)
{
    if (w->turn == w->going->turn && !w->going->ending) return true;
    return FAIL(err, ERR_WRONG_STATE, "Another request went on with this upload.");
}

bool partial_write(struct partial *w, const void *bytes, size_t n, struct err *err)
{
    pthread_mutex_lock(&w->going->lock);
    const bool ok = is_ours(w, err) && write_all(w, bytes, n, err);
    pthread_mutex_unlock(&w->going->lock);
    return ok;
}

void partial_undo(struct partial *w)
{
    struct err ignored;

    pthread_mutex_lock(&w->going->lock);
    if (is_ours(w, &ignored) && ftruncate(w->fd, w->piece.at) != 0) (void)unlink(w->path);
    pthread_mutex_unlock(&w->going->lock);
}

static bool digest_of(const struct partial *w, struct hash *out, struct err *err)
{
    char piece[PIECE];
    ssize_t n;
    off_t at = 0;
    struct sha256_stream *s = sha256_new();

    while ((n = pread(w->fd, piece, sizeof(piece), at)) > 0) {
        sha256_add(s, piece, (size_t)n);
        at += n;
    }
    if (n == 0) {
        *out = sha256_end(s);
        return true;
    }
    sha256_free(s);
    return blob_io_failed("read an upload again", w->path, err);
}

/* All of it is there, and nobody writes any more: is it what was promised? */
static enum partial_end judge(struct partial *w, const char **path, struct err *err)
{
    struct hash found;

    if (!digest_of(w, &found, err)) return PARTIAL_NOT_END;
    if (memcmp(found.b, w->piece.digest.b, sizeof(found.b)) != 0) {
        (void)unlink(w->path);
        return PARTIAL_WRONG;
    }
    *path = w->path;
    return PARTIAL_WHOLE;
}

enum partial_end partial_end(struct partial *w, const char **path, int64_t *offset, struct err *err)
{
    pthread_mutex_lock(&w->going->lock);
    const bool ours = is_ours(w, err);
    const bool whole = ours && w->at >= w->piece.total;
    if (whole) w->going->ending = true;
    pthread_mutex_unlock(&w->going->lock);

    *offset = w->at;
    if (!ours) return PARTIAL_NOT_END;
    if (whole) return judge(w, path, err);
    if (fdatasync(w->fd) == 0) return PARTIAL_PART;
    (void)blob_io_failed("write an upload", w->path, err);
    return PARTIAL_NOT_END;
}

void partial_close(struct partial *w, bool kept)
{
    if (!w) return;
    pthread_mutex_lock(&w->going->lock);
    if (kept) (void)unlink(w->path); /* there is nothing if it was moved */
    if (w->turn == w->going->turn) w->going->ending = false;
    if (w->fd >= 0) close(w->fd);
    pthread_mutex_unlock(&w->going->lock);
    leave(w->all, w->going);
    mem_free(w);
}

/* ---- all of them ---- */

int64_t partials_offset(const struct partials *ps, int64_t account, const struct hash *digest)
{
    char path[PATH_SIZE];
    struct stat st;

    name_of(ps, account, digest, path);
    return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

/* Bytes of one file that count. */
static int64_t count_one(struct partials *ps, int64_t account, int folder, const char *name)
{
    struct stat st;
    struct hash digest;
    int64_t bytes = 0;

    if (!str_hex(str_of(name), digest.b, sizeof(digest.b)) ||
        fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return 0;
    pthread_mutex_lock(&ps->lock);
    const struct going *g = find(ps, account, &digest);
    bytes = g ? g->base : (int64_t)st.st_size;
    pthread_mutex_unlock(&ps->lock);
    return bytes;
}

int64_t partials_bytes(struct partials *ps, int64_t account)
{
    char folder[PATH_SIZE];
    int64_t sum = 0;

    snprintf(folder, sizeof(folder), "%s/%" PRId64, ps->folder, account);
    DIR *d = opendir(folder);
    if (!d) return 0;
    for (const struct dirent *e; (e = readdir(d));)
        sum += count_one(ps, account, dirfd(d), e->d_name);
    closedir(d);
    return sum;
}

static void forget_of(const struct partials *ps, const char *account, int64_t before_s)
{
    char folder[PATH_SIZE];
    struct stat st;

    snprintf(folder, sizeof(folder), "%s/%s", ps->folder, account);
    DIR *d = opendir(folder);
    if (!d) return;
    for (const struct dirent *e; (e = readdir(d));)
        if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
            st.st_mtim.tv_sec < before_s)
            (void)unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
}

void partials_forget(struct partials *ps, int64_t now_us)
{
    DIR *d = opendir(ps->folder);

    if (!d) return;
    for (const struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.') forget_of(ps, e->d_name, now_us / SECOND - FORGET_AFTER);
    closedir(d);
}
