/* SPDX-License-Identifier: Apache-2.0 */
#include "docker/progress.h"

#include <stdio.h>
#include <string.h>

void progress_init(struct progress *p)
{
    memset(p, 0, sizeof(*p));
}

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
