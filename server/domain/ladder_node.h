/* SPDX-License-Identifier: Apache-2.0 */
/* What ladders are made of. Private to ladder*.c; ladder.c tells the idea. */
#pragma once

#include <assert.h>

#include "domain/ladder.h"

#define LEAF_SLOTS     32 /* at most 64: their lines are the bits of a word */
#define INNER_SLOTS    32
#define LADDER_CLASSES 10
/* The price in a slot that has never been used: after all others; and one before all others. */
#define LADDER_END   (2 * LADDER_PRICE_MAX)
#define LADDER_FIRST (-LADDER_END)

/* Pointers that are told apart by their last bits: a rung has none. */
#define TAG_LEAF  ((uintptr_t)1)
#define TAG_QUEUE ((uintptr_t)2)
#define TAGS      (TAG_LEAF | TAG_QUEUE)

/* Leaves and inner nodes alike. */
struct ladder_node {
    struct ladder_inner *up;
    uint64_t live; /* a leaf: bit i is set: slot i holds a line */
    int32_t n;     /* how many lines, or children, which are in slots 0 … n - 1 */
    int16_t at;    /* which child of `up` it is */
    bool goes_on;  /* a leaf: its last row may go on in the next leaf */
};

/* A line is one order, or several that follow each other, with nobody between, and are alike: of
 * one price, size and cells.
 *
 * Whoever comes with an old priority is looked a place for along its line, so a line takes no more
 * than LADDER_LINE orders, ever: the next one begins another.
 *
 *   slot ──▶ rung             before: the leaf       after: 0
 *   slot ──▶ queue ──▶ rung   before: the queue      after: the next
 *                 └──▶ rung   before: the one before after: the queue */
struct ladder_queue {
    struct rung *head, *tail;
    struct ladder_leaf *leaf;
    uint64_t cells;
    int32_t size;
    int32_t taken; /* so many orders have come into it, whether they have left it or not */
};

#define LADDER_LINE 64

/* Slots are in order, dead ones included: those keep the price and size they had. */
struct ladder_leaf {
    struct ladder_node node;
    const struct ladder *ladder; /* NULL: a spare one */
    int64_t price[LEAF_SLOTS];   /* mirrored for bids, see key_price() */
    uintptr_t line[LEAF_SLOTS];  /* a rung, or a queue; 0: dead */
    int32_t size[LEAF_SLOTS];
    union {
        uint8_t cell[LEAF_SLOTS];   /* asks: the number of the cell; their leaf ends here */
        uint64_t cells[LEAF_SLOTS]; /* bids: the set */
    } u;
};

/* Each key is at or before the child's first order and after all of the child before. That of the
 * first child is below all: whatever comes before the second belongs to the first. */
struct ladder_inner {
    struct ladder_node node;
    int32_t unused[10];
    struct ladder_node *child[INNER_SLOTS];
    int64_t price[INNER_SLOTS];
    int32_t size[INNER_SLOTS];
    int64_t priority[INNER_SLOTS], number[INNER_SLOTS];
    /* [i][k]: of the child's orders of class k and above, at least: what has left may still be in
     * it, until a walk has looked there in vain. */
    uint64_t cells[INNER_SLOTS][LADDER_CLASSES];
};

/* Where rows end, as far as is known: most orders are the latest of their row, and need not be
 * searched a place for. Found by hash, among four that stand in one line of the cache. It is a
 * guess that is only true if the leaf says so: nothing is kept up to date. */
struct ladder_end {
    struct ladder_leaf *leaf;
    uint32_t tag;
    int32_t p; /* the slot behind the last of its row */
};

#define LADDER_WAYS 4

struct ladder_ends {
    struct ladder_end at[LADDER_WAYS];
};

enum node_kind { NODE_ASKS, NODE_BIDS, NODE_INNER, NODE_QUEUE };

/* A spare node, of which there must be one; all zero but for the prices. */
void *ladder_take(struct ladder_room *room, enum node_kind kind);
void ladder_give(struct ladder_room *room, enum node_kind kind, void *node);

/* The order of a ladder as four numbers, compared from the first on. */
struct ladder_key {
    int64_t price;
    int32_t size;
    int64_t priority, number;
};

/* Bids are served from the highest limit down: their prices are kept upside down, by the one
 * mapping that cannot overflow. It is its own inverse. */
static inline int64_t key_price(const struct ladder *l, int64_t price)
{
    return price ^ l->mirror;
}

/* Only asks that must fit stand in order of size. */
static inline bool by_size(const struct ladder *l)
{
    return l->fit && !l->bids;
}

static inline bool rung_before(const struct rung *r, const struct ladder_key *key)
{
    return r->priority != key->priority ? r->priority < key->priority : r->number < key->number;
}

static inline struct rung *as_rung(uintptr_t p)
{
    return (struct rung *)p; /* NOLINT(performance-no-int-to-ptr): the tags are worth it */
}

static inline struct ladder_queue *as_queue(uintptr_t p)
{
    return (struct ladder_queue *)(p - TAG_QUEUE); /* NOLINT(performance-no-int-to-ptr) */
}

static inline struct ladder_leaf *as_leaf(uintptr_t p)
{
    return (struct ladder_leaf *)(p - TAG_LEAF); /* NOLINT(performance-no-int-to-ptr) */
}

static inline struct rung *line_head(uintptr_t line)
{
    return line & TAG_QUEUE ? as_queue(line)->head : as_rung(line);
}

static inline struct rung *line_tail(uintptr_t line)
{
    return line & TAG_QUEUE ? as_queue(line)->tail : as_rung(line);
}

/* The next one in its line; NULL: it is the last. */
static inline struct rung *rung_after(const struct rung *r)
{
    return r->after & TAGS ? NULL : as_rung(r->after);
}

/* An order of class k may serve whoever asks for class k or less. Up to size 8, which is what the
 * machines of this market have, a size is a class of its own; above, classes are powers of two, and
 * let through some orders that are up to half too small (or too large, for bids). */
static inline int ladder_class(const struct ladder *l, int32_t size)
{
    if (!l->fit) return 0;
    int step = size - 1;
    if (size > 8) {
        const uint32_t power = l->bids ? (uint32_t)size * 2 - 1 : (uint32_t)size; /* up, or down */
        step = 31 - __builtin_clz(power) + 4;
        if (step >= LADDER_CLASSES) step = LADDER_CLASSES - 1;
    }
    return l->bids ? LADDER_CLASSES - 1 - step : step;
}

static inline int ladder_classes(const struct ladder *l)
{
    return l->fit ? LADDER_CLASSES : 1;
}

static inline uint64_t slot_cells(const struct ladder *l, const struct ladder_leaf *leaf, int i)
{
    return l->bids ? leaf->u.cells[i] : UINT64_C(1) << leaf->u.cell[i];
}

static inline bool slot_live(const struct ladder_leaf *leaf, int i)
{
    return leaf->node.live >> i & 1;
}

/* The lines in slots before `p`. */
static inline uint64_t live_before(const struct ladder_leaf *leaf, int p)
{
    return p < 64 ? leaf->node.live & ((UINT64_C(1) << p) - 1) : leaf->node.live;
}

static inline int last_bit(uint64_t live)
{
    return 63 - __builtin_clzll(live);
}

/* All that a search and a line that comes need of a node, at once: far from the front of a large
 * ladder each access would wait for the memory otherwise. */
static inline void ladder_come_near(const struct ladder_node *node)
{
    for (size_t at = 0; at < offsetof(struct ladder_leaf, u); at += 64)
        __builtin_prefetch((const char *)node + at);
    __asm__ volatile("" : : "r"(node)); /* or the compiler sees no effect, and drops it all */
}

/* Price, then size, as one number. */
static inline __int128 row_of(int64_t price, int32_t size)
{
    return (__int128)((unsigned __int128)price << 64 | (uint32_t)size);
}

#define STRIDE 8

/* How many of `slots` slots come at or before this price and size. All slots are sorted, the unused
 * ones last. First by eights, then one by one: neither waits for the compare before, as halving
 * would, and there is no branch that could be guessed wrong. */
static inline int slots_until(const struct ladder *l, const int64_t *price, const int32_t *size,
                              int slots, const struct ladder_key *key)
{
    const __int128 row = row_of(key->price, by_size(l) ? key->size : INT32_MAX);
    int n = 0, more = 0;

    for (int i = STRIDE - 1; i < slots - STRIDE; i += STRIDE)
        n += row_of(price[i], size[i]) <= row;
    n *= STRIDE;
    for (int i = n; i < n + STRIDE; i++)
        more += row_of(price[i], size[i]) <= row;
    return n + more;
}

static inline enum node_kind leaf_kind(const struct ladder *l)
{
    return l->bids ? NODE_BIDS : NODE_ASKS;
}

/* ---- ladder_tree.c ---- */

/* The leaf in which a key stands or would stand, and at `at` its slot in the node above. With
 * `latest` the key comes after all of the same price and size, and its priority is not looked at.
 */
struct ladder_leaf *ladder_leaf_of(const struct ladder *l, const struct ladder_key *key,
                                   bool latest);

/* One more line below this node. */
void ladder_join_cells(const struct ladder_node *node, uint64_t cells, int class);

/* A walk has found none of these cells in all of a node, which has so many storeys below it: if
 * that was promised, look again at what there is. */
void ladder_in_vain(const struct ladder_walk *w, struct ladder_node *node, int32_t height);

/* `right` has been split off `left`; both have `height` storeys below them. */
void ladder_attach(struct ladder *l, struct ladder_node *left, struct ladder_node *right,
                   const struct ladder_key *key, int32_t height);

/* Has the node, which has so many slots, a quarter of them in use or less, and should it be put
 * together with one beside it, as they fill no more than half: *right into *left? */
bool ladder_can_join(struct ladder_node *node, int slots, struct ladder_node **left,
                     struct ladder_node **right);

/* What is known of the cells of `left` and of the node after it is now that of `left`. */
void ladder_join_known(struct ladder_inner *up, const struct ladder_node *left);

struct ladder_leaf *ladder_first_leaf(const struct ladder *l); /* NULL: it is empty */

/* Take an empty node out of the tree, and with it those above that are left without a child. */
void ladder_detach(struct ladder *l, struct ladder_node *node);
void ladder_lower_root(struct ladder *l); /* after that: a root has two children */

/* All nodes from this one down are spare. */
void ladder_give_below(struct ladder *l, struct ladder_node *node, int32_t height);

/* ---- ladder_leaf.c ---- */

/* What the orders of a line have in common. */
struct ladder_kind {
    int32_t size;
    uint64_t cells;
};

/* Before slot `p` of a leaf. */
struct ladder_spot {
    struct ladder_leaf *leaf;
    int p;
};

/* Where a key belongs. */
struct ladder_spot ladder_spot_of(const struct ladder *l, const struct ladder_key *key,
                                  bool latest);

/* The slot behind the one that it now has. */
struct ladder_spot ladder_put_line(struct ladder *l, struct ladder_spot spot, uintptr_t line,
                                   const struct ladder_key *key, const struct ladder_kind *kind);
void ladder_drop_line(struct ladder *l, struct ladder_leaf *leaf, uintptr_t line);

/* ---- ladder_ends.c ---- */

/* Does a row end, for certain, just before slot `p` of a leaf? */
bool ladder_row_ends(const struct ladder *l, const struct ladder_leaf *leaf, int p,
                     const struct ladder_key *row);

/* Where the latest order of a row belongs, as far as is known; leaf NULL: look for it. */
struct ladder_spot ladder_known_end(const struct ladder *l, const struct ladder_key *key);

/* The latest order of a row stands before this spot. */
void ladder_note_end(const struct ladder *l, const struct ladder_key *key, struct ladder_spot end);
