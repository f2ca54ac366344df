/* SPDX-License-Identifier: Apache-2.0 */
#include "list.h"
#include "verbs.h"

/* clang-format off */
static const struct show columns[] = {
    { "POOL", "pool", SHOW_TEXT },
    { "GPU", "gpu_model", SHOW_TEXT },
    { "OFFERS", "asks.open", SHOW_NUMBER },
    { "UNITS FREE", "asks.units_free", SHOW_NUMBER },
    { "BEST OFFER", "asks.best_price_per_unit_hour", SHOW_MONEY },
    { "REQUESTS", "bids.open", SHOW_NUMBER },
    { "BEST REQUEST", "bids.best_price_per_unit_hour", SHOW_MONEY },
    { "LAST TRADE", "last_trade.price_per_unit_hour", SHOW_MONEY },
    SHOW_END,
};
/* clang-format on */

enum exit_code pools(struct cli *c, size_t argc, char *const *argv)
{
    const struct list l = {
        .path = "/v1/pools",
        .columns = columns,
        .open = true,
        .none = "No pools.",
    };
    return list_verb(c, argc, argv, &l);
}
