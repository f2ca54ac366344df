/* SPDX-License-Identifier: Apache-2.0 */
/* Reusable connections, shared by threads: take one, use it alone, give it back.
 *
 * What a connection is, the drivers know. At most SLOTS_MAX exist at a time; who finds none waits.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

#define SLOTS_MAX 256 /* three for each lease, and some for the agent's own threads */

struct slots_kind {
    void *(*make)(void *arg); /* NULL: no memory */
    void (*cancel)(void *connection);
    void (*free)(void *connection);
    void *arg;
};

struct slots {
    const struct slots_kind kind;
    pthread_mutex_t lock; /* guards: everything below */
    pthread_cond_t given;
    struct slot {
        void *connection;
        bool busy;
    } v[SLOTS_MAX];
    size_t n;
    bool closed;
};

struct slots *slots_new(const struct slots_kind *kind);
void slots_free(struct slots *s); /* asserts that none is in use; takes NULL */

/* NULL: interrupted, or no memory. */
void *slots_take(struct slots *s);
/* `good` false: the connection is not to be used again. */
void slots_give(struct slots *s, void *connection, bool good);

/* Cancel what is running; nothing can be taken any more. */
void slots_interrupt(struct slots *s);
