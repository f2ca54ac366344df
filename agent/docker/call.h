/* SPDX-License-Identifier: Apache-2.0 */
/* One request to the engine: for this folder alone. */
#pragma once

#include "client/http.h"
#include "docker/devices.h"
#include "docker/docker.h"
#include "docker/oom.h"
#include "service/slots.h"
#include "json/json.h"

#define API_MIN           41 /* of 1.41: the oldest that we have tried */
#define QUICK_MS          30000
#define SLOW_MS           (INT64_C(900) * 1000)                      /* a pull, a load */
#define FOREVER_MS        (((int64_t)DURATION_MAX_S + 86400) * 1000) /* as long as a container may run */
#define ENGINE_ANSWER_MAX (4 << 20)

struct docker {
    struct client_options options;
    struct arena arena;  /* of the texts */
    const char *runtime; /* that containers are made with; NULL: the engine's own */
    struct slots *slots;
    struct oom_watch *oom;
    pthread_mutex_t lock; /* guards: everything below */
    bool known;           /* the rest is what GET /version said */
    int api;              /* 1.<api> is spoken */
    bool podman;
    struct engine_info info;
};

struct engine_call {
    const char *method;
    const char *path;                                 /* after "/v1.41" */
    bool libpod;                                      /* Podman's own API instead */
    json_t *body;                                     /* borrowed; NULL: none */
    const char *header;                               /* one more; NULL: none */
    int64_t timeout_ms;                               /* 0: QUICK_MS */
    bool (*sink)(void *arg, const void *p, size_t n); /* takes the answer's bytes */
    void *sink_arg;
    int fd; /* the request's body, when size > 0 */
    int64_t size;
};

/* Do it. True: the engine answered, with whatever status. False: ERR_IO, it did not. */
MUST_CHECK bool engine_call(struct docker *d, const struct engine_call *c, struct arena *a,
                            struct answer *out, struct err *err);

/* Do it and read the answer's object into *out (may be NULL). NO_SUCH for 404; FAILED with the
 * engine's own words for what else went wrong. */
enum engine_result engine_json(struct docker *d, const struct engine_call *c, json_t **out,
                               struct err *err);

/* What the engine says of an error, as err's detail. */
void engine_explain(const struct answer *answer, struct err *err);

bool engine_is_podman(struct docker *d);

/* How this engine attaches GPUs. FAILED: it does not answer. */
enum engine_result engine_devices_by(struct docker *d, enum devices_by *out, struct err *err);

/* images.c, containers.c: what docker_ops is made of. */
enum engine_result docker_image_find(void *self, struct str ref, struct engine_image *out,
                                     struct err *err);
enum engine_result docker_image_pull(void *self, const struct image_pull *pull,
                                     struct engine_image *out, struct err *err);
enum engine_result docker_image_load(void *self, int fd, int64_t size, struct engine_image *out,
                                     struct err *err);
enum engine_result docker_create(void *self, const struct container_spec *spec, struct err *err);
enum engine_result docker_start(void *self, const char *name, struct err *err);
enum engine_result docker_inspect(void *self, const char *name, struct container_state *out,
                                  struct err *err);
enum engine_result docker_wait(void *self, const char *name, struct err *err);
enum engine_result docker_kill(void *self, const char *name, int signal, struct err *err);
enum engine_result docker_remove(void *self, const char *name, struct err *err);
enum engine_result docker_list(void *self, struct str node_id, struct container_seen *out,
                               size_t room, size_t *n, struct err *err);
enum engine_result docker_logs(void *self, const char *name, bool follow,
                               const struct log_sink *sink, struct err *err);
