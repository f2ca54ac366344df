/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "docker/body.h"
#include "docker/call.h"
#include "docker/compare.h"
#include "docker/inside.h"
#include "docker/libpod.h"
#include "docker/reasons.h"
#include "docker/seccomp.h"

#define PATH_SIZE   320
#define SECCOMP_MAX 32768
#define WAIT_MS     "50ms" /* how often Podman looks for us; it has no events of its own for this */

/* ---- making one --------------------------------------------------------------------------------
 */

/* What the image declares, as far as it matters here; NULL: it is not there. */
static json_t *image_config(struct docker *d, const char *image_id, struct err *err)
{
    char path[PATH_SIZE];
    auto_json json_t *j = NULL;
    snprintf(path, sizeof(path), "/images/%s/json", image_id);
    const struct engine_call c = { .method = "GET", .path = path };
    if (engine_json(d, &c, &j, err) != ENGINE_DONE) return NULL;
    return json_incref(json_object_get(j, "Config"));
}

static bool has_command(const struct container_spec *spec, const json_t *config)
{
    return spec->command.n > 0 || spec->entrypoint.n > 0 ||
           json_array_size(json_object_get(config, "Cmd")) > 0 ||
           json_array_size(json_object_get(config, "Entrypoint")) > 0;
}

static json_t *make_body(struct docker *d, const struct container_spec *spec,
                         enum engine_result *why, struct err *err)
{
    auto_json json_t *config = image_config(d, spec->image_id, err);
    if (!config) {
        *why = ENGINE_FAILED;
        return NULL;
    }
    if (!has_command(spec, config)) {
        *why = ENGINE_BAD_COMMAND;
        FAIL(err, ERR_VALIDATION_FAILED, "Neither the job nor the image says what shall run.");
        return NULL;
    }
    auto_buf struct buf seccomp = { .max = SECCOMP_MAX };
    *why = ENGINE_FAILED;
    if (!seccomp_option(engine_is_podman(d), spec->out_dir, &seccomp, err)) return NULL;
    buf_char(&seccomp, '\0');
    const struct body_how how = { json_object_get(config, "Volumes"), seccomp.p, d->runtime };
    return body_make(spec, &how, why, err);
}

/* With its GPUs. NULL: as make_body(). */
static json_t *make_whole(struct docker *d, const struct container_spec *spec,
                          enum engine_result *why, struct err *err)
{
    enum devices_by by = DEVICES_CDI;
    json_t *body = make_body(d, spec, why, err);
    if (!body) return NULL;
    *why = spec->gpus_n > 0 ? engine_devices_by(d, &by, err) : ENGINE_DONE;
    if (*why == ENGINE_DONE && devices_put(body, spec, by)) return body;
    if (*why == ENGINE_DONE)
        FAIL(err, ERR_NO_MEMORY, "No memory was left to describe a container.");
    *why = ENGINE_FAILED;
    json_decref(body);
    return NULL;
}

static bool is_name_taken(const struct answer *answer)
{
    static const char words[] = "already in use";
    return answer->status == 409 ||
           (answer->status == 500 &&
            memmem(answer->body.p, answer->body.n, words, sizeof(words) - 1) != NULL);
}

/* Podman attaches GPUs in its own API alone (libpod.h). */
static enum engine_result post_create(struct docker *d, const struct container_spec *spec,
                                      json_t *body, struct err *err)
{
    char path[PATH_SIZE];
    struct arena a;
    struct answer answer;
    enum engine_result r = ENGINE_FAILED;
    const bool libpod = spec->gpus_n > 0 && engine_is_podman(d);
    auto_json json_t *own = libpod ? libpod_body(body, spec->name, err) : NULL;
    if (libpod && !own) return ENGINE_FAILED;
    snprintf(path, sizeof(path), "/containers/create%s%s",
             libpod ? "" : "?name=", libpod ? "" : spec->name);
    const struct engine_call c = {
        .method = "POST", .path = path, .libpod = libpod, .body = libpod ? own : body
    };
    arena_init(&a, ENGINE_ANSWER_MAX);
    if (engine_call(d, &c, &a, &answer, err)) {
        if (answer.status == 201 || is_name_taken(&answer)) {
            r = ENGINE_DONE;
        } else {
            engine_explain(&answer, err);
            r = start_failure(answer.body);
            if (r == ENGINE_FAILED && answer.status == 400) r = ENGINE_BAD_COMMAND;
        }
    }
    arena_done(&a);
    return r;
}

static enum engine_result get_container(struct docker *d, const char *name, bool libpod,
                                        json_t **out, struct err *err)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof(path), "/containers/%s/json", name);
    const struct engine_call c = { .method = "GET", .path = path, .libpod = libpod };
    return engine_json(d, &c, out, err);
}

/* Compare, and remove what is not as asked. */
static enum engine_result verify(struct docker *d, const char *name, const json_t *body,
                                 struct err *err)
{
    struct err ignored;
    auto_json json_t *made = NULL, *own = NULL;
    enum engine_result r = get_container(d, name, false, &made, err);
    if (r == ENGINE_DONE && engine_is_podman(d)) r = get_container(d, name, true, &own, err);
    if (r != ENGINE_DONE) return ENGINE_FAILED;

    const char *field = compare_container(body, made, own);
    if (!field) return ENGINE_DONE;
    (void)docker_remove(d, name, &ignored);
    FAIL(err, ERR_PROTOCOL, "The engine made the container with another %s than was asked for.",
         field);
    return ENGINE_DIFFERS;
}

enum engine_result docker_create(void *self, const struct container_spec *spec, struct err *err)
{
    enum engine_result r = ENGINE_FAILED;
    auto_json json_t *body = make_whole(self, spec, &r, err);
    if (!body) return r;
    r = post_create(self, spec, body, err);
    return r == ENGINE_DONE ? verify(self, spec->name, body, err) : r;
}

/* ---- running it --------------------------------------------------------------------------------
 */

/* The process of a container, as its inspection tells; 0: there is none. */
static int64_t pid_of(const json_t *container)
{
    int64_t pid = 0;
    if (!json_get_i64(json_object_get(container, "State"), "Pid", 1, INT32_MAX, &pid)) return 0;
    return pid;
}

/* Which GPUs it should have, by its label. A container without the label has none; whether it sees
 * one is looked at where that is possible. */
static enum engine_result look_inside(struct docker *d, const char *name, const json_t *container,
                                      struct err *err)
{
    struct err ignored;
    struct gpu_grant gpus[GPUS_MAX];
    size_t n = 0;
    const json_t *labels = json_object_get(json_object_get(container, "Config"), "Labels");
    const struct str label = json_get_text(labels, DEVICES_LABEL);
    enum engine_result r = ENGINE_DIFFERS;
    if (devices_read_label(label, gpus, &n))
        r = inside_look(json_get_text(container, "Id"), pid_of(container), gpus, n, err);
    else
        FAIL(err, ERR_PROTOCOL, "The container's label of GPUs is not one of ours.");
    if (r == ENGINE_FAILED && n == 0) return ENGINE_DONE;
    if (r == ENGINE_DONE) return r;
    (void)docker_remove(d, name, &ignored);
    return ENGINE_DIFFERS;
}

/* Podman can make all of a container but the start of its command: then it is looked into before
 * anything of the buyer's has run. *looked stays false for one that shall have no GPU. */
static enum engine_result look_before(struct docker *d, const char *name, bool *looked,
                                      struct err *err)
{
    char path[PATH_SIZE];
    auto_json json_t *j = NULL, *again = NULL;
    enum engine_result r = get_container(d, name, false, &j, err);
    if (r != ENGINE_DONE) return r;
    const json_t *labels = json_object_get(json_object_get(j, "Config"), "Labels");
    if (json_get_text(labels, DEVICES_LABEL).n == 0) return ENGINE_DONE;
    *looked = true;

    snprintf(path, sizeof(path), "/containers/%s/init", name);
    const struct engine_call c = { .method = "POST", .path = path, .libpod = true };
    if (pid_of(j) == 0) r = engine_json(d, &c, NULL, err); /* else an agent before us did */
    if (r == ENGINE_DONE) r = get_container(d, name, false, &again, err);
    return r == ENGINE_DONE ? look_inside(d, name, again, err) : r;
}

/* What is done with a process that has just begun. */
static enum engine_result look_after(struct docker *d, const char *name, bool looked,
                                     struct err *err)
{
    auto_json json_t *j = NULL;
    const enum engine_result r = get_container(d, name, false, &j, err);
    if (r != ENGINE_DONE) return ENGINE_DONE; /* the caller's next look tells */
    if (pid_of(j) > 0) oom_watch_add(d->oom, name, json_get_text(j, "Id"), pid_of(j));
    return looked ? ENGINE_DONE : look_inside(d, name, j, err);
}

enum engine_result docker_start(void *self, const char *name, struct err *err)
{
    struct docker *d = self;
    char path[PATH_SIZE];
    snprintf(path, sizeof(path), "/containers/%s/start", name);
    const struct engine_call c = { .method = "POST", .path = path };
    bool looked = false;
    enum engine_result r = ENGINE_DONE;
    if (engine_is_podman(d)) r = look_before(d, name, &looked, err);
    if (r == ENGINE_DONE) r = engine_json(d, &c, NULL, err);
    if (r == ENGINE_FAILED) return start_failure(str_of(err->detail));
    return r == ENGINE_DONE ? look_after(d, name, looked, err) : r;
}

static int64_t time_of(const json_t *state, const char *name)
{
    int64_t at;
    /* "0001-01-01T00:00:00Z" means never, and is before what we can read. */
    return rfc3339_parse(json_get_text(state, name), &at) && at > 0 ? at : 0;
}

static bool is_one_of(struct str s, const char *const *names)
{
    for (; *names; names++)
        if (str_is(s, *names)) return true;
    return false;
}

static enum container_phase phase_of(struct str status)
{
    static const char *const before[] = { "created", "configured", "initialized", NULL };
    static const char *const after[] = { "exited", "dead", "stopped", "removing", NULL };
    if (is_one_of(status, before)) return CONTAINER_CREATED;
    return is_one_of(status, after) ? CONTAINER_EXITED : CONTAINER_RUNNING;
}

enum engine_result docker_inspect(void *self, const char *name, struct container_state *out,
                                  struct err *err)
{
    struct docker *d = self;
    auto_json json_t *j = NULL;
    const enum engine_result r = get_container(d, name, false, &j, err);
    if (r != ENGINE_DONE) return r;

    const json_t *state = json_object_get(j, "State");
    struct container_state s = {
        .phase = phase_of(json_get_text(state, "Status")),
        .out_of_memory = json_is_true(json_object_get(state, "OOMKilled")),
        .started_us = time_of(state, "StartedAt"),
        .pid = pid_of(j),
    };
    if (s.phase == CONTAINER_EXITED) {
        s.finished_us = time_of(state, "FinishedAt");
        if (!json_get_i64(state, "ExitCode", INT32_MIN, INT32_MAX, &s.exit_code)) s.exit_code = 255;
        s.out_of_memory = oom_watch_ask(d->oom, name) || s.out_of_memory;
    }
    const struct str id = json_get_text(j, "Id");
    if (!json_get_i64(state, "Pid", 0, INT32_MAX, &s.pid)) s.pid = 0;
    snprintf(s.id, sizeof(s.id), "%.*s", (int)id.n, id.p ? id.p : "");
    *out = s;
    return ENGINE_DONE;
}

enum engine_result docker_wait(void *self, const char *name, struct err *err)
{
    char path[PATH_SIZE];
    const bool podman = engine_is_podman(self);
    snprintf(path, sizeof(path), "/containers/%s/wait%s", name,
             podman ? "?condition=exited&condition=stopped&interval=" WAIT_MS : "");
    const struct engine_call c = {
        .method = "POST", .path = path, .libpod = podman, .timeout_ms = FOREVER_MS
    };
    return engine_json(self, &c, NULL, err);
}

enum engine_result docker_kill(void *self, const char *name, int signal, struct err *err)
{
    char path[PATH_SIZE];
    struct arena a;
    struct answer answer;
    snprintf(path, sizeof(path), "/containers/%s/kill?signal=%d", name, signal);
    const struct engine_call c = { .method = "POST", .path = path };
    enum engine_result r = ENGINE_FAILED;
    arena_init(&a, ENGINE_ANSWER_MAX);
    if (engine_call(self, &c, &a, &answer, err)) {
        static const char words[] = "state improper"; /* Podman's way to say that it does not run */
        const bool idle = answer.status == 409 ||
                          memmem(answer.body.p, answer.body.n, words, sizeof(words) - 1) != NULL;
        if (answer.status < 300 || idle) {
            r = ENGINE_DONE;
        } else {
            engine_explain(&answer, err);
            r = answer.status == 404 ? ENGINE_NO_SUCH : ENGINE_FAILED;
        }
    }
    arena_done(&a);
    return r;
}

enum engine_result docker_remove(void *self, const char *name, struct err *err)
{
    struct docker *d = self;
    char path[PATH_SIZE];
    /* Podman would first ask it to end, and wait. */
    const enum engine_result killed = docker_kill(d, name, SIGKILL, err);
    if (killed == ENGINE_NO_SUCH) return ENGINE_DONE;

    snprintf(path, sizeof(path), "/containers/%s?force=1&v=1", name);
    const struct engine_call c = { .method = "DELETE", .path = path };
    const enum engine_result r = engine_json(d, &c, NULL, err);
    if (r == ENGINE_DONE || r == ENGINE_NO_SUCH) oom_watch_drop(d->oom, name);
    return r == ENGINE_NO_SUCH ? ENGINE_DONE : r;
}

/* ---- looking around ----------------------------------------------------------------------------
 */

static void read_seen(const json_t *j, struct container_seen *out)
{
    const json_t *labels = json_object_get(j, "Labels");
    struct str name = str_of(json_string_value(json_array_get(json_object_get(j, "Names"), 0)));
    const struct str lease = json_get_text(labels, "bourse.lease");
    if (name.n > 0 && name.p[0] == '/') name = (struct str){ name.p + 1, name.n - 1 };
    if (name.n == 0) name = json_get_text(j, "Id");
    memset(out, 0, sizeof(*out));
    snprintf(out->name, sizeof(out->name), "%.*s", (int)name.n, name.p);
    snprintf(out->lease_id, sizeof(out->lease_id), "%.*s", (int)lease.n, lease.p);
    if (!str_i64(json_get_text(labels, "bourse.epoch"), 0, INT64_MAX, &out->epoch)) out->epoch = -1;
    out->running = str_is(json_get_text(j, "State"), "running");
}

enum engine_result docker_list(void *self, struct str node_id, struct container_seen *out,
                               size_t room, size_t *n, struct err *err)
{
    char path[PATH_SIZE];
    auto_json json_t *j = NULL;
    /* {"label":["bourse.node=<id>"]} */
    snprintf(path, sizeof(path),
             "/containers/json?all=1&filters="
             "%%7B%%22label%%22%%3A%%5B%%22bourse.node%%3D%.*s%%22%%5D%%7D",
             (int)node_id.n, node_id.p);
    const struct engine_call c = { .method = "GET", .path = path };
    const enum engine_result r = engine_json(self, &c, &j, err);
    if (r != ENGINE_DONE) return r == ENGINE_NO_SUCH ? ENGINE_FAILED : r;
    if (!json_is_array(j) || json_array_size(j) > room) {
        FAIL(err, ERR_PROTOCOL, "The engine's list of containers is none, or too long.");
        return ENGINE_FAILED;
    }
    *n = json_array_size(j);
    for (size_t i = 0; i < *n; i++)
        read_seen(json_array_get(j, i), &out[i]);
    return ENGINE_DONE;
}
