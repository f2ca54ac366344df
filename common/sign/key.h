/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519 keys: made, loaded, kept in a file of mode 0600, forgotten. RFC 8032. */
#pragma once

#include "base/err.h"

#define PUBLIC_KEY_SIZE 32
#define SIGNATURE_SIZE  64

struct public_key {
    uint8_t b[PUBLIC_KEY_SIZE];
};

struct signature {
    uint8_t b[SIGNATURE_SIZE];
};

struct key; /* a private key with its public half */

struct key *key_new(void);                               /* a fresh one */
struct key *key_load(const char *path, struct err *err); /* NULL: ERR_NOT_FOUND, ERR_IO */
MUST_CHECK bool key_save(const struct key *k, const char *path, struct err *err);
void key_free(struct key *k); /* wipes; takes NULL */

struct public_key key_public(const struct key *k);
struct signature key_sign(const struct key *k, struct str message);
/* Signs prefix ‖ message, as all our documents are: "bourse-receipt-v1\n" and its JSON. */
struct signature key_sign_tagged(const struct key *k, const char *tag, struct str message);

bool public_key_verify(const struct public_key *k, struct str message, const struct signature *s);
bool public_key_verify_tagged(const struct public_key *k, const char *tag, struct str message,
                              const struct signature *s);

/* Base64 with padding. */
void public_key_text(const struct public_key *k, char out[45]);
MUST_CHECK bool public_key_parse(struct str text, struct public_key *out);
void signature_text(const struct signature *s, char out[89]);
MUST_CHECK bool signature_parse(struct str text, struct signature *out);

/* First 16 bytes of SHA-256 of the key in hex: what a join token carries. */
void public_key_fingerprint(const struct public_key *k, char out[33]);

#define TAG_RECEIPT     "bourse-receipt-v1\n"
#define TAG_COUNTERSIGN "bourse-countersign-v1\n"
#define TAG_ASSIGNMENT  "bourse-assignment-v1\n"
#define TAG_TICK        "bourse-tick-v1\n"
#define TAG_CHECKPOINT  "bourse-checkpoint-v1\n"
#define TAG_SEAL_KEY    "bourse-seal-key-v1\n"
