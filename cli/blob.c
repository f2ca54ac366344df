/* SPDX-License-Identifier: Apache-2.0 */
#include "blob.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/limits.h"
#include "sign/sha.h"

#define CHUNK    65536
#define TRIES    6
#define PAUSE_US 500000

static bool fail(struct api *api, enum exit_code code, const char *path, const char *why)
{
    fprintf(stderr, "bourse %s: %s: %s\n", api->cli->verb, path, why);
    api->exit = code;
    return false;
}

static void hex_of(struct hash h, char out[65])
{
    hex_encode(h.b, sizeof(h.b), out);
}

/* --- up --- */

static bool digest_file(int fd, struct blob *out)
{
    char chunk[CHUNK];
    struct sha256_stream *const s = sha256_new();
    struct blob b = { .size_bytes = 0 };
    ssize_t n;
    while ((n = read(fd, chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR)) {
        if (n < 0) continue;
        sha256_add(s, chunk, (size_t)n);
        b.size_bytes += n;
    }
    hex_of(sha256_end(s), b.sha256);
    if (n < 0) return false;
    *out = b;
    return true;
}

/* How much of it the server has; all of it when *done. */
static bool ask_offset(struct api *api, const char *url, int64_t size, int64_t *offset, bool *done)
{
    struct reply reply;
    struct request r = request_defaults;
    r.method = "HEAD";
    r.path = url;
    r.may_be_missing = true;
    if (!api_call(api, &r, &reply)) return false;
    json_decref(reply.json);
    *done = reply.status == 200;
    if (!str_i64(str_of(reply.upload_offset), 0, size, offset)) *offset = 0;
    return true;
}

struct upload {
    const char *path, *url;
    int fd;
    struct blob blob;
};

/* Which bytes these are. All of them may be there and not yet be a blob: then none are sent. */
static const char *range(struct arena *a, int64_t offset, int64_t total)
{
    if (offset == total) return arena_fmt(a, "Content-Range: bytes */%" PRId64, total);
    return arena_fmt(a, "Content-Range: bytes %" PRId64 "-%" PRId64 "/%" PRId64, offset, total - 1,
                     total);
}

/* Send the bytes from `offset` on. False with err ERR_IO: cut on the way, or the market has no time
 * for it; another err: printed. */
static bool send_rest(struct api *api, const struct upload *u, int64_t offset, struct err *err)
{
    struct reply reply;
    struct request r = request_defaults;
    r.method = "PUT";
    r.path = u->url;
    r.content_type = "application/octet-stream";
    r.file = u->path;
    r.body_fd = u->fd;
    r.body_size = u->blob.size_bytes - offset;
    if (u->blob.size_bytes > 0) r.headers[0] = range(&api->cli->a, offset, u->blob.size_bytes);
    if (lseek(u->fd, offset, SEEK_SET) < 0) return fail(api, EXIT_USAGE, u->path, strerror(errno));
    if (!api_try(api, &r, &reply, err)) return false;
    const bool ok = reply.status >= 200 && reply.status < 300;
    const bool again = reply.status == 503 || (reply.status == 409 && reply.upload_offset[0]);
    if (!ok && again) FAIL(err, ERR_IO, "The market answered %d.", reply.status);
    if (!ok && !again) api->exit = api_refused(api, &reply);
    json_decref(reply.json);
    return ok;
}

/* Wait before another try. False: there was the last. */
static bool may_try(const char *what, int tries)
{
    if (tries == TRIES) return false;
    fprintf(stderr, "The %s was cut; going on with it (%d of %d).\n", what, tries + 1, TRIES);
    clock_sleep_us(PAUSE_US << (tries - 1));
    return true;
}

static bool upload(struct api *api, const struct upload *u)
{
    for (int tries = 1; u->url; tries++) {
        struct err err = { .code = ERR_NONE };
        int64_t offset;
        bool done;
        if (!ask_offset(api, u->url, u->blob.size_bytes, &offset, &done)) return false;
        if (done || send_rest(api, u, offset, &err)) return true;
        if (err.code == ERR_NONE) return false;
        if (err.code != ERR_IO || !may_try("upload", tries)) {
            api->exit = cli_fail(api->cli, &err);
            return false;
        }
    }
    return fail(api, EXIT_SERVER, u->path, "it could not be uploaded");
}

bool blob_put(struct api *api, const char *path, struct blob *out)
{
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct upload u = { .path = path, .fd = fd };
    if (fd < 0) return fail(api, EXIT_USAGE, path, strerror(errno));
    if (!digest_file(fd, &u.blob)) return fail(api, EXIT_USAGE, path, "it cannot be read");
    if (u.blob.size_bytes > BLOB_MAX)
        return fail(api, EXIT_USAGE, path, "it is larger than the market keeps, 1 GiB");
    u.url = arena_fmt(&api->cli->a, "/v1/blobs/%s", u.blob.sha256);
    if (!upload(api, &u)) return false;
    *out = u.blob;
    return true;
}

/* --- down --- */

struct download {
    int fd;
    int64_t left; /* bytes that may still come */
    bool full;    /* the disk is, or more came than there should be */
};

static bool take_bytes(void *arg, const void *p, size_t n)
{
    struct download *const d = arg;
    const char *at = p;
    d->full = (int64_t)n > d->left;
    d->left -= (int64_t)n;
    while (n > 0 && !d->full) {
        const ssize_t put = write(d->fd, at, n);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) d->full = true;
        if (put <= 0) break;
        at += put;
        n -= (size_t)put;
    }
    return !d->full;
}

/* The rest of it, behind what the file holds. False: err ERR_IO, the line was cut; else printed. */
static bool fetch_rest(struct api *api, const char *url, int64_t size, int fd, struct err *err)
{
    struct reply reply;
    const off_t have = lseek(fd, 0, SEEK_END);
    struct download d = { .fd = fd, .left = size - have };
    struct request r = request_defaults;
    r.path = url;
    r.sink = take_bytes;
    r.sink_arg = &d;
    if (have > 0)
        r.headers[0] = arena_fmt(&api->cli->a, "Range: bytes=%" PRId64 "-", (int64_t)have);
    if (have == size) return true;
    const bool heard = api_try(api, &r, &reply, err);
    if (!heard && d.full) return fail(api, EXIT_USAGE, url, "its bytes cannot be kept");
    if (!heard) return false;
    const bool ok = reply.status >= 200 && reply.status < 300;
    if (!ok && reply.status == 503)
        FAIL(err, ERR_IO, "The market answered 503.");
    else if (!ok)
        api->exit = api_refused(api, &reply);
    json_decref(reply.json);
    return ok;
}

static bool fits(int fd, const struct blob *blob)
{
    struct blob found;
    return lseek(fd, 0, SEEK_SET) == 0 && digest_file(fd, &found) &&
           found.size_bytes == blob->size_bytes && strcmp(found.sha256, blob->sha256) == 0;
}

/* Until the file holds it. What an earlier call has left is gone on with, and thrown away when the
 * whole then does not fit. *unfit: the bytes are there and are not those. */
static bool fetch(struct api *api, const struct blob *blob, int fd, bool *unfit)
{
    const char *const url = arena_fmt(&api->cli->a, "/v1/blobs/%s", blob->sha256);
    bool fresh = lseek(fd, 0, SEEK_END) == 0;
    for (int tries = 1; url;) {
        struct err err = { .code = ERR_NONE };
        if (fetch_rest(api, url, blob->size_bytes, fd, &err)) {
            if (fits(fd, blob)) return true;
            *unfit = fresh || ftruncate(fd, 0) != 0;
            if (*unfit) return false;
            fresh = true;
            continue;
        }
        if (err.code == ERR_NONE) return false;
        if (err.code != ERR_IO || !may_try("download", tries++)) {
            api->exit = cli_fail(api->cli, &err);
            return false;
        }
    }
    return false;
}

static bool make_folder_of(const char *path, struct arena *a, struct err *err)
{
    const char *const slash = strrchr(path, '/');
    if (!slash || slash == path) return true;
    const char *const folder = arena_copy(a, (struct str){ path, (size_t)(slash - path) });
    return folder ? dir_make(folder, err) : FAIL(err, ERR_NO_MEMORY, "No memory was left.");
}

bool blob_get(struct api *api, const struct blob *blob, const char *path)
{
    struct err err;
    bool unfit = false;
    const char *const part = arena_fmt(&api->cli->a, "%s.part", path);
    if (!part || !make_folder_of(path, &api->cli->a, &err))
        return fail(api, EXIT_USAGE, path, "its folder cannot be made");
    auto_close int fd = open(part, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) return fail(api, EXIT_USAGE, part, strerror(errno));
    bool ok = fetch(api, blob, fd, &unfit);
    if (unfit) {
        unlink(part);
        return fail(api, EXIT_UNVERIFIED, path, "ITS BYTES DO NOT HAVE THE DIGEST OF THE RECEIPT");
    }
    if (ok && rename(part, path) != 0) ok = fail(api, EXIT_USAGE, path, strerror(errno));
    return ok;
}
