/* SPDX-License-Identifier: Apache-2.0 */
/* Names and contents of what a log serves, c2sp.org/tlog-tiles.
 *
 *      <L>/<N>            256 hashes of level L: hash i of tile n is the root of the 256^L entries
 *                         from (n × 256 + i) × 256^L on
 *      entries/<N>        256 entries, each u16 big endian length ‖ bytes
 *      …/<N>.p/<W>        the first W of them, while there are no more, or for who read it then
 *
 * N is written in groups of three digits, all but the last with an x before it: x001/x234/067. */
#pragma once

#include "base/buf.h"
#include "merkle/merkle.h"
#include "tlog/tlog.h"

#define TILE_WIDTH    256
#define TILE_LEVELS   8 /* 256^8 entries */
#define TILE_NAME_MAX 64
#define TILE_ENTRIES  (-1) /* as a level */
#define LOG_ENTRY_MAX 65535

struct tile_name {
    int level; /* 0 … 7, or TILE_ENTRIES */
    uint64_t n;
    unsigned width; /* 1 … 256 */
};

/* TLOG_BAD_TILE_NAME: also one that is written in another way, and one of a level that no log of
 * 2^63 entries has. */
MUST_CHECK enum tlog_rc tile_name_parse(struct str text, struct tile_name *out);
void tile_name_text(const struct tile_name *t, char out[TILE_NAME_MAX]);

/* How many hashes of level `level` (0 or TILE_ENTRIES for entries) a log of `size` has in tile n:
 * 0 … 256. */
static inline unsigned tile_width(uint64_t size, int level, uint64_t n)
{
    const uint64_t hashes = level > 0 ? size >> (8 * level) : size;
    if (n > hashes / TILE_WIDTH) return 0;
    const uint64_t left = hashes - n * TILE_WIDTH;
    return left < TILE_WIDTH ? (unsigned)left : TILE_WIDTH;
}

/* The hashes of a tile of that width. TLOG_BAD_TILE. */
MUST_CHECK enum tlog_rc tile_read(struct str bytes, unsigned width, struct hash out[TILE_WIDTH]);

void bundle_put(struct buf *b, struct str entry); /* at most LOG_ENTRY_MAX bytes */
/* The next entry, taken from the front of *rest. False: there is none, or it is cut. */
MUST_CHECK bool bundle_next(struct str *rest, struct str *entry);
/* The leaf hashes of a bundle of that width. TLOG_BAD_BUNDLE. */
MUST_CHECK enum tlog_rc bundle_leaves(merkle_hash_fn *h, struct str bytes, unsigned width,
                                      struct hash out[TILE_WIDTH]);
