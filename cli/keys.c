/* SPDX-License-Identifier: Apache-2.0 */
#include "list.h"
#include "verbs.h"

/* clang-format off */
static const struct show columns[] = {
    { "KEY", "key_id", SHOW_TEXT },
    { "NAME", "name", SHOW_TEXT },
    { "SCOPES", "scopes", SHOW_TEXTS },
    { "CREATED", "created_at", SHOW_TIME },
    { "LAST USED", "last_used_at", SHOW_TIME },
    SHOW_END,
};
/* clang-format on */

enum exit_code keys(struct cli *c, size_t argc, char *const *argv)
{
    const struct list l = {
        .path = "/v1/api-keys",
        .columns = columns,
        .none = "No API keys.",
    };
    return list_verb(c, argc, argv, &l);
}
