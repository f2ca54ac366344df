/* SPDX-License-Identifier: Apache-2.0 */
/* Objects by their number: a hash table, and the memory of the objects.
 *
 * An object stays where it is until it is dropped, so pointers to it may be kept. Room is reserved
 * before a command changes anything; adding then cannot fail. Private to the market. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/mem.h"

struct table_slot {
    int64_t number;
    void *object; /* NULL: free */
};

struct table_spare {
    struct table_spare *next;
};

struct table {
    struct mem mem;
    size_t object_size;
    struct table_slot *slots; /* `cap` of them, a power of two; linear probing */
    size_t cap, n;
    struct table_spare *spare; /* objects that are not in use */
    size_t spares;
};

void table_init(struct table *t, struct mem mem, size_t object_size);
void table_done(struct table *t); /* frees all objects */

/* Room for `more` objects beyond those there are. False: no memory, nothing lost. */
MUST_CHECK bool table_reserve(struct table *t, size_t more);

/* A new object, all zero. Room must have been reserved, and the number be new. */
void *table_add(struct table *t, int64_t number);

void *table_find(const struct table *t, int64_t number); /* NULL: not there */

/* Take out an object that is there; its memory serves the next one. */
void table_drop(struct table *t, int64_t number);

/* Walk through all objects, in no order: *at is 0 at first. NULL at the end. The table may not
 * change meanwhile. */
void *table_next(const struct table *t, size_t *at);
