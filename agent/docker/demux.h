/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's frames around a container's output: 8 bytes of header (stream, 0, 0, 0, length as
 * big-endian 32 bits), then that many bytes. Any cut of the byte stream into pieces gives the same.
 */
#pragma once

#include "service/ports.h"

struct demux {
    const struct log_sink *sink;
    uint8_t header[8];
    size_t header_n;
    uint32_t left; /* of the present frame */
    enum log_stream stream;
};

enum demux_result {
    DEMUX_OK,
    DEMUX_ENOUGH, /* the sink wants no more */
    DEMUX_BAD,    /* this is no frame */
};

void demux_init(struct demux *d, const struct log_sink *sink);
enum demux_result demux_feed(struct demux *d, const void *p, size_t n);
/* Did the input end between two frames? */
bool demux_is_whole(const struct demux *d);
