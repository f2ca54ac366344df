/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of the public log: canonical JSON that commits to a text without showing it.
 *
 *      type         about                      beside at, seq, type and version
 *      command      each command               commit to its payload (service/payload.h), kind
 *      receipt      an exit with a receipt     commit to {"receipt","signature"}
 *      settlement   a lease that was paid      commit to settlement_document()
 *      parameters   new rules of the market    parameters: the rules, in the clear
 *
 * commit = SHA-256(salt ‖ text) in hex, salt = SHA-256(log key ‖ number ‖ label): the log key is 32
 * secret bytes, the number 8 bytes big endian. A command has its seq as number and no label, a
 * receipt the exit's seq and "receipt", a settlement its lease and "settlement". Who is told text
 * and salt can open one entry, and learns nothing of another. */
#pragma once

#include "base/buf.h"
#include "merkle/merkle.h"
#include "store/publog.h"

struct hash entry_salt(const uint8_t log_key[32], int64_t number, const char *label);
struct hash entry_commit(struct hash salt, struct str text);

/* Each puts one entry. */
struct entry_head {
    int64_t seq, at_us;
};
void entry_put_command(struct buf *b, struct entry_head e, const char *kind, struct hash commit);
void entry_put_commit(struct buf *b, struct entry_head e, const char *type, struct hash commit);
void entry_put_parameters(struct buf *b, struct entry_head e, struct str payload);

/* What is known of a paid lease, as canonical JSON; amounts are micro-USD. In `a`; NULL p: no
 * memory, or the receipt's record cannot be read. */
struct str settlement_document(const struct settled_row *row, struct arena *a, struct err *err);
