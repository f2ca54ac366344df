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
    int64_t strikes, backoff_us, quoted_us;
    int64_t site_at_us; /* names the node of its site; 0: a site of its own */
    struct agent_row agent;
    int64_t leases_live;
};

/* By which key a node signs, and whose it is. */
struct agent_key_row {
    struct str public_key; /* 32 bytes */
    int64_t node, node_at_us, account, account_at_us;
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

/* The number by which other nodes of the account know the site of this name. DB_NONE: none has it.
 */
MUST_CHECK enum db_rc store_find_site(struct db *db, int64_t account, struct str name, int64_t node,
                                      int64_t *out, struct err *err);

/* DB_NONE: the node or the key has one already. */
MUST_CHECK enum db_rc store_add_agent(struct db *db, int64_t node, const uint8_t public_key[32],
                                      const struct agent_row *row, struct err *err);
MUST_CHECK enum db_rc store_update_agent(struct db *db, int64_t node, const struct agent_row *row,
                                         struct err *err);
