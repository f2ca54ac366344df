/* SPDX-License-Identifier: Apache-2.0 */
/* A book on its way to those who watch: its canonical text with a checksum, and what changed from
 * one look to the next. Pure but for the buffers.
 *
 * The canonical text has a line for each price, offers first, best first on both sides:
 *
 *     a 0.010000 12
 *     b 0.009000 3
 *
 * side, price of a unit and hour, units, each line ended by a line feed; an empty book is the empty
 * text. Its CRC-32 is that of zlib and gzip (ISO 3309), so every client has it at hand. Whoever
 * applies each change to what he has and finds the same checksum has the same book. */
#pragma once

#include "base/buf.h"
#include "domain/depth.h"

uint32_t crc32_of(struct str s);

void levels_canonical(const struct depth_side *asks, const struct depth_side *bids,
                      struct buf *out);
/* 0 for an empty book. */
uint32_t levels_crc32(const struct depth_side *asks, const struct depth_side *bids);

/* One price whose units are others now; 0: it is gone. */
struct level_change {
    int64_t price, units;
};

/* What turns `was` into `is`, best price first; at most 2 * DEPTH_LEVELS. Their number. */
size_t levels_diff(enum side side, const struct depth_side *was, const struct depth_side *is,
                   struct level_change out[2 * DEPTH_LEVELS]);
