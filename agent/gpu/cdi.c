/* SPDX-License-Identifier: Apache-2.0 */
#include "gpu/cdi.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"

const char *const cdi_dirs[3] = { "/etc/cdi", "/var/run/cdi", NULL };

/* ---- one spec ----------------------------------------------------------------------------------
 */

/* A spec is a shallow document: `kind` at its top, and a list of `devices` of which each has a
 * `name`; the `containerEdits` within have `name` only for hooks' arguments, never as a key. So the
 * keys are looked for as words, which serves JSON and YAML in block and in flow style alike. */
static bool is_break(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '{' || c == '[' || c == ',' ||
           c == '-' || c == '"' || c == '\'';
}

/* Cut the next value of `key` off *rest. False: there is none. */
static bool next_value(struct str *rest, const char *key, struct str *value)
{
    const size_t n = strlen(key);
    for (size_t i = 0; i + n < rest->n; i++) {
        if (memcmp(rest->p + i, key, n) != 0 || (i > 0 && !is_break(rest->p[i - 1]))) continue;
        size_t at = i + n;
        if (at < rest->n && (rest->p[at] == '"' || rest->p[at] == '\'')) at++;
        while (at < rest->n && (rest->p[at] == ' ' || rest->p[at] == '\t'))
            at++;
        if (at == rest->n || rest->p[at] != ':') continue;
        at++;
        while (at < rest->n && (rest->p[at] == ' ' || rest->p[at] == '\t' || rest->p[at] == '"' ||
                                rest->p[at] == '\''))
            at++;
        size_t end = at;
        while (end < rest->n && !strchr("\"'\n\r,}] \t", rest->p[end]))
            end++;
        *value = (struct str){ rest->p + at, end - at };
        *rest = (struct str){ rest->p + end, rest->n - end };
        return true;
    }
    return false;
}

static bool is_of_kind(struct str text, const char *kind)
{
    struct str value;
    return next_value(&text, "kind", &value) && str_is(value, kind);
}

static size_t read_spec(const char *path, const char *kind, struct cdi_device *out, size_t room)
{
    struct err ignored;
    struct stat st;
    struct str value;
    size_t n = 0;
    auto_buf struct buf text = { .max = CDI_FILE_MAX };
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) return 0;
    if (!file_read(path, CDI_FILE_MAX, &text, &ignored)) return 0;
    struct str rest = buf_view(&text);
    if (!is_of_kind(rest, kind)) return 0;
    while (n < room && next_value(&rest, "name", &value)) {
        if (value.n == 0 || value.n >= CDI_NAME_SIZE) continue;
        struct cdi_device *d = &out[n++];
        memset(d, 0, sizeof(*d));
        memcpy(d->name, value.p, value.n);
        snprintf(d->file, sizeof(d->file), "%s", path);
        d->changed_us = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
    }
    return n;
}

/* ---- all of them -------------------------------------------------------------------------------
 */

static bool ends_with(const char *name, const char *end)
{
    const size_t n = strlen(name), m = strlen(end);
    return n > m && strcmp(name + n - m, end) == 0;
}

static bool is_spec(const char *name)
{
    return ends_with(name, ".json") || ends_with(name, ".yaml") || ends_with(name, ".yml");
}

size_t cdi_list(const char *const *dirs, const char *kind, struct cdi_device *out, size_t room)
{
    size_t n = 0;
    for (; *dirs; dirs++) {
        DIR *d = opendir(*dirs);
        if (!d) continue;
        for (const struct dirent *e; (e = readdir(d));) {
            char path[256];
            if (!is_spec(e->d_name)) continue;
            const int m = snprintf(path, sizeof(path), "%s/%s", *dirs, e->d_name);
            if (m > 0 && m < (int)sizeof(path)) n += read_spec(path, kind, out + n, room - n);
        }
        closedir(d);
    }
    return n;
}

const struct cdi_device *cdi_find(const struct cdi_device *v, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(v[i].name, name) == 0) return &v[i];
    return NULL;
}
