/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks are taken from the heap zeroed and never handed out twice, so what an allocation gets is
 * zero without further work. The first block is small, as most requests need little; the later ones
 * double. What is larger than the next block gets one of its own, behind the current block, so that
 * the current one goes on being filled. */
#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT   alignof(max_align_t)
#define BLOCK_FIRST 1024
#define BLOCK_LAST  65536

struct arena_block {
    struct arena_block *next;
    size_t n, cap;
    alignas(max_align_t) char bytes[];
};

struct arena_deferred {
    struct arena_deferred *older;
    void (*fn)(void *arg);
    void *arg;
};

void arena_init(struct arena *a, size_t max)
{
    assert(max < PTRDIFF_MAX); /* so that no sum below can wrap */
    *a = (struct arena){ .max = max };
}

static void run_deferred(struct arena *a)
{
    while (a->deferred) {
        const struct arena_deferred d = *a->deferred;
        a->deferred = d.older;
        d.fn(d.arg);
    }
}

void arena_done(struct arena *a)
{
    run_deferred(a);
    while (a->blocks) {
        struct arena_block *block = a->blocks;
        a->blocks = block->next;
        free(block);
    }
    *a = (struct arena){ .max = a->max };
}

static size_t aligned(size_t n)
{
    return (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static void *from_block(struct arena_block *block, size_t size)
{
    const size_t start = aligned(block->n);
    if (start > block->cap || size > block->cap - start) return NULL;
    block->n = start + size;
    return block->bytes + start;
}

static struct arena_block *block_new(size_t cap)
{
    struct arena_block *block = calloc(1, sizeof(*block) + cap);
    if (block) block->cap = cap;
    return block;
}

static size_t next_cap(const struct arena *a)
{
    if (!a->blocks) return BLOCK_FIRST;
    return a->blocks->cap < BLOCK_LAST / 2 ? 2 * a->blocks->cap : BLOCK_LAST;
}

static void *from_new_block(struct arena *a, size_t size)
{
    const size_t usual = next_cap(a);
    struct arena_block *block = block_new(size > usual ? size : usual);
    if (!block) return NULL;

    struct arena_block **at = size > usual && a->blocks ? &a->blocks->next : &a->blocks;
    block->next = *at;
    *at = block;
    return from_block(block, size);
}

void *arena_alloc(struct arena *a, size_t size)
{
    const size_t start = aligned(a->used);
    const size_t n = size > 0 ? size : 1; /* so that every answer is a place of its own */
    if (start > a->max || n > a->max - start) return NULL;

    void *p = a->blocks ? from_block(a->blocks, n) : NULL;
    if (!p) p = from_new_block(a, n);
    if (p) a->used = start + n;
    return p;
}

char *arena_copy(struct arena *a, struct str s)
{
    if (s.n > a->max) return NULL;
    char *copy = arena_alloc(a, s.n + 1);
    if (copy && s.n > 0) memcpy(copy, s.p, s.n);
    return copy;
}

char *arena_fmt(struct arena *a, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
    if (!text) return NULL;

    va_start(args, fmt);
    vsnprintf(text, (size_t)n + 1, fmt, args);
    va_end(args);
    return text;
}

bool arena_defer(struct arena *a, void (*fn)(void *arg), void *arg)
{
    struct arena_deferred *d = arena_alloc(a, sizeof(*d));
    if (!d) {
        fn(arg);
        return false;
    }
    *d = (struct arena_deferred){ a->deferred, fn, arg };
    a->deferred = d;
    return true;
}
