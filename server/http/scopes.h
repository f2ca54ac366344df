/* SPDX-License-Identifier: Apache-2.0 */
/* Scopes by name: "read", "trade", "provider", "keys". */
#pragma once

#include "http/http.h"

/* A list of names; NULL: no memory. */
json_t *scopes_json(unsigned scopes);

/* At least one, each known, none twice. False: complained about at /scopes, and replied. */
MUST_CHECK bool scopes_read(struct req *rq, const struct str_list *names, unsigned *out);
