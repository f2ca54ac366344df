/* SPDX-License-Identifier: Apache-2.0 */
/* outputs JOB [--dir DIR]: what the job left, and its bytes, each against the signed receipt. */
#include <string.h>

#include "blob.h"
#include "list.h"
#include "verbs.h"
#include "verify.h"

struct outputs_options {
    const char *dir;
};

/* clang-format off */
const struct arg outputs_args[] = {
    { "dir", ARG_TEXT, offsetof(struct outputs_options, dir), "DIR", "download into this folder, checking every digest" },
    ARG_END,
};

static const struct show columns[] = {
    { "PATH", "path", SHOW_TEXT },
    { "SIZE", "size_bytes", SHOW_BYTES },
    { "SHA256", "sha256", SHOW_TEXT },
    SHOW_END,
};
/* clang-format on */

/* Does the list say what the receipt says: as many files, and the same root? The receipt's own root
 * was compared with its own list when it was read. */
static bool fits_receipt(struct api *api, const json_t *outputs, const struct receipt *r)
{
    char root[65];
    const struct hash h = outputs_root(r->outputs, r->outputs_n);
    hex_encode(h.b, sizeof(h.b), root);
    if (str_is(json_get_text(outputs, "merkle_root"), root) &&
        json_array_size(json_object_get(outputs, "data")) == r->outputs_n)
        return true;
    fprintf(stderr, "bourse outputs: THE LIST IS NOT THAT OF THE SIGNED RECEIPT.\n");
    api->exit = EXIT_UNVERIFIED;
    return false;
}

/* Read and believe the receipt, and compare the list with it. */
static bool check(struct api *api, const char *job, const json_t *outputs, struct receipt *r)
{
    struct countersign c;
    struct err err;
    json_t *document = NULL;
    if (!verify_fetch(api, job, &document)) return false;
    bool ok = document != NULL;
    if (!ok) {
        fprintf(stderr, "bourse outputs: %s has no receipt yet.\n", job);
        api->exit = EXIT_REFUSED;
    }
    ok = ok && verify_document(api, job, document);
    if (ok && !verify_read(document, &api->cli->a, r, &c, &err)) {
        cli_fail(api->cli, &err);
        api->exit = EXIT_UNVERIFIED;
        ok = false;
    }
    json_decref(document);
    return ok && fits_receipt(api, outputs, r);
}

static bool download(struct api *api, const struct receipt *r, const char *dir)
{
    for (size_t i = 0; i < r->outputs_n; i++) {
        const struct output *const o = &r->outputs[i];
        struct blob blob = { .size_bytes = o->size_bytes };
        memcpy(blob.sha256, o->sha256, sizeof(blob.sha256));
        const char *const path = arena_fmt(&api->cli->a, "%s/%.*s", dir, (int)o->path.n, o->path.p);
        if (!path || !blob_get(api, &blob, path)) return false;
    }
    fprintf(stderr, "%zu files in %s, each as the receipt says.\n", r->outputs_n, dir);
    return true;
}

static enum exit_code print_list(struct cli *c, const json_t *outputs)
{
    if (c->json) return cli_json(outputs);
    auto_buf struct buf out;
    buf_init(&out, 1 << 20);
    show_list(json_object_get(outputs, "data"), columns, &c->a, &out);
    return cli_print(c, &out);
}

static bool run(struct api *api, const char *job, const char *dir)
{
    struct receipt r;
    const char *const path = arena_fmt(&api->cli->a, "/v1/jobs/%s/outputs", job);
    if (!api_id(api, "job_", "job", job) || !path) return false;
    auto_json json_t *outputs = api_get(api, path);
    if (!outputs || !check(api, job, outputs, &r)) return false;
    if (dir && !download(api, &r, dir)) return false;
    api->exit = print_list(api->cli, outputs);
    return api->exit == EXIT_OK;
}

enum exit_code outputs(struct cli *c, size_t argc, char *const *argv)
{
    struct outputs_options o = { NULL };
    struct api api = { .client = NULL };
    if (!cli_read(c, argc, argv, outputs_args, &o) || !cli_words(c, 1, 1, "JOB")) return EXIT_USAGE;
    const bool ok = api_open(&api, c) && run(&api, c->words.v[0], o.dir);
    api_close(&api);
    return ok ? EXIT_OK : api.exit;
}
