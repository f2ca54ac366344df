/* SPDX-License-Identifier: Apache-2.0 */
/* Paths from tiles: of any entry, between any two sizes, and roots of any size. Pure, no heap.
 *
 * Each hash of a path is the root of a complete subtree, or is joined from a few of them. That of
 * 2^k entries is the root of 2^(k mod 8) neighbours in one tile of level k / 8. */
#pragma once

#include "tlog/tile.h"

#define TREE_PATH_MAX 64

/* The first `width` hashes of a tile of a level, which the tree of the reader's size has. False:
 * they cannot be had; reading ends. */
typedef bool tree_tile_fn(void *arg, int level, uint64_t n, unsigned width,
                          struct hash out[TILE_WIDTH]);

struct tree_reader {
    merkle_hash_fn *hash;
    tree_tile_fn *tile;
    void *arg;
    uint64_t size; /* tiles are asked as they are in a log of this size */
    /* The last tile of each level that was read. */
    struct hash kept[TILE_LEVELS][TILE_WIDTH];
    uint64_t kept_n[TILE_LEVELS];
    unsigned kept_width[TILE_LEVELS]; /* 0: none */
};

void tree_reader_init(struct tree_reader *r, merkle_hash_fn *hash, tree_tile_fn *tile, void *arg,
                      uint64_t size);

/* All of these: false when a tile could not be had. */
/* The root of the first n entries, n ≤ size. */
MUST_CHECK bool tree_root(struct tree_reader *r, uint64_t n, struct hash *out);
/* The path of entry `index` in the tree of the reader's size; index < size. */
MUST_CHECK bool tree_inclusion(struct tree_reader *r, uint64_t index,
                               struct hash out[TREE_PATH_MAX], size_t *n);
/* The path that the first `older` entries, 0 < older ≤ size, are those of the reader's size. */
MUST_CHECK bool tree_consistency(struct tree_reader *r, uint64_t older,
                                 struct hash out[TREE_PATH_MAX], size_t *n);
