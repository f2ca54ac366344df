/* SPDX-License-Identifier: Apache-2.0 */
/* A root is built as a binary number is counted up: a complete subtree of 2^i leaves stands at
 * place i, and two of a size carry over into one of twice the size.
 *
 *      leaves 1       2       3        4         5
 *             [a]     [ab]    [ab][c]  [abcd]    [abcd][e]
 *
 * In the end the subtrees that stand are joined from the smallest upwards: exactly the tree that
 * the recursive definition splits at the largest power of two below n, without recursion or heap.
 *
 * A check walks from the leaf to the root with two numbers: where we are in this level (`at`) and
 * where the level's last node is (`last`). */
#include "merkle/merkle.h"

#include <assert.h>

#define PLACES 64 /* a tree of 2^64 leaves has as many levels */

struct hash merkle_node(merkle_hash_fn *h, struct hash left, struct hash right)
{
    static const uint8_t node_tag = 1;
    const struct hash_part parts[] = { { &node_tag, 1 }, { left.b, 32 }, { right.b, 32 } };
    return h(parts, ARRAY_LEN(parts));
}

static bool same(struct hash a, struct hash b)
{
    uint8_t different = 0;
    for (size_t i = 0; i < sizeof(a.b); i++)
        different |= a.b[i] ^ b.b[i];
    return different == 0;
}

struct hash merkle_leaf(merkle_hash_fn *h, const void *entry, size_t n)
{
    static const uint8_t leaf_tag = 0;
    const struct hash_part parts[] = { { &leaf_tag, 1 }, { entry, n } };
    return h(parts, ARRAY_LEN(parts));
}

struct hash merkle_root(merkle_hash_fn *h, const struct hash *leaves, size_t n)
{
    struct hash standing[PLACES];
    if (n == 0) return h(NULL, 0);

    for (size_t i = 0; i < n; i++) {
        struct hash carry = leaves[i];
        size_t place = 0;
        for (; i >> place & 1; place++)
            carry = merkle_node(h, standing[place], carry);
        standing[place] = carry;
    }

    size_t place = (size_t)__builtin_ctzll(n);
    struct hash root = standing[place];
    for (place++; place < PLACES; place++)
        if ((uint64_t)n >> place & 1) root = merkle_node(h, standing[place], root);
    return root;
}

/* The largest power of two below n, which is at least 2. */
static size_t split(size_t n)
{
    assert(n >= 2);
    return (size_t)1 << (63 - __builtin_clzll(n - 1));
}

static void reverse(struct hash *v, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        const struct hash kept = v[i];
        v[i] = v[n - 1 - i];
        v[n - 1 - i] = kept;
    }
}

size_t merkle_path(merkle_hash_fn *h, const struct hash *leaves, size_t n, size_t index,
                   struct hash out[64])
{
    assert(index < n);

    size_t steps = 0;
    while (n > 1) {
        const size_t k = split(n);
        const bool left = index < k;
        out[steps++] = left ? merkle_root(h, leaves + k, n - k) : merkle_root(h, leaves, k);
        leaves = left ? leaves : leaves + k;
        index = left ? index : index - k;
        n = left ? k : n - k;
    }
    reverse(out, steps); /* it was gathered from the root down */
    return steps;
}

/* Where a check stands: node `at` of a level whose last node is `last`. */
struct walk {
    uint64_t at, last;
};

/* Is the next hash of the path the left neighbour of where we stand? */
static bool comes_from_left(struct walk w)
{
    return (w.at & 1) || w.at == w.last;
}

static struct walk up(struct walk w)
{
    return (struct walk){ w.at >> 1, w.last >> 1 };
}

/* After a left neighbour: also over the levels in which we are a lone last node. */
static struct walk up_from_right(struct walk w)
{
    while (!(w.at & 1) && w.at != 0)
        w = up(w);
    return up(w);
}

bool merkle_check_inclusion(merkle_hash_fn *h, struct hash leaf, uint64_t index, uint64_t size,
                            const struct hash *path, size_t path_n, struct hash root)
{
    if (index >= size) return false;

    struct walk w = { index, size - 1 };
    struct hash r = leaf;
    for (size_t i = 0; i < path_n; i++) {
        if (w.last == 0) return false;
        const bool left = comes_from_left(w);
        r = left ? merkle_node(h, path[i], r) : merkle_node(h, r, path[i]);
        w = left ? up_from_right(w) : up(w);
    }
    return w.last == 0 && same(r, root);
}

/* The walk of a consistency proof: two roots are rebuilt side by side, the older from those hashes
 * that lie in its tree, which are the left neighbours. */
static bool rebuild(merkle_hash_fn *h, struct walk w, struct hash first, const struct hash *path,
                    size_t path_n, struct hash root1, struct hash root2)
{
    struct hash older = first, newer = first;
    for (size_t i = 0; i < path_n; i++) {
        if (w.last == 0) return false;
        const bool left = comes_from_left(w);
        if (left) older = merkle_node(h, path[i], older);
        newer = left ? merkle_node(h, path[i], newer) : merkle_node(h, newer, path[i]);
        w = left ? up_from_right(w) : up(w);
    }
    return w.last == 0 && same(older, root1) && same(newer, root2);
}

bool merkle_check_consistency(merkle_hash_fn *h, uint64_t size1, uint64_t size2,
                              const struct hash *path, size_t path_n, struct hash root1,
                              struct hash root2)
{
    if (size1 == 0 || size1 > size2) return false;
    if (size1 == size2) return path_n == 0 && same(root1, root2);
    if (path_n == 0) return false;

    struct walk w = { size1 - 1, size2 - 1 };
    while (w.at & 1)
        w = up(w);

    /* A complete older tree is a node of the newer one: its root needs no telling. */
    const bool complete = (size1 & (size1 - 1)) == 0;
    if (complete) return rebuild(h, w, root1, path, path_n, root1, root2);
    return rebuild(h, w, path[0], path + 1, path_n - 1, root1, root2);
}
