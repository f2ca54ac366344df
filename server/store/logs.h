/* SPDX-License-Identifier: Apache-2.0 */
/* What containers wrote, in numbered chunks. */
#pragma once

#include "store/db.h"

enum log_stream { STREAM_STDOUT = 1, STREAM_STDERR = 2 };

struct log_chunk {
    int64_t lease, n, stream;
    struct str bytes; /* 1 to LOG_CHUNK_MAX */
};

struct log_row {
    int64_t n, at_us, stream;
    struct str bytes;
};

/* Keep a chunk, once; what passes LOG_LEASE_MAX of its lease is counted instead, once too. */
MUST_CHECK bool store_put_log(struct db *db, const struct log_chunk *c, struct err *err);

/* Chunks after `after`, in order, up to the one that has `bytes` passed. DB_NONE: there are none
 * yet.
 */
MUST_CHECK enum db_rc store_list_log(struct db *db, int64_t lease, int64_t after, int64_t limit,
                                     int64_t bytes, struct arena *a, struct log_row **out,
                                     size_t *n, struct err *err);
/* All bytes in one piece; empty when there are none. */
MUST_CHECK bool store_read_log_text(struct db *db, int64_t lease, struct arena *a, struct str *out,
                                    struct err *err);
/* How many bytes were not kept. */
MUST_CHECK bool store_read_log_dropped(struct db *db, int64_t lease, int64_t *out, struct err *err);
