/* SPDX-License-Identifier: Apache-2.0 */
#include "service/stranded.h"

#include <pthread.h>

#include "base/mem.h"

#define ROOM                                                                                       \
    4096 /* leases that are missed at a time; more are counted when there is room again            \
          */

struct missed {
    int64_t lease, since_us, last_us;
};

struct stranded {
    int64_t patience_us;
    pthread_mutex_t lock; /* guards: v, n */
    struct missed v[ROOM];
    int n;
};

struct stranded *stranded_new(int64_t patience_us)
{
    struct stranded *s = mem_zalloc(sizeof(*s));

    s->patience_us = patience_us;
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

void stranded_free(struct stranded *s)
{
    if (!s) return;
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

/* -1: it is not missed. Under the lock. */
static int find(const struct stranded *s, int64_t lease)
{
    for (int i = 0; i < s->n; i++)
        if (s->v[i].lease == lease) return i;
    return -1;
}

/* What ended while it was missed is never heard of again: it makes room. Under the lock. */
static void forget_old(struct stranded *s, int64_t now_us)
{
    for (int i = 0; i < s->n;)
        if (now_us - s->v[i].last_us > 2 * s->patience_us)
            s->v[i] = s->v[--s->n];
        else
            i++;
}

static void begin(struct stranded *s, int64_t lease, int64_t now_us)
{
    if (s->n == ROOM) forget_old(s, now_us);
    if (s->n < ROOM) s->v[s->n++] = (struct missed){ lease, now_us, now_us };
}

bool stranded_note(struct stranded *s, int64_t lease, bool named, int64_t now_us)
{
    bool lost = false;

    pthread_mutex_lock(&s->lock);
    const int i = find(s, lease);
    if (i < 0) {
        if (!named) begin(s, lease, now_us);
    } else {
        struct missed *m = &s->v[i];
        /* A gap in which nobody was heard, or a clock that jumped, does not count. */
        if (now_us < m->last_us || now_us - m->last_us > s->patience_us) m->since_us = now_us;
        m->last_us = now_us;
        lost = !named && now_us - m->since_us >= s->patience_us;
        if (named || lost) s->v[i] = s->v[--s->n];
    }
    pthread_mutex_unlock(&s->lock);
    return lost;
}
