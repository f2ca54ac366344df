/* SPDX-License-Identifier: Apache-2.0 */
/* One thread per listener keeps what sleeps. It
 *
 *   resumes, many at a time: any resume makes the library walk all it has suspended, so with many
 *     asleep we linger a moment for others that are ready;
 *   watches the sockets of those that wait: the library looks at no suspended connection, so a
 * client that has left would be kept until its time is up; sweeps: deadlines of connections, and of
 * waiters in the hub.
 *
 * An event of a socket names slot and generation, never a pointer: one already fetched may tell of
 * a connection that is no more. Each event comes once (EPOLLONESHOT) and is armed again by the next
 * wait; closing the socket takes it out of the set. */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "http/listener.h"
#include "http/metrics.h"

#define SWEEP_US       250000
#define MANY_ASLEEP    256
#define LINGER_US      1000
#define EVENTS_AT_ONCE 256
#define WAKE_UP        UINT64_MAX /* the event of event_fd */

#define TOO_LATE                                                                                   \
    "{\"type\":\"about:blank\",\"title\":\"The request took too long to arrive.\","                \
    "\"status\":408,\"code\":\"request-timeout\"}"
static const char too_late[] =
    "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: "
    "application/problem+json\r\n"
    "X-Content-Type-Options: nosniff\r\nContent-Length: 107\r\n\r\n" TOO_LATE;
static_assert(sizeof(TOO_LATE) - 1 == 107, "as Content-Length says above");

void keeper_resume(struct req_inside *x)
{
    struct keeper *k = &x->l->keeper;
    x->resume_next = NULL;
    pthread_mutex_lock(&k->lock);
    const bool was_empty = !k->first;
    if (was_empty)
        k->first = x;
    else
        k->last->resume_next = x;
    k->last = x;
    pthread_mutex_unlock(&k->lock);
    if (was_empty) (void)!write(k->event_fd, &(uint64_t){ 1 }, sizeof(uint64_t));
}

void keeper_watch(struct req_inside *x)
{
    struct slot *slot = x->slot;
    const uint64_t number = (uint64_t)(slot - x->l->slots.v);
    pthread_mutex_lock(&slot->lock);
    struct epoll_event event = { .events = EPOLLRDHUP | EPOLLONESHOT,
                                 .data.u64 = number << 32 | slot->generation };
    /* If it cannot be watched the wait still ends when its time is up. */
    epoll_ctl(x->l->keeper.epoll_fd, slot->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, slot->fd,
              &event);
    slot->watched = true;
    pthread_mutex_unlock(&slot->lock);
}

static void resume_all(struct listener *l)
{
    struct keeper *k = &l->keeper;
    pthread_mutex_lock(&k->lock);
    struct req_inside *x = k->first;
    k->first = k->last = NULL;
    pthread_mutex_unlock(&k->lock);

    if (!x) return;
    while (x) {
        struct req_inside *next = x->resume_next; /* x may end as soon as it is resumed */
        MHD_resume_connection(x->connection);
        atomic_fetch_sub(&l->suspended, 1);
        x = next;
    }
    for (int i = 0; i < l->loops_n; i++)
        loop_wake(&l->loops[i]);
}

/* While the slot is locked and has a request, the request cannot end. */
static void client_left(struct listener *l, uint64_t event)
{
    struct slot *slot = &l->slots.v[event >> 32];
    pthread_mutex_lock(&slot->lock);
    if (slot->generation == (uint32_t)event && slot->x) hand_leave(slot->x);
    pthread_mutex_unlock(&slot->lock);
}

static void sweep(struct listener *l)
{
    const int64_t now_us = clock_monotonic_us();
    const int cut = slots_sweep(&l->slots, now_us, STR(too_late));
    metrics_count(l->o.svc->metrics, COUNTER_CUT, cut);
    if (l->o.svc->hub) hub_tick(l->o.svc->hub, now_us);
}

static void handle(struct listener *l, const struct epoll_event *events, int n)
{
    for (int i = 0; i < n; i++) {
        if (events[i].data.u64 != WAKE_UP) {
            client_left(l, events[i].data.u64);
            continue;
        }
        uint64_t count;
        (void)!read(l->keeper.event_fd, &count, sizeof(count));
        if (atomic_load(&l->suspended) > MANY_ASLEEP) clock_sleep_us(LINGER_US);
        resume_all(l);
    }
}

static void *keep(void *arg)
{
    struct listener *l = arg;
    struct epoll_event events[EVENTS_AT_ONCE];
    int64_t sweep_at_us = 0;

    while (!atomic_load(&l->keeper.stopping)) {
        const int64_t wait_us = sweep_at_us - clock_monotonic_us();
        const int wait_ms = wait_us > 0 ? (int)(wait_us / 1000) + 1 : 0;
        const int n = epoll_wait(l->keeper.epoll_fd, events, EVENTS_AT_ONCE, wait_ms);
        handle(l, events, n);
        if (clock_monotonic_us() < sweep_at_us) continue;
        sweep(l);
        sweep_at_us = clock_monotonic_us() + SWEEP_US;
    }
    return NULL;
}

bool keeper_start(struct listener *l, struct err *err)
{
    struct keeper *k = &l->keeper;
    pthread_mutex_init(&k->lock, NULL);
    k->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    k->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = WAKE_UP };
    if (k->epoll_fd < 0 || k->event_fd < 0 ||
        epoll_ctl(k->epoll_fd, EPOLL_CTL_ADD, k->event_fd, &event) != 0)
        return FAIL(err, ERR_IO, "No epoll for %s: %s", l->o.name, strerror(errno));
    if (pthread_create(&k->thread, NULL, keep, l) != 0)
        return FAIL(err, ERR_IO, "No thread for %s.", l->o.name);
    pthread_setname_np(k->thread, "keeper");
    k->running = true;
    return true;
}

void keeper_stop(struct listener *l)
{
    struct keeper *k = &l->keeper;
    atomic_store(&k->stopping, true);
    if (k->running) {
        (void)!write(k->event_fd, &(uint64_t){ 1 }, sizeof(uint64_t));
        pthread_join(k->thread, NULL);
    }
    if (k->event_fd >= 0) close(k->event_fd);
    if (k->epoll_fd >= 0) close(k->epoll_fd);
    pthread_mutex_destroy(&k->lock);
}
