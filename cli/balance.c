/* SPDX-License-Identifier: Apache-2.0 */
#include "list.h"
#include "verbs.h"

static const struct show members[] = {
    { "account", "account_id", SHOW_TEXT },
    { "available", "balance.available", SHOW_MONEY },
    { "held", "balance.held", SHOW_MONEY },
    { "scopes", "scopes", SHOW_TEXTS },
    SHOW_END,
};

enum exit_code balance(struct cli *c, size_t argc, char *const *argv)
{
    if (!cli_read(c, argc, argv, NULL, NULL) || !cli_words(c, 0, 0, "Nothing")) return EXIT_USAGE;
    struct api api;
    auto_json json_t *account = api_open(&api, c) ? api_get(&api, "/v1/account") : NULL;
    const enum exit_code code = account ? show_print(c, account, members) : api.exit;
    api_close(&api);
    return code;
}
