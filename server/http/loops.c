/* SPDX-License-Identifier: Apache-2.0 */
#include "http/loops.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int timeout_ms(struct MHD_Daemon *daemon)
{
    MHD_UNSIGNED_LONG_LONG ms = 0;
    if (MHD_get_timeout(daemon, &ms) != MHD_YES) return -1;
    return ms < 60000 ? (int)ms : 60000;
}

/* Here and nowhere else: the library takes the socket out of its set in both, and two at once
 * panic. */
static void quiesce(struct loop *loop, bool *is_quiet)
{
    if (*is_quiet) return;
    (void)MHD_quiesce_daemon(loop->daemon);
    *is_quiet = true;
}

static void *run(void *arg)
{
    struct loop *loop = arg;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd fds[] = { { .fd = info->epoll_fd, .events = POLLIN },
                            { .fd = loop->wake_fd, .events = POLLIN } };
    bool is_quiet = false;

    while (!atomic_load(&loop->stopping)) {
        (void)poll(fds, 2, timeout_ms(loop->daemon));
        if (fds[1].revents) {
            uint64_t count;
            (void)!read(loop->wake_fd, &count, sizeof(count));
        }
        if (atomic_load(&loop->quiet)) quiesce(loop, &is_quiet);
        (void)MHD_run(loop->daemon);
    }
    quiesce(loop, &is_quiet);
    return NULL;
}

void loop_wake(struct loop *loop)
{
    (void)!write(loop->wake_fd, &(uint64_t){ 1 }, sizeof(uint64_t));
}

bool loop_init(struct loop *loop, struct err *err)
{
    *loop = (struct loop){ .listen_fd = -1, .wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
    return loop->wake_fd >= 0 ? true : FAIL(err, ERR_IO, "eventfd: %s", strerror(errno));
}

bool loop_start(struct loop *loop, const char *name, struct err *err)
{
    const int failed = pthread_create(&loop->thread, NULL, run, loop);
    if (failed != 0) return FAIL(err, ERR_IO, "No thread for %s: %s", name, strerror(failed));
    pthread_setname_np(loop->thread, name);
    loop->running = true;
    return true;
}

void loop_quiet(struct loop *loop)
{
    atomic_store(&loop->quiet, true);
    loop_wake(loop);
}

void loop_stop(struct loop *loop)
{
    if (!loop->running) return;
    atomic_store(&loop->stopping, true);
    loop_wake(loop);
    pthread_join(loop->thread, NULL);
    loop->running = false;
}

void loop_free(struct loop *loop)
{
    if (loop->daemon) {
        (void)MHD_quiesce_daemon(
            loop->daemon); /* once more does nothing; or it closes the socket */
        MHD_stop_daemon(loop->daemon);
    }
    if (loop->listen_fd >= 0) close(loop->listen_fd);
    if (loop->wake_fd >= 0) close(loop->wake_fd);
}
