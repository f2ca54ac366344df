/* SPDX-License-Identifier: Apache-2.0 */
#include "service/levels.h"

#include <assert.h>
#include <stddef.h>

#include "json/micros.h"

#define LINE_MAX_BYTES 48 /* side, price, units, two blanks and a line feed */
#define CRC32_POLY     0xedb88320u

uint32_t crc32_of(struct str s)
{
    uint32_t crc = 0xffffffffu;

    for (size_t i = 0; i < s.n; i++) {
        crc ^= (uint8_t)s.p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) ? CRC32_POLY : 0);
    }
    return crc ^ 0xffffffffu;
}

static void add_side(char name, const struct depth_side *side, struct buf *out)
{
    for (size_t i = 0; i < side->n; i++) {
        char price[MICROS_TEXT_SIZE];
        micros_format(side->levels[i].price.micros, price);
        buf_fmt(out, "%c %s %lld\n", name, price, (long long)side->levels[i].units);
    }
}

void levels_canonical(const struct depth_side *asks, const struct depth_side *bids, struct buf *out)
{
    add_side('a', asks, out);
    add_side('b', bids, out);
}

uint32_t levels_crc32(const struct depth_side *asks, const struct depth_side *bids)
{
    auto_buf struct buf text = { .max = (size_t)2 * DEPTH_LEVELS * LINE_MAX_BYTES };

    levels_canonical(asks, bids, &text);
    return text.failed ? 0 : crc32_of(buf_view(&text));
}

/* Does `a` come before `b` on this side? */
static bool better(enum side side, int64_t a, int64_t b)
{
    return side == SIDE_ASKS ? a < b : a > b;
}

size_t levels_diff(enum side side, const struct depth_side *was, const struct depth_side *is,
                   struct level_change out[2 * DEPTH_LEVELS])
{
    size_t n = 0, i = 0, j = 0;

    while (i < was->n || j < is->n) {
        const struct depth_level *old = i < was->n ? &was->levels[i] : NULL;
        const struct depth_level *now = j < is->n ? &is->levels[j] : NULL;
        if (!now || (old && better(side, old->price.micros, now->price.micros))) {
            out[n++] = (struct level_change){ old->price.micros, 0 };
            i++;
        } else if (!old || better(side, now->price.micros, old->price.micros)) {
            out[n++] = (struct level_change){ now->price.micros, now->units };
            j++;
        } else {
            if (old->units != now->units)
                out[n++] = (struct level_change){ now->price.micros, now->units };
            i++;
            j++;
        }
    }
    assert(n <= 2 * (size_t)DEPTH_LEVELS);
    return n;
}
