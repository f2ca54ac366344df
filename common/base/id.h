/* SPDX-License-Identifier: Apache-2.0 */
/* Public ids: a readable prefix and a UUIDv7 in 26 lower-case Crockford base32 digits.
 *
 * What a command of the market makes is named after it: the id says when (milliseconds), which
 * command (sequence) and which of the things it made (index), so nothing needs a stored key.
 *
 *   bits 127..80  milliseconds since 1970        bits 75..64  index, 0..4095
 *   bits  79..76  version, 7                     bits 63..62  variant, binary 10
 *                                                bits 61..0   sequence
 *
 * Ids that no command makes (key_, tokens) carry random bits instead. Layout: RFC 9562 §5.7. */
#pragma once

#include "base/str.h"

struct id {
    uint8_t b[16];
};

#define ID_TEXT_MAX  34 /* the longest prefix "payout_", 26 digits, NUL */
#define ID_INDEX_MAX 4095

struct id id_make(int64_t at_us, int64_t seq, int index);
struct id id_random(int64_t at_us);
int64_t id_seq(struct id id);
int id_index(struct id id);
int64_t id_ms(struct id id);

/* "lease_" + 26 digits + NUL. */
void id_format(const char *prefix, struct id id, char out[ID_TEXT_MAX]);

/* The whole of `text` is `prefix` and 26 digits of a version-7 UUID. False, *out untouched, else.
 */
MUST_CHECK bool id_parse(const char *prefix, struct str text, struct id *out);

bool id_eq(struct id a, struct id b);
