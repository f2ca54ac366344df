/* SPDX-License-Identifier: Apache-2.0 */
/* Is the container that the engine made the one that was asked for?
 *
 * Engines drop options that they do not know, without a word. So after each create the container is
 * looked at, and each field that keeps a stranger's program in its place is compared. */
#pragma once

#include "json/json.h"

/* NULL: all is as asked. Else the name of the first field that is not.
 * `asked` is our body, `made` the answer of GET /containers/{id}/json, `own` Podman's answer in its
 * own words (GET /libpod/containers/{id}/json); NULL for Docker. */
const char *compare_container(const json_t *asked, const json_t *made, const json_t *own);
