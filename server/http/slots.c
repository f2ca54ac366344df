/* SPDX-License-Identifier: Apache-2.0 */
#include "http/slots.h"

#include <linux/tcp.h> /* the C library's own lacks tcpi_bytes_received */
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"

bool slots_init(struct slots *s, size_t n, int64_t headers_us, int64_t idle_us, struct err *err)
{
    struct slot *v = mem_heap.resize(mem_heap.arg, NULL, n * sizeof(*v));
    if (!v) return FAIL(err, ERR_NO_MEMORY, "No memory for %zu connections.", n);

    *s = (struct slots){ .v = v, .n = n, .headers_us = headers_us, .idle_us = idle_us };
    pthread_mutex_init(&s->lock, NULL);
    for (size_t i = n; i-- > 0;) {
        v[i] = (struct slot){
            .fd = -1, .phase = PHASE_CUT, .deadline_us = INT64_MAX, .next_free = s->free
        };
        pthread_mutex_init(&v[i].lock, NULL);
        s->free = &v[i];
    }
    return true;
}

void slots_done(struct slots *s)
{
    for (size_t i = 0; i < s->n; i++)
        pthread_mutex_destroy(&s->v[i].lock);
    pthread_mutex_destroy(&s->lock);
    mem_free(s->v);
    *s = (struct slots){ .v = NULL };
}

struct slot *slots_enter(struct slots *s, int fd)
{
    pthread_mutex_lock(&s->lock);
    struct slot *slot = s->free;
    if (slot) s->free = slot->next_free;
    pthread_mutex_unlock(&s->lock);
    if (!slot) return NULL;

    pthread_mutex_lock(&slot->lock);
    slot->fd = fd;
    slot->generation++;
    slot->watched = false;
    atomic_store(&slot->phase, PHASE_HEADERS);
    atomic_store(&slot->deadline_us, clock_monotonic_us() + s->headers_us);
    pthread_mutex_unlock(&slot->lock);
    return slot;
}

void slots_leave(struct slots *s, struct slot *slot)
{
    pthread_mutex_lock(&slot->lock);
    slot->fd = -1;
    slot->x = NULL;
    atomic_store(&slot->phase, PHASE_CUT);
    atomic_store(&slot->deadline_us, INT64_MAX);
    pthread_mutex_unlock(&slot->lock);

    pthread_mutex_lock(&s->lock);
    slot->next_free = s->free;
    s->free = slot;
    pthread_mutex_unlock(&s->lock);
}

bool slot_go(struct slot *slot, enum phase to, int64_t deadline_us)
{
    int phase = atomic_load(&slot->phase);
    atomic_store(&slot->deadline_us,
                 INT64_MAX); /* so that no phase is held to another's deadline */
    do {
        if (phase == PHASE_CUT) return false;
    } while (!atomic_compare_exchange_weak(&slot->phase, &phase, (int)to));
    atomic_store(&slot->deadline_us, deadline_us);
    return true;
}

/* Bytes received since the connection was made. The kernel counts them without being asked before.
 */
static int64_t bytes_received(int fd)
{
    struct tcp_info info;
    socklen_t n = sizeof(info);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0) return 0;
    return (int64_t)info.tcpi_bytes_received;
}

/* An idle connection that has received something has begun a request, though nothing of it has been
 * parsed yet: from now on its headers have their own deadline. */
static void look_at_idle(struct slots *s, struct slot *slot, int64_t now_us)
{
    const int64_t bytes = bytes_received(slot->fd);
    if (slot->bytes_seen < 0) {
        slot->bytes_seen = bytes;
        return;
    }
    int idle = PHASE_IDLE;
    if (bytes != slot->bytes_seen &&
        atomic_compare_exchange_strong(&slot->phase, &idle, PHASE_HEADERS))
        atomic_store(&slot->deadline_us, now_us + s->headers_us);
}

/* Nobody else writes to the socket before a request is whole, so the answer may be put there past
 * the library. */
static int cut(struct slot *slot, struct str late)
{
    int phase = atomic_load(&slot->phase);
    if (phase == PHASE_CUT || !atomic_compare_exchange_strong(&slot->phase, &phase, PHASE_CUT))
        return 0;
    if (phase == PHASE_HEADERS || phase == PHASE_BODY)
        (void)!send(slot->fd, late.p, late.n, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(slot->fd, SHUT_RDWR);
    return 1;
}

int slots_sweep(struct slots *s, int64_t now_us, struct str late)
{
    int n = 0;
    for (size_t i = 0; i < s->n; i++) {
        struct slot *slot = &s->v[i];
        const bool is_late = atomic_load(&slot->deadline_us) <= now_us;
        if (!is_late && atomic_load(&slot->phase) != PHASE_IDLE) continue;

        pthread_mutex_lock(&slot->lock);
        if (slot->fd >= 0 && atomic_load(&slot->deadline_us) <= now_us)
            n += cut(slot, late);
        else if (slot->fd >= 0 && atomic_load(&slot->phase) == PHASE_IDLE)
            look_at_idle(s, slot, now_us);
        pthread_mutex_unlock(&slot->lock);
    }
    return n;
}
