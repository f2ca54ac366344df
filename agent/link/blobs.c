/* SPDX-License-Identifier: Apache-2.0 */
#include "link/blobs.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "link/call.h"

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
                                  struct err *err)
{
    struct arena a;
    char path[128];
    snprintf(path, sizeof(path), "/v1/agent/blobs/%s", sha256);
    arena_init(&a, 1 << 20);
    call->path = path;
    call->timeout_ms = BLOB_PATIENCE_MS;
    call->answer_max = BODY_MAX;
    const enum link_result r = link_call_raw(api, call, &a, NULL, err);
    arena_done(&a);
    return r;
}

enum link_result blob_get(void *api, const char *sha256, int fd, int64_t most, struct err *err)
{
    struct file_sink sink = { .fd = fd, .left = most };
    struct call call = call_defaults;
    call.method = "GET";
    call.sink = write_piece;
    call.sink_arg = &sink;
    const enum link_result r = call_blob(api, sha256, &call, err);
    if (sink.failed == ERR_NONE) return r;
    if (sink.failed == ERR_IO)
        FAIL(err, ERR_IO, "A blob could not be written to the disk.");
    else
        FAIL(err, sink.failed, "A blob is larger than a blob may be.");
    return LINK_REFUSED;
}

enum link_result blob_put(void *api, const char *sha256, int fd, int64_t size, struct err *err)
{
    struct call call = call_defaults;
    call.method = "PUT";
    call.content_type = "application/octet-stream";
    call.body_fd = fd;
    call.body_size = size;
    if (lseek(fd, 0, SEEK_SET) != 0) {
        FAIL(err, ERR_IO, "An output could not be read again.");
        return LINK_REFUSED;
    }
    return call_blob(api, sha256, &call, err);
}
