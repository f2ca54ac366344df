/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/table.h"

#include <assert.h>
#include <string.h>

#define CAP_FIRST    64
#define SIDE_BY_SIDE 8
#define LINE         64        /* bytes that come into the processor's cache together */
#define CHUNK_MAX    (1 << 18) /* bytes; a table grows by a quarter of what it has, up to that */

void table_init(struct table *t, struct mem mem, size_t object_size)
{
    assert(object_size >= sizeof(struct table_spare));
    *t = (struct table){ .mem = mem, .object_size = object_size };
}

static void release(struct table *t, void *p)
{
    t->mem.resize(t->mem.arg, p, 0);
}

void table_done(struct table *t)
{
    while (t->chunks) {
        struct table_chunk *const chunk = t->chunks;
        t->chunks = chunk->next;
        release(t, chunk);
    }
    if (t->slots) release(t, t->slots);
    *t = (struct table){ .mem = t->mem, .object_size = t->object_size };
}

/* Where the search for a number begins. Numbers run in sequence, so those that follow each other
 * stay together, SIDE_BY_SIDE of them; where they go the golden ratio says. So new objects, which
 * have the next numbers, share lines of slots, and a walk through all finds neighbours in memory.
 */
static size_t home(const struct table *t, int64_t number)
{
    const uint64_t mixed = (uint64_t)number / SIDE_BY_SIDE * UINT64_C(0x9E3779B97F4A7C15);
    const uint64_t first = (mixed >> 32) * SIDE_BY_SIDE;
    return (size_t)(first + (uint64_t)number % SIDE_BY_SIDE) & (t->cap - 1);
}

/* The slot of the number, or the free one where it would go. */
static struct table_slot *slot_of(const struct table *t, int64_t number)
{
    size_t i = home(t, number);

    while (t->slots[i].object && t->slots[i].number != number)
        i = (i + 1) & (t->cap - 1);
    return &t->slots[i];
}

/* At most half of the slots are taken, so that every search ends soon. */
static bool reserve_slots(struct table *t, size_t n)
{
    size_t cap = t->cap ? t->cap : CAP_FIRST;

    while (cap / 2 < n)
        cap *= 2;
    if (cap == t->cap) return true;

    struct table_slot *const slots = t->mem.resize(t->mem.arg, NULL, cap * sizeof(*slots));
    if (!slots) return false;
    memset(slots, 0, cap * sizeof(*slots));

    const struct table old = *t;
    t->slots = slots;
    t->cap = cap;
    for (size_t i = 0; i < old.cap; i++)
        if (old.slots[i].object) *slot_of(t, old.slots[i].number) = old.slots[i];
    if (old.slots) release(t, old.slots);
    return true;
}

static void put_spare(struct table *t, void *object)
{
    struct table_spare *const spare = object;

    spare->next = t->spare;
    t->spare = spare;
    t->spares++;
}

/* Objects begin where a line does, so that a small one is brought near by one access. */
static size_t stride(const struct table *t)
{
    return (t->object_size + LINE - 1) / LINE * LINE;
}

static bool reserve_objects(struct table *t, size_t more)
{
    if (t->spares >= more) return true;

    const size_t quarter = t->n / 4 < CHUNK_MAX / stride(t) ? t->n / 4 : CHUNK_MAX / stride(t);
    const size_t n = quarter > more - t->spares ? quarter : more - t->spares;
    struct table_chunk *const chunk =
        t->mem.resize(t->mem.arg, NULL, sizeof(*chunk) + LINE - 1 + n * stride(t));
    if (!chunk) return false;
    chunk->next = t->chunks;
    t->chunks = chunk;

    char *first = (char *)(chunk + 1);
    first += (LINE - (uintptr_t)first % LINE) % LINE;
    for (size_t i = n; i-- > 0;)
        put_spare(t, first + i * stride(t));
    return true;
}

bool table_reserve(struct table *t, size_t more)
{
    return reserve_slots(t, t->n + more) && reserve_objects(t, more);
}

void *table_add(struct table *t, int64_t number)
{
    assert(t->spare);
    assert((t->n + 1) * 2 <= t->cap);

    struct table_slot *const slot = slot_of(t, number);
    assert(!slot->object);

    struct table_spare *const object = t->spare;
    t->spare = object->next;
    t->spares--;
    memset(object, 0, t->object_size);

    *slot = (struct table_slot){ number, object };
    t->n++;
    return object;
}

void *table_find(const struct table *t, int64_t number)
{
    return t->n ? slot_of(t, number)->object : NULL;
}

void table_expect(const struct table *t, int64_t number)
{
    if (t->n) __builtin_prefetch(&t->slots[home(t, number)]);
}

/* Close the gap at `hole`: whoever further on could not be found any more is moved into it. */
static void close_gap(struct table *t, size_t hole)
{
    const size_t mask = t->cap - 1;

    for (size_t i = (hole + 1) & mask; t->slots[i].object; i = (i + 1) & mask) {
        const size_t from = home(t, t->slots[i].number);
        if (((i - from) & mask) < ((i - hole) & mask)) continue;
        t->slots[hole] = t->slots[i];
        hole = i;
    }
    t->slots[hole] = (struct table_slot){ 0 };
}

void *table_take(struct table *t, int64_t number)
{
    if (t->n == 0) return NULL;

    struct table_slot *const slot = slot_of(t, number);
    void *const object = slot->object;
    if (!object) return NULL;
    close_gap(t, (size_t)(slot - t->slots));
    t->n--;
    return object;
}

void table_give(struct table *t, void *object)
{
    put_spare(t, object);
}

void table_drop(struct table *t, int64_t number)
{
    void *const object = table_take(t, number);

    assert(object);
    table_give(t, object);
}

void *table_next(const struct table *t, size_t *at)
{
    while (*at < t->cap) {
        const struct table_slot *const slot = &t->slots[(*at)++];
        if (slot->object) return slot->object;
    }
    return NULL;
}
