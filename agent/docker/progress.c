/* SPDX-License-Identifier: Apache-2.0 */
#include "docker/progress.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"

void progress_init(struct progress *p, const struct image_pull *pull)
{
    memset(p, 0, sizeof(*p));
    p->pull = pull;
}

/* ---- layers of a pull ---- */

static struct layer *layer_of(struct progress *p, struct str id)
{
    struct layer *l;

    for (size_t i = 0; i < p->layers_n; i++)
        if (str_is(id, p->layers[i].id)) return &p->layers[i];
    if (p->layers_n == PROGRESS_LAYERS_MAX || id.n == 0 || id.n >= sizeof(l->id)) return NULL;
    l = &p->layers[p->layers_n++];
    snprintf(l->id, sizeof(l->id), "%.*s", (int)id.n, id.p);
    return l;
}

static void tell(const struct progress *p)
{
    struct image_progress out = { .phase = IMAGE_UNPACKS };

    for (size_t i = 0; i < p->layers_n; i++) {
        const struct layer *l = &p->layers[i];
        out.done_bytes += l->done_bytes;
        out.total_bytes += l->total_bytes;
        if (!l->here) out.phase = IMAGE_DOWNLOADS;
    }
    if (out.total_bytes == 0) out = (struct image_progress){ IMAGE_WAITS, 0, -1 };
    p->pull->tell(p->pull->arg, &out);
}

static bool is_on_its_way(struct str status)
{
    return str_is(status, "Pulling fs layer") || str_is(status, "Waiting") ||
           str_is(status, "Downloading");
}

static bool is_here(struct str status)
{
    return str_is(status, "Verifying Checksum") || str_is(status, "Download complete") ||
           str_is(status, "Extracting") || str_is(status, "Pull complete");
}

static void take_layer(struct progress *p, const json_t *j)
{
    const struct str status = json_get_text(j, "status");
    const json_t *detail = json_object_get(j, "progressDetail");
    int64_t done = 0, total = 0;

    if (!p->pull || !p->pull->tell || (!is_on_its_way(status) && !is_here(status))) return;
    struct layer *l = layer_of(p, json_get_text(j, "id"));
    if (!l) return;
    if (is_here(status)) {
        l->here = true;
        l->done_bytes = l->total_bytes;
    } else if (json_get_i64(detail, "current", 0, IMAGE_BYTES_MAX, &done) &&
               json_get_i64(detail, "total", done, IMAGE_BYTES_MAX, &total)) {
        l->done_bytes = done;
        l->total_bytes = total;
    }
    tell(p);
}

/* ---- what came of it ---- */

static void take_loaded_one(struct progress *p, struct str name)
{
    name = str_trim(name);
    if (name.n == 0) return;
    if (p->loaded_n < PROGRESS_LOADED_MAX)
        snprintf(p->loaded[p->loaded_n], sizeof(p->loaded[0]), "%.*s", (int)name.n, name.p);
    p->loaded_n++;
}

/* "Loaded image: a:1,b:1", "Loaded image(s): a:1", "Loaded image ID: sha256:…". */
static void take_loaded(struct progress *p, struct str text)
{
    struct str head, names, name;
    if (!str_starts(text, STR("Loaded image")) || !str_cut(text, ':', &head, &names)) return;
    while (names.n > 0 && names.p[names.n - 1] == '\n')
        names.n--;
    while (str_cut(names, ',', &name, &names))
        take_loaded_one(p, name);
    take_loaded_one(p, names);
}

static void take_line(struct progress *p)
{
    struct err err;
    auto_json json_t *j = json_parse((struct str){ p->line, p->n }, &err);
    const struct str error = json_get_text(j, "error"), message = json_get_text(j, "message");
    if (error.n > 0 || message.n > 0) {
        const struct str text = error.n > 0 ? error : message;
        snprintf(p->error, sizeof(p->error), "%.*s", (int)text.n, text.p);
    }
    take_loaded(p, json_get_text(j, "stream"));
    take_layer(p, j);
}

static void end_line(struct progress *p)
{
    if (p->n > 0 && !p->too_long) take_line(p);
    p->n = 0;
    p->too_long = false;
}

bool progress_feed(void *progress, const void *bytes, size_t n)
{
    struct progress *p = progress;
    const char *from = bytes;
    for (size_t i = 0; i < n; i++) {
        if (from[i] == '\n' || from[i] == '\r')
            end_line(p);
        else if (p->n == sizeof(p->line))
            p->too_long = true;
        else
            p->line[p->n++] = from[i];
    }
    return true;
}

void progress_end(struct progress *p)
{
    end_line(p);
}
