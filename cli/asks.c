/* SPDX-License-Identifier: Apache-2.0 */
#include "list.h"
#include "verbs.h"

/* clang-format off */
static const struct show columns[] = {
    { "ASK", "ask_id", SHOW_TEXT },
    { "NODE", "node_id", SHOW_TEXT },
    { "POOL", "pool", SHOW_TEXT },
    { "STATE", "state", SHOW_TEXT },
    { "REASON", "reason", SHOW_TEXT },
    { "PRICE", "price_per_unit_hour", SHOW_MONEY },
    { "FLOOR", "floor_price_per_unit_hour", SHOW_MONEY },
    { "PRICING", "pricing", SHOW_TEXT },
    { "UNITS", "units", SHOW_NUMBER },
    { "FREE", "units_free", SHOW_NUMBER },
    { "UNTIL", "available_until", SHOW_TIME },
    SHOW_END,
};
/* clang-format on */

enum exit_code asks(struct cli *c, size_t argc, char *const *argv)
{
    const struct list l = {
        .path = "/v1/asks",
        .columns = columns,
        .none = "No offers yet.",
    };
    return list_verb(c, argc, argv, &l);
}
