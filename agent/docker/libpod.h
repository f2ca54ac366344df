/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a create in Podman's own words (POST /libpod/containers/create).
 *
 * Podman takes Docker's DeviceRequests, answers 201 and attaches nothing, so containers with GPUs
 * are made in its own API, where a device may be a CDI name. What is asked is still decided in one
 * place (body.c): this translates, and refuses what it has no word for, so that nothing that is
 * added there gets lost here. The container is compared afterwards like any other. */
#pragma once

#include "base/err.h"
#include "json/json.h"

/* `body` as body_make() and devices_put() made it; `name` of the container. NULL: there is a field
 * without translation, which err names (ERR_NOT_SUPPORTED), or no memory. Yours to decref. */
json_t *libpod_body(const json_t *body, const char *name, struct err *err);
