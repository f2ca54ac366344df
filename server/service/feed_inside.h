/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the feed share. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "service/feed.h"

#define FEED_RECENT 20 /* trades that a stream begins with */

struct feed_pool {
    const struct pool *pool;
    struct series *series; /* NULL: nothing was traded since loaded_us */
    struct tape_row recent[FEED_RECENT];
    size_t recent_n; /* the newest is the last */
    struct depth depth;
    int64_t depth_deltas; /* since the last whole book in the ring */
    struct price_index index;
    char *ticker;             /* as it was told last, */
    int64_t ticker_minute_us; /* in which minute: its day begins with one */
    bool changed;             /* something in it may be different since */
};

struct feed {
    struct feed_options o;
    pthread_t thread;

    pthread_mutex_t lock; /* guards: all down to `events` */
    pthread_cond_t caught;
    struct feed_pool *pools; /* as o.info->pools */
    bool catching;           /* somebody reads the tape */
    bool loaded;
    int64_t loaded_us; /* from there on the series know every trade */
    int64_t last_trade;
    int64_t seq; /* all commands up to here have been looked at */
    struct events *events;

    pthread_mutex_t poke; /* guards: the flags */
    pthread_cond_t poked_at;
    bool poked, registered, closed, stopping;

    /* The thread's own. */
    struct db *db;
    struct waiter waiter;
    struct depth look;
    int64_t ready_us;    /* when the market was first seen to be ready */
    int64_t index_at_us; /* the last point of the index */
    bool told;           /* that the database fails */
};

/* feed_tape.c */
/* Read what came since; `force` also when the writer tells of nothing new. */
MUST_CHECK bool feed_catch_up(struct feed *f, struct db *db, bool force, struct err *err);

/* feed_text.c: with the lock held. False: no memory. */
MUST_CHECK bool feed_tell_trade(struct feed *f, size_t pool, const struct tape_row *row);
/* What turned was into f->pools[pool].depth. */
MUST_CHECK bool feed_tell_depth(struct feed *f, size_t pool, const struct depth *was);
/* If anything in it has changed; it is looked at when p->changed, or when a minute is over. */
MUST_CHECK bool feed_tell_ticker(struct feed *f, size_t pool, int64_t now_us);
MUST_CHECK bool feed_snapshot(struct feed *f, size_t pool, enum channel channel, int64_t now_us);
struct figures feed_figures_of(const struct feed_pool *p, int64_t now_us);

/* feed_index.c: publish the point that is due. */
MUST_CHECK bool feed_index(struct feed *f, int64_t now_us, struct err *err);
