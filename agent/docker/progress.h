/* SPDX-License-Identifier: Apache-2.0 */
/* What an engine tells while it pulls or loads: one JSON object a line, the last word may be an
 * error although the status was 200. */
#pragma once

#include "json/json.h"

#define PROGRESS_LINE_MAX   16384
#define PROGRESS_LOADED_MAX 8

struct progress {
    char line[PROGRESS_LINE_MAX];
    size_t n;
    bool too_long;                         /* the present line; it is passed over */
    char error[512];                       /* of the last error; empty: none */
    char loaded[PROGRESS_LOADED_MAX][256]; /* what "Loaded image" lines name */
    size_t loaded_n;                       /* may be beyond PROGRESS_LOADED_MAX */
};

void progress_init(struct progress *p);
bool progress_feed(void *progress, const void *bytes, size_t n); /* a client's sink; always true */
void progress_end(struct progress *p); /* the last line may lack its end */
