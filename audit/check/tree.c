/* SPDX-License-Identifier: Apache-2.0 */
/* The Merkle tree of the log, a leaf at a time: 64 hashes whatever its size (RFC 6962 §2.1). */
#include "check/inside.h"
#include "sign/sha.h"

static struct hash join(const struct hash *left, const struct hash *right)
{
    const struct hash_part parts[] = { { "\x01", 1 }, { left, 32 }, { right, 32 } };
    return sha256_parts(parts, 3);
}

void tree_add(struct tree *t, struct hash leaf)
{
    int level = 0;

    for (uint64_t n = t->n++; n & 1; n >>= 1)
        leaf = join(&t->full[level++], &leaf);
    t->full[level] = leaf;
}

struct hash tree_root(const struct tree *t)
{
    struct hash root = sha256((struct str){ "", 0 });
    bool any = false;

    for (int level = 0; level < 64; level++) {
        if (!(t->n >> level & 1)) continue;
        root = any ? join(&t->full[level], &root) : t->full[level];
        any = true;
    }
    return root;
}
