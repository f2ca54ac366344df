/* SPDX-License-Identifier: Apache-2.0 */
/* A table of sets of WAYS buckets. Whoever finds his set taken gets the bucket of it that is full
 * the soonest: mostly one that is full already, so that nobody loses anything by it. A flood of
 * strangers can at most give each other new buckets, it takes no memory. */
#include "service/limiter.h"

#include <pthread.h>
#include <stddef.h>

#include "base/mem.h"

#define SETS   16384
#define WAYS   4
#define LOCKS  64
#define SECOND INT64_C(1000000)

struct bucket {
    uint64_t who;
    int64_t full_us; /* when it has all its tokens again; in the past: it has them */
};

struct limiter {
    int64_t rate, burst;
    pthread_mutex_t locks[LOCKS]; /* guards: sets whose number has its own as remainder */
    struct bucket sets[SETS][WAYS];
};

struct limiter *limiter_new(int64_t rate, int64_t burst)
{
    struct limiter *l = mem_zalloc(sizeof(*l));

    l->rate = rate;
    l->burst = burst;
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_init(&l->locks[i], NULL);
    return l;
}

void limiter_free(struct limiter *l)
{
    if (!l) return;
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_destroy(&l->locks[i]);
    mem_free(l);
}

static size_t set_of(uint64_t who)
{
    return (size_t)(who * UINT64_C(0x9e3779b97f4a7c15) >> 50) % SETS;
}

static struct bucket *bucket_of(struct limiter *l, size_t set, uint64_t who)
{
    struct bucket *soonest = &l->sets[set][0];

    for (int i = 0; i < WAYS; i++) {
        struct bucket *b = &l->sets[set][i];
        if (b->who == who) return b;
        if (b->full_us < soonest->full_us) soonest = b;
    }
    *soonest = (struct bucket){ .who = who };
    return soonest;
}

/* Missing tokens cost a second ÷ rate each to come back. */
static bool draw(const struct limiter *l, struct bucket *b, int64_t now_us, struct limit_left *out)
{
    const int64_t one_us = SECOND / l->rate > 0 ? SECOND / l->rate : 1;
    const int64_t most_us = l->burst * one_us;
    const int64_t from = b->full_us > now_us ? b->full_us : now_us;
    const bool ok = from + one_us - now_us <= most_us;

    if (ok) b->full_us = from + one_us;
    const int64_t missing_us = b->full_us > now_us ? b->full_us - now_us : 0;
    *out = (struct limit_left){
        .burst = l->burst,
        .rate = l->rate,
        .left = (most_us - missing_us) / one_us,
        .full_us = missing_us,
        .wait_us = ok ? 0 : from + one_us - now_us - most_us,
    };
    return ok;
}

bool limiter_take(struct limiter *l, uint64_t who, int64_t now_us, struct limit_left *out)
{
    const size_t set = set_of(who);
    pthread_mutex_t *lock = &l->locks[set % LOCKS];

    pthread_mutex_lock(lock);
    const bool ok = draw(l, bucket_of(l, set, who), now_us, out);
    pthread_mutex_unlock(lock);
    return ok;
}
