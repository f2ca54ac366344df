/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes and their agents: the market's inventory next to what the agent says of itself. */
#pragma once

#include "domain/command.h"
#include "store/db.h"

/* What an agent says. */
struct agent_row {
    struct str name, agent_version;
    struct str inventory, engine; /* canonical JSON; engine "null": none */
    int64_t seen_us;
};

struct node_row {
    int64_t node, account, at_us;
    struct node_spec spec;
    int64_t strikes, backoff_us, quoted_us, drain_us, drain_stops;
    int64_t site_at_us; /* names the node of its site; 0: a site of its own */
    struct agent_row agent;
    struct str doctor; /* its agent's last self-test, canonical JSON; p NULL: none yet */
    int64_t doctor_us;
    int64_t leases_live;
    int64_t ill_since_us; /* unhealthy since then; 0: it is well */
    struct str gpus;      /* its cards as its last heartbeat told: canonical JSON, "[]" if none */
};

/* By which key a node signs, and whose it is. */
struct agent_key_row {
    struct str public_key; /* 32 bytes */
    int64_t node, node_at_us, account, account_at_us;
    int64_t ill_since_us;          /* unhealthy since then; 0: it is well */
    int64_t drain_us, drain_stops; /* of the node; 0: it does not drain */
};

MUST_CHECK enum db_rc store_find_agent_key(struct db *db, int64_t node, struct arena *a,
                                           struct agent_key_row *out, struct err *err);
/* The node that a key signs for. */
MUST_CHECK enum db_rc store_find_node_of_key(struct db *db, const uint8_t public_key[32],
                                             int64_t *node, struct err *err);

MUST_CHECK enum db_rc store_find_node(struct db *db, int64_t node, struct arena *a,
                                      struct node_row *out, struct err *err);
/* Newest first; before 0: from the newest. */
MUST_CHECK enum db_rc store_list_nodes(struct db *db, int64_t account, int64_t before,
                                       int64_t limit, struct arena *a, struct node_row **out,
                                       size_t *n, struct err *err);

/* The number of the site that a node (0: a new one) means by this name (empty: its own), so that
 * nodes of two names never share one. DB_NONE: the number that a new node will have. */
MUST_CHECK enum db_rc store_find_site(struct db *db, int64_t account, struct str name, int64_t node,
                                      int64_t *out, struct err *err);

/* DB_NONE: the node or the key has one already. */
MUST_CHECK enum db_rc store_add_agent(struct db *db, int64_t node, const uint8_t public_key[32],
                                      const struct agent_row *row, struct err *err);
/* What its self-test found, as canonical JSON. DB_NONE: there is no such node. */
MUST_CHECK enum db_rc store_put_doctor(struct db *db, int64_t node, struct str document,
                                       int64_t at_us, struct err *err);
MUST_CHECK enum db_rc store_update_agent(struct db *db, int64_t node, const struct agent_row *row,
                                         struct err *err);
