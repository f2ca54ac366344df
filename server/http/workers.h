/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that may wait for the database: each has a connection of its own. */
#pragma once

#include "store/db.h"

/* One piece of work; lives in what it is about. */
struct work {
    /* On a worker thread. db NULL: the database cannot be reached now. */
    void (*run)(struct work *w, struct db *db);
};

struct workers_options {
    int n;                /* threads, and connections */
    const char *conninfo; /* NULL: none has a connection */
    size_t queue;         /* new work that may wait; more is told to come back */
    size_t promised; /* work that went on sleeping and must find room: all connections together */
};

struct workers;

/* NULL: ERR_NO_MEMORY, ERR_IO. Connections are opened by the threads, again and again until they
 * are there. */
struct workers *workers_start(const struct workers_options *o, struct err *err);
void workers_stop(struct workers *ws); /* what is queued is run first; takes NULL */

/* Would new work find a place? */
bool workers_have_room(struct workers *ws);
/* Queue work; never blocks. It has been promised a place: a full queue is a bug. */
void workers_push(struct workers *ws, struct work *w);

struct workers_stats {
    int64_t threads, connected, busy, queued;
};
void workers_stats(struct workers *ws, struct workers_stats *out); /* all zero for NULL */
