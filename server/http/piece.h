/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of a blob: of one that comes (Content-Range of a PUT), of one that is sent (Range). */
#pragma once

#include "http/http.h"
#include "service/blob_partial.h"

/* Is this PUT a piece of a blob, and which? Content-Range is "bytes a-b/total"; or, with an empty
 * body, "bytes" and a star for a-b: all has come already, make it a blob. False: rq->err. */
MUST_CHECK bool piece_read(struct req *rq, const struct hash *digest, int64_t length,
                           struct blob_piece *out, bool *is_piece);

/* The header that says how much of an upload has come. */
void piece_offset(struct req *rq, int64_t offset);

enum range_is {
    RANGE_ALL,  /* nothing was asked for that we do: send all */
    RANGE_PART, /* first … last */
    RANGE_BEYOND,
};
/* What `Range: bytes=…` asks of so many bytes. One range; several are as none. */
enum range_is range_parse(struct str header, int64_t size, int64_t *first, int64_t *last);
