/* SPDX-License-Identifier: Apache-2.0 */
/* nodes drain NODE [--at TIME] [--now], nodes undrain NODE: empty a machine, and offer it again. */
#include "list.h"
#include "verbs.h"

struct drain_options {
    const char *at; /* NULL: now */
    bool now;
};

#define O struct drain_options
/* clang-format off */
const struct arg nodes_drain_args[] = {
    { "at", ARG_TEXT, offsetof(O, at), "TIME", "from then on, as 2030-01-31T18:00:00Z; what runs has to leave then" },
    { "now", ARG_BOOL, offsetof(O, now), NULL, "what runs has to leave at once; else it may finish" },
    ARG_END,
};
/* clang-format on */
#undef O

static const struct show members[] = {
    { "node", "node_id", SHOW_TEXT },
    { "name", "name", SHOW_TEXT },
    { "leases", "leases_live", SHOW_NUMBER },
    { "drains at", "drain_at", SHOW_TIME },
    { "what runs", "drain_running", SHOW_TEXT },
    SHOW_END,
};

static enum exit_code post(struct cli *c, const char *verb, json_t *body)
{
    struct api api = { .client = NULL };
    struct reply reply = { .json = NULL };
    struct request r = request_defaults;
    r.method = "POST";
    r.path = arena_fmt(&c->a, "/v1/nodes/%s/%s", c->words.v[0], verb);
    r.body = body;
    const bool ok = r.path && api_open(&api, c) && api_id(&api, "node_", "node", c->words.v[0]) &&
                    api_call(&api, &r, &reply);
    const enum exit_code code = ok ? show_print(c, reply.json, members) : api.exit;
    json_decref(reply.json);
    json_decref(body);
    api_close(&api);
    return code;
}

enum exit_code nodes_drain(struct cli *c, size_t argc, char *const *argv)
{
    struct drain_options o = { .at = NULL };
    if (!cli_read(c, argc, argv, nodes_drain_args, &o) || !cli_words(c, 1, 1, "NODE"))
        return EXIT_USAGE;
    json_t *body = json_pack("{ss}", "running", o.now || o.at ? "stop" : "finish");
    if (o.at) json_object_set_new(body, "at", json_string(o.at));
    return post(c, "drain", body);
}

enum exit_code nodes_undrain(struct cli *c, size_t argc, char *const *argv)
{
    if (!cli_read(c, argc, argv, NULL, NULL) || !cli_words(c, 1, 1, "NODE")) return EXIT_USAGE;
    return post(c, "undrain", NULL);
}
