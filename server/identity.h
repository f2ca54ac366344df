/* SPDX-License-Identifier: Apache-2.0 */
/* The market's own secrets in the state folder: market.key and note.key (Ed25519; the second signs
 * for the public log), jwt.key, log.key (salts its entries), seal.key (X25519). */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "sign/key.h"
#include "sign/seal.h"

struct identity {
    struct key *key;
    struct key *note_key;
    uint8_t log_key[32];
    struct seal_key seal; /* what buyers seal to the market */
    char market_id[48];   /* "mkt_" and 26 digits */
};

/* Make what is missing; never replaces a key. ERR_IO. */
MUST_CHECK bool identity_make(const char *state, struct arena *a, struct err *err);
/* ERR_NOT_FOUND: run init first. A market that is older than seal.key is given one. */
MUST_CHECK bool identity_load(const char *state, struct arena *a, struct identity *out,
                              struct err *err);
void identity_done(struct identity *id);

/* The id of the market whose key this is: the first 16 bytes of its SHA-256 in base32. */
void identity_market_id(const struct public_key *k, char out[48]);
