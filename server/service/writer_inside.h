/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the market's thread share: the queue, the groups on their way, and what the
 * thread alone may touch. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "service/flush.h"
#include "service/keys.h"
#include "service/writer.h"
#include "store/group.h"

#define FLIGHTS_MAX     6 /* groups on their way: what a failure makes uncertain */
#define CLOCK_ARENA_MAX (1 << 20)

/* What a group tells the hub once it is durable: its bids and the nodes of its leases and asks. */
struct topics {
    struct topic *v;
    size_t n, cap;
};

/* A group on its way: applied and sent, not yet answered. */
struct flight {
    struct submission *items[GROUP_MAX];
    size_t items_n;
    struct topics topics;
    int64_t commands; /* 0: nothing of it is written; it only waits for those before it */
    int64_t last_seq, began_us;
};

struct writer {
    struct writer_options o;
    pthread_t thread;

    atomic_bool ready;

    pthread_mutex_t lock; /* guards: the queue, stopping, stats, depths, what is released */
    struct submission *first, **last;
    int64_t queued;
    int64_t wake_at; /* the thread sleeps and wants to know when so many are queued */
    bool stopping;
    pthread_cond_t released;
    int64_t launched_n, released_n; /* groups, since the start */
    int64_t losses;                 /* how often the groups on their way were given up */
    struct writer_stats stats;
    struct depth *depths; /* one a pool, in the order of o.pools */

    /* The thread's own. */
    struct db *db;
    struct market *market;
    struct keys *keys;
    struct looks *looks; /* has a lock of its own */
    struct flush *flush; /* NULL: a COMMIT waits for the disk itself */
    int event_fd;        /* what it sleeps on */
    struct group *group;
    struct flight flights[FLIGHTS_MAX]; /* a ring */
    size_t flights_first, flights_n;
    size_t committed_n;  /* the first so many are committed, */
    size_t covered_n;    /* and of these so many will be on disk after the flush that was sent */
    int64_t depth_at_us; /* when the depth was looked at last, */
    bool depth_stale;    /* whether anything has happened since, */
    bool depth_waits;    /* and whether that look waits for its groups to be released */
    struct depth *depths_next;
    struct submission *hands[GROUP_MAX * FLIGHTS_MAX]; /* of groups that failed, */
    struct submission *again[GROUP_MAX * FLIGHTS_MAX]; /* and while they are tried again */
    struct submission clock[GROUP_MAX];
    size_t clock_n;
    struct arena clock_arena;
    bool has_led;
    bool rules_due; /* what was stored differs from w->o.rules: a set_rules goes first */
    bool lost;      /* memory is not to be trusted: rebuild before the next group */
};

bool writer_is_stopping(struct writer *w);
