/* SPDX-License-Identifier: Apache-2.0 */
/* The output of a job's container, printed as it comes. */
#pragma once

#include "api.h"

struct tail {
    struct api *api;
    const char *job_id;
    bool to_stderr; /* all of it; else each stream to its own */
    char lease_id[64];
    int64_t after; /* number of the last chunk that was printed */
    bool ended;    /* no more will come of this lease */
};

void tail_init(struct tail *t, struct api *api, const char *job_id, bool to_stderr);

/* Print what has come since, after waiting for it at most `wait_s`. *chunks: how many. False: as
 * api_try(), or with err ERR_NONE when a refusal was printed, api->exit set. */
MUST_CHECK bool tail_read(struct tail *t, int64_t wait_s, size_t *chunks, struct err *err);
