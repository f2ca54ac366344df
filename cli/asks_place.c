/* SPDX-License-Identifier: Apache-2.0 */
/* asks place NODE --price USD, asks cancel ASK: a machine's units go on sale, and off it. */
#include "list.h"
#include "verbs.h"

struct place_options {
    const char *pool, *price, *floor, *pricing; /* floor, pricing NULL: as the market has it */
    int64_t units, tier, checkpoint_seconds;    /* the latter two 0: not given */
    bool interruptible, post_only;
};

#define O struct place_options
/* clang-format off */
const struct arg asks_place_args[] = {
    { "price", ARG_MONEY, offsetof(O, price), "USD", "for a unit and hour" },
    { "floor", ARG_MONEY, offsetof(O, floor), "USD", "never below; the price by default" },
    { "pricing", ARG_TEXT, offsetof(O, pricing), "HOW", "how it moves: fixed, undercut or adaptive" },
    { "pool", ARG_TEXT, offsetof(O, pool), "POOL", "the pool to sell in; cpu by default" },
    { "units", ARG_COUNT, offsetof(O, units), "N", "how many units; 1 by default" },
    { "interruptible", ARG_BOOL, offsetof(O, interruptible), NULL, "only for jobs that make room when asked to" },
    { "min-buyer-tier", ARG_COUNT, offsetof(O, tier), "N", "reputation of a buyer at least, 1 to 3" },
    { "checkpoint", ARG_SECONDS, offsetof(O, checkpoint_seconds), "TIME", "the longest time of work that may be lost; 1h by default" },
    { "post-only", ARG_BOOL, offsetof(O, post_only), NULL, "refuse it rather than trade at once" },
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
    { "floor", "floor_price_per_unit_hour", SHOW_MONEY },
    { "pricing", "pricing", SHOW_TEXT },
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
    if (o->floor)
        json_object_set_new(body, "floor_price_per_unit_hour",
                            json_pack("{ss ss}", "amount", o->floor, "currency", "USD"));
    if (o->pricing) json_object_set_new(body, "pricing", json_string(o->pricing));
    if (o->interruptible) json_object_set_new(body, "interruptible", json_true());
    if (o->post_only) json_object_set_new(body, "post_only", json_true());
    if (o->tier > 0) json_object_set_new(body, "min_buyer_tier", json_integer(o->tier));
    if (o->checkpoint_seconds > 0)
        json_object_set_new(body, "max_checkpoint_seconds", json_integer(o->checkpoint_seconds));
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
