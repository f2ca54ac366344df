/* SPDX-License-Identifier: Apache-2.0 */
#include "list.h"
#include "verbs.h"

/* clang-format off */
static const struct show columns[] = {
    { "PAYOUT", "payout_id", SHOW_TEXT },
    { "AMOUNT", "amount", SHOW_MONEY },
    { "STATE", "state", SHOW_TEXT },
    { "RAIL", "rail", SHOW_TEXT },
    { "CREATED", "created_at", SHOW_TIME },
    SHOW_END,
};
/* clang-format on */

enum exit_code payouts(struct cli *c, size_t argc, char *const *argv)
{
    const struct list l = {
        .path = "/v1/payouts",
        .columns = columns,
        .none = "No payouts.",
    };
    return list_verb(c, argc, argv, &l);
}
