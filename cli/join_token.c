/* SPDX-License-Identifier: Apache-2.0 */
/* join-token [--name NAME]: what a machine needs to join, once, within a quarter of an hour. */
#include "list.h"
#include "verbs.h"

struct join_options {
    const char *name;
};

const struct arg join_token_args[] = {
    { "name", ARG_TEXT, offsetof(struct join_options, name), "NAME", "what the machine is called" },
    ARG_END,
};

static const struct show members[] = {
    { "token", "token", SHOW_TEXT },
    { "until", "expires_at", SHOW_TIME },
    SHOW_END,
};

static bool create(struct api *api, const char *name, json_t **out)
{
    struct reply reply;
    struct request r = request_defaults;
    auto_json json_t *body = name ? json_pack("{ss}", "name", name) : json_object();
    r.method = "POST";
    r.path = "/v1/join-tokens";
    r.body = body;
    if (!api_call(api, &r, &reply)) return false;
    *out = reply.json;
    return true;
}

/* The command to give on the machine, if the market says where its agents report. */
static void print_command(struct api *api, const json_t *token)
{
    struct reply reply;
    struct request r = request_defaults;
    r.path = "/.well-known/bourse";
    r.open = true;
    if (!api_call(api, &r, &reply)) return;
    const struct str url = json_get_text(reply.json, "agent_url");
    const struct str text = json_get_text(token, "token");
    fprintf(stderr, "On the machine: bourse-agent join --server %.*s --token %.*s\n", (int)url.n,
            url.p, (int)text.n, text.p);
    json_decref(reply.json);
}

enum exit_code join_token(struct cli *c, size_t argc, char *const *argv)
{
    struct join_options o = { NULL };
    struct api api = { .client = NULL };
    auto_json json_t *token = NULL;
    if (!cli_read(c, argc, argv, join_token_args, &o) || !cli_words(c, 0, 0, "Nothing"))
        return EXIT_USAGE;
    const bool ok = api_open(&api, c) && create(&api, o.name, &token);
    const enum exit_code code = ok ? show_print(c, token, members) : api.exit;
    if (ok && !c->json) print_command(&api, token);
    api_close(&api);
    return code;
}
