/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 64

void buf_init(struct buf *b, size_t max)
{
    assert(max < PTRDIFF_MAX); /* so that no sum below can wrap */
    *b = (struct buf){ .max = max };
}

void buf_done(struct buf *b)
{
    free(b->p);
    *b = (struct buf){ .max = b->max };
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->failed = false;
}

static size_t grown(size_t cap, size_t need, size_t most)
{
    size_t want = cap > 0 ? cap : FIRST_CAP;
    while (want < need)
        want *= 2;
    return want < most ? want : most;
}

/* Room for n more bytes and the NUL that vsnprintf insists on. */
static bool reserve(struct buf *b, size_t n)
{
    assert(b->n <= b->max);
    if (b->failed) return false;
    b->failed = true;
    if (n > b->max - b->n) return false;

    const size_t need = b->n + n + 1;
    if (need > b->cap) {
        const size_t cap = grown(b->cap, need, b->max + 1);
        char *p = realloc(b->p, cap);
        if (!p) return false;
        b->p = p;
        b->cap = cap;
    }
    b->failed = false;
    return true;
}

void buf_reserve(struct buf *b, size_t n)
{
    (void)reserve(b, n);
}

void buf_add(struct buf *b, const void *p, size_t n)
{
    if (n == 0 || !reserve(b, n)) return;
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

void buf_str(struct buf *b, struct str s)
{
    buf_add(b, s.p, s.n);
}

void buf_c(struct buf *b, const char *c_string)
{
    buf_str(b, str_of(c_string));
}

void buf_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_i64(struct buf *b, int64_t v)
{
    char digits[20], *const end = digits + sizeof(digits), *at = end;
    uint64_t rest = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (v < 0) *--at = '-';
    buf_add(b, at, (size_t)(end - at));
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n < 0) b->failed = true;
    if (n < 0 || !reserve(b, (size_t)n)) return;

    va_start(args, fmt);
    vsnprintf(b->p + b->n, (size_t)n + 1, fmt, args);
    va_end(args);
    b->n += (size_t)n;
}

struct str buf_view(const struct buf *b)
{
    return (struct str){ b->p, b->n };
}
