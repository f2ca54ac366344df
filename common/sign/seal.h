/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed boxes: bytes that only the holder of one key can read, from a sender who need not be
 * known.
 *
 * They are HPKE of RFC 9180 in base mode, one message a box: DHKEM(X25519, HKDF-SHA256),
 * HKDF-SHA256, AES-128-GCM (0x0020, 0x0001, 0x0001), on OpenSSL, whose 3.0 has no HPKE of its own.
 *
 *     32 bytes        public half of a key that lives as long as the call
 *     n + 16 bytes    what was sealed, and its tag
 *
 * `info` says what kind of box it is, `aad` what it belongs to; who opens a box gives the same two,
 * or it does not open. So a box cannot be moved to another account, registry or lease. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#define SEAL_KEY_SIZE 32
#define SEAL_OVERHEAD (32 + 16)

struct seal_public { /* whom it is sealed to */
    uint8_t b[SEAL_KEY_SIZE];
};

struct seal_key { /* who opens it */
    uint8_t secret[SEAL_KEY_SIZE];
    struct seal_public public;
};

void seal_key_new(struct seal_key *out);
/* From its secret half. */
void seal_key_of(const uint8_t secret[SEAL_KEY_SIZE], struct seal_key *out);
/* Forget it. */
void seal_key_wipe(struct seal_key *k);

/* Base64 with padding. */
void seal_public_text(const struct seal_public *k, char out[45]);
MUST_CHECK bool seal_public_parse(struct str text, struct seal_public *out);

struct seal_about {
    const char *info;
    struct str aad;
};

/* Append the box to `out`, which fails when it has no room. False: nobody can open what is sealed
 * to this key (a point of small order). */
MUST_CHECK bool seal(const struct seal_public *to, const struct seal_about *about, struct str plain,
                     struct buf *out);
/* As seal(), by a key that is given instead of a fresh one: for the vectors of the RFC alone. */
MUST_CHECK bool seal_with(const struct seal_key *ephemeral, const struct seal_public *to,
                          const struct seal_about *about, struct str plain, struct buf *out);

/* Append what is in the box to `out`. False, with nothing appended: it is not sealed to this key
 * and about this, or was changed. */
MUST_CHECK bool seal_open(const struct seal_key *k, const struct seal_about *about, struct str box,
                          struct buf *out);
