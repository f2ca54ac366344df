/* SPDX-License-Identifier: Apache-2.0 */
#include "base/queue.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

/* Waits are measured by a clock that nobody sets. */
static bool cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr) != 0) return false;
    const bool ok = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
                    pthread_cond_init(cond, &attr) == 0;
    pthread_condattr_destroy(&attr);
    return ok;
}

bool queue_init(struct queue *q, size_t cap)
{
    assert(cap > 0);

    *q = (struct queue){ .cap = cap };
    q->slots = calloc(cap, sizeof(*q->slots));
    if (!q->slots) return false;
    if (!cond_init(&q->arrived)) goto free_slots;
    if (pthread_mutex_init(&q->lock, NULL) != 0) goto destroy_arrived;
    return true;

destroy_arrived:
    pthread_cond_destroy(&q->arrived);
free_slots:
    free(q->slots);
    q->slots = NULL;
    return false;
}

void queue_done(struct queue *q)
{
    assert(q->n == 0);
    pthread_mutex_destroy(&q->lock);
    pthread_cond_destroy(&q->arrived);
    free(q->slots);
    q->slots = NULL;
}

bool queue_push(struct queue *q, void *p)
{
    pthread_mutex_lock(&q->lock);
    const bool room = !q->closed && q->n < q->cap;
    if (room) {
        q->slots[(q->head + q->n) % q->cap] = p;
        q->n++;
        pthread_cond_signal(&q->arrived);
    }
    pthread_mutex_unlock(&q->lock);
    return room;
}

static struct timespec deadline_after(int64_t us)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += (time_t)(us / 1000000);
    at.tv_nsec += (long)(us % 1000000) * 1000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_nsec -= 1000000000;
        at.tv_sec++;
    }
    return at;
}

static void await(struct queue *q, int64_t timeout_us)
{
    const struct timespec deadline = deadline_after(timeout_us > 0 ? timeout_us : 0);
    while (q->n == 0 && !q->closed) {
        if (timeout_us < 0)
            pthread_cond_wait(&q->arrived, &q->lock);
        else if (pthread_cond_timedwait(&q->arrived, &q->lock, &deadline) == ETIMEDOUT)
            return;
    }
}

size_t queue_pop(struct queue *q, void **out, size_t max, int64_t timeout_us)
{
    pthread_mutex_lock(&q->lock);
    if (q->n == 0 && timeout_us != 0) await(q, timeout_us);

    const size_t n = q->n < max ? q->n : max;
    for (size_t i = 0; i < n; i++) {
        out[i] = q->slots[q->head];
        q->head = (q->head + 1) % q->cap;
    }
    q->n -= n;
    pthread_mutex_unlock(&q->lock);
    return n;
}

void queue_close(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_broadcast(&q->arrived);
    pthread_mutex_unlock(&q->lock);
}

size_t queue_len(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    const size_t n = q->n;
    pthread_mutex_unlock(&q->lock);
    return n;
}
