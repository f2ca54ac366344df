/* SPDX-License-Identifier: Apache-2.0 */
/* payouts request AMOUNT: money leaves the market. */
#include "amounts.h"
#include "list.h"
#include "verbs.h"

static const struct show members[] = {
    { "payout", "payout_id", SHOW_TEXT },
    { "amount", "amount", SHOW_MONEY },
    { "state", "state", SHOW_TEXT },
    { "rail", "rail", SHOW_TEXT },
    SHOW_END,
};

static bool request(struct api *api, const char *amount, json_t **out)
{
    struct reply reply;
    struct request r = request_defaults;
    auto_json json_t *body = json_pack("{s{ss ss}}", "amount", "amount", amount, "currency", "USD");
    r.method = "POST";
    r.path = "/v1/payouts";
    r.body = body;
    r.keyed = true;
    if (!api_call(api, &r, &reply)) return false;
    *out = reply.json;
    return true;
}

enum exit_code payouts_request(struct cli *c, size_t argc, char *const *argv)
{
    struct api api = { .client = NULL };
    auto_json json_t *payout = NULL;
    if (!cli_read(c, argc, argv, NULL, NULL) || !cli_words(c, 1, 1, "AMOUNT")) return EXIT_USAGE;
    const char *const amount = c->words.v[0];
    if (!amount_ok(str_of(amount)))
        return cli_usage(c, "%s: not an amount with at most six decimals, as 2.50.", amount);
    const bool ok = api_open(&api, c) && request(&api, amount, &payout);
    const enum exit_code code = ok ? show_print(c, payout, members) : api.exit;
    api_close(&api);
    return code;
}
