/* SPDX-License-Identifier: Apache-2.0 */
/* How the cards of this machine are: looked at with each heartbeat, and told in it.
 *
 * A machine with an ill card sells nothing until all are well again, and the market charges nothing
 * for that time (docs/gpu.md). What runs goes on: it may well come to its end. */
#pragma once

#include <pthread.h>

#include "service/ports.h"

struct agent;

struct health {
    pthread_mutex_t lock;         /* guards: everything below */
    struct gpu_state v[GPUS_MAX]; /* of the inventory's cards, in its order */
    size_t n;                     /* 0: not looked at yet, or there are none */
};

void health_init(struct health *h);
void health_done(struct health *h);

/* Look at the cards and at what computes on them. The heartbeat's thread. */
void health_look(struct agent *a);

/* Is this card well, is every one? Yes, as long as nothing else was seen. */
bool health_is_well(struct health *h, const char *uuid);
bool health_all_well(struct health *h);

/* A copy; returns how many. */
size_t health_copy(struct health *h, struct gpu_state out[GPUS_MAX]);

/* The cards in a journal's text are this lease's. */
void health_note_lease(struct gpu_state *v, size_t n, const char *gpus, const char *lease_id);
