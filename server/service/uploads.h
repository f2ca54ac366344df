/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads under way: how many of whom, how many bytes they will be, and whether the disk has room
 * for them. Asked before the first byte of a body is taken. Any thread. */
#pragma once

#include <stdint.h>

#include "base/err.h"

struct uploads;

/* `dir`: where bodies stay while they come. What a crash has left there is removed; no other server
 * may use it. NULL: ERR_IO. */
struct uploads *uploads_new(const char *dir, struct err *err);
void uploads_free(struct uploads *u); /* takes NULL */

struct upload {
    int64_t account, node; /* node 0: by the account itself */
    int64_t size;
};

/* May this begin, of an account that keeps `kept` bytes? Then it counts until uploads_end().
 * ERR_QUOTA_EXCEEDED, ERR_RATE_LIMITED, ERR_OVERLOADED, ERR_NO_MEMORY. */
MUST_CHECK bool uploads_begin(struct uploads *u, const struct upload *w, int64_t kept,
                              struct err *err);
void uploads_end(struct uploads *u, const struct upload *w);
