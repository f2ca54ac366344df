/* SPDX-License-Identifier: Apache-2.0 */
/* cancel JOB: again is no error. */
#include "list.h"
#include "verbs.h"

static const struct show members[] = {
    { "job", "job_id", SHOW_TEXT },
    { "state", "state", SHOW_TEXT },
    { "reason", "reason", SHOW_TEXT },
    { "charged", "spent", SHOW_MONEY },
    SHOW_END,
};

enum exit_code cancel(struct cli *c, size_t argc, char *const *argv)
{
    struct api api = { .client = NULL };
    struct reply reply = { .json = NULL };
    struct request r = request_defaults;
    if (!cli_read(c, argc, argv, NULL, NULL) || !cli_words(c, 1, 1, "JOB")) return EXIT_USAGE;
    r.method = "POST";
    r.path = arena_fmt(&c->a, "/v1/jobs/%s/cancel", c->words.v[0]);
    const bool ok = r.path && api_open(&api, c) && api_id(&api, "job_", "job", c->words.v[0]) &&
                    api_call(&api, &r, &reply);
    const enum exit_code code = ok ? show_print(c, reply.json, members) : api.exit;
    json_decref(reply.json);
    api_close(&api);
    return code;
}
