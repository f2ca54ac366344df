/* SPDX-License-Identifier: Apache-2.0 */
/* What is to happen when: a heap of events, the earliest first, at one time the one that was noted
 * first. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event {
    int64_t at_us;
    int64_t order; /* given by agenda_add */
    int kind;
    int64_t what;
};

struct agenda {
    struct event *events;
    size_t n, room;
    int64_t added;
};

void agenda_add(struct agenda *a, int64_t at_us, int kind, int64_t what); /* aborts: no memory */
const struct event *agenda_first(const struct agenda *a);                 /* NULL: empty */
bool agenda_next(struct agenda *a, struct event *out);                    /* false: empty */
void agenda_free(struct agenda *a);
