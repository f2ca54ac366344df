/* SPDX-License-Identifier: Apache-2.0 */
/* Assignments: what the market orders an agent to run, as a signed text. The agent's reader is
 * agent/service/assignment.c. */
#pragma once

#include <jansson.h>

#include "service/info.h"
#include "store/leases.h"

#define PIDS_MAX                                                                                   \
    1024 /* processes of one container: a parallel build of any size, and no fork bomb */

/* Of the job: what it may lose, and where it goes on from (hex; n 0: from the beginning). */
struct resume_from {
    int64_t checkpoint_seconds;
    struct str manifest;
};

/* {"document", "signature"} of the lease; `payload` is its job's. NULL: no memory, or ERR_INTERNAL:
 * the payload cannot be read. */
json_t *assignment_make(const struct market_info *info, const struct lease_row *lease,
                        struct str payload, const struct resume_from *from, int64_t now_us,
                        struct err *err);

/* SHA-256 of the canonical {"command", "entrypoint"} of a job's blueprint, in hex: what a receipt
 * names. */
MUST_CHECK bool assignment_command_sha256(const json_t *blueprint, char out[65]);
