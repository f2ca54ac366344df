/* SPDX-License-Identifier: Apache-2.0 */
/* A round of looks ends when SLICE_US are over, and the next begins when SHARE - 1 times as long as
 * it took have passed: so looks have a quarter of the thread at most, and an order waits for a
 * slice and the one look that outlasts it. */
#include "service/looks.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"

#define SLICE_US 1000
#define SHARE    4

struct looks {
    pthread_mutex_t lock; /* guards: first, last, n, open */
    struct look *first, **last;
    int32_t n;
    bool open;
    int64_t next_us; /* the market thread's: when there may be more */
};

struct looks *looks_new(void)
{
    struct looks *const l = mem_zalloc(sizeof(*l));

    l->last = &l->first;
    pthread_mutex_init(&l->lock, NULL);
    return l;
}

void looks_free(struct looks *l)
{
    if (!l) return;
    pthread_mutex_destroy(&l->lock);
    mem_free(l);
}

bool looks_ask(struct looks *l, struct look *look)
{
    look->seen = false;
    look->next = NULL;
    pthread_mutex_lock(&l->lock);
    const bool room = l->open && l->n < LOOKS_MAX;
    if (room) {
        *l->last = look;
        l->last = &look->next;
        l->n++;
    }
    pthread_mutex_unlock(&l->lock);
    if (!room) look->done(look->done_arg);
    return room;
}

static struct look *take_first(struct looks *l)
{
    pthread_mutex_lock(&l->lock);
    struct look *const look = l->first;
    if (look) {
        l->first = look->next;
        l->n--;
    }
    if (!l->first) l->last = &l->first;
    pthread_mutex_unlock(&l->lock);
    return look;
}

/* Does anybody wait? From now on they may. */
static bool any(struct looks *l)
{
    pthread_mutex_lock(&l->lock);
    l->open = true;
    const bool some = l->n > 0;
    pthread_mutex_unlock(&l->lock);
    return some;
}

int64_t looks_serve(struct looks *l, struct market *m, int64_t now_us)
{
    struct look *look;

    if (!any(l)) return INT64_MAX;
    const int64_t began_us = clock_monotonic_us();
    if (began_us < l->next_us) return l->next_us - began_us;
    int64_t spent_us = 0;
    while (spent_us < SLICE_US && (look = take_first(l))) {
        look->see(m, now_us, look->arg);
        look->seen = true;
        look->done(look->done_arg); /* from here on it may be gone */
        spent_us = clock_monotonic_us() - began_us;
    }
    const int64_t rest_us = spent_us * (SHARE - 1);
    l->next_us = began_us + spent_us + rest_us;
    return any(l) ? rest_us : INT64_MAX;
}

void looks_close(struct looks *l)
{
    struct look *look;

    pthread_mutex_lock(&l->lock);
    l->open = false;
    pthread_mutex_unlock(&l->lock);
    while ((look = take_first(l)))
        look->done(look->done_arg);
}
