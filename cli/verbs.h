/* SPDX-License-Identifier: Apache-2.0 */
/* All verbs, as main.c's table lists them: a function each, and the options that it takes. Each is
 * given the words behind the verb. */
#pragma once

#include "cli.h"

typedef enum exit_code verb_fn(struct cli *c, size_t argc, char *const *argv);

verb_fn login, submit, ps, logs, cancel, checkpoint, outputs, receipt_show, receipt_verify, balance,
    pools, nodes, nodes_drain, nodes_undrain, asks, asks_place, asks_cancel, asks_prices,
    join_token, keys, keys_create, keys_revoke, payouts, payouts_request, job_explain, quote,
    registry, registry_login, registry_logout;

extern const struct arg login_args[], submit_args[], quote_args[], ps_args[], logs_args[],
    outputs_args[], receipt_verify_args[], nodes_drain_args[], asks_place_args[],
    keys_create_args[], join_token_args[], list_args[], registry_login_args[];
