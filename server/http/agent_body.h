/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent says of its machine: at its join and at each start. */
#pragma once

#include "domain/command.h"
#include "http/http.h"
#include "service/info.h"
#include "store/agents.h"

struct gpu_said {
    struct str uuid, model;
    int64_t memory_bytes;
};

struct inventory_said {
    int64_t cpu_millis, memory_bytes, scratch_bytes;
    struct json_array gpus; /* struct gpu_said */
    struct str site, label; /* names; p NULL: none */
    int64_t bandwidth_mbps;
    int region;
};

struct engine_said {
    struct str name, version; /* p NULL: no engine */
};

struct agent_said {
    struct str name, agent_version;
    struct inventory_said inventory;
    struct engine_said engine;
    int isolation;
};

extern const struct json_field inventory_fields[], engine_fields[];
extern const char *const declared_isolations[]; /* those that an agent may find out by itself */

/* Rows for a table whose struct T has a member `f` of type struct agent_said. */
/* clang-format off */
#define AGENT_SAID(T, f)                                                                           \
    JSON_TEXT(T, f.name, "name", JSON_NEED, 1, NAME_MAX_BYTES, "A name that people read."),        \
    JSON_TEXT(T, f.agent_version, "agent_version", JSON_NEED, 1, 64, "Of the agent."),             \
    JSON_OBJECT(T, f.inventory, "inventory", JSON_NEED, inventory_fields, "What the machine has."), \
    JSON_OBJECT(T, f.engine, "engine", JSON_MAY, engine_fields, "The container engine."),           \
    JSON_ENUM(T, f.isolation, "isolation", JSON_MAY, declared_isolations,                          \
              "The class that its self-test found; runc by default.")
/* clang-format on */

/* What the tables cannot say: no GPU twice. False: replied. */
MUST_CHECK bool agent_said_check(struct req *rq, const struct agent_said *said);

/* Whose machine it is; node 0: not made yet. */
struct node_of {
    int64_t account, node;
};

/* Inventory as the market counts it: the GPUs of the pool whose model most of them are; others do
 * not count. Nodes of one account that name one site are of one. False: replied. */
MUST_CHECK bool agent_said_spec(struct req *rq, const struct agent_said *about, struct node_of of,
                                struct node_spec *out);

/* For the store; texts live in the request's arena. False: replied. */
MUST_CHECK bool agent_said_row(struct req *rq, const struct agent_said *said, int64_t now_us,
                               struct agent_row *out);
