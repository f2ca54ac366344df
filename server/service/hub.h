/* SPDX-License-Identifier: Apache-2.0 */
/* Who waits for what. Topics are notified by the writer after a group is durable, and by others.
 *
 * Register, then check: a waiter that is registered misses nothing. Each registered waiter is woken
 * exactly once (notified, late or closed) unless hub_leave() took it back in time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

enum topic_kind { TOPIC_JOB = 1, TOPIC_NODE = 2, TOPIC_LOG = 3, TOPIC_COMMANDS = 4 };

struct topic {
    enum topic_kind kind;
    int64_t number; /* bid, node, lease; 0 for commands */
};

enum woken { WOKEN_NOTIFIED, WOKEN_LATE, WOKEN_CLOSED };

struct waiter {
    struct topic topic;
    int64_t deadline_us;                     /* clock_monotonic_us */
    void (*wake)(void *arg, enum woken why); /* on any thread, without the hub's lock */
    void *arg;
    struct waiter *prev, *next; /* the hub's */
    int64_t heap_at;            /* the hub's */
    bool waiting;               /* the hub's */
};

struct hub;

struct hub *hub_new(void);
void hub_free(struct hub *h); /* asserts that nobody waits */

void hub_wait(struct hub *h, struct waiter *w); /* wakes at once when the hub is closed */
MUST_CHECK bool hub_leave(struct hub *h, struct waiter *w); /* true: it will not be woken */
void hub_notify(struct hub *h, struct topic t);
void hub_tick(struct hub *h, int64_t now_us); /* wake those whose time is up */
void hub_close(struct hub *h);                /* wake all, now and later */
int64_t hub_waiting(struct hub *h);
