/* SPDX-License-Identifier: Apache-2.0 */
/* One group of the writer: its commands, their entries and all they touched, in one transaction.
 *
 * Tables, statements and their prices: docs/adr/0003. One pipeline, one Sync, one flush. */
#pragma once

#include "domain/market.h"
#include "merkle/merkle.h"
#include "store/db.h"

struct group;

struct group *group_new(void);
void group_free(struct group *g);
void group_clear(struct group *g);

struct group_command {
    const struct command *command;
    uint8_t key[16];
    struct str body; /* 32 bytes, or empty without an idempotency key */
    int status;
    struct hash leaf;
    struct str payload;
    const struct outcome *outcome;
};
void group_add_command(struct group *g, const struct group_command *c);

/* All that the group touched, as it is now; `version` is the number of its last command. */
void group_add_touched(struct group *g, const struct touched *t, int64_t version);

/* Send all of it as one transaction, fenced by the epoch; does not wait (store/pipeline.h). The
 * group may be cleared and filled again at once. */
MUST_CHECK bool group_send(struct group *g, struct db *db, int64_t epoch, struct err *err);
