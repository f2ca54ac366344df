/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine is asked to make: the buyer fills few fields, this file writes the rest. Nothing
 * of the buyer's JSON is ever copied into it. */
#pragma once

#include "service/ports.h"
#include "json/json.h"

#define IMAGE_VOLUMES_MAX 16        /* of one image; common ones have one or two */
#define MEMORY_MIN        (6 << 20) /* Docker takes no less */
#define SCRATCH_MIN       65536     /* a tmpfs of size 0 would have no limit */

/* The body of POST /containers/create. `volumes` is the image's own "Volumes" object or NULL: each
 * gets a small tmpfs of its own, so that no anonymous volume is made on the owner's disk.
 * NULL: BAD_IMAGE or BAD_COMMAND in *why, with err. Yours to decref. */
json_t *body_make(const struct container_spec *spec, json_t *volumes, enum engine_result *why,
                  struct err *err);
