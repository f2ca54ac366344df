/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded queue of pointers between threads: many may push, many may pop. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct queue {
    pthread_mutex_t lock; /* guards: everything below */
    pthread_cond_t arrived;
    void **slots;
    size_t cap, head, n;
    bool closed;
};

MUST_CHECK bool queue_init(struct queue *q, size_t cap); /* false: no memory */
void queue_done(struct queue *q);                        /* asserts that it is empty */

/* False when full or closed; the pointer stays the caller's. Never blocks. */
MUST_CHECK bool queue_push(struct queue *q, void *p);

/* Up to `max` pointers in order of arrival; waits until there is one, the queue is closed or
 * `timeout_us` have passed (negative: no limit). Returns how many; 0 means timeout, or closed and
 * empty. */
size_t queue_pop(struct queue *q, void **out, size_t max, int64_t timeout_us);

void queue_close(struct queue *q); /* wakes all; nothing can be pushed any more */
size_t queue_len(struct queue *q);
