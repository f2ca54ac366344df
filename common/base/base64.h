/* SPDX-License-Identifier: Apache-2.0 */
/* Base64, RFC 4648: standard with padding, or URL-safe without. */
#pragma once

#include "base/buf.h"

void base64_encode(const uint8_t *p, size_t n, struct buf *out);
void base64url_encode(const uint8_t *p, size_t n, struct buf *out);

/* Strict: no blanks, canonical padding and trailing bits. *n is the room on entry, the length on
 * success. False, *n untouched, otherwise. */
MUST_CHECK bool base64_decode(struct str s, uint8_t *out, size_t *n);
MUST_CHECK bool base64url_decode(struct str s, uint8_t *out, size_t *n);
