/* SPDX-License-Identifier: Apache-2.0 */
/* What the asks and leases of a node take of it, against what it has. Private to the market. */
#pragma once

#include "domain/state.h"

/* Count `units` of the pool (negative: less) into the node's load. */
void room_take(struct node *n, const struct pool *pool, int32_t units);

/* The node has other hardware: `spec`. */
void room_equip(const struct market *m, struct node_entry *n, const struct node_spec *spec);

/* Would the node carry its load with `units` more of the pool? */
bool room_for(const struct node_entry *n, const struct pool *pool, int32_t units);

/* Does it carry its load, and is each of its open asks for hardware that it has? */
bool room_carries(const struct node_entry *n);
