/* SPDX-License-Identifier: Apache-2.0 */
/* A container's GPUs: how they are asked of an engine, and what the engine says of them.
 *
 * Always by UUID: the indices of CUDA, of the driver and of the toolkit may differ on one machine.
 * The body that body.c makes has none; what is added here stands in it as Docker's DeviceRequests,
 * which libpod.c turns into Podman's words, and as a label, from which a later agent knows what
 * must be seen inside (inside.h). */
#pragma once

#include "service/ports.h"
#include "json/json.h"

#define DEVICES_LABEL "bourse.gpus" /* "GPU-…=0,GPU-…=3": UUIDs and minor numbers */

/* How this engine attaches them. */
enum devices_by {
    DEVICES_CDI,    /* Podman; Docker that has CDISpecDirs in GET /info: "nvidia.com/gpu=GPU-…" */
    DEVICES_NVIDIA, /* an older Docker: the hook of NVIDIA's container toolkit */
};

/* Does this answer of GET /info have folders for CDI? */
enum devices_by devices_by_info(const json_t *info);

/* Ask for the spec's GPUs in `body`, and for no others: where NVIDIA's runtime is the default of an
 * engine, it would give a container whatever $NVIDIA_VISIBLE_DEVICES names, and the images of CUDA
 * name all. Without GPUs that is all that is done. False: no memory. */
MUST_CHECK bool devices_put(json_t *body, const struct container_spec *spec, enum devices_by by);

/* Are they in what the engine made, as asked, and no other device? Podman does not show what came
 * by CDI; there only that nothing else is. */
bool devices_as_asked(const json_t *asked_host, const json_t *made_host, bool podman);

/* Read the label back: at most GPUS_MAX. False: it is not one of ours. */
MUST_CHECK bool devices_read_label(struct str label, struct gpu_grant out[GPUS_MAX], size_t *n);
