/* SPDX-License-Identifier: Apache-2.0 */
#include "list.h"
#include "verbs.h"

/* clang-format off */
static const struct show columns[] = {
    { "NODE", "node_id", SHOW_TEXT },
    { "NAME", "name", SHOW_TEXT },
    { "STATE", "state", SHOW_TEXT },
    { "HEALTH", "health", SHOW_TEXT },
    { "CPU MILLIS", "inventory.cpu_millis", SHOW_NUMBER },
    { "MEMORY", "inventory.memory_bytes", SHOW_BYTES },
    { "LEASES", "leases_live", SHOW_NUMBER },
    { "AGENT", "agent_version", SHOW_TEXT },
    { "DOCTOR", "doctor.result", SHOW_TEXT },
    { "DRAINS AT", "drain_at", SHOW_TIME },
    { "LAST SEEN", "last_seen_at", SHOW_TIME },
    SHOW_END,
};
/* clang-format on */

enum exit_code nodes(struct cli *c, size_t argc, char *const *argv)
{
    const struct list l = {
        .path = "/v1/nodes",
        .columns = columns,
        .none = "No machines yet; `bourse join-token` adds one.",
    };
    return list_verb(c, argc, argv, &l);
}
