/* SPDX-License-Identifier: Apache-2.0 */
#include "link/blobs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "link/call.h"

#define PIECES_FROM      (256 << 10)            /* below, a cut line costs no more than asking */
#define BLOB_PATIENCE_MS (INT64_C(3600) * 1000) /* a gibibyte over a slow line */

struct file_sink {
    int fd;
    int64_t left;
    enum err_code failed; /* why it ended; ERR_NONE: it did not */
};

static bool write_piece(void *arg, const void *p, size_t n)
{
    struct file_sink *s = arg;
    const char *from = p;
    if ((int64_t)n > s->left) s->failed = ERR_BODY_TOO_LARGE;
    while (n > 0 && s->failed == ERR_NONE) {
        const ssize_t put = write(s->fd, from, n);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) {
            s->failed = ERR_IO;
            break;
        }
        from += put;
        n -= (size_t)put;
        s->left -= put;
    }
    return s->failed == ERR_NONE;
}

static enum link_result call_blob(struct api *api, const char *sha256, struct call *call,
                                  const char *header, int64_t *upload_offset, struct err *err)
{
    struct arena a;
    struct answer answer = { .upload_offset = NULL };
    char path[128];
    const char *const headers[] = { header, NULL };
    snprintf(path, sizeof(path), "/v1/agent/blobs/%s", sha256);
    arena_init(&a, 1 << 20);
    call->path = path;
    call->headers = headers;
    call->timeout_ms = BLOB_PATIENCE_MS;
    call->answer_max = BODY_MAX;
    const enum link_result r = link_call_raw(api, call, &a, &answer, err);
    if (!str_i64(str_of(answer.upload_offset), 0, BLOB_MAX, upload_offset)) *upload_offset = 0;
    arena_done(&a);
    return r;
}

enum link_result blob_get(void *api, const char *sha256, int fd, int64_t most, struct err *err)
{
    char range[64];
    int64_t unused;
    const off_t have = lseek(fd, 0, SEEK_END);
    struct file_sink sink = { .fd = fd, .left = most - have };
    struct call call = call_defaults;
    if (have < 0) {
        FAIL(err, ERR_IO, "A blob could not be written to the disk.");
        return LINK_REFUSED;
    }
    snprintf(range, sizeof(range), "Range: bytes=%" PRId64 "-", (int64_t)have);
    call.method = "GET";
    call.sink = write_piece;
    call.sink_arg = &sink;
    const enum link_result r = call_blob(api, sha256, &call, have > 0 ? range : NULL, &unused, err);
    if (r == LINK_REFUSED && err->code == ERR_RANGE_BEYOND) return LINK_DONE;
    if (sink.failed == ERR_NONE) return r;
    if (sink.failed == ERR_IO)
        FAIL(err, ERR_IO, "A blob could not be written to the disk.");
    else
        FAIL(err, sink.failed, "A blob is larger than a blob may be.");
    return LINK_REFUSED;
}

/* ---- out ---------------------------------------------------------------------------------------
 */

/* How much of it the market has. LINK_DONE: all of it. */
static enum link_result ask_offset(struct api *api, const char *sha256, int64_t *offset,
                                   struct err *err)
{
    struct call call = call_defaults;
    call.method = "HEAD";
    return call_blob(api, sha256, &call, NULL, offset, err);
}

/* Bytes of it from `offset` on; large blobs alone say where they begin. */
static enum link_result put_from(struct api *api, const char *sha256, int fd, int64_t offset,
                                 int64_t size, struct err *err)
{
    char range[96];
    int64_t unused;
    struct call call = call_defaults;
    if (lseek(fd, offset, SEEK_SET) != offset) {
        FAIL(err, ERR_IO, "An output could not be read again.");
        return LINK_REFUSED;
    }
    if (offset == size)
        snprintf(range, sizeof(range), "Content-Range: bytes */%" PRId64, size);
    else
        snprintf(range, sizeof(range), "Content-Range: bytes %" PRId64 "-%" PRId64 "/%" PRId64,
                 offset, size - 1, size);
    call.method = "PUT";
    call.content_type = "application/octet-stream";
    call.body_fd = fd;
    call.body_size = size - offset;
    return call_blob(api, sha256, &call, size >= PIECES_FROM ? range : NULL, &unused, err);
}

enum link_result blob_put(void *api, const char *sha256, int fd, int64_t size, struct err *err)
{
    int64_t offset = 0;
    if (size < PIECES_FROM) return put_from(api, sha256, fd, 0, size, err);
    enum link_result r = ask_offset(api, sha256, &offset, err);
    if (r != LINK_GONE) return r;
    r = put_from(api, sha256, fd, offset < size ? offset : size, size, err);
    /* Somebody else of our account sends the same: what he has sent need not go again. */
    return r == LINK_STALE && err->code == ERR_WRONG_STATE ? LINK_UNREACHABLE : r;
}
