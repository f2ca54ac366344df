/* SPDX-License-Identifier: Apache-2.0 */
/* One server and the credentials for it. Requests are made here, and complaints about them printed.
 *
 * Credentials: $BOURSE_API_KEY, else the token of the last sign-in, renewed by the login key when
 * it has run out. The market's id and key are pinned at the first contact; a changed one ends the
 * program, whatever else it was to do. */
#pragma once

#include "cli.h"
#include "client/http.h"
#include "home.h"

struct api {
    struct cli *cli;
    const char *home;
    struct market market;
    struct client *client;
    const char *api_key; /* NULL: none */
    enum exit_code exit; /* after a function has said false */
};

/* Choose the server and read what is known of it; no request is made. */
MUST_CHECK bool api_open(struct api *api, struct cli *c);
void api_close(struct api *api); /* of one opened, or zeroed */

/* Ask the server who it is: pin it, or compare with what was pinned. */
MUST_CHECK bool api_pin(struct api *api);

struct request {
    const char *method; /* NULL: GET */
    const char *path;
    const json_t *body;     /* NULL: none */
    const char *headers[4]; /* "Name: value"; NULL behind the last */
    bool open;              /* no credentials are sent */
    bool keyed;             /* with an Idempotency-Key; repeated until there is an answer */
    bool may_be_missing;    /* 404 is an answer like others */
    int64_t wait_s;         /* Prefer: wait=… */
    const char *file;       /* body_fd is this file's, for --explain */
    int body_fd;            /* -1: `body` */
    int64_t body_size;
    const char *content_type; /* of the file */
    size_t answer_max;        /* 0: 4 MiB */
    bool (*sink)(void *arg, const void *p, size_t n);
    void *sink_arg;
};
/* Start from this: .body_fd = -1. */
extern const struct request request_defaults;

#define HEADER_KEPT 128

struct reply {
    int status;
    json_t *json;                                       /* NULL: there was none. Yours to decref */
    char etag[HEADER_KEPT], upload_offset[HEADER_KEPT]; /* empty: absent */
};

/* Make the request. True: 2xx, 304, or a 404 that may be. False: a complaint was printed and
 * api->exit set; `out` untouched. */
MUST_CHECK bool api_call(struct api *api, const struct request *r, struct reply *out);

/* The same, without complaints: false with ERR_IO or the like when no answer came; any status else.
 * For loops that go on. */
MUST_CHECK bool api_try(struct api *api, const struct request *r, struct reply *out,
                        struct err *err);

/* Print a refusal; its exit code. */
enum exit_code api_refused(const struct api *api, const struct reply *reply);

/* GET an object. NULL: as api_call() is false. Yours to decref. */
json_t *api_get(struct api *api, const char *path);

/* The text of an id, when it is one: safe in a path. False: a complaint was printed, exit set. */
MUST_CHECK bool api_id(struct api *api, const char *prefix, const char *what, const char *text);
