/* SPDX-License-Identifier: Apache-2.0 */
#include "http/slots.h"

#include <linux/tcp.h> /* the C library's own lacks tcpi_bytes_received */
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"

#define OUR_TURN_US 1000000 /* what is there to be read is looked at again so much later */

bool slots_init(struct slots *s, const struct slots_options *o, struct err *err)
{
    struct slot *v = mem_heap.resize(mem_heap.arg, NULL, o->n * sizeof(*v));
    if (!v) return FAIL(err, ERR_NO_MEMORY, "No memory for %zu connections.", o->n);

    *s = (struct slots){ .o = *o, .v = v };
    pthread_mutex_init(&s->lock, NULL);
    for (size_t i = o->n; i-- > 0;) {
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
    for (size_t i = 0; i < s->o.n; i++)
        pthread_mutex_destroy(&s->v[i].lock);
    pthread_mutex_destroy(&s->lock);
    mem_free(s->v);
    *s = (struct slots){ .v = NULL };
}

static struct slot **chain_of(struct slots *s, uint64_t peer)
{
    return &s->peers[(peer * UINT64_C(0x9e3779b97f4a7c15) >> 32) % PEER_CHAINS];
}

/* With slots.lock. */
static bool may_have_more(struct slots *s, uint64_t peer)
{
    size_t has = 0;
    if (s->o.of_one_peer == SIZE_MAX) return true;
    for (const struct slot *slot = *chain_of(s, peer); slot; slot = slot->next_of_peers)
        has += slot->peer == peer;
    return has < s->o.of_one_peer;
}

static struct slot *take_slot(struct slots *s, uint64_t peer)
{
    struct slot *slot = may_have_more(s, peer) ? s->free : NULL;
    if (!slot) return NULL;
    struct slot **chain = chain_of(s, peer);
    s->free = slot->next_free;
    slot->peer = peer;
    slot->next_of_peers = *chain;
    slot->link = chain;
    if (*chain) (*chain)->link = &slot->next_of_peers;
    *chain = slot;
    return slot;
}

struct slot *slots_enter(struct slots *s, int fd, uint64_t peer)
{
    pthread_mutex_lock(&s->lock);
    struct slot *slot = take_slot(s, peer);
    pthread_mutex_unlock(&s->lock);
    if (!slot) return NULL;

    pthread_mutex_lock(&slot->lock);
    slot->fd = fd;
    slot->generation++;
    slot->watched = false;
    atomic_store(&slot->phase, PHASE_HEADERS);
    atomic_store(&slot->deadline_us, clock_monotonic_us() + s->o.headers_us);
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
    *slot->link = slot->next_of_peers;
    if (slot->next_of_peers) slot->next_of_peers->link = slot->link;
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

/* A new deadline for what the sweep has looked at. The HTTP thread may have gone on meanwhile, and
 * then has set one of its own: `seen` is that of the time of the look. */
static void give_until(struct slot *slot, int64_t seen, int64_t until_us)
{
    (void)!atomic_compare_exchange_strong(&slot->deadline_us, &seen, until_us);
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
    const int64_t seen = atomic_load(&slot->deadline_us);
    if (bytes != slot->bytes_seen &&
        atomic_compare_exchange_strong(&slot->phase, &idle, PHASE_HEADERS))
        give_until(slot, seen, now_us + s->o.headers_us);
}

/* Is there something that nobody has read? Then it is not the client who is late, it is we. The
 * library reads all that is there, so who sends a byte now and then gains nothing. */
static bool is_ours_to_read(const struct slot *slot, int phase)
{
    int unread = 0;
    return phase != PHASE_ANSWER && ioctl(slot->fd, FIONREAD, &unread) == 0 && unread > 0;
}

/* Cut it if it is late: the phase first, so that one which has gone on since is left alone. Nobody
 * else writes to the socket before a request is whole, so the answer may be put there past the
 * library. */
static int cut_late(struct slot *slot, int64_t now_us, struct str late)
{
    int phase = atomic_load(&slot->phase);
    const int64_t until_us = atomic_load(&slot->deadline_us);
    if (phase == PHASE_CUT || until_us > now_us) return 0;
    if (is_ours_to_read(slot, phase)) {
        give_until(slot, until_us, now_us + OUR_TURN_US);
        return 0;
    }
    if (!atomic_compare_exchange_strong(&slot->phase, &phase, PHASE_CUT)) return 0;
    if (phase == PHASE_HEADERS || phase == PHASE_BODY)
        (void)!send(slot->fd, late.p, late.n, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(slot->fd, SHUT_RDWR);
    return 1;
}

int slots_sweep(struct slots *s, int64_t now_us, struct str late)
{
    int n = 0;
    for (size_t i = 0; i < s->o.n; i++) {
        struct slot *slot = &s->v[i];
        const bool is_late = atomic_load(&slot->deadline_us) <= now_us;
        if (!is_late && atomic_load(&slot->phase) != PHASE_IDLE) continue;

        pthread_mutex_lock(&slot->lock);
        if (slot->fd >= 0 && is_late)
            n += cut_late(slot, now_us, late);
        else if (slot->fd >= 0 && atomic_load(&slot->phase) == PHASE_IDLE)
            look_at_idle(s, slot, now_us);
        pthread_mutex_unlock(&slot->lock);
    }
    return n;
}
