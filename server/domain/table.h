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

struct table_chunk {
    struct table_chunk *next;
};

struct table {
    struct mem mem;
    size_t object_size;
    struct table_slot *slots; /* `cap` of them, a power of two; linear probing */
    size_t cap, n;
    struct table_spare *spare; /* objects that are not in use */
    size_t spares;
    struct table_chunk *chunks; /* the memory of all objects */
};

void table_init(struct table *t, struct mem mem, size_t object_size);
void table_done(struct table *t); /* frees all objects */

/* Room for `more` objects beyond those there are. False: no memory, nothing lost. */
MUST_CHECK bool table_reserve(struct table *t, size_t more);

/* A new object, all zero. Room must have been reserved, and the number be new. */
void *table_add(struct table *t, int64_t number);

void *table_find(const struct table *t, int64_t number); /* NULL: not there */

/* The number will soon be looked for: let its slot come near the processor meanwhile. */
void table_expect(const struct table *t, int64_t number);

/* Take out an object that is there; its memory serves the next one. */
void table_drop(struct table *t, int64_t number);

/* The same in two steps, so that it is searched for once: take out an object, NULL: not there; and
 * give its memory back when it is no longer looked at. */
void *table_take(struct table *t, int64_t number);
void table_give(struct table *t, void *object);

/* Walk through all objects, in no order: *at is 0 at first. NULL at the end. The table may not
 * change meanwhile. */
void *table_next(const struct table *t, size_t *at);
