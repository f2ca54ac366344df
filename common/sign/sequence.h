/* SPDX-License-Identifier: Apache-2.0 */
/* The market's word that a command has its place in the order of all: told with the answer, before
 * any log is published, so that the operator can neither reorder nor lose what was accepted.
 *
 *      leaf  = SHA-256(00 ‖ commit ‖ request ‖ seq ‖ at)      32 + 32 + 8 + 8 bytes, big endian
 *      root  = RFC 6962 root over the leaves of all commands that were answered together
 *      signed: "bourse-sequence-v1\n" and {"market_id":"…","root":"<hex>","size":<n>}
 *
 * One signature serves a group of commands, each with its path. `commit` is that of the command's
 * entry in the public log (docs/log.md), `request` SHA-256 of the body that was sent (32
 * zero bytes: there was none), `at` the time in microseconds since 1970. As text, the value of the
 * header Bourse-Sequence (RFC 8941):
 *
 *      seq=31, at="1764000000217000", commit=:…:, request=:…:, index=0, size=1, path=:…:,
 *      signature=:…:
 *
 * path: its hashes one after the other. Who has two such statements by one key that say different
 * things of one seq, or one whose commit is not in the log under that seq, has caught the market.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "merkle/merkle.h"
#include "sign/key.h"

#define TAG_SEQUENCE      "bourse-sequence-v1\n"
#define SEQUENCE_PATH_MAX 16
#define SEQUENCE_TEXT_MAX 2048

struct sequence {
    int64_t seq, at_us;
    struct hash commit, request;
    uint32_t index, size; /* size 0: there is no statement */
    struct hash path[SEQUENCE_PATH_MAX];
    size_t path_n;
    struct signature signature;
};

/* Sign for all of them: the four first members are given, the others are set. 1 to 2^16 of them;
 * `room` has space for as many hashes. */
void sequence_sign(struct sequence *const *all, size_t n, struct hash *room, const char *market_id,
                   const struct key *market);

void sequence_text(const struct sequence *s, struct buf *b);
/* Only what sequence_text() writes. ERR_VALIDATION_FAILED. */
MUST_CHECK bool sequence_parse(struct str text, struct sequence *out, struct err *err);
/* Has that market said so? ERR_VALIDATION_FAILED. */
MUST_CHECK bool sequence_verify(const struct sequence *s, struct str market_id,
                                const struct public_key *market, struct err *err);
