/* SPDX-License-Identifier: Apache-2.0 */
/* A small HTTP client on libcurl: one request, bounded answer, with a deadline. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "sign/key.h"

struct client; /* one connection's state; belongs to one thread at a time */

struct client_options {
    const char *base_url;        /* "http://host:port" or https, no slash at the end */
    const char *unix_socket;     /* connect there instead; NULL: TCP */
    const char *bearer;          /* token, or NULL */
    const struct key *sign_with; /* RFC 9421 with keyid; NULL: not signed. Borrowed */
    const char *keyid;
    const char *user_agent;
    const struct client_s3 *s3; /* NULL: no signature of that kind */
};

/* Sign each request as S3 wants it (AWS Signature Version 4, by libcurl). The caller sends
 * x-amz-content-sha256 with each, and no header without a value, as that would be signed but not
 * sent. */
struct client_s3 {
    const char *region, *access_key, *secret_key;
};

struct client *client_new(const struct client_options *o); /* NULL: no memory; texts are copied */
void client_free(struct client *c);
void client_set_keyid(struct client *c, const char *keyid);
/* Have a running client_call() of another thread end at once with ERR_IO; may be called any time.
 * With none running, the next one ends so: a thread that asks its stop flag before each call never
 * waits. */
void client_cancel(struct client *c);

struct call {
    const char *method;       /* GET, HEAD, POST, PUT, PATCH, DELETE */
    const char *path;         /* starts with '/', with query, percent-encoded */
    const char *content_type; /* NULL: none */
    struct str body;
    const char *const *headers; /* "Name: value", NULL-terminated, or NULL */
    size_t answer_max;          /* bytes of body accepted */
    int64_t timeout_ms;
    /* When set, body bytes of a 2xx go here piece by piece, without limit, instead of answer->body;
     * false ends the call with ERR_IO. */
    bool (*sink)(void *arg, const void *p, size_t n);
    void *sink_arg;
    /* When set, the request body is body_size bytes of this file from where it stands; it may be
     * read twice (to sign, or when a kept connection turns out to be dead), so no pipe. */
    int body_fd; /* -1: use body */
    int64_t body_size;
};
/* Start from this: .body_fd = -1, .answer_max = 1 MiB, .timeout_ms = 30,000. */
extern const struct call call_defaults;

struct answer {
    int status;
    struct str body; /* in the arena */
    const char *etag, *location, *upload_offset, *idempotency_replayed, *retry_after,
        *date; /* or NULL */
};

/* True: an HTTP answer came, whatever its status; a redirect is one, and is not followed. ERR_IO:
 * none did (refused, cut, too late, cancelled); ERR_PROTOCOL: larger than answer_max, or not HTTP;
 * ERR_MALFORMED_REQUEST: a path or header that cannot be sent; ERR_NO_MEMORY. */
MUST_CHECK bool client_call(struct client *c, const struct call *call, struct arena *a,
                            struct answer *out, struct err *err);
