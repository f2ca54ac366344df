/* SPDX-License-Identifier: Apache-2.0 */
/* Cursors of lists: the number of the last row seen, signed, so that nobody comes to rely on what
 * is inside. One made for a list is not taken by another. */
#pragma once

#include "base/str.h"

#define CURSOR_SIZE 23 /* base64url of 8 bytes of number and 8 of signature, and a NUL */

void cursor_write(const uint8_t key[32], const char *list, int64_t number, char out[CURSOR_SIZE]);

/* False, *out untouched: no cursor of this list and key, or its number is below 1. */
MUST_CHECK bool cursor_read(const uint8_t key[32], const char *list, struct str text, int64_t *out);
