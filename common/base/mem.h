/* SPDX-License-Identifier: Apache-2.0 */
/* The heap's door for long-lived objects, and the shape in which pure code is handed memory. */
#pragma once

#include <stddef.h>

/* How code without a heap asks for memory. resize(arg, NULL, n) makes, resize(arg, p, n) moves,
 * resize(arg, p, 0) frees and gives NULL. NULL for n > 0: there is none, p is as it was. */
struct mem {
    void *(*resize)(void *arg, void *p, size_t size);
    void *arg;
};

extern const struct mem mem_heap;

void *mem_zalloc(size_t size); /* never NULL: out of memory ends the program; for start-up only */
void mem_free(void *p);
