/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the front share of a listener. */
#pragma once

#include "http/inside.h"
#include "http/loops.h"

struct keeper {
    pthread_t thread;
    int epoll_fd, event_fd;
    pthread_mutex_t lock; /* guards: first, last */
    struct req_inside *first, *last;
    atomic_bool stopping;
    bool running;
};

struct listener {
    struct listener_options o;
    struct loop *loops;
    int loops_n;
    int listen_fd; /* -1 once it is closed */
    int port;
    struct slots slots;
    struct keeper keeper;
    int64_t body_us;
    uint8_t cursor_key[32];
    atomic_bool draining, stopping;
    atomic_llong inflight, suspended;
};

/* keeper.c */
MUST_CHECK bool keeper_start(struct listener *l, struct err *err);
void keeper_stop(struct listener *l);

/* Does this server lead the market now? */
bool listener_is_ready(struct listener *l);
