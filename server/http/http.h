/* SPDX-License-Identifier: Apache-2.0 */
/* The language that handlers are written in.
 *
 * A request is read whole, then its handler runs once: on the HTTP thread when its route is
 * `inline` and the credentials need no database, else on a worker thread that has a database
 * connection (rq->db). A handler ends in one of three ways:
 *
 *   it replies          reply_…(rq, …); return;
 *   it asks the market  req_submit(rq, next); return;       next(rq) runs when the group is durable
 *   it waits            req_wait(rq, topic, seconds, next); then checks, and if there is something
 *                       already: if (req_unwait(rq)) reply_…; return;
 *
 * It contains no free: what it needs lives in rq->arena. Meanwhile the connection sleeps and no
 * thread with it. */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/id.h"
#include "service/auth.h"
#include "service/hub.h"
#include "service/writer.h"
#include "store/db.h"
#include "json/parse.h"

enum route_flags {
    ROUTE_INLINE = 1,          /* never touches the database itself */
    ROUTE_IDEM_KEY = 2,        /* Idempotency-Key required */
    ROUTE_BLOB_BODY = 4,       /* the body goes to a file as it arrives, up to BLOB_MAX */
    ROUTE_RAW_BODY = 8,        /* bytes, not JSON; up to BODY_MAX */
    ROUTE_SIGNED_BY_BODY = 16, /* join: the key that signs is in the body */
    ROUTE_REST = 32,           /* the last parameter takes the rest of the path, slashes too */
    ROUTE_ALWAYS = 64,         /* answered also while this server does not lead the market */
    ROUTE_ORDER = 128,         /* changes the books: counted for each account */
    ROUTE_MOVES = 256,         /* moves bytes to or from the blob store: on threads of its own */
};

struct req;
typedef void handler_fn(struct req *rq);

/* One row of THE table (routes.c). `{name}` in the template is a path parameter, at most two. */
struct route {
    const char *method;
    const char *path;
    enum auth_kind auth; /* service/auth.h: AUTH_NONE, AUTH_ACCOUNT, … */
    enum scope scope;    /* with AUTH_ACCOUNT */
    unsigned flags;
    handler_fn *handler;
    const struct json_field *body; /* NULL: none */
    const char *operation;         /* operationId in openapi.yaml = name of the handler */
};
extern const struct route api_routes[], agent_routes[], metrics_routes[];
extern const size_t api_routes_n, agent_routes_n, metrics_routes_n;

struct reply {
    unsigned status; /* 0: none yet */
    struct MHD_Response *response;
};

struct req {
    const struct route *route;
    struct services *svc;
    struct arena arena;
    struct err err;
    struct complaints complaints;
    struct who who; /* who asks (service/auth.h) */
    struct db *db;  /* the worker's; NULL on an HTTP thread */
    struct str method, path, query;
    struct str param[2];   /* path parameters, percent-decoded */
    struct str body;       /* whole, or empty for ROUTE_BLOB_BODY */
    const char *body_file; /* ROUTE_BLOB_BODY: temporary file that holds it; removed after */
    int64_t body_size;
    struct partial *partial; /* of a piece of a blob: where it went instead; NULL: none */
    struct hash body_hash;   /* SHA-256 of the body as received */
    char request_id[65];
    struct submission *submission; /* room for one, of all but GET and HEAD; zero */
    struct waiter waiter;
    struct look look;
    handler_fn *next;
    struct reply reply;
    bool is_head;
    struct req_inside *inside; /* the listener's */
    int64_t again_us; /* of a refusal: when to come again, by the wall clock; 0: not said */
    void *state;      /* the handler's own, from one half to the next; in the arena */
};

struct feed;
struct publog;
struct downloads;

/* Everything the process has; made by main. All but `writer` are set before the first listener
 * starts; `writer` is NULL while this server does not lead, and set last. */
struct services {
    struct auth *auth;
    struct hub *hub;
    struct writer *_Atomic writer;
    struct feed *feed;        /* service/feed.h: market data; NULL: there is none */
    struct publog *publog;    /* service/publog.h: the public log; NULL: there is none */
    struct market_info *info; /* service/info.h: ids, keys, urls, rules, pools */
    struct blobs *blobs;
    struct uploads *uploads;
    struct limiter *orders, *strangers, *looks; /* NULL: as many as they like */
    struct liveness *liveness;
    struct stranded *stranded;
    struct metrics *metrics;
    struct statics *statics;
    struct workers *movers;      /* as workers, for ROUTE_MOVES; NULL: the workers do that */
    struct downloads *downloads; /* http/downloads.h; NULL: nothing is handed out */
    struct workers *workers; /* http/workers.h; NULL: there is no database, every route is inline */
    bool migrations_ok;      /* the schema is the one that this program was built for */
};

/* The blob that came is where it belongs: it does not count as an upload any more. Else when the
 * request ends. */
void admit_end(struct req *rq);

/* Reading the request. The empty str when absent. */
struct str req_header(struct req *rq, const char *name);
struct str req_query(struct req *rq, const char *name); /* percent-decoded */
/* Query integer in [min,max] or `initial` when absent. False: replied with a problem. */
MUST_CHECK bool req_query_i64(struct req *rq, const char *name, int64_t min, int64_t max,
                              int64_t initial, int64_t *out);
/* The body by the route's table. False: replied (400, 415, 422 with all complaints). */
MUST_CHECK bool req_json(struct req *rq, void *out);
/* A path parameter as an id with this prefix. False: replied 404. */
MUST_CHECK bool req_id(struct req *rq, int param, const char *prefix, struct id *out);
/* limit and cursor. The cursor is the signed number of the last row seen (0: from the newest). */
struct page {
    int64_t limit, before;
};
MUST_CHECK bool req_page(struct req *rq, struct page *out);
/* Seconds of `Prefer: wait=N`, 0 when absent, at most POLL_WAIT_MAX_S; the reply then says that it
 * was understood (Preference-Applied). */
int64_t req_prefer_wait(struct req *rq);
/* Has the client this version already (If-None-Match)? Then a long poll waits. */
bool req_none_match(struct req *rq, int64_t version);
/* If-Match, when there is one, names this version. False: replied 412. */
MUST_CHECK bool req_if_match(struct req *rq, int64_t version);

/* Handing over. */
/* Submit rq->submission. The handler fills in command and payload; key and body hash come from the
 * Idempotency-Key when the route has one, arena and account of the command from the request. next
 * runs on the HTTP thread, or on a worker when `on_worker`. Replies by itself for SUBMIT_BUSY,
 * SUBMIT_FAILED and SUBMIT_KEY_REUSED; next sees SUBMIT_DONE, SUBMIT_REPLAYED (the reply says so by
 * itself: Idempotency-Replayed) and SUBMIT_REFUSED. */
void req_submit(struct req *rq, handler_fn *next, bool on_worker);
/* Go on on a worker, where there is a database connection; at once when this is one. Replies by
 * itself when too many wait. */
void req_on_worker(struct req *rq, handler_fn *next);
/* Look at the market on its thread; next runs on a worker and asks req_has_seen() first. What it
 * replies is told only when all that was seen is on disk. Looks are counted, for each account or
 * address: replies by itself when there were too many. */
void req_look(struct req *rq, look_fn *see, void *arg, handler_fn *next);
/* False: replied, as the market cannot be looked at now. */
MUST_CHECK bool req_has_seen(struct req *rq);
/* Register for a topic; next runs on a worker when it is notified or time is up (a little early, so
 * that many do not come back at once), never before the handler has returned. */
void req_wait(struct req *rq, struct topic topic, int64_t seconds, handler_fn *next);
/* May it wait (again)? Not once its time was up or the server stops: then it is answered with what
 * there is. To be asked before req_wait(), not between that and the return. */
bool req_may_wait(struct req *rq);
/* Back out: true, and the handler goes on and replies; false: next will run, so return. */
MUST_CHECK bool req_unwait(struct req *rq);

/* Replying, once. The functions take the reference of a json_t (NULL: no memory, answered as such).
 */
void reply_json(struct req *rq, unsigned status, json_t *body);
void reply_json_etag(struct req *rq, unsigned status, json_t *body,
                     int64_t version);                              /* 304 by itself */
void reply_page(struct req *rq, json_t *data, int64_t next_before); /* 0: no next page */
/* The same as text (json/put.h): begin, put the document, and hand the buffer over. It is the
 * reply's from then on; one that has failed is answered as no memory. */
void reply_begin(struct buf *b);
void reply_put(struct req *rq, unsigned status, struct buf *b);
void reply_put_etag(struct req *rq, unsigned status, struct buf *b, int64_t version);
void reply_page_begin(struct buf *b); /* then the rows */
void reply_page_put(struct req *rq, struct buf *b, int64_t next_before);
void reply_text(struct req *rq, unsigned status, const char *type, struct str bytes);
void reply_file(struct req *rq, unsigned status, const char *type, const char *path);
/* The file's bytes, or the range of them that was asked for (206, 416), under a strong ETag of that
 * text. Takes fd. */
void reply_bytes(struct req *rq, const char *type, int fd, const char *tag);
void reply_empty(struct req *rq, unsigned status);
void reply_header(struct req *rq, const char *name, const char *value); /* before or after; kept */
/* A problem document from rq->err and rq->complaints. */
void reply_problem(struct req *rq);
/* rq->err = code, text; reply_problem. */
void reply_refusal(struct req *rq, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The command was refused: outcome.refused and outcome.why. */
void reply_refused(struct req *rq);
