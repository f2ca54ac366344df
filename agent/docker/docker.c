/* SPDX-License-Identifier: Apache-2.0 */
#include "docker/docker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "docker/call.h"

#define TEXT_MEMORY 4096

static void *make(void *arg)
{
    const struct docker *d = arg;
    return client_new(&d->options);
}

static void cancel(void *connection)
{
    client_cancel(connection);
}

static void destroy(void *connection)
{
    client_free(connection);
}

struct docker *docker_new(const char *socket_path, const char *user_agent, const char *runtime)
{
    struct docker *d = mem_zalloc(sizeof(*d));
    arena_init(&d->arena, TEXT_MEMORY);
    pthread_mutex_init(&d->lock, NULL);
    d->options = (struct client_options){
        .base_url = "http://engine",
        .unix_socket = arena_copy(&d->arena, str_of(socket_path)),
        .user_agent = arena_copy(&d->arena, str_of(user_agent)),
    };
    if (runtime && runtime[0] != '\0') d->runtime = arena_copy(&d->arena, str_of(runtime));
    d->slots = slots_new(&(const struct slots_kind){ make, cancel, destroy, d });
    d->oom = oom_watch_new();
    return d;
}

void docker_free(struct docker *d)
{
    if (!d) return;
    slots_free(d->slots);
    oom_watch_free(d->oom);
    pthread_mutex_destroy(&d->lock);
    arena_done(&d->arena);
    mem_free(d);
}

/* ---- which engine, which version ---------------------------------------------------------------
 */

/* "1.41" -> 41; -1: something else. */
static int minor_of(struct str version)
{
    struct str major, minor;
    int64_t n;
    if (!str_cut(version, '.', &major, &minor) || !str_is(major, "1") ||
        !str_i64(minor, 0, 999, &n))
        return -1;
    return (int)n;
}

static bool names_podman(const json_t *version)
{
    const json_t *components = json_object_get(version, "Components");
    for (size_t i = 0; i < json_array_size(components); i++)
        if (str_is(json_get_text(json_array_get(components, i), "Name"), "Podman Engine"))
            return true;
    return false;
}

/* The oldest version that is offered and that we know: what it does has been seen the most. */
static bool choose(const json_t *version, int *api, struct err *err)
{
    const int newest = minor_of(json_get_text(version, "ApiVersion"));
    const int oldest = minor_of(json_get_text(version, "MinAPIVersion"));
    const int chosen = oldest > API_MIN ? oldest : API_MIN;
    if (newest < chosen)
        return FAIL(err, ERR_PROTOCOL,
                    "The engine speaks API versions 1.%d to 1.%d; 1.%d is needed.", oldest, newest,
                    API_MIN);
    *api = chosen;
    return true;
}

static bool learn(struct docker *d, const json_t *version, struct err *err)
{
    int api = API_MIN;
    if (!choose(version, &api, err)) return false;
    const struct str text = json_get_text(version, "Version");
    pthread_mutex_lock(&d->lock);
    d->api = api;
    d->podman = names_podman(version);
    snprintf(d->info.name, sizeof(d->info.name), "%s", d->podman ? "podman" : "docker");
    snprintf(d->info.version, sizeof(d->info.version), "%.*s", (int)text.n, text.p);
    d->known = true;
    pthread_mutex_unlock(&d->lock);
    return true;
}

static bool call_raw(struct docker *d, const struct call *call, struct arena *a, struct answer *out,
                     struct err *err)
{
    struct client *c = slots_take(d->slots);
    if (!c) return FAIL(err, ERR_IO, "The agent is stopping.");
    const bool heard = client_call(c, call, a, out, err);
    slots_give(d->slots, c, heard);
    return heard;
}

static bool ask_version(struct docker *d, struct err *err)
{
    struct arena a;
    struct answer answer = { .status = 0 };
    struct call call = call_defaults;
    call.method = "GET";
    call.path = "/version";
    call.timeout_ms = QUICK_MS;
    arena_init(&a, ENGINE_ANSWER_MAX);
    bool ok = call_raw(d, &call, &a, &answer, err);
    if (ok) {
        auto_json json_t *version = json_parse(answer.body, err);
        ok = version && learn(d, version, err);
    }
    arena_done(&a);
    return ok;
}

static bool is_known(struct docker *d)
{
    pthread_mutex_lock(&d->lock);
    const bool known = d->known;
    pthread_mutex_unlock(&d->lock);
    return known;
}

bool engine_is_podman(struct docker *d)
{
    struct err err;
    if (!is_known(d) && !ask_version(d, &err)) return false;
    pthread_mutex_lock(&d->lock);
    const bool podman = d->podman;
    pthread_mutex_unlock(&d->lock);
    return podman;
}

enum engine_result engine_devices_by(struct docker *d, enum devices_by *out, struct err *err)
{
    const struct engine_call c = { .method = "GET", .path = "/info" };
    auto_json json_t *info = NULL;
    *out = DEVICES_CDI;
    if (engine_is_podman(d)) return ENGINE_DONE;
    const enum engine_result r = engine_json(d, &c, &info, err);
    if (r == ENGINE_DONE) *out = devices_by_info(info);
    return r == ENGINE_DONE ? ENGINE_DONE : ENGINE_FAILED;
}

static bool docker_describe(void *self, struct engine_info *out, struct err *err)
{
    struct docker *d = self;
    if (!ask_version(d, err)) return false;
    pthread_mutex_lock(&d->lock);
    *out = d->info;
    pthread_mutex_unlock(&d->lock);
    return true;
}

/* ---- calling -----------------------------------------------------------------------------------
 */

static const char *versioned(struct docker *d, const struct engine_call *c, struct arena *a)
{
    pthread_mutex_lock(&d->lock);
    const int api = d->api;
    pthread_mutex_unlock(&d->lock);
    return c->libpod ? arena_fmt(a, "/v4.0.0/libpod%s", c->path)
                     : arena_fmt(a, "/v1.%d%s", api, c->path);
}

bool engine_call(struct docker *d, const struct engine_call *c, struct arena *a, struct answer *out,
                 struct err *err)
{
    struct buf body;
    struct call call = call_defaults;
    const char *const headers[] = { c->header, NULL };
    if (!is_known(d) && !ask_version(d, err)) return false;
    buf_init(&body, (size_t)16 * BODY_MAX);
    if (c->body) json_canonical(c->body, &body);
    call.method = c->method;
    call.path = versioned(d, c, a);
    call.body = buf_view(&body);
    if (c->header) call.headers = headers;
    call.content_type = c->body ? "application/json" : c->size > 0 ? "application/x-tar" : NULL;
    call.timeout_ms = c->timeout_ms > 0 ? c->timeout_ms : QUICK_MS;
    call.answer_max = ENGINE_ANSWER_MAX;
    call.sink = c->sink;
    call.sink_arg = c->sink_arg;
    if (c->size > 0) {
        call.body_fd = c->fd;
        call.body_size = c->size;
    }
    bool ok = call.path && !body.failed;
    if (!ok) FAIL(err, ERR_NO_MEMORY, "No memory was left for a request to the engine.");
    ok = ok && call_raw(d, &call, a, out, err);
    buf_done(&body);
    return ok;
}

void engine_explain(const struct answer *answer, struct err *err)
{
    struct err ignored;
    auto_json json_t *j = json_parse(answer->body, &ignored);
    struct str message = json_get_text(j, "message");
    if (message.n == 0) message = STR("it does not say why");
    FAIL(err, ERR_PROTOCOL, "The container engine answered %d: %.*s", answer->status,
         (int)message.n, message.p);
}

enum engine_result engine_json(struct docker *d, const struct engine_call *c, json_t **out,
                               struct err *err)
{
    struct arena a;
    struct answer answer = { .status = 0 };
    enum engine_result r = ENGINE_FAILED;
    arena_init(&a, (size_t)2 * ENGINE_ANSWER_MAX);
    if (engine_call(d, c, &a, &answer, err)) {
        json_t *j = NULL;
        r = answer.status == 404                          ? ENGINE_NO_SUCH
            : answer.status < 300 || answer.status == 304 ? ENGINE_DONE
                                                          : ENGINE_FAILED;
        if (r != ENGINE_DONE) engine_explain(&answer, err);
        if (r == ENGINE_DONE && out) {
            j = json_parse(answer.body, err);
            if (!j) r = ENGINE_FAILED;
            *out = j;
        }
    }
    arena_done(&a);
    return r;
}

static void interrupt(void *self)
{
    struct docker *d = self;
    slots_interrupt(d->slots);
}

/* ---- the socket --------------------------------------------------------------------------------
 */

static bool take_path(const char *path, char out[SOCKET_PATH_SIZE])
{
    const size_t n = strlen(path);
    if (n == 0 || n >= SOCKET_PATH_SIZE) return false;
    memcpy(out, path, n + 1);
    return true;
}

static const char *without_scheme(const char *address)
{
    return strncmp(address, "unix://", 7) == 0 ? address + 7 : address;
}

bool docker_find_socket(const char *wanted, char out[SOCKET_PATH_SIZE], struct err *err)
{
    static const char *const usual[] = { "/var/run/docker.sock", "/run/podman/podman.sock" };
    const char *host = wanted ? wanted : getenv("DOCKER_HOST");
    if (host && host[0] != '\0') {
        if (without_scheme(host)[0] == '/' && take_path(without_scheme(host), out)) return true;
        return FAIL(err, ERR_VALIDATION_FAILED,
                    "The engine must be a unix socket, as unix:///var/run/docker.sock.");
    }
    for (size_t i = 0; i < ARRAY_LEN(usual); i++)
        if (access(usual[i], F_OK) == 0) return take_path(usual[i], out);
    return take_path(usual[0], out);
}

const struct engine_ops docker_ops = {
    .describe = docker_describe,
    .image_find = docker_image_find,
    .image_pull = docker_image_pull,
    .image_load = docker_image_load,
    .container_create = docker_create,
    .container_start = docker_start,
    .container_inspect = docker_inspect,
    .container_wait = docker_wait,
    .container_kill = docker_kill,
    .container_remove = docker_remove,
    .container_list = docker_list,
    .logs_read = docker_logs,
    .interrupt = interrupt,
};
