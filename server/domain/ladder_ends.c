/* SPDX-License-Identifier: Apache-2.0 */
/* Where rows end. Whoever is the latest of a row stands behind all that are there, so he needs no
 * way down the tree, which in a large one is most of what an order costs, but the leaf with the end
 * of the row. */
#include "domain/ladder_node.h"

struct ends {
    struct ladder_ends *set;
    uint32_t tag;
};

/* The four among which the end of a row is, if it is known. */
static struct ends ends_of(const struct ladder *l, const struct ladder_key *key)
{
    uint64_t mixed = (uint64_t)key->price * UINT64_C(0x9E3779B97F4A7C15);

    mixed ^= (uint64_t)key->size * UINT64_C(0xD6E8FEB86659FD93);
    mixed ^= (uintptr_t)l * UINT64_C(0xC2B2AE3D27D4EB4F);
    mixed = (mixed ^ mixed >> 32) * UINT64_C(0xBF58476D1CE4E5B9);
    return (struct ends){ &l->room->ends[mixed >> 32 & (l->room->ends_cap - 1)], (uint32_t)mixed };
}

static const struct ladder_end *end_with(struct ends ends)
{
    for (int i = 0; i < LADDER_WAYS; i++)
        if (ends.set->at[i].tag == ends.tag && ends.set->at[i].leaf) return &ends.set->at[i];
    return NULL;
}

bool ladder_row_ends(const struct ladder *l, const struct ladder_leaf *leaf, int p,
                     const struct ladder_key *row)
{
    if (p < 1 || p >= LEAF_SLOTS || leaf->price[p - 1] != row->price) return false;
    if (by_size(l) && leaf->size[p - 1] != row->size) return false;
    if (leaf->price[p] == LADDER_END) return !leaf->node.goes_on;
    return leaf->price[p] != row->price || (by_size(l) && leaf->size[p] != row->size);
}

struct ladder_spot ladder_known_end(const struct ladder *l, const struct ladder_key *key)
{
    const struct ladder_spot unknown = { NULL, 0 };

    if (l->height == 0) return unknown; /* there is but one leaf */
    const struct ladder_end *const end = end_with(ends_of(l, key));
    if (!end || end->leaf->ladder != l) return unknown;

    struct ladder_leaf *const leaf = end->leaf;
    int p = end->p;
    if (ladder_row_ends(l, leaf, p, key)) return (struct ladder_spot){ leaf, p };
    p = slots_until(l, leaf->price, leaf->size, LEAF_SLOTS, key);
    return ladder_row_ends(l, leaf, p, key) ? (struct ladder_spot){ leaf, p } : unknown;
}

void ladder_note_end(const struct ladder *l, const struct ladder_key *key, struct ladder_spot spot)
{
    if (l->height == 0) return;

    const struct ends ends = ends_of(l, key);
    int at = (int)(ends.tag % LADDER_WAYS);
    for (int i = 0; i < LADDER_WAYS; i++) {
        if (!ends.set->at[i].leaf) at = i;
        if (ends.set->at[i].tag == ends.tag) {
            at = i;
            break;
        }
    }
    ends.set->at[at] = (struct ladder_end){ spot.leaf, ends.tag, spot.p };
}

#define AT_ONCE 32

/* One kind of access after the other, so that they wait together. */
static void expect_some(const struct ladder *l, const struct ladder_order *orders, size_t n)
{
    struct ends ends[AT_ONCE];
    const struct ladder_leaf *leaves[AT_ONCE];

    for (size_t i = 0; i < n; i++) {
        const struct ladder_key key = { key_price(l, orders[i].price),
                                        by_size(l) ? orders[i].size : 0, 0, 0 };
        ends[i] = ends_of(l, &key);
        __builtin_prefetch(ends[i].set);
    }
    for (size_t i = 0; i < n; i++) {
        const struct ladder_end *const end = end_with(ends[i]);
        leaves[i] = end ? end->leaf : NULL;
        if (!end) continue;
        __builtin_prefetch(&end->leaf->node);
        __builtin_prefetch(&end->leaf->price[end->p - 1]);
        __builtin_prefetch(&end->leaf->line[end->p - 1]);
        __builtin_prefetch(&end->leaf->size[end->p - 1]);
        __builtin_prefetch(l->bids ? (const void *)&end->leaf->u.cells[end->p - 1]
                                   : (const void *)&end->leaf->u.cell[end->p - 1]);
    }
    for (size_t i = 0; i < n; i++) {
        const struct ladder_leaf *const leaf = leaves[i];
        if (!leaf || leaf->ladder != l || !leaf->node.up) continue;
        __builtin_prefetch(&leaf->node.up->cells[leaf->node.at][0]);
        __builtin_prefetch(&leaf->node.up->cells[leaf->node.at][LADDER_CLASSES - 1]);
    }
    __asm__ volatile("" : : "r"(leaves)); /* or the compiler sees no effect, and drops it all */
}

void ladder_expect_adds(const struct ladder *l, const struct ladder_order *orders, size_t n)
{
    if (l->height < 2) return; /* a small one is near anyway */
    for (size_t some; n > 0; orders += some, n -= some) {
        some = n < AT_ONCE ? n : AT_ONCE;
        expect_some(l, orders, some);
    }
}
