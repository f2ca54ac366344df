/* SPDX-License-Identifier: Apache-2.0 */
#include "service/blob_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

#define PATH_SIZE   4096
#define PIECE       65536
#define KEPT_MODE   0400
#define FOLDERS     256
#define NAME_DIGITS 64

struct blob_dir {
    char folder[PATH_SIZE - 256];
};

struct path {
    char text[PATH_SIZE];
};

bool blob_io_failed(const char *what, const char *path, struct err *err)
{
    const int why = errno;

    FAIL(err, ERR_IO, "The blob store could not %s.", what);
    err_internal(err, "%s: %s", path, strerror(why));
    return false;
}

static bool sync_folder(const char *path, struct err *err)
{
    auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return (fd >= 0 && fsync(fd) == 0) || blob_io_failed("make a name durable", path, err);
}

/* All at once, so that no blob's name is lost with that of its folder. */
static bool make_folders(const struct blob_dir *b, struct err *err)
{
    struct path folder;

    for (unsigned i = 0; i < FOLDERS; i++) {
        snprintf(folder.text, sizeof(folder.text), "%s/%02x", b->folder, i);
        if (!dir_make(folder.text, err)) return false;
    }
    return sync_folder(b->folder, err);
}

struct blob_dir *blob_dir_new(const char *folder, struct err *err)
{
    struct blob_dir *b = mem_zalloc(sizeof(*b));
    const int n = snprintf(b->folder, sizeof(b->folder), "%s", folder);

    if (n <= 0 || (size_t)n >= sizeof(b->folder))
        FAIL(err, ERR_IO, "The path of the state folder is too long.");
    else if (make_folders(b, err))
        return b;
    blob_dir_free(b);
    return NULL;
}

void blob_dir_free(void *dir)
{
    mem_free(dir);
}

/* ---- names ---- */

static void folder_of(const struct blob_dir *b, const struct hash *digest, struct path *out)
{
    snprintf(out->text, sizeof(out->text), "%s/%02x", b->folder, digest->b[0]);
}

static void name_of(const struct blob_dir *b, const struct hash *digest, struct path *out)
{
    char hex[NAME_DIGITS + 1];

    hex_encode(digest->b, sizeof(digest->b), hex);
    snprintf(out->text, sizeof(out->text), "%s/%02x/%s", b->folder, digest->b[0], hex);
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

int blob_dir_lock(const struct blob_dir *b, const struct hash *digest, struct err *err)
{
    struct path folder;

    folder_of(b, digest, &folder);
    const int fd = open(folder.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && flock_whole(fd) == 0) return fd;
    (void)blob_io_failed("hold a folder", folder.text, err);
    if (fd >= 0) close(fd);
    return -1;
}

/* ---- keeping ---- */

static bool copy_bytes(int from, int to, const char *path, struct err *err)
{
    char piece[PIECE];
    ssize_t n;

    while ((n = read(from, piece, sizeof(piece))) != 0) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return blob_io_failed("read an upload", path, err);
        for (ssize_t done = 0; done < n;) {
            const ssize_t put = write(to, piece + done, (size_t)(n - done));
            if (put < 0 && errno == EINTR) continue;
            if (put <= 0) return blob_io_failed("write a blob", path, err);
            done += put;
        }
    }
    return true;
}

/* The file's bytes under a name of their own next to where they shall be. */
static bool copy_to(const char *file, const char *temp, struct err *err)
{
    auto_close int to = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (to < 0) return blob_io_failed("make a file", temp, err);
    if (file) {
        auto_close int from = open(file, O_RDONLY | O_CLOEXEC);
        if (from < 0) return blob_io_failed("open an upload", file, err);
        if (!copy_bytes(from, to, file, err)) return false;
    }
    return true;
}

/* What has a name here is never written again. */
static bool sync_file(const char *path, struct err *err)
{
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);

    return (fd >= 0 && fchmod(fd, KEPT_MODE) == 0 && fsync(fd) == 0) ||
           blob_io_failed("make a blob durable", path, err);
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

    if (n < 0 || (size_t)n >= sizeof(temp.text)) return blob_io_failed("make a file", name, err);
    auto_close int fd = mkostemp(temp.text, O_CLOEXEC);
    if (fd < 0) return blob_io_failed("make a file", temp.text, err);
    if (copy_to(file, temp.text, err) && sync_file(temp.text, err) &&
        (rename(temp.text, name) == 0 || blob_io_failed("name a blob", name, err)))
        return true;
    (void)unlink(temp.text);
    return false;
}

bool blob_dir_keep(void *dir, const struct hash *digest, const char *file, struct err *err)
{
    const struct blob_dir *b = dir;
    struct path folder, name;

    folder_of(b, digest, &folder);
    name_of(b, digest, &name);
    /* Another thread may have named it just now, and not be as far as making that durable. */
    if (is_there(name.text)) return sync_folder(folder.text, err);
    if (file && !sync_file(file, err)) return false;
    if (!file || rename(file, name.text) != 0) {
        if (file && errno != EXDEV) return blob_io_failed("name a blob", name.text, err);
        if (!keep_copy(file, name.text, err)) return false;
    }
    return sync_folder(folder.text, err);
}

int blob_dir_open(void *dir, const struct hash *digest, struct err *err)
{
    struct path name;

    name_of(dir, digest, &name);
    const int fd = open(name.text, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) return fd;
    if (errno == ENOENT)
        FAIL(err, ERR_NOT_FOUND, "Its bytes are not here.");
    else
        (void)blob_io_failed("read a blob", name.text, err);
    return -1;
}

bool blob_dir_has(void *dir, const struct hash *digest, struct err *err)
{
    struct path name;

    name_of(dir, digest, &name);
    if (is_there(name.text)) return true;
    return FAIL(err, ERR_NOT_FOUND, "Its bytes are not here.");
}

bool blob_dir_remove(void *dir, const struct hash *digest, struct err *err)
{
    struct path name;

    name_of(dir, digest, &name);
    return unlink(name.text) == 0 || errno == ENOENT ||
           blob_io_failed("remove a blob", name.text, err);
}

const struct blob_store_ops blob_dir_ops = {
    .keep = blob_dir_keep,
    .has = blob_dir_has,
    .open = blob_dir_open,
    .remove = blob_dir_remove,
    .free = blob_dir_free,
};

/* ---- shrinking ---- */

struct oldest {
    struct path path;
    struct timespec at;
    int64_t size; /* -1: none yet */
};

static bool is_older(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* Bytes of one folder; the file in it that was used the longest ago, if longer than *oldest. */
static int64_t look_through(const char *folder, struct oldest *oldest)
{
    int64_t bytes = 0;
    DIR *d = opendir(folder);

    if (!d) return 0;
    for (const struct dirent *e; (e = readdir(d));) {
        struct stat st;
        if (strlen(e->d_name) != NAME_DIGITS ||
            fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        bytes += st.st_size;
        if (oldest->size >= 0 && !is_older(&st.st_mtim, &oldest->at)) continue;
        oldest->at = st.st_mtim;
        oldest->size = st.st_size;
        const int n =
            snprintf(oldest->path.text, sizeof(oldest->path.text), "%s/%s", folder, e->d_name);
        if (n < 0 || (size_t)n >= sizeof(oldest->path.text)) oldest->size = -1;
    }
    closedir(d);
    return bytes;
}

int64_t blob_dir_shrink(struct blob_dir *b, int64_t most)
{
    for (;;) {
        struct oldest oldest = { .size = -1 };
        struct path folder;
        int64_t bytes = 0;
        for (unsigned i = 0; i < FOLDERS; i++) {
            snprintf(folder.text, sizeof(folder.text), "%s/%02x", b->folder, i);
            bytes += look_through(folder.text, &oldest);
        }
        if (bytes <= most || oldest.size < 0 || unlink(oldest.path.text) != 0) return bytes;
    }
}
