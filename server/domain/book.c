/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/book.h"

#include <assert.h>
#include <string.h>

/* Move `place` to `key` in `side`, or out of it. */
static void put(struct tree *side, struct place *place, bool in, const int64_t key[TREE_KEYS])
{
    if (place->height > 0) {
        if (in && tree_compare(place->key, key) == 0) return;
        tree_remove(side, place);
    }
    if (!in) return;
    memcpy(place->key, key, sizeof(place->key));
    tree_add(side, place);
}

void book_put_ask(struct ask_entry *a)
{
    const int64_t key[TREE_KEYS] = { a->ask.spec.price.micros, a->ask.free, a->ask.priority };

    assert(a->ask.free >= 0);
    put(&a->book->asks, &a->line, a->ask.state == ORDER_OPEN && a->ask.free > 0, key);
}

void book_put_bid(struct bid_entry *b)
{
    const int64_t key[TREE_KEYS] = { -b->bid.spec.limit.micros, b->bid.priority, 0 };

    if (b->line.height == 0) b->line.weight = b->bid.spec.units;
    put(&b->book->bids, &b->line, b->bid.state == ORDER_OPEN, key);
}

static void *owner(const struct place *p)
{
    return p ? p->owner : NULL;
}

struct ask_entry *book_best_ask(const struct book *book)
{
    return owner(book->asks.first);
}

struct ask_entry *book_next_ask(const struct ask_entry *a)
{
    return owner(a->line.next);
}

struct bid_entry *book_best_bid(const struct book *book)
{
    return owner(book->bids.first);
}

struct bid_entry *book_next_bid(const struct bid_entry *b)
{
    return owner(b->line.next);
}

struct ask_entry *book_ask_from(const struct book *book, struct money price, int32_t units)
{
    const int64_t key[TREE_KEYS] = { price.micros, units, INT64_MIN };

    return owner(tree_from(&book->asks, key));
}

struct bid_entry *book_bid_from(const struct book *book, struct money limit, int64_t priority,
                                int32_t units)
{
    const int64_t key[TREE_KEYS] = { -limit.micros, priority, 0 };

    return owner(tree_from_light(&book->bids, key, units));
}
