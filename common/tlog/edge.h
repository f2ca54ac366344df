/* SPDX-License-Identifier: Apache-2.0 */
/* The right edge of a log that grows: the tiles that are not full yet, one a level. Pure.
 *
 * An entry goes into level 0; a level that is full is a tile, and its root goes into the level
 * above. So a log of any size is its full tiles and this, and its root comes from this alone. */
#pragma once

#include "tlog/tile.h"

struct log_edge {
    uint64_t size; /* entries */
    struct hash level[TILE_LEVELS]
                     [TILE_WIDTH]; /* of level l the first (size >> 8l) % 256 are set */
};

/* A tile is full. */
typedef void log_edge_full_fn(void *arg, int level, uint64_t n,
                              const struct hash hashes[TILE_WIDTH]);

/* `full` may be NULL. */
void log_edge_add(struct log_edge *e, merkle_hash_fn *h, struct hash leaf, log_edge_full_fn *full,
                  void *arg);
struct hash log_edge_root(const struct log_edge *e, merkle_hash_fn *h);

/* How many hashes of a level the edge of a log of `size` has: 0 … 255. */
static inline unsigned log_edge_width(uint64_t size, int level)
{
    return (unsigned)(size >> (8 * level)) % TILE_WIDTH;
}
