/* SPDX-License-Identifier: Apache-2.0 */
/* Signed notes, c2sp.org/signed-note: a text and signatures under it.
 *
 *      text, any lines, the last one ended by a newline
 *      (an empty line)
 *      — <name> <base64(key id ‖ signature)>           a line for each signature
 *
 * key id = first 4 bytes of SHA-256(name ‖ 0A ‖ type ‖ public key);
 * verifier key = name + "+" + 8 digits of key id in hex + "+" + base64(type ‖ public key). */
#pragma once

#include "base/buf.h"
#include "sign/key.h"
#include "tlog/tlog.h"

#define NOTE_MAX            (256 << 10) /* 64 of the longest signatures, and their text */
#define NOTE_NAME_MAX       255
#define NOTE_SIGNATURES_MAX 64
#define NOTE_SIGNATURE_MAX  4096 /* bytes; ML-DSA-44 has 2,420 */
#define NOTE_VKEY_MAX       (NOTE_NAME_MAX + 1 + 8 + 1 + 44 + 1)

enum note_key_type {
    NOTE_ED25519 = 1,     /* the signed bytes are the text */
    NOTE_COSIGNATURE = 4, /* the same with a time: tlog/cosign.h */
};

/* Who may sign. */
struct note_key {
    char name[NOTE_NAME_MAX + 1];
    uint32_t id;
    enum note_key_type type;
    struct public_key key;
};

struct note_signature {
    struct str name;
    uint32_t id;
    struct str base64; /* of id and signature, known to be well formed */
    struct str line;   /* whole, with its newline */
};

/* Views into what was parsed. */
struct note {
    struct str text; /* with its final newline: what is signed */
    struct note_signature signatures[NOTE_SIGNATURES_MAX];
    size_t signatures_n;
};

/* A name that may sign: 1 to NOTE_NAME_MAX bytes of UTF-8 without blanks, controls and '+'. */
bool note_name_ok(struct str name);

/* The key of that name; which must be one that may sign. */
struct note_key note_key_of(struct str name, enum note_key_type type, const struct public_key *k);
/* TLOG_BAD_KEY: also when the id is not that of name and key, or the type is not known. */
MUST_CHECK enum tlog_rc note_key_parse(struct str vkey, struct note_key *out);
void note_key_text(const struct note_key *k, char out[NOTE_VKEY_MAX]);

/* TLOG_TOO_LONG, TLOG_NOT_TEXT, TLOG_NO_END, TLOG_NO_SIGNATURES, TLOG_BAD_SIGNATURE_LINE,
 * TLOG_MANY_SIGNATURES. */
MUST_CHECK enum tlog_rc note_parse(struct str bytes, struct note *out);

/* Does `k` stand behind this signature of `text`? The caller has compared name and id. `at_s` takes
 * the time of a cosignature, 0 for the other type; may be NULL. */
MUST_CHECK bool note_signature_fits(const struct note_signature *s, struct str text,
                                    const struct note_key *k, uint64_t *at_s);

/* Signatures by keys that are not among the n are passed over. TLOG_FORGED: one by a key that is
 * does not fit; TLOG_UNSIGNED: there is none. *signers, which may be NULL, is how many of the keys
 * have signed. */
MUST_CHECK enum tlog_rc note_verify(const struct note *n, const struct note_key *keys,
                                    size_t keys_n, size_t *signers);

/* The line "— name base64\n" under a note, for a signature of any kind. */
void note_put_line(struct buf *b, const struct note_key *k, const uint8_t *signature, size_t n);

/* Text, empty line and the line of one signature of the first type. The text ends in a newline. */
void note_sign(struct buf *b, struct str text, const struct note_key *k, const struct key *secret);
