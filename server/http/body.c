/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies: small ones in memory, blobs to a file, hashed on the way. A body that cannot be taken is
 * read on for a while and thrown away, as who is still sending does not yet read what we answer. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "http/listener.h"
#include "service/blob_partial.h"

#define DRAIN_MAX (1 << 20)  /* thrown away before the connection is closed */
#define RATE_MIN  (64 << 10) /* bytes per second of a blob, beyond the first body_s */

static bool is_blob(const struct req_inside *x)
{
    return x->rq.route->flags & ROUTE_BLOB_BODY;
}

static bool open_file(struct req_inside *x)
{
    struct err *err = &x->rq.err;
    if (!x->l->o.tmp_dir) return FAIL(err, ERR_NOT_SUPPORTED, "Blobs are not taken here.");
    x->body_path = arena_fmt(&x->rq.arena, "%s/upload-XXXXXX", x->l->o.tmp_dir);
    if (!x->body_path) return FAIL(err, ERR_NO_MEMORY, "No memory for a blob.");
    x->body_fd = mkostemp(x->body_path, O_CLOEXEC);
    if (x->body_fd >= 0) {
        x->rq.body_file = x->body_path;
        return true;
    }
    FAIL(err, ERR_IO, "The blob could not be kept.");
    err_internal(err, "%s: %s", x->body_path, strerror(errno));
    return false;
}

bool body_begin(struct req_inside *x)
{
    if (is_blob(x)) {
        x->hashing = sha256_new();
        return x->rq.partial || open_file(x);
    }
    buf_init(&x->body, (size_t)x->body_max);
    return true;
}

static bool write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        const ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

static void add_to_file(struct req_inside *x, const char *p, size_t n)
{
    struct err *err = &x->rq.err;
    sha256_add(x->hashing, p, n);
    if (x->rq.partial) {
        x->body_failed = !partial_write(x->rq.partial, p, n, err);
        x->must_close = x->must_close || x->body_failed;
    } else if (!write_all(x->body_fd, p, n)) {
        x->body_failed = !FAIL(err, ERR_IO, "The blob could not be kept.");
        err_internal(err, "%s: %s", x->body_path, strerror(errno));
    }
    if (x->body_failed) return;
    const int64_t extra_us = x->rq.body_size * 1000000 / RATE_MIN;
    atomic_store(&x->slot->deadline_us, x->body_began_us + x->l->body_us + extra_us);
}

bool body_add(struct req_inside *x, const char *p, size_t n)
{
    x->rq.body_size += (int64_t)n;
    if (x->rq.body_size > x->body_max && !x->body_failed) {
        FAIL(&x->rq.err, ERR_BODY_TOO_LARGE, "At most %lld bytes.", (long long)x->body_max);
        x->body_failed = x->must_close = true;
    }
    if (x->body_failed) return x->rq.body_size <= x->body_max + DRAIN_MAX;

    if (is_blob(x))
        add_to_file(x, p, n);
    else
        buf_add(&x->body, p, n);
    return true;
}

bool body_end(struct req_inside *x)
{
    struct req *rq = &x->rq;
    if (x->body.failed && !x->body_failed) FAIL(&rq->err, ERR_NO_MEMORY, "No memory for the body.");
    if (x->body.failed || x->body_failed) return false;
    if (!is_blob(x)) {
        rq->body = buf_view(&x->body);
        if (rq->body.n > 0) rq->body_hash = sha256(rq->body);
        return true;
    }
    rq->body_hash = sha256_end(take(x->hashing));
    const int closed = x->body_fd >= 0 ? close(x->body_fd) : 0;
    x->body_fd = -1;
    if (closed != 0) return FAIL(&rq->err, ERR_IO, "The blob could not be kept.");

    struct hash promised;
    if (rq->route->auth != AUTH_AGENT ||
        !content_digest_parse(req_header(rq, "Content-Digest"), &promised))
        return true; /* an agent's bytes without a digest were not admitted */
    if (memcmp(&promised, &rq->body_hash, sizeof(promised)) == 0) return true;
    if (rq->partial) partial_undo(rq->partial);
    return FAIL(&rq->err, ERR_DIGEST_MISMATCH, "The body is not what Content-Digest says.");
}

void body_done(struct req_inside *x)
{
    buf_done(&x->body);
    sha256_free(x->hashing);
    if (x->body_fd >= 0) close(x->body_fd);
    partial_close(x->rq.partial, false);
    x->rq.partial = NULL;
    if (x->rq.body_file) unlink(x->body_path); /* gone already when the handler has taken it */
}
