/* SPDX-License-Identifier: Apache-2.0 */
/* The public log: one sequencer, under the leader's epoch, and what it has published.
 *
 *      commands, paid leases ──▶ entries ─▶ tiles, root ─▶ signed checkpoint     one transaction
 *                                                                │ durable
 *                                              witnesses ◀───────┤ have a moment to cosign
 *                                                                ▼
 *                                                            published
 *
 * About once a second. What is published is on disk first, and rows are only added, so a server
 * that is killed at any point goes on from what it had signed: the log cannot fork. A server that
 * does not lead any more cannot add to it (the epoch, as for the market's groups).
 *
 * A market that was there before its log is logged from its first command on. */
#pragma once

#include "service/master.h"
#include "service/writer.h"
#include "tlog/proof.h"

struct publog;

struct publog_options {
    const char *conninfo;
    struct writer *writer;
    const uint8_t *log_key; /* 32 bytes, as the writer's */
    const struct key *key;  /* signs for the log */
    const struct note_key *note_key;
    const char *witnesses; /* file: a line "<verifier key> <URL>" for each; NULL: none */
};

/* NULL: ERR_VALIDATION_FAILED names a line of the file that is none; ERR_IO, ERR_NO_MEMORY. */
struct publog *publog_start(const struct publog_options *o, struct err *err);
void publog_stop(struct publog *l); /* takes NULL */
void publog_free(struct publog *l); /* after publog_stop(); takes NULL */

/* ---- what is published; on any thread ---- */

/* The signed note, in `a`. False: nothing is published yet, ERR_OVERLOADED; ERR_NO_MEMORY. */
MUST_CHECK bool publog_checkpoint(struct publog *l, struct arena *a, struct str *note,
                                  struct err *err);

/* A tile or bundle by its name. False: ERR_NOT_FOUND, as the published log has none of that name;
 * ERR_DB, ERR_NO_MEMORY. */
MUST_CHECK bool publog_tile(struct publog *l, struct db *db, const struct tile_name *name,
                            struct arena *a, struct str *bytes, struct err *err);

/* The proof of an entry under the published checkpoint. False: ERR_NOT_YET_LOGGED: none covers it;
 * ERR_DB, ERR_NO_MEMORY. */
MUST_CHECK bool publog_proof(struct publog *l, struct db *db, uint64_t index, struct arena *a,
                             struct str *proof, struct err *err);

/* One entry's text, in `a`. The same. */
MUST_CHECK bool publog_entry(struct publog *l, struct db *db, uint64_t index, struct arena *a,
                             struct str *entry, struct err *err);

struct publog_stats {
    int64_t size, witnesses, cosigned; /* of the published checkpoint */
    int64_t published_us;              /* when; 0: nothing is */
};
void publog_stats(struct publog *l, struct publog_stats *out);

/* The key of the pseudonyms of a day (service/orders_log.h). */
void publog_day_key(const struct publog *l, const char *day, struct master *out);

/* The salt that opens the entry of a paid lease. */
struct hash publog_settlement_salt(const struct publog *l, int64_t lease);
