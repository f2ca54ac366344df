/* SPDX-License-Identifier: Apache-2.0 */
#include "list.h"
#include "verbs.h"

/* clang-format off */
static const struct show columns[] = {
    { "JOB", "job_id", SHOW_TEXT },
    { "NAME", "name", SHOW_TEXT },
    { "STATE", "state", SHOW_TEXT },
    { "REASON", "reason", SHOW_TEXT },
    { "WAITS", "waits_for", SHOW_TEXT },
    { "POOL", "pool", SHOW_TEXT },
    { "UNITS", "units", SHOW_NUMBER },
    { "NODES", "nodes", SHOW_NUMBER },
    { "BUDGET", "budget", SHOW_MONEY },
    { "SPENT", "spent", SHOW_MONEY },
    { "HELD", "held", SHOW_MONEY },
    { "CREATED", "created_at", SHOW_TIME },
    SHOW_END,
};
/* clang-format on */

enum exit_code ps(struct cli *c, size_t argc, char *const *argv)
{
    const struct list l = {
        .path = "/v1/jobs",
        .columns = columns,
        .none = "No jobs yet.",
    };
    return list_verb(c, argc, argv, &l);
}
