/* SPDX-License-Identifier: Apache-2.0 */
/* An ordered set that owns no memory: things carry their own place in it.
 *
 * A balanced (AVL) tree to find a place in O(log n) whatever the order of arrival, and a list
 * threaded through it, so that walking on from a place is one step. Each subtree knows the lightest
 * place in it, so that the next place of a small weight is found in O(log n) too, however many
 * heavy ones stand before it. Books and timers are such sets: because nothing is allocated, putting
 * an order in its place cannot fail. Private to the market. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define TREE_KEYS 3

struct place {
    int64_t key[TREE_KEYS]; /* compared from the first on; no two places of a tree are equal */
    void *owner;            /* the thing whose place this is */
    int64_t weight;         /* may not change while it is in a tree */
    int64_t lightest;       /* weight here and below */
    struct place *left, *right;
    struct place *prev, *next; /* in order; NULL at the ends */
    int32_t height;            /* 0: in no tree */
};

struct tree {
    struct place *root, *first, *last;
    size_t n;
};

/* `p` must be in no tree; its key, owner and weight are set. */
void tree_add(struct tree *t, struct place *p);

/* `p` must be in `t`. */
void tree_remove(struct tree *t, struct place *p);

/* The first place whose key is not below `key`; NULL when all are. */
struct place *tree_from(const struct tree *t, const int64_t key[TREE_KEYS]);

/* The first such place whose weight is at most `weight_max`. */
struct place *tree_from_light(const struct tree *t, const int64_t key[TREE_KEYS],
                              int64_t weight_max);

/* Negative, zero or positive, as `a` is below, equal to or above `b`. */
int tree_compare(const int64_t a[TREE_KEYS], const int64_t b[TREE_KEYS]);

/* Order, balance, weights, threads and count: asserts. O(n). */
void tree_check(const struct tree *t);
