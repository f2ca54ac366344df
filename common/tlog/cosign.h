/* SPDX-License-Identifier: Apache-2.0 */
/* What a witness adds to a checkpoint, c2sp.org/tlog-cosignature, cosignature/v1: that it has seen
 * it at a time, and nothing of this log that does not agree with it.
 *
 * signature = time (u64, big endian, seconds since 1970) ‖ Ed25519 over
 * "cosignature/v1\ntime <decimal>\n" ‖ checkpoint's text. The key's name is not in the message, so
 * a key serves one witness alone. */
#pragma once

#include "tlog/note.h"

#define COSIGNATURE_SIZE (8 + SIGNATURE_SIZE)

/* Without the key id. */
void cosignature_make(struct str text, uint64_t at_s, const struct key *secret,
                      uint8_t out[COSIGNATURE_SIZE]);
/* at_s may be NULL. */
MUST_CHECK bool cosignature_fits(const uint8_t *signature, size_t n, struct str text,
                                 const struct public_key *k, uint64_t *at_s);
