/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/command.h"

const char *const reason_names[REASONS] = {
    [REASON_NONE] = "none",
    [REASON_DONE] = "done",
    [REASON_CANCELLED] = "cancelled",
    [REASON_EXPIRED] = "expired",
    [REASON_DECLINED] = "declined",
    [REASON_OFFER_TIMEOUT] = "offer-timeout",
    [REASON_PREPARE_TIMEOUT] = "prepare-timeout",
    [REASON_IMAGE_UNAVAILABLE] = "image-unavailable",
    [REASON_IMAGE_INVALID] = "image-invalid",
    [REASON_COMMAND_INVALID] = "command-invalid",
    [REASON_ENGINE_FAILED] = "engine-failed",
    [REASON_NODE_LOST] = "node-lost",
    [REASON_TIME_SPENT] = "time-spent",
    [REASON_BUDGET_SPENT] = "budget-spent",
    [REASON_OUT_OF_MEMORY] = "out-of-memory",
    [REASON_NO_FUNDS] = "no-funds",
    [REASON_ATTEMPTS_SPENT] = "attempts-spent",
    [REASON_NODE_CHANGED] = "node-changed",
    [REASON_NOT_FILLED] = "not-filled",
    [REASON_DISPLACED] = "displaced",
    [REASON_GANG_BROKEN] = "gang-broken",
    [REASON_NODE_UNHEALTHY] = "node-unhealthy",
    [REASON_DRAINED] = "drained",
    [REASON_EGRESS_SPENT] = "egress-spent",
};
