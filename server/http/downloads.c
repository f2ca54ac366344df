/* SPDX-License-Identifier: Apache-2.0 */
#include "http/downloads.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/mem.h"
#include "sign/sha.h"

#define PREFIX     "bourse-agent-"
#define FILES_MAX  16
#define FILE_MAX   ((size_t)64 << 20)
#define ALL_MAX    ((size_t)512 << 20)
#define SCRIPT_MAX ((size_t)1 << 20)
#define PLACES     7

struct download {
    const char *name;
    struct str bytes;
};

struct downloads {
    struct arena arena;
    struct download v[FILES_MAX];
    size_t n;
    struct str script;
};

/* What stands for what in the template. */
struct place {
    const char *name;
    struct str text;
};

static bool read_into(struct arena *a, const char *path, size_t most, struct str *out,
                      struct err *err)
{
    struct buf bytes;
    if (!path) return FAIL(err, ERR_NO_MEMORY, "No memory for the downloads.");
    buf_init(&bytes, most);
    if (!file_read(path, most, &bytes, err)) return false;
    const char *copy = arena_copy(a, buf_view(&bytes));
    *out = (struct str){ copy, bytes.n };
    buf_done(&bytes);
    return copy ? true : FAIL(err, ERR_NO_MEMORY, "%s: no memory", path);
}

/* A name that ends in a processor: letters, digits and '_'. */
static bool is_agent(const char *name)
{
    const size_t n = strlen(PREFIX);
    if (strncmp(name, PREFIX, n) != 0 || name[n] == '\0') return false;
    return strspn(name + n, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name + n);
}

static bool read_agents(struct downloads *d, const char *folder, struct err *err)
{
    DIR *dir = opendir(folder);
    bool ok = true;
    if (!dir) return FAIL(err, ERR_IO, "%s: %s", folder, strerror(errno));
    for (struct dirent *e; ok && (e = readdir(dir));) {
        if (!is_agent(e->d_name)) continue;
        struct download f = { .name = arena_copy(&d->arena, str_of(e->d_name)) };
        if (d->n == FILES_MAX) ok = FAIL(err, ERR_IO, "%s: more than %d agents", folder, FILES_MAX);
        ok = ok && read_into(&d->arena, arena_fmt(&d->arena, "%s/%s", folder, e->d_name), FILE_MAX,
                             &f.bytes, err);
        if (ok) d->v[d->n++] = f;
    }
    closedir(dir);
    if (ok && d->n == 0)
        return FAIL(err, ERR_NOT_FOUND, "%s holds no %s<architecture>.", folder, PREFIX);
    return ok;
}

/* Lines as `sha256sum` writes them. */
static bool sums_of(struct downloads *d, struct str *out, struct err *err)
{
    auto_buf struct buf text = { .max = SCRIPT_MAX };
    for (size_t i = 0; i < d->n; i++) {
        char hex[65];
        sha256_hex(d->v[i].bytes, hex);
        buf_fmt(&text, "%s  %s%s", hex, d->v[i].name, i + 1 < d->n ? "\n" : "");
    }
    const char *copy = text.failed ? NULL : arena_copy(&d->arena, buf_view(&text));
    *out = (struct str){ copy, text.n };
    return copy ? true : FAIL(err, ERR_NO_MEMORY, "No memory for the sums.");
}

/* A file's text, without the newline at its end: a here-document brings its own. */
static bool read_text(struct downloads *d, const char *folder, const char *name, struct str *out,
                      struct err *err)
{
    if (!read_into(&d->arena, arena_fmt(&d->arena, "%s/%s", folder, name), SCRIPT_MAX, out, err))
        return false;
    while (out->p && out->n > 0 && out->p[out->n - 1] == '\n')
        out->n--;
    return true;
}

static const struct place *place_at(const struct place *places, struct str rest)
{
    for (size_t i = 0; i < PLACES; i++)
        if (str_starts(rest, str_of(places[i].name))) return &places[i];
    return NULL;
}

static bool fill(struct downloads *d, struct str template, const struct place *places,
                 struct err *err)
{
    auto_buf struct buf out = { .max = SCRIPT_MAX };
    for (size_t i = 0; template.p && i < template.n;) {
        const struct str rest = { template.p + i, template.n - i };
        const struct place *p = rest.p[0] == '@' ? place_at(places, rest) : NULL;
        buf_add(&out, p ? p->text.p : rest.p, p ? p->text.n : 1);
        i += p ? strlen(p->name) : 1;
    }
    const char *copy = out.failed ? NULL : arena_copy(&d->arena, buf_view(&out));
    d->script = (struct str){ copy, out.n };
    return copy ? true : FAIL(err, ERR_NO_MEMORY, "The install script does not fit.");
}

/* It stands in single quotes. */
static bool is_plain(const char *url, struct err *err)
{
    if (!strpbrk(url, "'\"\\ \t\r\n")) return true;
    return FAIL(err, ERR_VALIDATION_FAILED, "The address %s cannot stand in a shell script.", url);
}

static bool make_script(struct downloads *d, const struct downloads_options *o, struct err *err)
{
    struct str template = { NULL, 0 }, sums, agent_unit = template, engine_unit = template;
    if (!is_plain(o->public_url, err) || !is_plain(o->agent_url, err)) return false;
    if (!sums_of(d, &sums, err)) return false;
    if (!read_text(d, o->packaging, "install.sh", &template, err)) return false;
    if (!read_text(d, o->packaging, "systemd/bourse-agent.service", &agent_unit, err)) return false;
    if (!read_text(d, o->packaging, "systemd/bourse-engine.service", &engine_unit, err))
        return false;
    template.n++; /* its last newline belongs to it */
    const struct place places[PLACES] = {
        { "@PUBLIC_URL@", str_of(o->public_url) },
        { "@AGENT_URL@", str_of(o->agent_url) },
        { "@VERSION@", str_of(o->version) },
        { "@SUMS@", sums },
        { "@AGENT_UNIT@", agent_unit },
        { "@ENGINE_UNIT@", engine_unit },
        { "@PREFIX@", STR(PREFIX) },
    };
    return fill(d, template, places, err);
}

struct downloads *downloads_new(const struct downloads_options *o, struct err *err)
{
    struct downloads *d = mem_zalloc(sizeof(*d));
    arena_init(&d->arena, ALL_MAX);
    if (read_agents(d, o->folder, err) && make_script(d, o, err)) return d;
    downloads_free(d);
    return NULL;
}

void downloads_free(struct downloads *d)
{
    if (!d) return;
    arena_done(&d->arena);
    mem_free(d);
}

struct str downloads_script(const struct downloads *d)
{
    return d->script;
}

struct str downloads_find(const struct downloads *d, struct str name)
{
    for (size_t i = 0; i < d->n; i++)
        if (str_is(name, d->v[i].name)) return d->v[i].bytes;
    return (struct str){ NULL, 0 };
}
