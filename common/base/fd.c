/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"

#define CHUNK 16384

/* The path and the system's reason are for the log alone. */
static bool io_failed(struct err *err, enum err_code code, const char *what, const char *path)
{
    const int reason = errno;
    FAIL(err, code, "%s", what);
    err_internal(err, "%s: %s", path, strerror(reason));
    return false;
}

/* -1: failed, errno is set. */
static ssize_t read_some(int fd, char *p, size_t n)
{
    ssize_t got;
    do {
        got = read(fd, p, n);
    } while (got < 0 && errno == EINTR);
    return got;
}

static bool read_all(int fd, const char *path, struct buf *out, struct err *err)
{
    char chunk[CHUNK];
    for (;;) {
        const ssize_t n = read_some(fd, chunk, sizeof(chunk));
        if (n < 0) return io_failed(err, ERR_IO, "A file could not be read.", path);
        if (n == 0) return true;
        if ((size_t)n > out->max - out->n) {
            errno = EFBIG;
            return io_failed(err, ERR_IO, "A file is larger than allowed.", path);
        }
        buf_add(out, chunk, (size_t)n);
        if (out->failed) return FAIL(err, ERR_NO_MEMORY, "No memory was left to read a file.");
    }
}

bool file_read(const char *path, size_t max, struct buf *out, struct err *err)
{
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return io_failed(err, ERR_NOT_FOUND, "There is no such file.", path);
    if (fd < 0) return io_failed(err, ERR_IO, "A file could not be opened.", path);

    struct buf bytes;
    buf_init(&bytes, max);
    if (!read_all(fd, path, &bytes, err)) {
        buf_done(&bytes);
        return false;
    }
    buf_done(out);
    *out = bytes;
    return true;
}

static bool write_all(int fd, struct str bytes)
{
    while (bytes.n > 0) {
        const ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        bytes = (struct str){ bytes.p + n, bytes.n - (size_t)n };
    }
    return true;
}

/* A new file with these bytes, on the disk. */
static bool make_file(const char *path, struct str bytes, unsigned mode)
{
    auto_close int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    return fd >= 0 && write_all(fd, bytes) && fsync(fd) == 0;
}

/* Have a rename in the folder of `path` reach the disk. */
static bool sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[PATH_MAX] = ".";
    if (slash)
        snprintf(folder, sizeof(folder), "%.*s", slash == path ? 1 : (int)(slash - path), path);

    auto_close int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return false;
    return fsync(fd) == 0 || errno == EINVAL; /* some file systems have nothing to do here */
}

bool file_write(const char *path, struct str bytes, unsigned mode, struct err *err)
{
    char made[PATH_MAX];
    const int n = snprintf(made, sizeof(made), "%s.%016" PRIx64 ".tmp", path, random_u64());
    if (n < 0 || (size_t)n >= sizeof(made)) {
        errno = ENAMETOOLONG;
        return io_failed(err, ERR_IO, "A file could not be written.", path);
    }
    if (!make_file(made, bytes, mode) || rename(made, path) != 0) {
        io_failed(err, ERR_IO, "A file could not be written.", path);
        unlink(made);
        return false;
    }
    if (!sync_folder(path)) return io_failed(err, ERR_IO, "A file may not be on the disk.", path);
    return true;
}

static bool make_one(const char *path)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

static bool is_folder(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) return false;
    if (!S_ISDIR(st.st_mode)) errno = ENOTDIR;
    return S_ISDIR(st.st_mode);
}

/* Every folder on the way, by ending the path for a moment at each slash. */
static bool make_way(char *path)
{
    for (char *p = path; *p != '\0'; p++) {
        if (*p != '/' || p == path) continue;
        *p = '\0';
        const bool ok = make_one(path);
        *p = '/';
        if (!ok) return false;
    }
    return make_one(path) && is_folder(path);
}

bool dir_make(const char *path, struct err *err)
{
    char copy[PATH_MAX];
    const size_t n = strlen(path);
    errno = ENAMETOOLONG;
    if (n >= sizeof(copy)) return io_failed(err, ERR_IO, "A folder could not be made.", path);
    memcpy(copy, path, n + 1);
    if (!make_way(copy)) return io_failed(err, ERR_IO, "A folder could not be made.", path);
    return true;
}
