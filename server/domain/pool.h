/* SPDX-License-Identifier: Apache-2.0 */
/* Pools: classes of interchangeable capacity, and what one unit of each is made of. Pure.
 *
 * A row of the operator's versioned table (pools, in the database). A unit is one GPU with its
 * share of the node's vCPUs, memory and scratch; in `cpu` one vCPU with its share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "domain/money.h"

#define POOL_NAME_SIZE 32

struct bundle { /* what one unit brings */
    int32_t gpus;
    int32_t cpu_millis;
    int64_t memory_bytes;
    int64_t scratch_bytes;
};

struct pool {
    int32_t number; /* stable; the key in orders */
    char name[POOL_NAME_SIZE];
    char gpu_model[64]; /* as NVML names it; empty in `cpu` */
    int64_t gpu_memory_bytes;
    struct bundle unit;
    struct money tick;  /* price step, > 0 */
    int64_t throughput; /* reference giga-operations/s of a unit; 0: unknown */
};

/* What a job asks of the machine. Zero: no wish. */
struct needs {
    int32_t gpus;
    int32_t cpu_millis;
    int64_t memory_bytes;
    int64_t scratch_bytes;
};

/* How many units of `pool` serve `needs`: the largest of ceil(need ÷ share), at least 1 (design.md
 * §3). False: some need cannot be served by any number (a GPU in `cpu`), or more than UNITS_MAX. */
MUST_CHECK bool pool_units_for(const struct pool *pool, const struct needs *needs, int32_t *units);

/* How many units fit into what a node has left. `gpus` counts devices of this pool's model. */
int32_t pool_units_in(const struct pool *pool, const struct needs *left);

/* Is `price` a positive multiple of the tick, and no more than comes in from outside? */
bool pool_on_tick(const struct pool *pool, struct money price);
