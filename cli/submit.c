/* SPDX-License-Identifier: Apache-2.0 */
/* submit [FILE|-] [-- COMMAND…] */
#include <string.h>

#include "blob.h"
#include "follow.h"
#include "jobfile.h"
#include "list.h"
#include "verbs.h"

#define O struct submit_options
/* clang-format off */
const struct arg submit_args[] = {
    { "image", ARG_TEXT, offsetof(O, image), "REF", "an image of a registry, or blob:sha256:…" },
    { "registry-login", ARG_BOOL, offsetof(O, registry_login), NULL, "fetch it with the login I keep for its registry; see registry login" },
    { "image-file", ARG_TEXT, offsetof(O, image_file), "PATH", "an image archive, uploaded first" },
    TERM_ARGS(O),
    { "name", ARG_TEXT, offsetof(O, name), "TEXT", "a name to know it by" },
    { "env", ARG_TEXTS, offsetof(O, env), "NAME=VALUE", "an environment variable; may be given again" },
    { "workdir", ARG_TEXT, offsetof(O, workdir), "PATH", "the working folder in the container" },
    { "dry-run", ARG_BOOL, offsetof(O, dry_run), NULL, "only ask what it would take" },
    { "follow", ARG_BOOL, offsetof(O, follow), NULL, "stay until the end, with its output" },
    ARG_END,
};

static const struct show check_members[] = {
    { "pool", "pool", SHOW_TEXT }, { "units", "units", SHOW_NUMBER },
    { "limit", "limit_price_per_unit_hour", SHOW_MONEY }, { "hold", "hold", SHOW_MONEY }, SHOW_END,
};

static const struct show job_members[] = {
    { "job", "job_id", SHOW_TEXT }, { "state", "state", SHOW_TEXT }, { "waits for", "waits_for", SHOW_TEXT },
    { "reason", "reason", SHOW_TEXT }, { "pool", "pool", SHOW_TEXT }, { "nodes", "nodes", SHOW_NUMBER },
    { "units", "units", SHOW_NUMBER }, { "limit", "limit_price_per_unit_hour", SHOW_MONEY },
    { "budget", "budget", SHOW_MONEY }, { "held", "held", SHOW_MONEY }, SHOW_END,
};
/* clang-format on */
#undef O

/* With --image-file: the archive goes first, and the job names it by its digest. */
static bool put_image(struct api *api, const struct submit_options *o, json_t *job)
{
    struct blob blob;
    char image[80];
    if (!o->image_file) return true;
    if (!blob_put(api, o->image_file, &blob)) return false;
    snprintf(image, sizeof(image), "blob:sha256:%s", blob.sha256);
    json_object_set_new(job, "image", json_string(image));
    return true;
}

static enum exit_code print_created(struct api *api, const json_t *created)
{
    const json_t *const job = json_object_get(created, "job");
    return api->cli->json ? cli_json(created) : show_print(api->cli, job, job_members);
}

static enum exit_code follow_created(struct api *api, const json_t *created)
{
    const struct str id = json_get_text(json_object_get(created, "job"), "job_id");
    const char *const copy = arena_copy(&api->cli->a, id);
    if (!copy || !api_id(api, "job_", "job", copy)) return EXIT_SERVER;
    fprintf(stderr, "%s\n", copy);
    return follow_job(api, copy);
}

static enum exit_code send(struct api *api, const struct submit_options *o, const json_t *job)
{
    struct reply reply;
    struct request r = request_defaults;
    r.method = "POST";
    r.path = o->dry_run ? "/v1/jobs?dry_run=true" : "/v1/jobs";
    r.body = job;
    r.keyed = true;
    if (!api_call(api, &r, &reply)) return api->exit;
    enum exit_code code;
    if (o->dry_run)
        code = show_print(api->cli, reply.json, check_members);
    else if (o->follow)
        code = follow_created(api, reply.json);
    else
        code = print_created(api, reply.json);
    json_decref(reply.json);
    return code;
}

enum exit_code submit(struct cli *c, size_t argc, char *const *argv)
{
    struct submit_options o = { .name = NULL };
    struct api api = { .client = NULL };
    if (!cli_read(c, argc, argv, submit_args, &o)) return EXIT_USAGE;
    if (c->words.n > 1)
        return cli_usage(c, "%s: one word too many; a command stands behind --.", c->words.v[1]);
    if (o.image && o.image_file) return cli_usage(c, "Either --image or --image-file.");
    struct err err;
    auto_json json_t *job = jobfile_make(&o, &c->words, &err);
    if (!job) return cli_fail(c, &err);
    const bool ok = api_open(&api, c) && put_image(&api, &o, job);
    const enum exit_code code = ok ? send(&api, &o, job) : api.exit;
    api_close(&api);
    return code;
}
