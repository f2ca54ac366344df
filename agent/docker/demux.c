/* SPDX-License-Identifier: Apache-2.0 */
#include "docker/demux.h"

#include <string.h>

void demux_init(struct demux *d, const struct log_sink *sink)
{
    memset(d, 0, sizeof(*d));
    d->sink = sink;
}

/* 0 (stdin) is what an engine may call a stream that it does not know; 3 is an error of its own. */
static bool begin_frame(struct demux *d)
{
    const uint8_t *h = d->header;
    if (h[0] > 2 || h[1] != 0 || h[2] != 0 || h[3] != 0) return false;
    d->stream = h[0] == 2 ? LOG_STDERR : LOG_STDOUT;
    d->left = (uint32_t)h[4] << 24 | (uint32_t)h[5] << 16 | (uint32_t)h[6] << 8 | h[7];
    d->header_n = 0;
    return true;
}

enum demux_result demux_feed(struct demux *d, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    while (n > 0) {
        size_t step;
        if (d->left > 0) {
            step = n < d->left ? n : d->left;
            if (!d->sink->put(d->sink->arg, d->stream, p, step)) return DEMUX_ENOUGH;
            d->left -= (uint32_t)step;
        } else {
            step = 1;
            d->header[d->header_n++] = *p;
            if (d->header_n == sizeof(d->header) && !begin_frame(d)) return DEMUX_BAD;
        }
        p += step;
        n -= step;
    }
    return DEMUX_OK;
}

bool demux_is_whole(const struct demux *d)
{
    return d->left == 0 && d->header_n == 0;
}
