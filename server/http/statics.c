/* SPDX-License-Identifier: Apache-2.0 */
#include "http/statics.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/mem.h"
#include "sign/sha.h"

#define FILES_MAX   512
#define FILE_MAX    (8 << 20)
#define ALL_MAX     (64 << 20)
#define FOLDERS_MAX 8 /* one in the other */

struct statics {
    struct arena arena;
    struct static_file v[FILES_MAX];
    size_t n;
};

static const struct {
    const char *end, *type;
} types[] = {
    { ".html", "text/html; charset=utf-8" },
    { ".js", "text/javascript; charset=utf-8" },
    { ".css", "text/css; charset=utf-8" },
    { ".svg", "image/svg+xml" },
    { ".json", "application/json" },
    { ".txt", "text/plain; charset=utf-8" },
    { ".png", "image/png" },
    { ".ico", "image/x-icon" },
    { ".woff2", "font/woff2" },
    { ".yaml", "application/yaml" },
    { ".webmanifest", "application/manifest+json" },
};

static bool ends(const char *name, const char *end)
{
    const size_t n = strlen(name), m = strlen(end);
    return n > m && strcmp(name + n - m, end) == 0;
}

static const char *type_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (ends(name, types[i].end)) return types[i].type;
    return NULL;
}

/* Into the arena. */
static bool read_into(struct statics *s, const char *path, struct str *out, struct err *err)
{
    struct buf bytes;
    buf_init(&bytes, FILE_MAX);
    if (!file_read(path, FILE_MAX, &bytes, err)) return false;
    const char *copy = arena_copy(&s->arena, buf_view(&bytes));
    *out = (struct str){ copy, bytes.n };
    buf_done(&bytes);
    return copy ? true : FAIL(err, ERR_NO_MEMORY, "%s: no memory", path);
}

static bool add(struct statics *s, const char *path, const char *name, struct err *err)
{
    struct static_file f = { .type = type_of(name) };
    char hex[65];
    if (!f.type) return true;
    if (s->n == FILES_MAX) return FAIL(err, ERR_IO, "%s: more than %d files", path, FILES_MAX);
    if (!read_into(s, path, &f.bytes, err)) return false;

    sha256_hex(f.bytes, hex);
    f.path = arena_copy(&s->arena, str_of(name));
    f.etag = arena_fmt(&s->arena, "\"%.32s\"", hex);
    f.immutable = strncmp(name, "vendor/", 7) == 0;
    const char *gz = arena_fmt(&s->arena, "%s.gz", path);
    if (!f.path || !f.etag || !gz) return FAIL(err, ERR_NO_MEMORY, "%s: no memory", path);
    struct err none;
    if (!read_into(s, gz, &f.gzipped, &none)) f.gzipped = (struct str){ NULL, 0 };
    s->v[s->n++] = f;
    return true;
}

static bool walk(struct statics *s, const char *folder, const char *prefix, int depth,
                 struct err *err);

/* `name` is an entry of `folder`, whose path below the top is `prefix`. */
static bool visit(struct statics *s, const char *folder, const char *prefix, const char *name,
                  int depth, struct err *err)
{
    struct stat st;
    if (name[0] == '.') return true;
    const char *path = arena_fmt(&s->arena, "%s/%s", folder, name);
    const char *below = arena_fmt(&s->arena, "%s%s", prefix, name);
    const char *inner = arena_fmt(&s->arena, "%s%s/", prefix, name);
    if (!path || !below || !inner) return FAIL(err, ERR_NO_MEMORY, "%s: no memory", folder);
    if (stat(path, &st) != 0) return true; /* gone since it was listed */
    if (S_ISDIR(st.st_mode)) return walk(s, path, inner, depth + 1, err);
    return !S_ISREG(st.st_mode) || add(s, path, below, err);
}

static bool walk(struct statics *s, const char *folder, const char *prefix, int depth,
                 struct err *err)
{
    if (depth > FOLDERS_MAX) return FAIL(err, ERR_IO, "%s: too deep", folder);
    DIR *d = opendir(folder);
    if (!d) return FAIL(err, ERR_IO, "%s: %s", folder, strerror(errno));
    bool ok = true;
    for (struct dirent *e; ok && (e = readdir(d));)
        ok = visit(s, folder, prefix, e->d_name, depth, err);
    closedir(d);
    return ok;
}

struct statics *statics_new(const char *folder, const char *openapi, struct err *err)
{
    struct statics *s = mem_zalloc(sizeof(*s));
    arena_init(&s->arena, ALL_MAX);
    if (walk(s, folder, "", 0, err) && (!openapi || add(s, openapi, "openapi.yaml", err))) return s;
    statics_free(s);
    return NULL;
}

void statics_free(struct statics *s)
{
    if (!s) return;
    arena_done(&s->arena);
    mem_free(s);
}

const struct static_file *statics_find(const struct statics *s, struct str path)
{
    for (size_t i = 0; s && i < s->n; i++)
        if (str_is(path, s->v[i].path)) return &s->v[i];
    return NULL;
}
