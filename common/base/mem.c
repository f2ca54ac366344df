/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <stdlib.h>

static void *heap_resize(void *arg, void *p, size_t size)
{
    (void)arg;
    if (size > 0) return realloc(p, size);
    free(p);
    return NULL;
}

const struct mem mem_heap = { heap_resize, NULL };

void *mem_zalloc(size_t size)
{
    void *p = calloc(1, size > 0 ? size : 1);
    if (!p) abort();
    return p;
}

void mem_free(void *p)
{
    free(p);
}
