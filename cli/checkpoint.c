/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint JOB: have what it has written saved now; again is no error. */
#include <stdio.h>

#include "api.h"
#include "verbs.h"

enum exit_code checkpoint(struct cli *c, size_t argc, char *const *argv)
{
    struct api api = { .client = NULL };
    struct reply reply = { .json = NULL };
    struct request r = request_defaults;
    if (!cli_read(c, argc, argv, NULL, NULL) || !cli_words(c, 1, 1, "JOB")) return EXIT_USAGE;
    r.method = "POST";
    r.path = arena_fmt(&c->a, "/v1/jobs/%s/checkpoint", c->words.v[0]);
    const bool ok = r.path && api_open(&api, c) && api_id(&api, "job_", "job", c->words.v[0]) &&
                    api_call(&api, &r, &reply);
    json_decref(reply.json);
    api_close(&api);
    if (!ok) return api.exit;
    puts("It is asked for; its machine hears of it with its next heartbeat.");
    return EXIT_OK;
}
