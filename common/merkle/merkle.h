/* SPDX-License-Identifier: Apache-2.0 */
/* Merkle trees as RFC 6962 §2.1 and RFC 9162 §2.1 draw them. Pure: the hash is handed in.
 *
 * empty tree H(""), leaf H(00 ‖ entry), node H(01 ‖ left ‖ right), split at the largest power of
 * two below n. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct hash {
    uint8_t b[32];
};

/* SHA-256 over the concatenation of `n` parts. */
struct hash_part {
    const void *p;
    size_t n;
};
typedef struct hash merkle_hash_fn(const struct hash_part *parts, size_t n);

struct hash merkle_leaf(merkle_hash_fn *h, const void *entry, size_t n);
struct hash merkle_node(merkle_hash_fn *h, struct hash left, struct hash right);

/* Root of `n` leaf hashes (from merkle_leaf). n may be 0. O(n), no heap. */
struct hash merkle_root(merkle_hash_fn *h, const struct hash *leaves, size_t n);

/* The inclusion path of leaf `index` (< n), leaf side first; at most 64 hashes. Returns how many.
 */
size_t merkle_path(merkle_hash_fn *h, const struct hash *leaves, size_t n, size_t index,
                   struct hash out[64]);

/* Does `path` lead from `leaf` at `index` to the root of a tree of `size`? */
bool merkle_check_inclusion(merkle_hash_fn *h, struct hash leaf, uint64_t index, uint64_t size,
                            const struct hash *path, size_t path_n, struct hash root);

/* Does `path` prove that the tree of `size1` (> 0) is a prefix of that of `size2`? */
bool merkle_check_consistency(merkle_hash_fn *h, uint64_t size1, uint64_t size2,
                              const struct hash *path, size_t path_n, struct hash root1,
                              struct hash root2);
