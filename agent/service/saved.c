/* SPDX-License-Identifier: Apache-2.0 */
#include "service/saved.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "service/outputs.h"
#include "sign/sha.h"

#define SECOND_NS     INT64_C(1000000000)
#define MEMORY_MAX    ((size_t)16 << 20)
#define PAUSE_US      100000
#define CONTAINER_UID 65534
#define TEMPORARY     ".tmp"

void snapshot_init(struct snapshot *s)
{
    *s = (struct snapshot){ .text = { .max = CHECKPOINT_MANIFEST_MAX } };
    arena_init(&s->arena, MEMORY_MAX);
}

void snapshot_done(struct snapshot *s)
{
    buf_done(&s->text);
    arena_done(&s->arena);
}

static int64_t ns(struct timespec t)
{
    return (int64_t)t.tv_sec * SECOND_NS + t.tv_nsec;
}

static bool no_memory(struct err *err)
{
    return FAIL(err, ERR_NO_MEMORY, "No memory was left for a checkpoint.");
}

/* ---- what is there ---- */

struct listing {
    struct arena *arena;
    struct saved_stat *v;
    size_t n;
    int64_t bytes;
    bool too_much, no_memory;
};

static bool is_temporary(struct str path)
{
    const struct str end = STR(TEMPORARY);

    return path.n >= end.n && memcmp(path.p + path.n - end.n, end.p, end.n) == 0;
}

static bool list_one(void *arg, struct str path, const struct stat *st)
{
    struct listing *l = arg;

    if (!S_ISREG(st->st_mode) || is_temporary(path) || !output_path_ok(path)) return true;
    l->bytes += (int64_t)st->st_size;
    l->too_much = l->n == CHECKPOINT_FILES_MAX;
    if (l->too_much) return false;
    const char *copy = arena_copy(l->arena, path);
    l->no_memory = copy == NULL;
    if (!copy) return false;
    l->v[l->n++] = (struct saved_stat){ .path = { copy, path.n },
                                        .size = (int64_t)st->st_size,
                                        .mtime_ns = ns(st->st_mtim),
                                        .ctime_ns = ns(st->st_ctim),
                                        .inode = (uint64_t)st->st_ino,
                                        .mode = st->st_mode & 0777 };
    return true;
}

static int by_path(const void *a, const void *b)
{
    const struct str x = ((const struct saved_stat *)a)->path;
    const struct str y = ((const struct saved_stat *)b)->path;
    const int order = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);

    if (order != 0) return order;
    return x.n < y.n ? -1 : x.n > y.n;
}

/* False: no memory. */
static bool list(const char *dir, struct arena *a, struct listing *out)
{
    *out = (struct listing){ .arena = a };
    out->v = arena_alloc(a, CHECKPOINT_FILES_MAX * sizeof(*out->v));
    if (!out->v) return false;
    if (!outputs_each(dir, list_one, out)) out->too_much = !out->no_memory;
    qsort(out->v, out->n, sizeof(*out->v), by_path);
    return !out->no_memory;
}

static bool same_stat(const struct saved_stat *a, const struct saved_stat *b)
{
    return str_eq(a->path, b->path) && a->size == b->size && a->mtime_ns == b->mtime_ns &&
           a->ctime_ns == b->ctime_ns && a->inode == b->inode && a->mode == b->mode;
}

static bool same_list(const struct saved_stat *a, size_t a_n, const struct saved_stat *b,
                      size_t b_n)
{
    bool same = a_n == b_n;

    for (size_t i = 0; same && i < a_n; i++)
        same = same_stat(&a[i], &b[i]);
    return same;
}

bool saved_has_changed(const char *dir, const struct snapshot *before)
{
    struct arena a;
    struct listing now;

    arena_init(&a, MEMORY_MAX);
    const bool changed = !list(dir, &a, &now) || now.too_much ||
                         !same_list(now.v, now.n, before->stats, before->manifest.n);
    arena_done(&a);
    return changed;
}

/* ---- reading ---- */

struct reading {
    const char *dir, *stage;
    const struct snapshot *before;
    struct snapshot *out;
    char *piece; /* CHECKPOINT_PIECE bytes */
    struct err *err;
};

static int by_digest(const void *a, const void *b)
{
    return memcmp(a, b, 64);
}

static bool is_kept(const struct snapshot *before, const char *digest)
{
    return before && before->pieces_n > 0 &&
           bsearch(digest, before->pieces, before->pieces_n, sizeof(*before->pieces), by_digest);
}

/* What was read of an earlier reading stands as it is when nothing can have changed since. A file
 * of that very second may have been written after it was read. */
static const struct saved_file *read_before(const struct snapshot *before,
                                            const struct saved_stat *st)
{
    if (!before || before->manifest.n == 0) return NULL;
    const struct saved_stat *found =
        bsearch(st, before->stats, before->manifest.n, sizeof(*st), by_path);
    if (!found || !same_stat(found, st) || st->ctime_ns > before->now_ns - SECOND_NS) return NULL;
    return &before->manifest.files[found - before->stats];
}

/* A whole piece, or less at the end. -1: it could not be read. */
static ssize_t read_piece(int fd, char *to, size_t n)
{
    size_t at = 0;

    while (at < n) {
        const ssize_t got = read(fd, to + at, n - at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        at += (size_t)got;
    }
    return (ssize_t)at;
}

static bool stage_piece(const struct reading *r, const char *digest, struct str bytes)
{
    char path[PATH_MAX];
    const int n = snprintf(path, sizeof(path), "%s/%s", r->stage, digest);

    if (is_kept(r->before, digest)) return true;
    if (n < 0 || (size_t)n >= sizeof(path))
        return FAIL(r->err, ERR_IO, "The path of a checkpoint is too long.");
    return access(path, F_OK) == 0 || file_write(path, bytes, 0600, r->err);
}

/* *restless: it is not what was listed any more. */
static bool read_file(const struct reading *r, const struct saved_stat *st, struct saved_file *out,
                      bool *restless)
{
    struct arena *a = &r->out->arena;
    const int64_t pieces = checkpoint_pieces(st->size);
    struct str *v = arena_alloc(a, (size_t)(pieces + 1) * sizeof(*v));
    auto_close int fd = outputs_open(r->dir, st->path);

    if (!v) return no_memory(r->err);
    *restless = fd < 0;
    for (int64_t i = 0; i < pieces && !*restless; i++) {
        const int64_t size = checkpoint_piece_size(st->size, i);
        char digest[65];
        *restless = read_piece(fd, r->piece, (size_t)size) != size;
        if (*restless) break;
        sha256_hex((struct str){ r->piece, (size_t)size }, digest);
        if (!stage_piece(r, digest, (struct str){ r->piece, (size_t)size })) return false;
        const char *copy = arena_copy(a, str_of(digest));
        if (!copy) return no_memory(r->err);
        v[i] = str_of(copy);
    }
    out->pieces = (struct str_list){ v, *restless ? 0 : (size_t)pieces };
    return true;
}

static bool copy_pieces(struct arena *a, const struct saved_file *from, struct saved_file *to)
{
    struct str *v = arena_alloc(a, (from->pieces.n + 1) * sizeof(*v));

    for (size_t i = 0; v && i < from->pieces.n; i++) {
        const char *copy = arena_copy(a, from->pieces.v[i]);
        v[i] = str_of(copy);
        if (!copy) return false;
    }
    to->pieces = (struct str_list){ v, from->pieces.n };
    return v != NULL;
}

static bool read_all(const struct reading *r, const struct listing *now, bool *restless)
{
    struct snapshot *s = r->out;

    *restless = false;
    s->manifest.files = arena_alloc(&s->arena, (now->n + 1) * sizeof(*s->manifest.files));
    if (!s->manifest.files) return no_memory(r->err);
    for (size_t i = 0; i < now->n && !*restless; i++) {
        const struct saved_stat *st = &now->v[i];
        struct saved_file *f = &s->manifest.files[i];
        const struct saved_file *old = read_before(r->before, st);
        *f = (struct saved_file){ .path = st->path, .mode = st->mode, .size_bytes = st->size };
        if (old && !copy_pieces(&s->arena, old, f)) return no_memory(r->err);
        if (!old && !read_file(r, st, f, restless)) return false;
        if (st->ctime_ns > s->newest_ns) s->newest_ns = st->ctime_ns;
    }
    s->stats = now->v;
    s->manifest.n = *restless ? 0 : now->n;
    return true;
}

static bool gather_pieces(struct snapshot *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->manifest.n; i++)
        n += s->manifest.files[i].pieces.n;
    s->pieces = arena_alloc(&s->arena, (n + 1) * sizeof(*s->pieces));
    if (!s->pieces) return false;
    n = 0;
    for (size_t i = 0; i < s->manifest.n; i++)
        for (size_t k = 0; k < s->manifest.files[i].pieces.n; k++)
            memcpy(s->pieces[n++], s->manifest.files[i].pieces.v[k].p, 65);
    qsort(s->pieces, n, sizeof(*s->pieces), by_digest);
    for (size_t i = 0; i < n; i++)
        if (s->pieces_n == 0 || by_digest(s->pieces[s->pieces_n - 1], s->pieces[i]) != 0)
            memmove(s->pieces[s->pieces_n++], s->pieces[i], 65);
    return true;
}

/* The kernel's clock as it stamps files: that of another process, or a changed one, does not
 * matter. */
static bool stamp(const char *stage, int64_t *now_ns, struct err *err)
{
    char path[PATH_MAX];
    struct stat st;
    const int n = snprintf(path, sizeof(path), "%s/now", stage);
    auto_close int fd = n > 0 && (size_t)n < sizeof(path)
                            ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)
                            : -1;

    if (fd < 0 || write(fd, "", 1) != 1 || fstat(fd, &st) != 0)
        return FAIL(err, ERR_IO, "A checkpoint could not be put aside.");
    *now_ns = ns(st.st_ctim);
    return true;
}

static enum shot finish(const struct reading *r)
{
    struct snapshot *s = r->out;

    if (!gather_pieces(s)) {
        (void)no_memory(r->err);
        return SHOT_FAILED;
    }
    manifest_text(&s->manifest, &s->text);
    if (s->text.failed || s->pieces_n > CHECKPOINT_PIECES_MAX) return SHOT_TOO_MUCH;
    sha256_hex(buf_view(&s->text), s->sha256);
    return stage_piece(&(struct reading){ .stage = r->stage, .err = r->err }, s->sha256,
                       buf_view(&s->text))
               ? SHOT_TAKEN
               : SHOT_FAILED;
}

/* One reading and a second look. */
static enum shot read_once(const struct reading *r, int64_t bytes_max)
{
    struct listing now, again;
    bool restless = false;

    if (!stamp(r->stage, &r->out->now_ns, r->err)) return SHOT_FAILED;
    if (!list(r->dir, &r->out->arena, &now)) {
        (void)no_memory(r->err);
        return SHOT_FAILED;
    }
    if (now.too_much || now.bytes > bytes_max) return SHOT_TOO_MUCH;
    if (!read_all(r, &now, &restless)) return SHOT_FAILED;
    if (restless) return SHOT_RESTLESS;
    if (!list(r->dir, &r->out->arena, &again)) {
        (void)no_memory(r->err);
        return SHOT_FAILED;
    }
    return same_list(now.v, now.n, again.v, again.n) ? finish(r) : SHOT_RESTLESS;
}

enum shot saved_take(const char *dir, const char *stage, const struct snapshot *before,
                     int64_t bytes_max, struct snapshot *out, struct err *err)
{
    enum shot shot = SHOT_FAILED;
    struct reading r = { dir, stage, before, out, mem_zalloc(CHECKPOINT_PIECE), err };

    if (!dir_make(stage, err)) {
        mem_free(r.piece);
        return SHOT_FAILED;
    }
    for (int tries = 0; tries < SAVED_TRIES; tries++) {
        if (tries > 0) usleep(PAUSE_US);
        snapshot_done(out);
        snapshot_init(out);
        shot = read_once(&r, bytes_max);
        if (shot != SHOT_RESTLESS) break;
    }
    mem_free(r.piece);
    return shot;
}

/* ---- putting back ---- */

static bool make_folders(char *path, size_t from)
{
    for (char *at = strchr(path + from, '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        const bool made = mkdir(path, 0700) == 0 || errno == EEXIST;
        *at = '/';
        if (!made) return false;
    }
    return true;
}

int saved_create(const char *dir, const struct saved_file *f, struct err *err)
{
    char path[PATH_MAX];
    const int n = snprintf(path, sizeof(path), "%s/%.*s", dir, (int)f->path.n, f->path.p);
    int fd = -1;

    if (n > 0 && (size_t)n < sizeof(path) && make_folders(path, strlen(dir) + 1))
        fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0 && fchmod(fd, (mode_t)f->mode & 0777) == 0) return fd;
    FAIL(err, ERR_IO, "A file of a checkpoint could not be made.");
    err_internal(err, "%s: %s", dir, strerror(errno));
    if (fd >= 0) close(fd);
    return -1;
}

static bool give_one(void *arg, struct str path, const struct stat *st)
{
    const char *dir = arg;
    char whole[PATH_MAX];
    const int n = snprintf(whole, sizeof(whole), "%s/%.*s", dir, (int)path.n, path.p);
    const mode_t all = S_ISDIR(st->st_mode) ? 0777 : (st->st_mode & 0777) | 0666;

    if (n < 0 || (size_t)n >= sizeof(whole)) return false;
    return lchown(whole, CONTAINER_UID, CONTAINER_UID) == 0 ||
           fchmodat(AT_FDCWD, whole, all, 0) == 0;
}

bool saved_give(const char *dir, struct err *err)
{
    char copy[PATH_MAX];
    struct stat st = { .st_mode = S_IFDIR };

    snprintf(copy, sizeof(copy), "%s", dir);
    if (outputs_each_and_folders(dir, give_one, copy) && give_one(copy, STR("."), &st)) return true;
    return FAIL(err, ERR_IO, "A checkpoint could not be given to its container.");
}
