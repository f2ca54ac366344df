/* SPDX-License-Identifier: Apache-2.0 */
/* The public log as rows: entries in pieces of bundles, full tiles, what was signed. Rows are only
 * ever added, by service/publog alone and within one transaction for each step. */
#pragma once

#include "merkle/merkle.h"
#include "store/db.h"

struct publog_identity_row {
    struct str origin, public_key; /* 32 bytes */
};
MUST_CHECK enum db_rc store_publog_identity(struct db *db, struct arena *a,
                                            struct publog_identity_row *out, struct err *err);
MUST_CHECK bool store_publog_identity_set(struct db *db, struct str origin, struct str public_key,
                                          struct err *err); /* as the owner */

struct publog_checkpoint_row {
    int64_t size, seq; /* all commands up to seq are in it */
    struct str root, note;
};
/* The last one. DB_NONE: nothing was signed yet. */
MUST_CHECK enum db_rc store_publog_last(struct db *db, struct arena *a,
                                        struct publog_checkpoint_row *out, struct err *err);
MUST_CHECK bool store_publog_checkpoint_add(struct db *db, const struct publog_checkpoint_row *row,
                                            int64_t at_us, struct err *err);

/* Fails (ERR_DB) unless this epoch leads; until the transaction ends nobody else can. */
MUST_CHECK bool store_publog_fence(struct db *db, int64_t epoch, struct err *err);

/* The number of the last of the next `limit` commands behind `after`; `after` when there is none.
 */
MUST_CHECK bool store_publog_reach(struct db *db, int64_t after, int64_t limit, int64_t *up_to,
                                   struct err *err);

struct publog_command_row {
    int64_t seq, at_us, kind;
    struct str leaf, payload;
};
/* db_each() over the commands after … up_to. */
MUST_CHECK enum db_rc store_publog_commands(struct db *db, int64_t after, int64_t up_to,
                                            struct arena *scratch, db_row_fn *fn, void *arg,
                                            struct err *err);

struct settled_row {
    int64_t seq; /* the last command that changed it, or one shortly after, of its group */
    int64_t lease, traded_us, ended_us, pool, units, price, epoch;
    int64_t seconds_signed, seconds_observed, seconds_billed;
    int64_t charge, fee, payout, insurance, exit_code, reason, fault;
    struct str payload; /* of the exit, with the receipt; none: no receipt came */
    struct str logged;  /* the document of its last entry; none: it has none */
};
/* Leases that these commands brought to their end, with money paid; by seq. */
MUST_CHECK bool store_publog_settled(struct db *db, int64_t after, int64_t up_to, struct arena *a,
                                     struct settled_row **out, size_t *n, struct err *err);

struct publog_part_row {
    int64_t first, n;
    struct str entries;
};
MUST_CHECK bool store_publog_entries_add(struct db *db, const struct publog_part_row *p,
                                         int64_t seq, struct err *err);
/* The parts of bundle `n`, in order. */
MUST_CHECK bool store_publog_bundle(struct db *db, int64_t n, struct arena *a,
                                    struct publog_part_row **out, size_t *parts, struct err *err);

MUST_CHECK bool store_publog_tile_add(struct db *db, int level, int64_t n, struct str hashes,
                                      struct err *err);
/* 8,192 bytes, in `a`. DB_NONE: it is not full. */
MUST_CHECK enum db_rc store_publog_tile(struct db *db, int level, int64_t n, struct arena *a,
                                        struct str *hashes, struct err *err);
struct publog_tile_row {
    int64_t n;
    struct str hashes;
};
/* Full tiles from … to − 1 of a level, each in turn. */
MUST_CHECK enum db_rc store_publog_tiles(struct db *db, int level, int64_t from, int64_t to,
                                         struct arena *scratch, db_row_fn *fn, void *arg,
                                         struct err *err);

MUST_CHECK bool store_publog_cosignature_add(struct db *db, int64_t size, struct str witness,
                                             struct str line, struct err *err);
struct publog_cosignature_row {
    struct str witness, line;
};
MUST_CHECK bool store_publog_cosignatures(struct db *db, int64_t size, struct arena *a,
                                          struct publog_cosignature_row **out, size_t *n,
                                          struct err *err);

struct publog_settlement_row {
    int64_t index;
    struct str document;
};
MUST_CHECK bool store_publog_settlement_add(struct db *db, int64_t lease,
                                            const struct publog_settlement_row *s, struct err *err);
/* The last one of the lease. DB_NONE: it has no entry. */
MUST_CHECK enum db_rc store_publog_settlement(struct db *db, int64_t lease, struct arena *a,
                                              struct publog_settlement_row *out, struct err *err);
