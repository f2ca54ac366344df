/* SPDX-License-Identifier: Apache-2.0 */
/* asks place NODE --price USD, asks cancel ASK: a machine's units go on sale, and off it. */
#include "list.h"
#include "verbs.h"

struct place_options {
    const char *pool, *price;
    int64_t units;
};

#define O struct place_options
/* clang-format off */
const struct arg asks_place_args[] = {
    { "price", ARG_MONEY, offsetof(O, price), "USD", "for a unit and hour" },
    { "pool", ARG_TEXT, offsetof(O, pool), "POOL", "the pool to sell in; cpu by default" },
    { "units", ARG_COUNT, offsetof(O, units), "N", "how many units; 1 by default" },
    ARG_END,
};
/* clang-format on */
#undef O

static const struct show members[] = {
    { "ask", "ask_id", SHOW_TEXT },
    { "node", "node_id", SHOW_TEXT },
    { "pool", "pool", SHOW_TEXT },
    { "state", "state", SHOW_TEXT },
    { "price", "price_per_unit_hour", SHOW_MONEY },
    { "units", "units", SHOW_NUMBER },
    { "free", "units_free", SHOW_NUMBER },
    { "until", "available_until", SHOW_TIME },
    SHOW_END,
};

static bool place(struct api *api, const struct place_options *o, json_t **out)
{
    struct request r = request_defaults;
    struct reply reply;
    auto_json json_t *body = json_pack(
        "{ss ss sI s{ss ss}}", "node_id", api->cli->words.v[0], "pool", o->pool, "units",
        (json_int_t)o->units, "price_per_unit_hour", "amount", o->price, "currency", "USD");
    r.method = "POST";
    r.path = "/v1/asks";
    r.body = body;
    r.keyed = true;
    if (!api_call(api, &r, &reply)) return false;
    *out = reply.json;
    return true;
}

enum exit_code asks_place(struct cli *c, size_t argc, char *const *argv)
{
    struct place_options o = { .pool = "cpu", .units = 1 };
    struct api api = { .client = NULL };
    auto_json json_t *made = NULL;
    if (!cli_read(c, argc, argv, asks_place_args, &o) || !cli_words(c, 1, 1, "NODE"))
        return EXIT_USAGE;
    if (!o.price) return cli_usage(c, "--price is missing.");
    const bool ok =
        api_open(&api, c) && api_id(&api, "node_", "node", c->words.v[0]) && place(&api, &o, &made);
    enum exit_code code = api.exit;
    if (ok) code = c->json ? cli_json(made) : show_print(c, json_object_get(made, "ask"), members);
    api_close(&api);
    return code;
}

enum exit_code asks_cancel(struct cli *c, size_t argc, char *const *argv)
{
    struct api api = { .client = NULL };
    struct reply reply = { .json = NULL };
    struct request r = request_defaults;
    if (!cli_read(c, argc, argv, NULL, NULL) || !cli_words(c, 1, 1, "ASK")) return EXIT_USAGE;
    r.method = "POST";
    r.path = arena_fmt(&c->a, "/v1/asks/%s/cancel", c->words.v[0]);
    const bool ok = r.path && api_open(&api, c) && api_id(&api, "ask_", "ask", c->words.v[0]) &&
                    api_call(&api, &r, &reply);
    const enum exit_code code = ok ? show_print(c, reply.json, members) : api.exit;
    json_decref(reply.json);
    api_close(&api);
    return code;
}
