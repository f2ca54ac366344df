/* SPDX-License-Identifier: Apache-2.0 */
#include "service/blobs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "sign/sha.h"

#define PATH_SIZE    4096
#define PIECE        65536
#define KEPT_MODE    0400
#define FORGET_AFTER INT64_C(86400)
#define SECOND       1000000

struct blobs {
    char dir[PATH_SIZE - 256]; /* "<state>/blobs" */
};

struct path {
    char text[PATH_SIZE];
};

static bool io_failed(const char *what, const char *path, struct err *err)
{
    const int why = errno;

    FAIL(err, ERR_IO, "The blob store could not %s.", what);
    err_internal(err, "%s: %s", path, strerror(why));
    return false;
}

static bool sync_folder(const char *path, struct err *err)
{
    auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return (fd >= 0 && fsync(fd) == 0) || io_failed("make a name durable", path, err);
}

/* All at once, so that no blob's name is lost with that of its folder. */
static bool make_folders(const struct blobs *b, struct err *err)
{
    struct path folder;

    snprintf(folder.text, sizeof(folder.text), "%s/partial", b->dir);
    if (!dir_make(folder.text, err)) return false;
    for (unsigned i = 0; i < 256; i++) {
        snprintf(folder.text, sizeof(folder.text), "%s/%02x", b->dir, i);
        if (!dir_make(folder.text, err)) return false;
    }
    return sync_folder(b->dir, err);
}

struct blobs *blobs_new(const char *state_dir, struct err *err)
{
    struct blobs *b = mem_zalloc(sizeof(*b));
    const int n = snprintf(b->dir, sizeof(b->dir), "%s/blobs", state_dir);

    if (n <= 0 || (size_t)n >= sizeof(b->dir))
        FAIL(err, ERR_IO, "The path of the state folder is too long.");
    else if (make_folders(b, err))
        return b;
    blobs_free(b);
    return NULL;
}

void blobs_free(struct blobs *b)
{
    mem_free(b);
}

/* ---- names ---- */

static void folder_of(const struct blobs *b, const struct hash *digest, struct path *out)
{
    snprintf(out->text, sizeof(out->text), "%s/%02x", b->dir, digest->b[0]);
}

static void name_of(const struct blobs *b, const struct hash *digest, struct path *out)
{
    char hex[65];

    hex_encode(digest->b, sizeof(digest->b), hex);
    snprintf(out->text, sizeof(out->text), "%s/%02x/%s", b->dir, digest->b[0], hex);
}

/* As flock(2), to its end. */
static int flock_whole(int fd)
{
    int rc;

    do
        rc = flock(fd, LOCK_EX);
    while (rc != 0 && errno == EINTR);
    return rc;
}

static void partials_of(const struct blobs *b, int64_t account, struct path *out)
{
    snprintf(out->text, sizeof(out->text), "%s/partial/%" PRId64, b->dir, account);
}

static void partial_of(const struct blobs *b, int64_t account, const struct hash *digest,
                       struct path *out)
{
    char hex[65];

    hex_encode(digest->b, sizeof(digest->b), hex);
    snprintf(out->text, sizeof(out->text), "%s/partial/%" PRId64 "/%s", b->dir, account, hex);
}

const char *blobs_path(const struct blobs *b, const struct hash *digest, struct arena *a)
{
    struct path p;

    name_of(b, digest, &p);
    return arena_copy(a, str_of(p.text));
}

int blobs_lock(const struct blobs *b, const struct hash *digest, struct err *err)
{
    struct path folder;

    folder_of(b, digest, &folder);
    const int fd = open(folder.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && flock_whole(fd) == 0) return fd;
    (void)io_failed("hold a folder", folder.text, err);
    if (fd >= 0) close(fd);
    return -1;
}

/* ---- whole ones ---- */

static bool copy_bytes(int from, int to, const char *path, struct err *err)
{
    char piece[PIECE];
    ssize_t n;

    while ((n = read(from, piece, sizeof(piece))) != 0) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return io_failed("read an upload", path, err);
        for (ssize_t done = 0; done < n;) {
            const ssize_t put = write(to, piece + done, (size_t)(n - done));
            if (put < 0 && errno == EINTR) continue;
            if (put <= 0) return io_failed("write a blob", path, err);
            done += put;
        }
    }
    return true;
}

/* The file's bytes under a name of their own next to where they shall be. */
static bool copy_to(const char *file, const char *temp, struct err *err)
{
    auto_close int to = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (to < 0) return io_failed("make a file", temp, err);
    if (file) {
        auto_close int from = open(file, O_RDONLY | O_CLOEXEC);
        if (from < 0) return io_failed("open an upload", file, err);
        if (!copy_bytes(from, to, file, err)) return false;
    }
    return true;
}

/* What has a name here is never written again. */
static bool sync_file(const char *path, struct err *err)
{
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);

    return (fd >= 0 && fchmod(fd, KEPT_MODE) == 0 && fsync(fd) == 0) ||
           io_failed("make a blob durable", path, err);
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* Another file system, or nothing to move: by way of a copy. */
static bool keep_copy(const char *file, const char *name, struct err *err)
{
    struct path temp;
    const int n = snprintf(temp.text, sizeof(temp.text), "%s.XXXXXX", name);

    if (n < 0 || (size_t)n >= sizeof(temp.text)) return io_failed("make a file", name, err);
    auto_close int fd = mkostemp(temp.text, O_CLOEXEC);
    if (fd < 0) return io_failed("make a file", temp.text, err);
    if (copy_to(file, temp.text, err) && sync_file(temp.text, err) &&
        (rename(temp.text, name) == 0 || io_failed("name a blob", name, err)))
        return true;
    (void)unlink(temp.text);
    return false;
}

bool blobs_keep(struct blobs *b, const struct hash *digest, const char *file, struct err *err)
{
    struct path folder, name;

    folder_of(b, digest, &folder);
    name_of(b, digest, &name);
    /* Another thread may have named it just now, and not be as far as making that durable. */
    if (is_there(name.text)) return sync_folder(folder.text, err);
    if (file && !sync_file(file, err)) return false;
    if (!file || rename(file, name.text) != 0) {
        if (file && errno != EXDEV) return io_failed("name a blob", name.text, err);
        if (!keep_copy(file, name.text, err)) return false;
    }
    return sync_folder(folder.text, err);
}

bool blobs_remove(struct blobs *b, const struct hash *digest, struct err *err)
{
    struct path name;

    name_of(b, digest, &name);
    return unlink(name.text) == 0 || errno == ENOENT || io_failed("remove a blob", name.text, err);
}

/* ---- uploads that go on ---- */

static int64_t size_of(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

int64_t blobs_offset(const struct blobs *b, int64_t account, const struct hash *digest)
{
    struct path p;

    partial_of(b, account, digest, &p);
    return size_of(p.text);
}

static bool digest_of(int fd, const char *path, struct hash *out, struct err *err)
{
    char piece[PIECE];
    ssize_t n;
    struct sha256_stream *s = sha256_new();

    if (lseek(fd, 0, SEEK_SET) != 0)
        n = -1;
    else
        while ((n = read(fd, piece, sizeof(piece))) > 0)
            sha256_add(s, piece, (size_t)n);
    if (n == 0) {
        *out = sha256_end(s);
        return true;
    }
    sha256_free(s);
    return io_failed("read an upload again", path, err);
}

/* All of it is there: is it what was promised? */
static enum blob_append finish(struct blobs *b, const struct blob_piece *p, int fd,
                               const char *path, struct err *err)
{
    struct hash found;

    if (!digest_of(fd, path, &found, err)) return BLOB_FAILED;
    if (memcmp(found.b, p->digest.b, sizeof(found.b)) != 0) {
        (void)unlink(path);
        return BLOB_WRONG;
    }
    if (!blobs_keep(b, &p->digest, path, err)) return BLOB_FAILED;
    (void)unlink(path); /* there is nothing if it was moved */
    return BLOB_WHOLE;
}

static bool append_bytes(int to, const char *file, const char *path, struct err *err)
{
    auto_close int from = open(file, O_RDONLY | O_CLOEXEC);

    if (from < 0) return io_failed("open an upload", file, err);
    if (!copy_bytes(from, to, path, err)) return false;
    return fsync(to) == 0 || io_failed("write an upload", path, err);
}

/* Half a piece is worse than none: the next one would not fit. */
static bool append_file(int to, const char *file, int64_t at, const char *path, struct err *err)
{
    if (lseek(to, at, SEEK_SET) != at) return io_failed("append to an upload", path, err);
    if (append_bytes(to, file, path, err)) return true;
    if (ftruncate(to, at) != 0) (void)unlink(path);
    return false;
}

/* Two pieces of one upload at once: the second waits, and is then misplaced. When the first was the
 * last one, what the second has open may be the blob itself by then: only what still has the
 * upload's name is appended to. */
static bool is_named(const struct stat *open, const char *path)
{
    struct stat named;

    return stat(path, &named) == 0 && named.st_ino == open->st_ino && named.st_dev == open->st_dev;
}

static enum blob_append append_locked(struct blobs *b, const struct blob_piece *p, int fd,
                                      const char *file, const char *path, int64_t *offset,
                                      struct err *err)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || !is_named(&st, path)) {
        *offset = 0;
        return BLOB_MISPLACED;
    }
    *offset = (int64_t)st.st_size;
    if (p->at != *offset) return BLOB_MISPLACED;
    if (p->size > 0 && file && !append_file(fd, file, p->at, path, err)) return BLOB_FAILED;
    *offset = p->at + p->size;
    return *offset < p->total ? BLOB_PART : finish(b, p, fd, path, err);
}

enum blob_append blobs_append(struct blobs *b, const struct blob_piece *p, const char *file,
                              int64_t *offset, struct err *err)
{
    struct path folder, path;

    *offset = 0;
    partials_of(b, p->account, &folder);
    partial_of(b, p->account, &p->digest, &path);
    if (!dir_make(folder.text, err)) return BLOB_FAILED;
    auto_close int fd = open(path.text, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || flock_whole(fd) != 0) {
        (void)io_failed("make a file", path.text, err);
        return BLOB_FAILED;
    }
    return append_locked(b, p, fd, file, path.text, offset, err);
}

/* Bytes of one upload; 0 when it was too old and is gone. */
static int64_t count_one(int folder, const char *name, int64_t now_us)
{
    struct stat st;

    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode)) return 0;
    if (st.st_mtim.tv_sec >= now_us / SECOND - FORGET_AFTER) return (int64_t)st.st_size;
    (void)unlinkat(folder, name, 0);
    return 0;
}

int64_t blobs_partial_bytes(struct blobs *b, int64_t account, int64_t now_us)
{
    struct path folder;
    int64_t sum = 0;

    partials_of(b, account, &folder);
    DIR *d = opendir(folder.text);
    if (!d) return 0;
    for (const struct dirent *e; (e = readdir(d));)
        sum += count_one(dirfd(d), e->d_name, now_us);
    closedir(d);
    return sum;
}
