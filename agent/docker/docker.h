/* SPDX-License-Identifier: Apache-2.0 */
/* The driver for engines that speak the Docker Engine API on a unix socket: Docker itself, and
 * Podman, which speaks it well enough, and where it does not is asked in its own words. */
#pragma once

#include "service/ports.h"

#define SOCKET_PATH_SIZE 108 /* as the kernel has it */

struct docker;

struct docker *docker_new(const char *socket_path, const char *user_agent);
void docker_free(struct docker *d); /* no call may be running; takes NULL */

extern const struct engine_ops docker_ops; /* self is a struct docker */

/* The socket to use: `wanted` if not NULL, else $DOCKER_HOST, else the first that is there of
 * Docker's and Podman's usual ones, else Docker's. False: $DOCKER_HOST names none
 * (ERR_VALIDATION_FAILED). */
MUST_CHECK bool docker_find_socket(const char *wanted, char out[SOCKET_PATH_SIZE], struct err *err);
