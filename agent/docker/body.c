/* SPDX-License-Identifier: Apache-2.0 */
#include "docker/body.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define USER      "65534:65534"
#define FILES_MAX 1024
#define PROCESSES                                                                                  \
    32768             /* counted for all containers of this user together; PidsLimit is for each */
#define OOM_SCORE 500 /* when the machine is short of memory, leases go before the owner's work */
#define LOG_SIZE  "64m" /* LOG_LEASE_MAX as the engine's JSON, one short line after the other */
#define TMPFS_SMALL                                                                                \
    "rw,size=67108864,nosuid,nodev,mode=1777" /* and no more than the memory limit */

static json_t *texts(const struct str_list *list)
{
    json_t *a = json_array();
    for (size_t i = 0; i < list->n; i++)
        json_array_append_new(a, json_text(list->v[i]));
    return a;
}

static json_t *env(const struct str_map *map)
{
    json_t *a = json_array();
    for (size_t i = 0; i < map->n; i++) {
        const struct str_pair *p = &map->v[i];
        struct buf b;
        buf_init(&b, (size_t)2 * TEXT_MAX);
        buf_str(&b, p->name);
        buf_char(&b, '=');
        buf_str(&b, p->value);
        json_array_append_new(a, json_text(buf_view(&b)));
        buf_done(&b);
    }
    return a;
}

static json_t *ulimit(const char *name, int64_t n)
{
    return json_pack("{s:s, s:I, s:I}", "Name", name, "Soft", (json_int_t)n, "Hard", (json_int_t)n);
}

/* Both nofile and nproc: one engine takes a default for the other that it then may not set. */
static json_t *ulimits(int64_t scratch_bytes)
{
    return json_pack("[o, o, o, o]", ulimit("nofile", FILES_MAX), ulimit("nproc", PROCESSES),
                     ulimit("core", 0), ulimit("fsize", scratch_bytes));
}

/* A place that an image may declare as a volume: absolute, clean, and none that the system needs.
 */
static bool volume_ok(struct str path)
{
    static const char *const taken[] = { "proc", "sys", "dev" };
    struct str part, rest = path;
    if (path.n < 2 || path.n > 256 || path.p[0] != '/') return false;
    rest = (struct str){ path.p + 1, path.n - 1 };
    if (rest.p[rest.n - 1] == '/') rest.n--;
    for (bool first = true, more = true; more; first = false) {
        more = str_cut(rest, '/', &part, &rest);
        if (!more) part = rest;
        if (part.n == 0 || str_is(part, ".") || str_is(part, "..")) return false;
        for (size_t i = 0; first && i < ARRAY_LEN(taken); i++)
            if (str_is(part, taken[i])) return false;
    }
    return !memchr(path.p, ':', path.n) && !memchr(path.p, ',', path.n);
}

static json_t *tmpfs(int64_t scratch_bytes, json_t *volumes)
{
    static const char *const usual[] = { "/tmp", "/run", "/var/tmp" };
    char scratch[96];
    json_t *t = json_object();
    const char *path;
    json_t *ignored;
    if (volumes && json_object_size(volumes) > IMAGE_VOLUMES_MAX) goto bad;
    json_object_foreach(volumes, path, ignored)
    {
        if (!volume_ok(str_of(path))) goto bad;
        if (strcmp(path, "/out") != 0 && strcmp(path, "/checkpoint") != 0)
            json_object_set_new(t, path, json_string(TMPFS_SMALL));
    }
    for (size_t i = 0; i < ARRAY_LEN(usual); i++)
        json_object_set_new(t, usual[i], json_string(TMPFS_SMALL));
    snprintf(scratch, sizeof(scratch), "rw,size=%" PRId64 ",nosuid,nodev,mode=1777", scratch_bytes);
    json_object_set_new(t, "/scratch", json_string(scratch));
    return t;
bad:
    json_decref(t);
    return NULL;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static json_t *host_config(const struct container_spec *spec, const struct body_how *how,
                           json_t *tmpfs_map)
{
    const int64_t scratch = most(spec->scratch_bytes, SCRATCH_MIN);
    const int64_t memory = most(spec->memory_bytes, MEMORY_MIN);
    const int64_t nano_cpus = most(spec->cpu_millis, 10) * 1000000;
    char bind[4096 + 16], save[4096 + 24], network[128] = "none";
    snprintf(bind, sizeof(bind), "%s:/out:rw", spec->out_dir);
    snprintf(save, sizeof(save), "%s:/checkpoint:rw", spec->save_dir ? spec->save_dir : "");
    if (spec->netns) snprintf(network, sizeof(network), "ns:%s", spec->netns);
    json_t *binds = spec->save_dir ? json_pack("[s, s]", bind, save) : json_pack("[s]", bind);
    json_t *h =
        json_pack("{s:o, s:[s], s:[s, s], s:b, s:b, s:o, s:s, s:s, s:s, s:I, s:I, s:I, s:I, "
                  "s:i, s:o, s:b}",
                  "Binds", binds, "CapDrop", "ALL", "SecurityOpt", "no-new-privileges",
                  how->seccomp, "Privileged", false, "ReadonlyRootfs", true, "Tmpfs", tmpfs_map,
                  "NetworkMode", network, "IpcMode", "private", "CgroupnsMode", "private", "Memory",
                  (json_int_t)memory, "MemorySwap", (json_int_t)memory, "NanoCpus",
                  (json_int_t)nano_cpus, "PidsLimit", (json_int_t)spec->pids_max, "OomScoreAdj",
                  OOM_SCORE, "Ulimits", ulimits(scratch), "AutoRemove", false);
    if (!h) return NULL;
    json_object_set_new(h, "RestartPolicy", json_pack("{s:s}", "Name", "no"));
    json_object_set_new(h, "LogConfig",
                        json_pack("{s:s, s:{s:s, s:s}}", "Type", "json-file", "Config", "max-size",
                                  LOG_SIZE, "max-file", "1"));
    if (spec->resolver) json_object_set_new(h, "Dns", json_pack("[s]", spec->resolver));
    if (how->runtime) json_object_set_new(h, "Runtime", json_string(how->runtime));
    return h;
}

static json_t *labels(const struct container_spec *spec)
{
    char epoch[24];
    snprintf(epoch, sizeof(epoch), "%" PRId64, spec->epoch);
    return json_pack("{s:o, s:o, s:o, s:s}", "bourse.node", json_text(spec->node_id),
                     "bourse.lease", json_text(spec->lease_id), "bourse.job",
                     json_text(spec->job_id), "bourse.epoch", epoch);
}

json_t *body_make(const struct container_spec *spec, const struct body_how *how,
                  enum engine_result *why, struct err *err)
{
    if (spec->workdir.n > 0 && spec->workdir.p[0] != '/') {
        *why = ENGINE_BAD_COMMAND;
        FAIL(err, ERR_VALIDATION_FAILED, "The working directory must be an absolute path.");
        return NULL;
    }
    json_t *map = tmpfs(most(spec->scratch_bytes, SCRATCH_MIN), how->volumes);
    if (!map) {
        *why = ENGINE_BAD_IMAGE;
        FAIL(err, ERR_VALIDATION_FAILED,
             "The image declares volumes at places, or in a number, that cannot be given to it.");
        return NULL;
    }
    json_t *body =
        json_pack("{s:s, s:s, s:o, s:o, s:b, s:b, s:b, s:s, s:i, s:o}", "Image", spec->image_id,
                  "User", USER, "Env", env(&spec->env), "Labels", labels(spec), "Tty", false,
                  "OpenStdin", false, "AttachStdin", false, "StopSignal", "SIGTERM", "StopTimeout",
                  5, "HostConfig", host_config(spec, how, map));
    if (!body) {
        *why = ENGINE_FAILED;
        FAIL(err, ERR_NO_MEMORY, "No memory was left to describe a container.");
        return NULL;
    }
    if (spec->command.n > 0) json_object_set_new(body, "Cmd", texts(&spec->command));
    if (spec->entrypoint.n > 0) json_object_set_new(body, "Entrypoint", texts(&spec->entrypoint));
    if (spec->workdir.n > 0) json_object_set_new(body, "WorkingDir", json_text(spec->workdir));
    return body;
}
