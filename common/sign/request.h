/* SPDX-License-Identifier: Apache-2.0 */
/* Signed HTTP requests, RFC 9421 with Ed25519 and Content-Digest of RFC 9530.
 *
 * Covered: "@method" "@target-uri", and "content-digest" when there is a body; parameters created,
 * nonce, keyid, alg="ed25519". The label is sig1. The algorithm comes from the key, never from the
 * message. What is signed, for a request with a body (no newline at the end):
 *
 *     "@method": POST
 *     "@target-uri": https://agent.example/v1/agent/join
 *     "content-digest": sha-256=:<base64 of SHA-256 of the body>:
 *     "@signature-params": ("@method" "@target-uri" "content-digest");created=…;nonce="…";… */
#pragma once

#include "base/arena.h"
#include "sign/key.h"
#include "sign/sha.h"

struct request_signature {      /* the three header values */
    const char *content_digest; /* "sha-256=:…:"; NULL without a body */
    const char *signature_input; /* "sig1=(…);created=…;nonce=\"…\";keyid=\"…\";alg=\"ed25519\"" */
    const char *signature; /* "sig1=:…:" */
};

/* Sign; texts live in `a`. ERR_NO_MEMORY; ERR_MALFORMED_REQUEST: method, URI or keyid hold bytes
 * that none may hold. body may be empty: no digest then. */
MUST_CHECK bool request_sign(const struct key *k, struct str keyid, struct str method,
                             struct str target_uri, struct str body, int64_t now_us,
                             struct arena *a, struct request_signature *out, struct err *err);

/* The same for a body whose digest is known (a file); NULL: no body. */
MUST_CHECK bool request_sign_digest(const struct key *k, struct str keyid, struct str method,
                                    struct str target_uri, const struct hash *digest,
                                    int64_t now_us, struct arena *a, struct request_signature *out,
                                    struct err *err);

/* What a Signature-Input says, before the key is known. */
struct request_claim {
    struct str keyid, nonce;
    int64_t created;   /* Unix seconds */
    struct str params; /* the bytes after "sig1=" */
    bool covers_digest;
    struct signature signature;
};

/* Parse the two headers strictly: exactly the components above, each parameter once, alg ed25519.
 * ERR_UNAUTHENTICATED says what is wrong. Views into the inputs. */
MUST_CHECK bool request_claim_parse(struct str signature_input, struct str signature,
                                    struct request_claim *out, struct err *err);

/* Verify against the request as received: digest over the body's bytes (required when body is not
 * empty or a digest header came), created within SIGNATURE_AGE_S/AHEAD_S of now, signature.
 * Seeing a nonce twice is the caller's to refuse. ERR_UNAUTHENTICATED. */
MUST_CHECK bool request_verify(const struct request_claim *claim, const struct public_key *key,
                               struct str method, struct str target_uri, struct str content_digest,
                               struct str body, int64_t now_us, struct err *err);

/* The same before a large body has come: the signature is checked over the digest that the header
 * names (NULL: there is no body). Whether the body has it the caller checks when the body is in. */
MUST_CHECK bool request_verify_digest(const struct request_claim *claim,
                                      const struct public_key *key, struct str method,
                                      struct str target_uri, const struct hash *digest,
                                      int64_t now_us, struct err *err);

/* "sha-256=:<base64>:" and nothing else. False, *out untouched, otherwise. */
MUST_CHECK bool content_digest_parse(struct str header, struct hash *out);
