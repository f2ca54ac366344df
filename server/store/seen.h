/* SPDX-License-Identifier: Apache-2.0 */
/* When nodes were last heard of, and what a silent one still has. */
#pragma once

#include "store/array.h"
#include "store/db.h"

/* Numbers and times of the same length. */
MUST_CHECK bool store_note_nodes_seen(struct db *db, struct sql_array *nodes,
                                      struct sql_array *times, struct err *err);
/* Nodes that have an agent. */
MUST_CHECK bool store_list_nodes_known(struct db *db, struct arena *a, int64_t **out, size_t *n,
                                       struct err *err);
/* Open asks of a node, at most so many. */
MUST_CHECK bool store_list_asks_of_silent(struct db *db, int64_t node, int64_t limit,
                                          struct arena *a, int64_t **out, size_t *n,
                                          struct err *err);
/* Leases that hold units of it, at most so many. */
struct held_row {
    int64_t lease, epoch;
};
MUST_CHECK bool store_list_leases_of_silent(struct db *db, int64_t node, int64_t limit,
                                            struct arena *a, struct held_row **out, size_t *n,
                                            struct err *err);
