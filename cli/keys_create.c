/* SPDX-License-Identifier: Apache-2.0 */
/* keys create NAME [--scopes read,trade], keys revoke KEY. */
#include "list.h"
#include "verbs.h"

struct keys_options {
    const char *scopes;
};

const struct arg keys_create_args[] = {
    { "scopes", ARG_TEXT, offsetof(struct keys_options, scopes), "LIST",
      "of read, trade, provider, keys, with commas; read,trade by default" },
    ARG_END,
};

static const struct show members[] = {
    { "key", "key_id", SHOW_TEXT },
    { "name", "name", SHOW_TEXT },
    { "scopes", "scopes", SHOW_TEXTS },
    { "secret", "secret", SHOW_TEXT },
    SHOW_END,
};

/* Which scopes there are, the server knows better. */
static json_t *split(struct str list)
{
    json_t *const all = json_array();
    struct str head;
    while (str_cut(list, ',', &head, &list)) {
        json_array_append_new(all, json_text(head));
    }
    json_array_append_new(all, json_text(list));
    return all;
}

static bool create(struct api *api, const char *scopes, json_t **out)
{
    struct reply reply;
    struct request r = request_defaults;
    auto_json json_t *body =
        json_pack("{ss so}", "name", api->cli->words.v[0], "scopes", split(str_of(scopes)));
    r.method = "POST";
    r.path = "/v1/api-keys";
    r.body = body;
    if (!api_call(api, &r, &reply)) return false;
    *out = reply.json;
    return true;
}

enum exit_code keys_create(struct cli *c, size_t argc, char *const *argv)
{
    struct keys_options o = { "read,trade" };
    struct api api = { .client = NULL };
    auto_json json_t *key = NULL;
    if (!cli_read(c, argc, argv, keys_create_args, &o) || !cli_words(c, 1, 1, "NAME"))
        return EXIT_USAGE;
    const bool ok = api_open(&api, c) && create(&api, o.scopes, &key);
    const enum exit_code code = ok ? show_print(c, key, members) : api.exit;
    if (ok) fputs("The secret is not shown again. Use it as BOURSE_API_KEY.\n", stderr);
    api_close(&api);
    return code;
}

enum exit_code keys_revoke(struct cli *c, size_t argc, char *const *argv)
{
    struct api api = { .client = NULL };
    struct reply reply = { .json = NULL };
    struct request r = request_defaults;
    if (!cli_read(c, argc, argv, NULL, NULL) || !cli_words(c, 1, 1, "KEY")) return EXIT_USAGE;
    r.method = "DELETE";
    r.path = arena_fmt(&c->a, "/v1/api-keys/%s", c->words.v[0]);
    const bool ok = r.path && api_open(&api, c) && api_id(&api, "key_", "key", c->words.v[0]) &&
                    api_call(&api, &r, &reply);
    json_decref(reply.json);
    api_close(&api);
    return ok ? EXIT_OK : api.exit;
}
