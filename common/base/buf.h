/* SPDX-License-Identifier: Apache-2.0 */
/* A growing buffer that is born with its maximum.
 *
 * A write that would pass the maximum, or for which there is no memory, sets `failed` and writes
 * nothing; all later writes do nothing. So a run of writes is checked once, at its end. */
#pragma once

#include <stdarg.h>
#include <stdint.h>

#include "base/str.h"

struct buf {
    char *p;
    size_t n, cap, max;
    bool failed;
};

void buf_init(struct buf *b, size_t max);
void buf_done(struct buf *b);  /* frees; the buffer is then as after buf_init */
void buf_clear(struct buf *b); /* empty again, memory and maximum kept, `failed` forgotten */

/* Room for n bytes more in one go, when the caller knows how many will come. */
void buf_reserve(struct buf *b, size_t n);

void buf_add(struct buf *b, const void *p, size_t n);
void buf_str(struct buf *b, struct str s);
void buf_c(struct buf *b, const char *c_string);
void buf_char(struct buf *b, char c);
void buf_i64(struct buf *b, int64_t v); /* in decimal */
void buf_fmt(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

struct str buf_view(const struct buf *b); /* until the next write */
