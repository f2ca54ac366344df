/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a command as it stands in the log, read into what the rules know of it. The auditor's
 * own reader: docs/replay.md says what the text is. */
#pragma once

#include "market/shapes.h"
#include "json/json.h"

struct command_text {
    struct command command; /* seq and at_us are 0 */
    json_t *more;           /* what the rules do not read, NULL if none; borrowed from `json` */
    json_t *json;           /* yours to decref */
};

/* False: why says what is wrong with the text; *out is untouched. */
bool command_read(struct str text, struct command_text *out, char *why, size_t size);

/* "submit-job"; "" for a number that is no kind. */
const char *kind_name(int64_t kind);

/* Must a request for it have an idempotency key, so that a repetition makes no second thing? */
bool kind_must_be_keyed(const struct command *c);

/* Does its row stand among lease_commands? */
bool kind_tells_lease(int64_t kind);

/* "node-lost"; "" for a number that is no reason. */
const char *reason_name(int64_t reason);
