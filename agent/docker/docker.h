/* SPDX-License-Identifier: Apache-2.0 */
/* The driver for engines that speak the Docker Engine API on a unix socket: Docker itself, and
 * Podman, which speaks it well enough, and where it does not is asked in its own words. */
#pragma once

#include "service/ports.h"

#define SOCKET_PATH_SIZE 108 /* as the kernel has it */

struct docker;

/* `runtime` NULL: the engine's default; else containers are made with that one (runsc), and one
 * that was made with another is ENGINE_DIFFERS: Podman's Docker API takes no runtime, so its
 * service must be configured with it. */
struct docker *docker_new(const char *socket_path, const char *user_agent, const char *runtime);
void docker_free(struct docker *d); /* no call may be running; takes NULL */

extern const struct engine_ops docker_ops; /* self is a struct docker */

/* The socket to use: `wanted` if not NULL, else $DOCKER_HOST, else the first that is there of
 * Docker's and Podman's usual ones, else Docker's. False: $DOCKER_HOST names none
 * (ERR_VALIDATION_FAILED). */
MUST_CHECK bool docker_find_socket(const char *wanted, char out[SOCKET_PATH_SIZE], struct err *err);

/* What the engine says of itself, for the self-test. */
struct docker_exam {
    struct engine_info info;
    int64_t api_min, api_max; /* it speaks 1.api_min to 1.api_max */
    int64_t cgroup;           /* 1 or 2; 0: it does not say */
    bool seccomp, user_namespaces;
    bool nvidia_runtime, cdi; /* ways to give a container GPUs */
    char runtime[32];         /* "runc" */
};
/* False: it does not answer, or speaks no version that we know; err. */
MUST_CHECK bool docker_examine(struct docker *d, struct docker_exam *out, struct err *err);
