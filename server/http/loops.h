/* SPDX-License-Identifier: Apache-2.0 */
/* The threads of a listener, each with a daemon of the library of its own, all on one socket.
 *
 * The library has threads, too. Its loop asks epoll for 128 events, and when it gets exactly so
 * many it asks again, with all the time it would wait for the first, before it looks at any: when
 * just 128 connections of a thread have something at once, all of them wait until something else
 * happens there, up to two minutes (MHD_epoll() in daemon.c of 0.9.75, and of 1.0.1). Ours waits
 * outside and calls MHD_run(), which never waits, so the second question comes back at once. */
#pragma once

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/err.h"

struct loop {
    struct MHD_Daemon *daemon;
    pthread_t thread;
    int listen_fd; /* a duplicate: the socket is shared, each daemon watches it by itself */
    int wake_fd;
    atomic_bool quiet, stopping;
    bool running;
};

/* Make ready to be woken. False: ERR_IO. loop_free() frees it in any case. */
MUST_CHECK bool loop_init(struct loop *loop, struct err *err);

/* Run the daemon, which was started on listen_fd without a thread of the library's, in a thread of
 * that name. False: ERR_IO. */
MUST_CHECK bool loop_start(struct loop *loop, const char *name, struct err *err);

/* Look once more, now. Needed behind MHD_resume_connection(): the library may have taken its own
 * signal while it was past the point where it looks for what is resumed. Any thread. */
void loop_wake(struct loop *loop);

/* Take no new connections, soon. Any thread. */
void loop_quiet(struct loop *loop);

/* End the thread: from now on nothing comes and nothing is suspended. */
void loop_stop(struct loop *loop);

/* Stop the daemon, close what is open. No connection may be suspended, nobody may wake it. */
void loop_free(struct loop *loop);
