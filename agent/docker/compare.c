/* SPDX-License-Identifier: Apache-2.0 */
#include "docker/compare.h"

#include <string.h>
#include <strings.h>

#include "docker/devices.h"

struct compared {
    const json_t *asked, *made;           /* whole */
    const json_t *asked_host, *made_host; /* their HostConfig */
    const json_t *own; /* what Podman says in its own words; NULL: the engine is Docker */
};

typedef bool check(const struct compared *c);

static json_t *at(const json_t *object, const char *name)
{
    return json_object_get(object, name);
}

static bool is_empty(const json_t *j)
{
    return !j || json_is_null(j) || (json_is_array(j) && json_array_size(j) == 0) ||
           (json_is_object(j) && json_object_size(j) == 0);
}

static bool has_text(const json_t *array, const char *text)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *item = json_string_value(json_array_get(array, i));
        if (item && strcasecmp(item, text) == 0) return true;
    }
    return false;
}

/* The same value on both sides of HostConfig. */
static bool same(const struct compared *c, const char *name)
{
    return json_equal(at(c->asked_host, name), at(c->made_host, name));
}

static bool user(const struct compared *c)
{
    return json_equal(at(c->asked, "User"), at(at(c->made, "Config"), "User"));
}

static bool privileged(const struct compared *c)
{
    return json_is_false(at(c->made_host, "Privileged"));
}

static bool readonly(const struct compared *c)
{
    return json_is_true(at(c->made_host, "ReadonlyRootfs"));
}

static bool capabilities(const struct compared *c)
{
    if (!is_empty(at(c->made_host, "CapAdd"))) return false;
    if (c->own) return is_empty(at(c->own, "BoundingCaps"));
    return has_text(at(c->made_host, "CapDrop"), "ALL");
}

/* no-new-privileges and our filter, and nothing that takes one away. */
static bool security(const struct compared *c)
{
    const json_t *opts = at(c->made_host, "SecurityOpt");
    const char *filter = json_string_value(json_array_get(at(c->asked_host, "SecurityOpt"), 1));
    bool found = false, filtered = false;
    for (size_t i = 0; i < json_array_size(opts); i++) {
        const char *opt = json_string_value(json_array_get(opts, i));
        if (!opt || strcmp(opt, "seccomp=unconfined") == 0 || strstr(opt, "disable")) return false;
        if (filter && strcmp(opt, filter) == 0)
            filtered = true;
        else if (strncmp(opt, "seccomp=", 8) == 0 || strstr(opt, "unconfined"))
            return false;
        if (strcmp(opt, "no-new-privileges") == 0 || strcmp(opt, "no-new-privileges:true") == 0 ||
            strcmp(opt, "no-new-privileges=true") == 0)
            found = true;
    }
    return found && filtered;
}

/* Podman's Docker API passes over the runtime that is asked for, and says which it took elsewhere.
 */
static bool runtime(const struct compared *c)
{
    const json_t *wanted = at(c->asked_host, "Runtime");
    return !wanted ||
           json_equal(wanted, c->own ? at(c->own, "OCIRuntime") : at(c->made_host, "Runtime"));
}

static bool network(const struct compared *c)
{
    return same(c, "NetworkMode");
}

static bool memory(const struct compared *c)
{
    return same(c, "Memory");
}

static bool swap(const struct compared *c)
{
    return same(c, "MemorySwap");
}

static bool cpus(const struct compared *c)
{
    return same(c, "NanoCpus");
}

static bool pids(const struct compared *c)
{
    return same(c, "PidsLimit");
}

/* A namespace is our own unless it says whose it is. */
static bool is_own(const json_t *mode)
{
    const char *text = json_string_value(mode);
    return !text || (strncmp(text, "host", 4) != 0 && strncmp(text, "container:", 10) != 0 &&
                     strncmp(text, "ns:", 3) != 0);
}

static bool ipc(const struct compared *c)
{
    return is_own(at(c->made_host, "IpcMode"));
}

static bool pid(const struct compared *c)
{
    return is_own(at(c->made_host, "PidMode"));
}

static bool uts(const struct compared *c)
{
    return is_own(at(c->made_host, "UTSMode"));
}

static bool userns(const struct compared *c)
{
    return is_own(at(c->made_host, "UsernsMode"));
}

static bool devices(const struct compared *c)
{
    return devices_as_asked(c->asked_host, c->made_host, /* podman= */ c->own != NULL);
}

static bool auto_remove(const struct compared *c)
{
    return json_is_false(at(c->made_host, "AutoRemove"));
}

static bool restart(const struct compared *c)
{
    const char *name = json_string_value(at(at(c->made_host, "RestartPolicy"), "Name"));
    return !name || name[0] == '\0' || strcmp(name, "no") == 0;
}

static bool oom_kill(const struct compared *c)
{
    return !json_is_true(at(c->made_host, "OomKillDisable"));
}

/* "SOURCE:DESTINATION:rw" */
static bool is_bind(const char *bind, struct str source, struct str destination)
{
    return bind && source.n > 0 && strncmp(bind, source.p, source.n) == 0 &&
           bind[source.n] == ':' &&
           strncmp(bind + source.n + 1, destination.p ? destination.p : "", destination.n) == 0 &&
           strcmp(bind + source.n + 1 + destination.n, ":rw") == 0;
}

/* Our folders, each once, and tmpfs; no volume, no other folder. */
static bool mounts(const struct compared *c)
{
    const json_t *v = at(c->made, "Mounts"), *binds = at(c->asked_host, "Binds");
    unsigned found = 0;
    for (size_t i = 0; i < json_array_size(v); i++) {
        const json_t *m = json_array_get(v, i);
        size_t k = 0;
        if (str_is(json_get_text(m, "Type"), "tmpfs")) continue;
        while (k < json_array_size(binds) &&
               !is_bind(json_string_value(json_array_get(binds, k)), json_get_text(m, "Source"),
                        json_get_text(m, "Destination")))
            k++;
        if (!str_is(json_get_text(m, "Type"), "bind") || k == json_array_size(binds) ||
            (found & 1u << k))
            return false;
        found |= 1u << k;
    }
    return found == (1u << json_array_size(binds)) - 1;
}

/* Each tmpfs that was asked for is there with its size. */
static bool tmpfs(const struct compared *c)
{
    json_t *asked = at(c->asked_host, "Tmpfs"), *made = at(c->made_host, "Tmpfs");
    const char *path;
    json_t *options;
    json_object_foreach(asked, path, options)
    {
        const char *want = strstr(json_string_value(options), "size=");
        const char *got = json_string_value(at(made, path));
        const size_t n = want ? strcspn(want, ",") : 0;
        got = got ? strstr(got, "size=") : NULL;
        if (!want || !got || strncmp(want, got, n) != 0 || (got[n] != ',' && got[n] != '\0'))
            return false;
    }
    return true;
}

static const json_t *find_ulimit(const json_t *list, const char *name)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *its = json_string_value(at(item, "Name"));
        if (its && strncasecmp(its, "RLIMIT_", 7) == 0) its += 7;
        if (its && strcasecmp(its, name) == 0) return item;
    }
    return NULL;
}

static bool ulimits(const struct compared *c)
{
    const json_t *asked = at(c->asked_host, "Ulimits"), *made = at(c->made_host, "Ulimits");
    for (size_t i = 0; i < json_array_size(asked); i++) {
        const json_t *want = json_array_get(asked, i);
        const json_t *got = find_ulimit(made, json_string_value(at(want, "Name")));
        if (!got || !json_equal(at(want, "Soft"), at(got, "Soft")) ||
            !json_equal(at(want, "Hard"), at(got, "Hard")))
            return false;
    }
    return true;
}

static bool labels(const struct compared *c)
{
    json_t *asked = at(c->asked, "Labels"), *made = at(at(c->made, "Config"), "Labels");
    const char *name;
    json_t *value;
    json_object_foreach(asked, name, value) if (!json_equal(value, at(made, name))) return false;
    return true;
}

static const struct {
    const char *field;
    check *ok;
} checks[] = {
    { "User", user },
    { "Privileged", privileged },
    { "ReadonlyRootfs", readonly },
    { "CapDrop", capabilities },
    { "SecurityOpt", security },
    { "Runtime", runtime },
    { "NetworkMode", network },
    { "Memory", memory },
    { "MemorySwap", swap },
    { "NanoCpus", cpus },
    { "PidsLimit", pids },
    { "IpcMode", ipc },
    { "PidMode", pid },
    { "UTSMode", uts },
    { "UsernsMode", userns },
    { "Devices", devices },
    { "Mounts", mounts },
    { "Tmpfs", tmpfs },
    { "Ulimits", ulimits },
    { "OomKillDisable", oom_kill },
    { "RestartPolicy", restart },
    { "AutoRemove", auto_remove },
    { "Labels", labels },
};

const char *compare_container(const json_t *asked, const json_t *made, const json_t *own)
{
    const struct compared c = { asked, made, at(asked, "HostConfig"), at(made, "HostConfig"), own };
    for (size_t i = 0; i < ARRAY_LEN(checks); i++)
        if (!checks[i].ok(&c)) return checks[i].field;
    return NULL;
}
