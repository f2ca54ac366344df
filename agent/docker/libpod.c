/* SPDX-License-Identifier: Apache-2.0 */
#include "docker/libpod.h"

#include <string.h>

#define CPU_PERIOD INT64_C(100000) /* microseconds, the kernel's usual one */
#define NANO       INT64_C(1000000000)

/* Each field of Docker's is put into `out` by one of these; false: no word for such a value. */
typedef bool put(json_t *out, const json_t *v);

struct word {
    const char *name;
    put *put;
};

static bool set(json_t *out, const char *name, json_t *v)
{
    return json_object_set_new(out, name, v) == 0;
}

static bool copy(json_t *out, const char *name, const json_t *v)
{
    return set(out, name, json_deep_copy(v));
}

/* out[name], an object that several fields fill. */
static json_t *within(json_t *out, const char *name)
{
    json_t *o = json_object_get(out, name);
    if (!o) (void)set(out, name, o = json_object());
    return o;
}

static json_t *list(json_t *out, const char *name)
{
    json_t *a = json_object_get(out, name);
    if (!a) (void)set(out, name, a = json_array());
    return a;
}

static bool is_text(const json_t *v, const char *text)
{
    const char *its = json_string_value(v);
    return its && strcmp(its, text) == 0;
}

/* ---- what runs ---------------------------------------------------------------------------------
 */

#define COPY(function, name)                                                                       \
    static bool function(json_t *out, const json_t *v)                                             \
    {                                                                                              \
        return copy(out, (name), v);                                                               \
    }
COPY(image, "image")
COPY(user, "user")
COPY(labels, "labels")
COPY(tty, "terminal")
COPY(open_stdin, "stdin")
COPY(stop_timeout, "stop_timeout")
COPY(command, "command")
COPY(entrypoint, "entrypoint")
COPY(workdir, "work_dir")

static bool env(json_t *out, const json_t *v)
{
    json_t *map = within(out, "env");
    for (size_t i = 0; i < json_array_size(v); i++) {
        const char *text = json_string_value(json_array_get(v, i));
        const char *cut = text ? strchr(text, '=') : NULL;
        if (!cut) return false;
        if (json_object_setn_new(map, text, (size_t)(cut - text), json_string(cut + 1)) != 0)
            return false;
    }
    return true;
}

static bool stop_signal(json_t *out, const json_t *v)
{
    return is_text(v, "SIGTERM") && set(out, "stop_signal", json_integer(15));
}

/* Podman's own API attaches nobody by itself. */
static bool attach(json_t *out, const json_t *v)
{
    (void)out;
    return json_is_false(v);
}

/* ---- what it may -------------------------------------------------------------------------------
 */

COPY(cap_drop, "cap_drop")
COPY(privileged, "privileged")
COPY(readonly, "read_only_filesystem")
COPY(oom_score, "oom_score_adj")
COPY(auto_remove, "remove")
COPY(dns, "dns_server")
COPY(runtime, "oci_runtime")

static bool security(json_t *out, const json_t *v)
{
    const char *const filter = json_string_value(json_array_get(v, 1));
    if (json_array_size(v) != 2 || !is_text(json_array_get(v, 0), "no-new-privileges"))
        return false;
    if (!filter || strncmp(filter, "seccomp=/", 9) != 0)
        return false; /* Podman takes it as a file */
    return set(out, "no_new_privileges", json_true()) &&
           set(out, "seccomp_profile_path", json_string(filter + 8)) &&
           /* what its command line notes too, so that an inspection names the filter */
           set(within(out, "annotations"), "io.podman.annotations.seccomp",
               json_string(filter + 8));
}

static bool mount(json_t *out, const char *type, const char *source, const char *destination,
                  json_t *options)
{
    return json_array_append_new(list(out, "mounts"),
                                 json_pack("{s:s, s:s, s:s, s:o}", "type", type, "source", source,
                                           "destination", destination, "options", options)) == 0;
}

/* "/host/folder:/inside:rw" */
static bool bind(json_t *out, const char *text)
{
    char host[4096];
    const char *cut = text ? strchr(text, ':') : NULL;
    const char *end = cut ? strchr(cut + 1, ':') : NULL;
    if (!end || (strcmp(end, ":rw") != 0 && strcmp(end, ":ro") != 0)) return false;
    if ((size_t)(cut - text) >= sizeof(host)) return false;
    memcpy(host, text, (size_t)(cut - text));
    host[cut - text] = '\0';
    auto_json json_t *inside = json_stringn(cut + 1, (size_t)(end - cut - 1));
    return mount(out, "bind", host, json_string_value(inside),
                 json_pack("[s, s]", "rbind", end + 1));
}

static bool binds(json_t *out, const json_t *v)
{
    for (size_t i = 0; i < json_array_size(v); i++)
        if (!bind(out, json_string_value(json_array_get(v, i)))) return false;
    return true;
}

static json_t *options_of(struct str text)
{
    json_t *a = json_array();
    struct str part, rest = text;
    for (bool more = true; more;) {
        more = str_cut(rest, ',', &part, &rest);
        json_array_append_new(a, json_text(more ? part : rest));
    }
    return a;
}

static bool tmpfs(json_t *out, const json_t *v)
{
    auto_json json_t *map = json_deep_copy(v);
    const char *path;
    json_t *text;
    json_object_foreach(map, path, text)
    {
        if (!json_is_string(text)) return false;
        if (!mount(out, "tmpfs", "tmpfs", path, options_of(str_of(json_string_value(text)))))
            return false;
    }
    return true;
}

/* Its own namespace of a kind. */
static bool private(json_t *out, const char *name, const json_t *v)
{
    return is_text(v, "private") && set(out, name, json_pack("{s:s}", "nsmode", "private"));
}

static bool ipc(json_t *out, const json_t *v)
{
    return private(out, "ipcns", v);
}

static bool cgroup(json_t *out, const json_t *v)
{
    return private(out, "cgroupns", v);
}

/* "none", a namespace by its file, or a network by its name. */
static bool network(json_t *out, const json_t *v)
{
    const char *name = json_string_value(v);
    if (name && strncmp(name, "ns:/", 4) == 0)
        return set(out, "netns", json_pack("{s:s, s:s}", "nsmode", "path", "value", name + 3));
    if (!name || strcmp(name, "host") == 0 || strchr(name, ':')) return false;
    if (strcmp(name, "none") == 0) return set(out, "netns", json_pack("{s:s}", "nsmode", "none"));
    return set(out, "netns", json_pack("{s:s}", "nsmode", "bridge")) &&
           set(within(out, "networks"), name, json_object());
}

/* ---- how much ----------------------------------------------------------------------------------
 */

static bool limit(json_t *out, const char *of, const char *name, int64_t n)
{
    return n > 0 && set(within(within(out, "resource_limits"), of), name, json_integer(n));
}

static bool memory(json_t *out, const json_t *v)
{
    return limit(out, "memory", "limit", json_integer_value(v));
}

static bool swap(json_t *out, const json_t *v)
{
    return limit(out, "memory", "swap", json_integer_value(v));
}

static bool pids(json_t *out, const json_t *v)
{
    return limit(out, "pids", "limit", json_integer_value(v));
}

static bool cpus(json_t *out, const json_t *v)
{
    const int64_t nano = json_integer_value(v);
    return nano < INT64_MAX / CPU_PERIOD && limit(out, "cpu", "period", CPU_PERIOD) &&
           limit(out, "cpu", "quota", nano * CPU_PERIOD / NANO);
}

static bool ulimits(json_t *out, const json_t *v)
{
    for (size_t i = 0; i < json_array_size(v); i++) {
        const json_t *u = json_array_get(v, i);
        json_t *r = json_pack("{s:O, s:O, s:O}", "type", json_object_get(u, "Name"), "soft",
                              json_object_get(u, "Soft"), "hard", json_object_get(u, "Hard"));
        if (json_array_append_new(list(out, "r_limits"), r) != 0) return false;
    }
    return true;
}

/* ---- the rest ----------------------------------------------------------------------------------
 */

static bool restart(json_t *out, const json_t *v)
{
    return is_text(json_object_get(v, "Name"), "no") &&
           set(out, "restart_policy", json_string("no"));
}

/* "64m" as bytes; there is one file. */
static bool log_config(json_t *out, const json_t *v)
{
    int64_t mebibytes;
    struct str size = json_get_text(json_object_get(v, "Config"), "max-size");
    if (!is_text(json_object_get(v, "Type"), "json-file") || size.n < 2 ||
        size.p[size.n - 1] != 'm')
        return false;
    size.n--;
    return str_i64(size, 1, 1 << 20, &mebibytes) &&
           set(out, "log_configuration",
               json_pack("{s:s, s:I}", "driver", "k8s-file", "size",
                         (json_int_t)mebibytes * 1048576));
}

/* CDI names alone: what it was asked for in another way it would not attach. */
static bool devices(json_t *out, const json_t *v)
{
    const json_t *request = json_array_get(v, 0), *ids = json_object_get(request, "DeviceIDs");
    if (json_array_size(v) != 1 || !is_text(json_object_get(request, "Driver"), "cdi"))
        return false;
    for (size_t i = 0; i < json_array_size(ids); i++)
        if (json_array_append_new(list(out, "devices"),
                                  json_pack("{s:O}", "path", json_array_get(ids, i))) != 0)
            return false;
    return true;
}

static const struct word host_words[] = {
    { "AutoRemove", auto_remove },  { "Binds", binds },
    { "CapDrop", cap_drop },        { "CgroupnsMode", cgroup },
    { "DeviceRequests", devices },  { "Dns", dns },
    { "Runtime", runtime },         { "IpcMode", ipc },
    { "LogConfig", log_config },    { "Memory", memory },
    { "MemorySwap", swap },         { "NanoCpus", cpus },
    { "NetworkMode", network },     { "OomScoreAdj", oom_score },
    { "PidsLimit", pids },          { "Privileged", privileged },
    { "ReadonlyRootfs", readonly }, { "RestartPolicy", restart },
    { "SecurityOpt", security },    { "Tmpfs", tmpfs },
    { "Ulimits", ulimits },
};

static const struct word words[] = {
    { "AttachStdin", attach },
    { "Cmd", command },
    { "Entrypoint", entrypoint },
    { "Env", env },
    { "Image", image },
    { "Labels", labels },
    { "OpenStdin", open_stdin },
    { "StopSignal", stop_signal },
    { "StopTimeout", stop_timeout },
    { "Tty", tty },
    { "User", user },
    { "WorkingDir", workdir },
};

static const struct word *find(const struct word *list_of, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list_of[i].name, name) == 0) return &list_of[i];
    return NULL;
}

/* All fields of `from` but `but`. */
static bool translate(json_t *out, const json_t *from, const struct word *list_of, size_t n,
                      const char *but, struct err *err)
{
    auto_json json_t *fields = json_deep_copy(from);
    const char *name;
    json_t *v;
    json_object_foreach(fields, name, v)
    {
        const struct word *w = find(list_of, n, name);
        if (but && strcmp(name, but) == 0) continue;
        if (!w || !w->put(out, v))
            return FAIL(err, ERR_NOT_SUPPORTED, "There is no such %s in Podman's own API.", name);
    }
    return true;
}

json_t *libpod_body(const json_t *body, const char *name, struct err *err)
{
    json_t *out = json_pack("{s:s}", "name", name);
    if (translate(out, body, words, ARRAY_LEN(words), "HostConfig", err) &&
        translate(out, json_object_get(body, "HostConfig"), host_words, ARRAY_LEN(host_words), NULL,
                  err))
        return out;
    json_decref(out);
    return NULL;
}
