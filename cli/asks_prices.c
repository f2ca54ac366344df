/* SPDX-License-Identifier: Apache-2.0 */
/* asks prices ASK: what its price was, who moved it, and why. */
#include "list.h"
#include "verbs.h"

/* clang-format off */
static const struct show columns[] = {
    { "AT", "at", SHOW_TIME },
    { "FROM", "previous_price_per_unit_hour", SHOW_MONEY },
    { "TO", "price_per_unit_hour", SHOW_MONEY },
    { "BY", "by", SHOW_TEXT },
    { "WHY", "reason", SHOW_TEXT },
    SHOW_END,
};
/* clang-format on */

enum exit_code asks_prices(struct cli *c, size_t argc, char *const *argv)
{
    struct list_options o = { .all = false };
    struct api api = { .client = NULL };
    struct list l = { .columns = columns, .none = "No prices yet." };
    if (!cli_read(c, argc, argv, list_args, &o) || !cli_words(c, 1, 1, "ASK")) return EXIT_USAGE;
    const bool ok = api_open(&api, c) && api_id(&api, "ask_", "ask", c->words.v[0]);
    const enum exit_code code = api.exit;
    api_close(&api);
    if (!ok) return code;
    l.path = arena_fmt(&c->a, "/v1/asks/%s/prices", c->words.v[0]);
    return l.path ? list_print(c, &l, o.all) : EXIT_SERVER;
}
