/* SPDX-License-Identifier: Apache-2.0 */
/* logs JOB [--follow]: each stream to its own. */
#include "follow.h"
#include "tail.h"
#include "verbs.h"

struct logs_options {
    bool follow;
};

const struct arg logs_args[] = {
    { "follow", ARG_BOOL, offsetof(struct logs_options, follow), NULL, "until the job has ended" },
    ARG_END,
};

static enum exit_code print_all(struct api *api, const char *job)
{
    struct tail t;
    struct err err;
    size_t chunks;
    tail_init(&t, api, job, false);
    do {
        if (!tail_read(&t, 0, &chunks, &err))
            return err.code == ERR_NONE ? api->exit : cli_fail(api->cli, &err);
    } while (chunks > 0);
    return EXIT_OK;
}

static enum exit_code print_json(struct api *api, const char *job)
{
    auto_json json_t *log = api_get(api, arena_fmt(&api->cli->a, "/v1/jobs/%s/log?limit=100", job));
    return log ? cli_json(log) : api->exit;
}

enum exit_code logs(struct cli *c, size_t argc, char *const *argv)
{
    struct logs_options o = { .follow = false };
    struct api api = { .client = NULL };
    if (!cli_read(c, argc, argv, logs_args, &o) || !cli_words(c, 1, 1, "JOB")) return EXIT_USAGE;
    const char *const job = c->words.v[0];
    enum exit_code code;
    if (!api_open(&api, c) || !api_id(&api, "job_", "job", job))
        code = api.exit;
    else if (o.follow)
        code = follow_log(&api, job);
    else
        code = c->json ? print_json(&api, job) : print_all(&api, job);
    api_close(&api);
    return code;
}
