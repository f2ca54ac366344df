/* SPDX-License-Identifier: Apache-2.0 */
#include "service/outputs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "sign/sha.h"

#define READ_SIZE  65536
#define BLOCK_SIZE 512 /* of st_blocks */

/* ---- walking -----------------------------------------------------------------------------------
 */

struct walk {
    /* Called for each entry but folders; false ends the walk. */
    bool (*each)(struct walk *w, int folder, const char *name, const struct stat *st);
    void *arg;
    bool whole;          /* what is too deep to be walked is a failure */
    char path[PATH_MAX]; /* of the present folder, with a slash at its end */
    size_t path_n;
    int64_t seen;
    int depth;
};

static int open_folder(int at, const char *name)
{
    return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool walk_folder(struct walk *w, int folder);

static bool enter(struct walk *w, int folder, const char *name)
{
    const size_t n = strlen(name), before = w->path_n;
    if (w->depth == OUTPUTS_DEPTH_MAX || before + n + 1 >= sizeof(w->path)) return !w->whole;
    const int below = open_folder(folder, name);
    if (below < 0) return true; /* removed meanwhile */

    memcpy(w->path + before, name, n);
    w->path[before + n] = '/';
    w->path_n = before + n + 1;
    w->depth++;
    const bool go_on = walk_folder(w, below);
    w->depth--;
    w->path_n = before;
    return go_on;
}

static bool walk_entry(struct walk *w, int folder, const char *name)
{
    struct stat st;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return true;
    if (++w->seen > OUTPUTS_SEEN_MAX) return false;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0) return true;
    if (!w->each(w, folder, name, &st)) return false;
    return !S_ISDIR(st.st_mode) || enter(w, folder, name);
}

/* Takes the descriptor. */
static bool walk_folder(struct walk *w, int folder)
{
    bool go_on = true;
    DIR *entries = fdopendir(folder);
    if (!entries) {
        close(folder);
        return false;
    }
    for (const struct dirent *e; go_on && (e = readdir(entries));)
        go_on = walk_entry(w, dirfd(entries), e->d_name);
    closedir(entries);
    return go_on;
}

static bool walk(struct walk *w, const char *dir)
{
    const int top = open_folder(AT_FDCWD, dir);
    return top >= 0 && walk_folder(w, top);
}

/* ---- measuring ---------------------------------------------------------------------------------
 */

static bool measure_one(struct walk *w, int folder, const char *name, const struct stat *st)
{
    (void)folder;
    (void)name;
    int64_t *left = w->arg;
    *left -= (int64_t)st->st_blocks * BLOCK_SIZE;
    return *left >= 0;
}

bool outputs_count(const char *dir, int64_t *left)
{
    int64_t rest = *left;
    struct walk w = { .each = measure_one, .arg = &rest, .whole = true };
    const bool within = walk(&w, dir);
    *left = rest;
    return within;
}

bool outputs_within(const char *dir, int64_t bytes)
{
    int64_t left = bytes + OUTPUTS_FOLDERS;
    return outputs_count(dir, &left);
}

/* ---- each ---- */

struct each {
    outputs_fn *fn;
    void *arg;
    bool folders;
};

static bool each_one(struct walk *w, int folder, const char *name, const struct stat *st)
{
    (void)folder;
    const struct each *e = w->arg;
    const size_t n = strlen(name);
    if (S_ISDIR(st->st_mode) && !e->folders) return true;
    if (w->path_n + n >= sizeof(w->path)) return false;
    memcpy(w->path + w->path_n, name, n);
    return e->fn(e->arg, (struct str){ w->path, w->path_n + n }, st);
}

bool outputs_each(const char *dir, outputs_fn *fn, void *arg)
{
    struct each e = { fn, arg, false };
    struct walk w = { .each = each_one, .arg = &e, .whole = true };
    return walk(&w, dir);
}

bool outputs_each_and_folders(const char *dir, outputs_fn *fn, void *arg)
{
    struct each e = { fn, arg, true };
    struct walk w = { .each = each_one, .arg = &e, .whole = true };
    return walk(&w, dir);
}

/* ---- collecting --------------------------------------------------------------------------------
 */

struct collect {
    const struct str_list *wanted;
    struct arena *arena;
    struct output *v; /* room for OUTPUTS_SEEN_MAX */
    size_t n;
    int64_t passed_over;
    bool no_memory;
};

/* "/out/a" wants "a" and all below "a/"; "/out" wants all. */
static bool wants(struct str wanted, struct str path)
{
    if (!str_starts(wanted, STR("/out"))) return false;
    struct str rest = { wanted.p + 4, wanted.n - 4 };
    while (rest.n > 0 && rest.p[rest.n - 1] == '/')
        rest.n--;
    if (rest.n == 0) return true;
    if (rest.p[0] != '/') return false;
    rest = (struct str){ rest.p + 1, rest.n - 1 };
    return str_starts(path, rest) && (path.n == rest.n || path.p[rest.n] == '/');
}

static bool is_wanted(const struct collect *c, struct str path)
{
    for (size_t i = 0; i < c->wanted->n; i++)
        if (wants(c->wanted->v[i], path)) return true;
    return c->wanted->n == 0;
}

static bool collect_one(struct walk *w, int folder, const char *name, const struct stat *st)
{
    (void)folder;
    struct collect *c = w->arg;
    const struct str whole = { w->path, w->path_n + strlen(name) };
    if (S_ISDIR(st->st_mode)) return true;
    if (whole.n <= OUTPUT_PATH_MAX) memcpy(w->path + w->path_n, name, whole.n - w->path_n);
    if (whole.n > OUTPUT_PATH_MAX || !S_ISREG(st->st_mode) || st->st_size > BLOB_MAX ||
        !output_path_ok(whole)) {
        c->passed_over++;
        return true;
    }
    if (!is_wanted(c, whole)) return true;
    const char *path = arena_copy(c->arena, whole);
    c->no_memory = path == NULL;
    if (path)
        c->v[c->n++] =
            (struct output){ .path = { path, whole.n }, .size_bytes = (int64_t)st->st_size };
    return path != NULL;
}

static int by_path(const void *a, const void *b)
{
    const struct str x = ((const struct output *)a)->path, y = ((const struct output *)b)->path;
    const int order = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);
    if (order != 0) return order;
    return x.n < y.n ? -1 : x.n > y.n;
}

static bool hash_file(int fd, char out[65], int64_t *size)
{
    char chunk[READ_SIZE];
    struct sha256_stream *s = sha256_new();
    ssize_t n;
    *size = 0;
    while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
        sha256_add(s, chunk, (size_t)n);
        *size += n;
    }
    const struct hash h = sha256_end(s);
    hex_encode(h.b, sizeof(h.b), out);
    return n == 0;
}

static bool hash_output(const char *dir, struct output *o)
{
    auto_close int fd = outputs_open(dir, o->path);
    return fd >= 0 && hash_file(fd, o->sha256, &o->size_bytes);
}

/* Of the files found, sorted, those that may be kept. */
static void choose(const char *dir, int64_t bytes_max, struct collect *c, struct outputs *out)
{
    int64_t bytes = 0;
    out->n = 0;
    for (size_t i = 0; i < c->n; i++) {
        struct output o = c->v[i];
        const bool fits = out->n < OUTPUTS_MAX && o.size_bytes <= bytes_max - bytes;
        if (!fits || !hash_output(dir, &o)) {
            c->passed_over++;
            continue;
        }
        bytes += o.size_bytes;
        out->v[out->n++] = o;
    }
    out->passed_over = c->passed_over;
}

bool outputs_collect(const char *dir, const struct str_list *wanted, int64_t bytes_max,
                     struct arena *a, struct outputs *out, struct err *err)
{
    struct arena found; /* of what is found and not kept */
    arena_init(&found, (size_t)OUTPUTS_SEEN_MAX * (sizeof(struct output) + OUTPUT_PATH_MAX + 16));
    struct collect c = { .wanted = wanted, .arena = &found };
    struct walk w = { .each = collect_one, .arg = &c };
    struct outputs made = { .v = arena_alloc(a, OUTPUTS_MAX * sizeof(struct output)) };

    c.v = arena_alloc(&found, OUTPUTS_SEEN_MAX * sizeof(*c.v));
    bool ok = c.v && made.v;
    if (ok) (void)walk(&w, dir); /* what was found before it ended is what there is */
    ok = ok && !c.no_memory;
    if (ok) {
        qsort(c.v, c.n, sizeof(*c.v), by_path);
        choose(dir, bytes_max, &c, &made);
    }
    for (size_t i = 0; ok && i < made.n; i++) {
        const char *path = arena_copy(a, made.v[i].path);
        made.v[i].path.p = path;
        ok = path != NULL;
    }
    arena_done(&found);
    if (!ok) return FAIL(err, ERR_NO_MEMORY, "No memory was left to collect outputs.");
    *out = made;
    return true;
}

int outputs_open(const char *dir, struct str path)
{
    struct str part;
    char name[OUTPUT_PATH_MAX + 1];
    int at = open_folder(AT_FDCWD, dir);
    while (at >= 0 && str_cut(path, '/', &part, &path)) {
        const int above = at;
        memcpy(name, part.p, part.n);
        name[part.n] = '\0';
        at = open_folder(above, name);
        close(above);
    }
    if (at < 0) return -1;
    memcpy(name, path.p, path.n);
    name[path.n] = '\0';
    int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    close(at);

    struct stat st;
    if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* ---- removing ----------------------------------------------------------------------------------
 */

/* Each level holds a descriptor open, so there is a limit; a tree that is deeper stays, and is
 * told. */
#define REMOVE_DEPTH_MAX 512

static bool remove_below(int folder, int depth);

static bool remove_entry(int folder, const char *name, int depth)
{
    if (unlinkat(folder, name, 0) == 0 || errno == ENOENT) return true;
    if (errno != EISDIR && errno != EPERM) return false;
    if (unlinkat(folder, name, AT_REMOVEDIR) == 0) return true;
    if (depth == 0) return false;
    const int below = open_folder(folder, name);
    return below >= 0 && remove_below(below, depth - 1) &&
           unlinkat(folder, name, AT_REMOVEDIR) == 0;
}

/* Takes the descriptor. */
static bool remove_below(int folder, int depth)
{
    bool ok = true;
    DIR *entries = fdopendir(folder);
    if (!entries) {
        close(folder);
        return false;
    }
    for (const struct dirent *e; (e = readdir(entries));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            ok = remove_entry(dirfd(entries), e->d_name, depth) && ok;
    closedir(entries);
    return ok;
}

bool tree_remove(const char *dir, struct err *err)
{
    const int top = open_folder(AT_FDCWD, dir);
    if (top < 0 && errno == ENOENT) return true;
    if (top >= 0 && remove_below(top, REMOVE_DEPTH_MAX) && rmdir(dir) == 0) return true;
    FAIL(err, ERR_IO, "A lease's scratch could not be removed.");
    err_internal(err, "%s: %s", dir, strerror(errno));
    return false;
}
