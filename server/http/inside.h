/* SPDX-License-Identifier: Apache-2.0 */
/* A request as the front sees it: what a handler sees, and whose turn it is.
 *
 * A request belongs to one party at a time, which passes it on and does not look back:
 *
 *     HTTP thread ──▶ worker ──▶ market or hub ──▶ worker ──▶ keeper ──▶ HTTP thread
 *
 * A handler that hands over (req_submit, req_wait) may be answered before it has returned. So two
 * things must have happened before the request goes on: the handler has left, and it was called
 * back. Each sets its flag in `met`; who comes second carries on. */
#pragma once

#include <microhttpd.h>

#include "http/guard.h"
#include "http/http.h"
#include "http/listen.h"
#include "http/path.h"
#include "http/slots.h"
#include "http/workers.h"
#include "service/feed.h"
#include "service/uploads.h"
#include "sign/sha.h"

#define ARENA_MAX (16 << 20) /* of a request: a lease's whole log as one text, thrice */

enum stage {
    STAGE_HEADERS,  /* only the request line is known */
    STAGE_ADMITTED, /* who asks is known, the body may come */
    STAGE_BODY,
    STAGE_STEP,  /* run the next step on the HTTP thread */
    STAGE_REPLY, /* send what stands in rq.reply */
    STAGE_GONE,  /* the client has left: close */
    STAGE_SENT,
};

enum handed { HANDED_NOT, HANDED_SUBMIT, HANDED_WAIT, HANDED_WORK };

/* What a worker is to do with it. */
enum task { TASK_ADMIT, TASK_BEGIN, TASK_STEP };

struct reply_line { /* a header of the reply */
    const char *name, *value;
    struct reply_line *next;
};

struct req_inside {
    struct req rq;
    struct listener *l;
    struct slot *slot;
    struct MHD_Connection *connection;
    int64_t began_us;

    enum stage stage;
    bool suspended;
    bool must_close;
    bool admitted; /* who asks is known and may */

    /* The body. */
    struct framing framing;
    struct buf body;
    struct sha256_stream *hashing; /* ROUTE_BLOB_BODY */
    int body_fd;
    char *body_path;
    int64_t body_began_us, body_max;
    struct upload upload; /* while it is counted */
    bool uploading;
    bool body_failed; /* rq.err says what stopped it; the rest is read and thrown away */

    /* Handing over. */
    enum handed handed;
    atomic_uint met;
    enum task task;
    bool on_worker;
    bool gone;
    bool must_answer; /* its time to wait is up, or the server stops */
    struct work work;

    struct reader *reader; /* of a stream */
    bool watched;          /* the socket of a stream is */

    struct reply_line *lines;
    int64_t reply_bytes;
    struct req_inside *resume_next; /* the keeper's */
};

/* exchange.c */
struct req_inside *exchange_new(struct listener *l, struct slot *slot, const char *uri);
void exchange_free(struct req_inside *x);
enum MHD_Result exchange_call(struct req_inside *x, struct MHD_Connection *c, const char *method,
                              const char *version, const char *data, size_t *size);

/* body.c */
MUST_CHECK bool body_begin(struct req_inside *x);
/* False: too much was sent, close. */
MUST_CHECK bool body_add(struct req_inside *x, const char *p, size_t n);
MUST_CHECK bool body_end(struct req_inside *x); /* false: rq.err */
void body_done(struct req_inside *x);

/* admit.c: is there room for the blob that comes? On a worker. False: rq.err. */
MUST_CHECK bool admit_upload(struct req_inside *x);

/* access.c: who asks, and may they? AUTH_NO: rq.err. */
enum auth_rc access_check(struct req_inside *x, struct db *db);

/* rates.c: has he asked too often? False: rq.err. */
MUST_CHECK bool rates_check(struct req_inside *x);

/* The same for looks: of an account, or of an address. */
MUST_CHECK bool rates_look(struct req_inside *x);

/* req.c */
bool req_none_match_tag(struct req *rq, const char *tag); /* `tag` with its quotes */

/* hand.c */
handler_fn hand_begin;                        /* the first step of a request that is whole */
void hand_run(struct work *w, struct db *db); /* on a worker */
bool hand_step(struct req_inside *x, handler_fn *fn, struct db *db); /* true: reply now, here */
void hand_finish(struct req_inside *x);  /* there is a reply: have it sent */
bool hand_suspend(struct req_inside *x); /* false: the listener stops */
void hand_to_worker(struct req_inside *x, enum task task);
struct workers *hand_workers(const struct req_inside *x); /* those of its route; NULL: none */
void hand_leave(struct req_inside *x); /* the client has left; from the watcher */

/* keeper.c */
void keeper_resume(struct req_inside *x);
void keeper_watch(struct req_inside *x);

/* reply.c */
/* Takes `text`, which is from the heap; NULL: there was no memory for it. */
void reply_made(struct req *rq, unsigned status, const char *type, char *text);
/* As reply_text() for bytes that outlive every request. */
void reply_static(struct req *rq, unsigned status, const char *type, struct str bytes);
/* 200 with what `read` gives, piece by piece, until it ends. */
void reply_reader(struct req *rq, const char *type, MHD_ContentReaderCallback read, void *arg);
enum MHD_Result reply_send(struct req_inside *x);
