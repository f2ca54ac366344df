/* SPDX-License-Identifier: Apache-2.0 */
#include "tlog/edge.h"

#include <assert.h>

void log_edge_add(struct log_edge *e, merkle_hash_fn *h, struct hash leaf, log_edge_full_fn *full,
                  void *arg)
{
    struct hash carry = leaf;

    for (int l = 0; l < TILE_LEVELS; l++) {
        const unsigned at = log_edge_width(e->size, l);
        e->level[l][at] = carry;
        if (at + 1 < TILE_WIDTH) break;
        if (full) full(arg, l, e->size >> (8 * (l + 1)), e->level[l]);
        carry = merkle_root(h, e->level[l], TILE_WIDTH);
    }
    e->size++;
    assert(e->size > 0);
}

/* Complete subtrees join from the smallest upwards, over all levels: their sizes are the binary
 * digits of the log's. */
struct hash log_edge_root(const struct log_edge *e, merkle_hash_fn *h)
{
    struct hash root = { { 0 } };
    bool some = false;

    for (int l = 0; l < TILE_LEVELS; l++) {
        unsigned left = log_edge_width(e->size, l); /* hashes that are not joined yet */
        for (unsigned n = 1; left > 0; n *= 2) {
            if (!(left & n)) continue;
            left -= n;
            const struct hash part = merkle_root(h, e->level[l] + left, n);
            root = some ? merkle_node(h, part, root) : part;
            some = true;
        }
    }
    return some ? root : merkle_root(h, NULL, 0);
}
