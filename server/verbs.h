/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of bourse-server, one a file. Each says true, or false with err. */
#pragma once

#include "options.h"

bool verb_init(const struct options *o, struct arena *a, struct err *err);
bool verb_run(const struct options *o, struct arena *a, struct err *err);
bool verb_account(const struct options *o, struct arena *a, struct err *err);
bool verb_node(const struct options *o, struct arena *a, struct err *err);
bool verb_payout(const struct options *o, struct arena *a, struct err *err);
bool verb_flows(const struct options *o, struct arena *a, struct err *err);
bool verb_export(const struct options *o, struct arena *a, struct err *err);
bool verb_replay(const struct options *o, struct arena *a, struct err *err);
bool verb_state(const struct options *o, struct arena *a, struct err *err);
