/* SPDX-License-Identifier: Apache-2.0 */
#include "tlog/tree.h"

#include <assert.h>

void tree_reader_init(struct tree_reader *r, merkle_hash_fn *hash, tree_tile_fn *tile, void *arg,
                      uint64_t size)
{
    r->hash = hash;
    r->tile = tile;
    r->arg = arg;
    r->size = size;
    for (int l = 0; l < TILE_LEVELS; l++)
        r->kept_width[l] = 0;
}

/* The hashes of tile n of a level. NULL: they cannot be had. */
static const struct hash *tile(struct tree_reader *r, int level, uint64_t n)
{
    const unsigned width = tile_width(r->size, level, n);

    assert(width > 0);
    if (r->kept_width[level] == width && r->kept_n[level] == n) return r->kept[level];
    r->kept_width[level] = 0;
    if (!r->tile(r->arg, level, n, width, r->kept[level])) return NULL;
    r->kept_width[level] = width;
    r->kept_n[level] = n;
    return r->kept[level];
}

/* Root of the complete subtree of 2^k entries whose first is `from`, a multiple of 2^k. */
static bool subtree(struct tree_reader *r, uint64_t from, unsigned k, struct hash *out)
{
    const int level = (int)(k / 8);
    const uint64_t first = from >> (8 * level); /* hash of that level */
    const struct hash *hashes = tile(r, level, first / TILE_WIDTH);

    if (!hashes) return false;
    *out = merkle_root(r->hash, hashes + first % TILE_WIDTH, (size_t)1 << k % 8);
    return true;
}

/* Root over [from, to), where `from` is a multiple of the largest power of two ≤ to − from: its
 * complete subtrees, from the smallest, which is the last, upwards. */
static bool range(struct tree_reader *r, uint64_t from, uint64_t to, struct hash *out)
{
    struct hash root, part;
    bool some = false;

    while (to > from) {
        const unsigned k = (unsigned)__builtin_ctzll(to - from);
        to -= UINT64_C(1) << k;
        if (!subtree(r, to, k, &part)) return false;
        root = some ? merkle_node(r->hash, part, root) : part;
        some = true;
    }
    *out = root;
    return true;
}

bool tree_root(struct tree_reader *r, uint64_t n, struct hash *out)
{
    assert(n <= r->size);
    if (n > 0) return range(r, 0, n, out);
    *out = merkle_root(r->hash, NULL, 0);
    return true;
}

/* The largest power of two below n, which is at least 2. */
static uint64_t split(uint64_t n)
{
    return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

static void reverse(struct hash *v, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        const struct hash kept = v[i];
        v[i] = v[n - 1 - i];
        v[n - 1 - i] = kept;
    }
}

bool tree_inclusion(struct tree_reader *r, uint64_t index, struct hash out[TREE_PATH_MAX],
                    size_t *n)
{
    uint64_t from = 0, to = r->size;
    size_t steps = 0;

    assert(index < r->size);
    while (to - from > 1) { /* from the root down to the entry */
        const uint64_t mid = from + split(to - from);
        const bool left = index < mid;
        if (!range(r, left ? mid : from, left ? to : mid, &out[steps++])) return false;
        from = left ? from : mid;
        to = left ? mid : to;
    }
    reverse(out, steps);
    *n = steps;
    return true;
}

/* RFC 6962 §2.1.2: SUBPROOF(m, D[from:to], b), without its recursion. */
bool tree_consistency(struct tree_reader *r, uint64_t older, struct hash out[TREE_PATH_MAX],
                      size_t *n)
{
    uint64_t from = 0, to = r->size;
    size_t steps = 0;
    bool known = true; /* the older root is that of [from, older): who checks has it */

    assert(older > 0 && older <= r->size);
    while (older < to) {
        const uint64_t mid = from + split(to - from);
        const bool left = older <= mid;
        if (!range(r, left ? mid : from, left ? to : mid, &out[steps++])) return false;
        if (left) {
            to = mid;
        } else {
            from = mid;
            known = false;
        }
    }
    if (!known && !range(r, from, to, &out[steps++])) return false;
    reverse(out, steps);
    *n = steps;
    return true;
}
