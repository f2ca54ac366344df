/* SPDX-License-Identifier: Apache-2.0 */
/* One signed request to the market by a verb, outside the running agent. */
#pragma once

#include "service/identity.h"
#include "verbs.h"
#include "json/json.h"

/* `body` (taken; NULL: none) to `path`. True: it was done; *out (may be NULL) is the answer's
 * object, yours, or NULL for none. False: err, with the market's own words. */
MUST_CHECK bool ask_market(struct setting *s, const struct identity *id, const char *method,
                           const char *path, json_t *body, json_t **out, struct err *err);
