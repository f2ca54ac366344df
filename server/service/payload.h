/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical JSON of a command as it enters the log, and its leaf.
 *
 * payload = {"by": account, "kind": name, "version": 1, members of the command as service/codec.h
 * writes them, and with `more` what the command is about but the rules do not read (a job's image,
 * a receipt)}. The leaf commits to it without showing it: leaf = H(00 ‖
 * {"at","commit","kind","seq","type":"command","version":1}): service/entry.h. */
#pragma once

#include "domain/command.h"
#include "merkle/merkle.h"
#include "service/codec.h"

/* Takes the reference of `more` (may be NULL). NULL p: no memory. */
struct str payload_make(const struct command *c, json_t *more, struct arena *a);
/* The same by one who has it as canonical JSON; empty: none. */
struct str payload_of(const struct command *c, struct str more, struct arena *a);

/* The part that came in as `more` of a stored payload, NULL if none. Yours to decref. */
json_t *payload_more(struct str payload, struct err *err);

struct hash payload_commit(const struct command *c, struct str payload, const uint8_t log_key[32]);
struct hash payload_leaf(const struct command *c, struct hash commit);
