/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 and HMAC-free helpers on OpenSSL. */
#pragma once

#include "base/str.h"
#include "merkle/merkle.h"

struct hash sha256(struct str bytes);
struct hash sha256_parts(const struct hash_part *parts, size_t n); /* fits merkle_hash_fn */
void sha256_hex(struct str bytes, char out[65]);

/* Piece by piece, for files. */
struct sha256_stream;
struct sha256_stream *sha256_new(void);
void sha256_add(struct sha256_stream *s, const void *p, size_t n);
struct hash sha256_end(struct sha256_stream *s); /* frees s */
void sha256_free(struct sha256_stream *s);       /* of one not ended; takes NULL */

/* Equal, in time that depends on n alone. */
bool bytes_eq_ct(const void *a, const void *b, size_t n);
