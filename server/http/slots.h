/* SPDX-License-Identifier: Apache-2.0 */
/* One slot per connection of a daemon: until when it must do what, and which request it has now.
 *
 * The library's own time-out starts anew with every byte and does not run while a connection is
 * suspended, so it stops nobody who sends one byte a second. Here deadlines are absolute: a sweep
 * shuts the socket of whoever has passed his, and the library then sees it closed. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/err.h"

enum phase {
    PHASE_IDLE,    /* between two requests */
    PHASE_HEADERS, /* a request has begun */
    PHASE_BODY,
    PHASE_ANSWER, /* it is whole: ours to answer */
    PHASE_CUT,    /* too late: the socket is shut */
};

struct req_inside;

struct slot {
    pthread_mutex_t lock; /* guards: the next four, and x->rq.waiter being made */
    struct req_inside *x; /* NULL between requests */
    int fd;               /* -1: the slot is free */
    uint32_t generation;  /* of the connection: tells it from one that had the slot before */
    bool watched;         /* its socket is in the watcher's set */

    _Atomic int phase;
    _Atomic int64_t deadline_us; /* clock_monotonic_us; INT64_MAX: none */
    int64_t bytes_seen;          /* the sweep's: received when it became idle; -1: not looked yet */
    struct slot *next_free;
    uint64_t peer;                      /* who has it; this and the next two: slots.lock */
    struct slot *next_of_peers, **link; /* link: what points to it */
};

struct slots_options {
    size_t n;           /* slots */
    size_t of_one_peer; /* so many may one peer have */
    int64_t headers_us, idle_us;
};

#define PEER_CHAINS 1024

struct slots {
    struct slots_options o;
    struct slot *v;
    pthread_mutex_t lock; /* guards: free, peers */
    struct slot *free;
    struct slot *peers[PEER_CHAINS]; /* the taken ones by a hash of their peer */
};

/* False: ERR_NO_MEMORY. */
MUST_CHECK bool slots_init(struct slots *s, const struct slots_options *o, struct err *err);
void slots_done(struct slots *s);

/* A connection of that peer has come; it has headers_us for its first request. NULL: no slot is
 * free, or he has as many as one may have. */
struct slot *slots_enter(struct slots *s, int fd, uint64_t peer);
void slots_leave(struct slots *s, struct slot *slot);

/* Go on to `to`, if the sweep has not been faster. False: the connection is cut. */
MUST_CHECK bool slot_go(struct slot *slot, enum phase to, int64_t deadline_us);

/* Shut the sockets that are late, telling those that wait for an answer `late` (raw bytes of a
 * response) first. How many there were. */
int slots_sweep(struct slots *s, int64_t now_us, struct str late);
