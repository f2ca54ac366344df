/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent says of its cards in a heartbeat, and how it is kept and shown: as it came. */
#pragma once

#include "base/arena.h"
#include "json/field.h"
#include "json/json.h"

struct gpu_told {
    struct str uuid, lease_id; /* lease_id p NULL: no lease has it */
    struct str_list ills;      /* empty: it is well */
    /* Negative: its driver does not tell. */
    int64_t xid, temperature_c, busy_percent, memory_used_bytes, power_milliwatts;
};

extern const struct json_field gpu_told_fields[];

/* Is none of them ill? No cards: yes. */
bool node_gpus_well(const struct json_array *gpus);

/* What the cards of a lease do: the busiest percent, the sum of the memory; -1: not told. False: it
 * has none. */
bool node_gpus_use(const struct json_array *gpus, struct str lease_id, int64_t *busy_percent,
                   int64_t *memory_used_bytes);

/* For the store: a canonical array. p NULL: no memory. */
struct str node_gpus_text(const struct json_array *gpus, struct arena *a);
