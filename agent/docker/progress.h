/* SPDX-License-Identifier: Apache-2.0 */
/* What an engine tells while it pulls or loads: one JSON object a line, the last word may be an
 * error although the status was 200.
 *
 * Of a pull each layer tells its own state, by an id: {"status":"Downloading","id":"5f70bf18a086",
 * "progressDetail":{"current":16384,"total":32654}}, in the same words from Docker and Podman. What
 * the machine had already ("Already exists") is not counted. */
#pragma once

#include "service/ports.h"
#include "json/json.h"

#define PROGRESS_LINE_MAX   16384
#define PROGRESS_LOADED_MAX 8
#define PROGRESS_LAYERS_MAX 128 /* as many as an engine stacks; what comes after is not counted */

struct layer {
    char id[32]; /* as the engine shortens it */
    int64_t done_bytes, total_bytes;
    bool here; /* all of it came */
};

struct progress {
    char line[PROGRESS_LINE_MAX];
    size_t n;
    bool too_long;                         /* the present line; it is passed over */
    char error[512];                       /* of the last error; empty: none */
    char loaded[PROGRESS_LOADED_MAX][256]; /* what "Loaded image" lines name */
    size_t loaded_n;                       /* may be beyond PROGRESS_LOADED_MAX */
    const struct image_pull *pull;         /* who is told how far it is; NULL: nobody */
    struct layer layers[PROGRESS_LAYERS_MAX];
    size_t layers_n;
};

/* `pull` may be NULL, and is borrowed until progress_end(). */
void progress_init(struct progress *p, const struct image_pull *pull);
bool progress_feed(void *progress, const void *bytes, size_t n); /* a client's sink; always true */
void progress_end(struct progress *p); /* the last line may lack its end */
