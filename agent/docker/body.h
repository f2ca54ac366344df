/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine is asked to make: the buyer fills few fields, this file writes the rest. Nothing
 * of the buyer's JSON is ever copied into it. */
#pragma once

#include "service/ports.h"
#include "json/json.h"

#define IMAGE_VOLUMES_MAX 16        /* of one image; common ones have one or two */
#define MEMORY_MIN        (6 << 20) /* Docker takes no less */
#define SCRATCH_MIN       65536     /* a tmpfs of size 0 would have no limit */

/* What the driver adds to what the lease says. */
struct body_how {
    json_t *volumes;     /* the image's own "Volumes" object or NULL: each gets a small tmpfs of its
                          * own, so     that no anonymous volume is made on the owner's disk */
    const char *seccomp; /* of seccomp_option() */
    const char *runtime; /* NULL: the engine's own */
};

/* The body of POST /containers/create. NULL: BAD_IMAGE or BAD_COMMAND in *why, with err. Yours to
 * decref. */
json_t *body_make(const struct container_spec *spec, const struct body_how *how,
                  enum engine_result *why, struct err *err);
