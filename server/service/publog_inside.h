/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the public log share. */
#pragma once

#include <pthread.h>

#include "client/http.h"
#include "service/publog.h"
#include "store/publog.h"
#include "tlog/edge.h"

#define WITNESSES_MAX 16

/* A log as it was signed: size, edge, and the note without cosignatures. */
struct signed_log {
    struct log_edge edge; /* its size is the log's */
    struct hash root;
    struct buf note; /* n 0: nothing was signed yet */
};

enum cosigning { COSIGN_WAITS, COSIGN_DONE, COSIGN_FAILED };

struct witness {
    struct publog *log;
    pthread_t thread;
    bool started;
    struct note_key key;
    const char *url;
    struct client *client; /* the thread's own, as is db */
    struct db *db;
    int64_t seen; /* the last size that it has cosigned, as far as we know */
    bool told;    /* its failure is in our log already */
    /* Guarded by the log's lock. */
    enum cosigning state; /* of the newest signed log */
    bool healthy;         /* its last answer was a cosignature; one that was not holds up nobody */
    struct buf line;      /* its cosignature of a log of line_size; n 0: none */
    uint64_t line_size;
};

struct publog {
    struct publog_options o;
    pthread_t thread;
    struct arena arena; /* of the witnesses' file */
    struct witness witnesses[WITNESSES_MAX];
    size_t witnesses_n;

    pthread_mutex_t lock;    /* guards: all below, up to the thread's own */
    pthread_cond_t news;     /* there is a newer signed log, or an end */
    pthread_cond_t cosigned; /* a witness has answered, or an end */
    bool stopping;
    struct signed_log signed_; /* what is durable */
    int64_t signed_n;          /* how many there were: a witness sees by it that there is another */
    struct log_edge published; /* what is told to all, */
    struct buf note;           /* with its cosignatures; n 0: nothing is published */
    struct publog_stats stats;

    /* The thread's own. */
    struct db *db;
    bool loaded; /* edge and seq are those of the database */
    struct log_edge edge;
    int64_t seq; /* all commands up to it are logged */
    bool told;
};

/* publog_append.c: the transactions. Each may run again after a failure. */
enum appended { APPENDED_NONE, APPENDED_ALL, APPENDED_MORE, APPEND_FAILED };

/* What the database holds becomes l->edge and l->seq; note (empty before) and *root are of its last
 * checkpoint, if there is one. False also when that is not what its entries and tiles say:
 * ERR_INTERNAL. */
MUST_CHECK bool publog_load(struct publog *l, struct buf *note, struct hash *root, struct err *err);
/* The next batch of entries. With ALL and MORE note (empty before) and *root are what was signed.
 */
enum appended publog_append(struct publog *l, int64_t epoch, struct buf *note, struct hash *root,
                            struct err *err);

/* publog_read.c: tiles of a log with this edge. */
struct tile_source {
    struct db *db;
    const struct log_edge *edge;
    struct arena *arena;
    struct err *err;
};
bool publog_source_tile(void *arg, int level, uint64_t n, unsigned width,
                        struct hash out[TILE_WIDTH]);

/* publog_witness.c */
MUST_CHECK bool publog_witnesses_read(struct publog *l, struct err *err);
MUST_CHECK bool publog_witnesses_start(struct publog *l, struct err *err);
void publog_witnesses_stop(struct publog *l); /* l->stopping is set */
void publog_witnesses_wait(struct publog *l); /* until those that are healthy have cosigned */
/* A line of the witness of that name, if there is one, about a log of that size. */
void publog_witness_said(struct publog *l, struct str name, uint64_t size, struct str line);
