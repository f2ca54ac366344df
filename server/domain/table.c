/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/table.h"

#include <assert.h>
#include <string.h>

#define CAP_FIRST 64

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
    size_t at = 0;

    for (void *object; (object = table_next(t, &at));)
        release(t, object);
    while (t->spare) {
        struct table_spare *const spare = t->spare;
        t->spare = spare->next;
        release(t, spare);
    }
    if (t->slots) release(t, t->slots);
    *t = (struct table){ .mem = t->mem, .object_size = t->object_size };
}

/* Where the search for a number begins. Numbers run in sequence; the golden ratio spreads them. */
static size_t home(const struct table *t, int64_t number)
{
    const uint64_t mixed = (uint64_t)number * UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(mixed >> 32) & (t->cap - 1);
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

bool table_reserve(struct table *t, size_t more)
{
    if (!reserve_slots(t, t->n + more)) return false;
    while (t->spares < more) {
        void *const object = t->mem.resize(t->mem.arg, NULL, t->object_size);
        if (!object) return false;
        put_spare(t, object);
    }
    return true;
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

void table_drop(struct table *t, int64_t number)
{
    assert(t->n > 0);

    struct table_slot *const slot = slot_of(t, number);
    assert(slot->object);

    put_spare(t, slot->object);
    close_gap(t, (size_t)(slot - t->slots));
    t->n--;
}

void *table_next(const struct table *t, size_t *at)
{
    while (*at < t->cap) {
        const struct table_slot *const slot = &t->slots[(*at)++];
        if (slot->object) return slot->object;
    }
    return NULL;
}
