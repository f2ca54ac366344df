/* SPDX-License-Identifier: Apache-2.0 */
/* Waiters stand in two orders at once: by topic, in the lists of a hash table, so that a
 * notification touches only those it is for; and by deadline, in a binary heap, so that a tick
 * touches only those that are late. Each knows its place in both, so leaving costs O(log n).
 *
 * Under the lock a waiter is only unlinked and put on a chain; the chain is walked after the lock
 * is let go. What wakes may therefore wait again or notify at once. */
#include "service/hub.h"

#include <assert.h>
#include <pthread.h>
#include <stddef.h>

#include "base/mem.h"

#define BUCKETS_LOG2 12 /* four waiters a list when 15,000 agents wait */
#define BUCKETS      (1u << BUCKETS_LOG2)

struct hub {
    pthread_mutex_t lock; /* guards: everything below */
    struct waiter *buckets[BUCKETS];
    struct waiter **heap; /* the earliest deadline first */
    int64_t n, cap;
    bool closed;
};

struct hub *hub_new(void)
{
    struct hub *h = mem_zalloc(sizeof(*h));
    pthread_mutex_init(&h->lock, NULL);
    return h;
}

void hub_free(struct hub *h)
{
    if (!h) return;
    assert(h->n == 0);
    mem_heap.resize(mem_heap.arg, h->heap, 0);
    pthread_mutex_destroy(&h->lock);
    mem_free(h);
}

static struct waiter **bucket_of(struct hub *h, struct topic t)
{
    const uint64_t mixed = ((uint64_t)t.number * 8 + (uint64_t)t.kind) * 0x9e3779b97f4a7c15u;
    return &h->buckets[mixed >> (64 - BUCKETS_LOG2)];
}

static bool same_topic(struct topic a, struct topic b)
{
    return a.kind == b.kind && a.number == b.number;
}

/* --- the heap --- */

static void heap_set(struct hub *h, int64_t at, struct waiter *w)
{
    h->heap[at] = w;
    w->heap_at = at;
}

static void heap_up(struct hub *h, int64_t at)
{
    struct waiter *w = h->heap[at];
    while (at > 0 && h->heap[(at - 1) / 2]->deadline_us > w->deadline_us) {
        heap_set(h, at, h->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    heap_set(h, at, w);
}

static void heap_down(struct hub *h, int64_t at)
{
    struct waiter *w = h->heap[at];
    for (;;) {
        int64_t child = 2 * at + 1;
        if (child >= h->n) break;
        if (child + 1 < h->n && h->heap[child + 1]->deadline_us < h->heap[child]->deadline_us)
            child++;
        if (h->heap[child]->deadline_us >= w->deadline_us) break;
        heap_set(h, at, h->heap[child]);
        at = child;
    }
    heap_set(h, at, w);
}

static bool heap_room(struct hub *h)
{
    if (h->n < h->cap) return true;
    const int64_t cap = h->cap ? 2 * h->cap : 64;
    void *p = mem_heap.resize(mem_heap.arg, h->heap, (size_t)cap * sizeof(struct waiter *));
    if (!p) return false;
    h->heap = p;
    h->cap = cap;
    return true;
}

static void heap_remove(struct hub *h, int64_t at)
{
    assert(at >= 0 && at < h->n);
    struct waiter *last = h->heap[--h->n];
    if (at == h->n) return;
    heap_set(h, at, last);
    heap_up(h, at);
    heap_down(h, last->heap_at);
}

/* --- in and out --- */

static void link_in(struct hub *h, struct waiter *w)
{
    struct waiter **bucket = bucket_of(h, w->topic);
    w->prev = NULL;
    w->next = *bucket;
    if (w->next) w->next->prev = w;
    *bucket = w;
    h->heap[h->n] = w;
    h->n++;
    heap_up(h, h->n - 1);
    w->waiting = true;
}

static void link_out(struct hub *h, struct waiter *w)
{
    assert(w->waiting);
    if (w->prev)
        w->prev->next = w->next;
    else
        *bucket_of(h, w->topic) = w->next;
    if (w->next) w->next->prev = w->prev;
    heap_remove(h, w->heap_at);
    w->prev = w->next = NULL;
    w->waiting = false;
}

/* A waiter that is out of both orders uses `next` for the chain of those to be woken. */
static void wake_chain(struct waiter *chain, enum woken why)
{
    while (chain) {
        struct waiter *w = chain;
        chain = w->next; /* after wake() the waiter may be gone */
        w->next = NULL;
        w->wake(w->arg, why);
    }
}

void hub_wait(struct hub *h, struct waiter *w)
{
    assert(w->wake && !w->waiting);
    pthread_mutex_lock(&h->lock);
    const bool closed = h->closed;
    const bool room = !closed && heap_room(h);
    if (room) link_in(h, w);
    pthread_mutex_unlock(&h->lock);

    /* Without memory to wait, not waiting is right: who asked looks again and sees what is so. */
    if (!room) w->wake(w->arg, closed ? WOKEN_CLOSED : WOKEN_LATE);
}

bool hub_leave(struct hub *h, struct waiter *w)
{
    pthread_mutex_lock(&h->lock);
    const bool waited = w->waiting;
    if (waited) link_out(h, w);
    pthread_mutex_unlock(&h->lock);
    return waited;
}

void hub_notify(struct hub *h, struct topic t)
{
    struct waiter *chain = NULL;
    pthread_mutex_lock(&h->lock);
    for (struct waiter *w = *bucket_of(h, t), *next; w; w = next) {
        next = w->next;
        if (!same_topic(w->topic, t)) continue;
        link_out(h, w);
        w->next = chain;
        chain = w;
    }
    pthread_mutex_unlock(&h->lock);
    wake_chain(chain, WOKEN_NOTIFIED);
}

void hub_tick(struct hub *h, int64_t now_us)
{
    struct waiter *chain = NULL;
    pthread_mutex_lock(&h->lock);
    while (h->n > 0 && h->heap[0]->deadline_us <= now_us) {
        struct waiter *w = h->heap[0];
        link_out(h, w);
        w->next = chain;
        chain = w;
    }
    pthread_mutex_unlock(&h->lock);
    wake_chain(chain, WOKEN_LATE);
}

void hub_close(struct hub *h)
{
    struct waiter *chain = NULL;
    pthread_mutex_lock(&h->lock);
    h->closed = true;
    while (h->n > 0) {
        struct waiter *w = h->heap[h->n - 1];
        link_out(h, w);
        w->next = chain;
        chain = w;
    }
    pthread_mutex_unlock(&h->lock);
    wake_chain(chain, WOKEN_CLOSED);
}

int64_t hub_waiting(struct hub *h)
{
    pthread_mutex_lock(&h->lock);
    const int64_t n = h->n;
    pthread_mutex_unlock(&h->lock);
    return n;
}
