/* SPDX-License-Identifier: Apache-2.0 */
/* Which devices do the specs of the Container Device Interface name?
 *
 * Engines attach a card by a name like "nvidia.com/gpu=GPU-8f6e…", and look it up in files that
 * NVIDIA's container toolkit writes (nvidia-ctk cdi generate), as JSON or as YAML. Specs of older
 * toolkits name cards by index alone: with those no UUID can be attached, and it is better to know
 * that before a lease fails. Nothing of what a spec would do is read here: the engine does that,
 * and what came of it is looked at inside (docker/inside.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

#define CDI_KIND        "nvidia.com/gpu"
#define CDI_NAME_SIZE   64
#define CDI_DEVICES_MAX 256 /* each of GPUS_MAX by index, UUID and more, in several files */
#define CDI_FILE_MAX    (1 << 20)

struct cdi_device {
    char name[CDI_NAME_SIZE]; /* "0", "GPU-8f6e…", "all": without the kind */
    char file[256];
    int64_t changed_us; /* the file's own time */
};

extern const char *const cdi_dirs[3]; /* where engines look: /etc/cdi, /var/run/cdi, NULL */

/* The devices of a kind in all specs (*.json, *.yaml, *.yml) of these folders (NULL-terminated), at
 * most `room`. Folders and files that cannot be read have none. */
size_t cdi_list(const char *const *dirs, const char *kind, struct cdi_device *out, size_t room);

/* The one of that name; NULL: there is none. */
const struct cdi_device *cdi_find(const struct cdi_device *v, size_t n, const char *name);
