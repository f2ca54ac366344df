/* SPDX-License-Identifier: Apache-2.0 */
/* The market's own secrets in the state folder: market.key (Ed25519), jwt.key, log.key. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "sign/key.h"

struct identity {
    struct key *key;
    uint8_t log_key[32];
    char market_id[48]; /* "mkt_" and 26 digits */
};

/* Make what is missing; never replaces a key. ERR_IO. */
MUST_CHECK bool identity_make(const char *state, struct arena *a, struct err *err);
/* ERR_NOT_FOUND: run init first. */
MUST_CHECK bool identity_load(const char *state, struct arena *a, struct identity *out,
                              struct err *err);
void identity_done(struct identity *id);

/* The id of the market whose key this is: the first 16 bytes of its SHA-256 in base32. */
void identity_market_id(const struct public_key *k, char out[48]);
