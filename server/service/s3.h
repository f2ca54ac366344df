/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of one bucket over S3's HTTP API, signed by libcurl: put (in parts when large), get,
 * remove. The bucket stands in the path, as every S3 server understands it.
 *
 * Trouble that may pass (no answer, 5xx, 429) is tried again a few times, with growing pauses; what
 * then remains is ERR_BLOBS_AWAY, and the store's own words go to the log. Any thread. */
#pragma once

#include <stdint.h>

#include "base/err.h"

#define S3_PART_BYTES                                                                              \
    (32 << 20) /* of an upload in parts: a piece that is sent again in seconds                     \
                */

struct s3;

struct s3_options {
    const char *endpoint; /* "https://s3.eu-central-1.amazonaws.com", no slash at the end */
    const char *bucket, *region;
    const char *access_key, *secret_key;
};

struct s3 *s3_new(const struct s3_options *o, struct err *err); /* NULL: ERR_NO_MEMORY */
void s3_free(struct s3 *s); /* no call may be under way; takes NULL */

/* Put a small object at `key`: does the store take what we give? ERR_BLOBS_AWAY; *silent: it does
 * not answer, or is in trouble of its own, and may take it later. */
MUST_CHECK bool s3_check(struct s3 *s, const char *key, bool *silent, struct err *err);
/* Keep `size` bytes of fd from its start, each part with its SHA-256, which the store checks.
 * `key` needs no percent-encoding. ERR_BLOBS_AWAY, ERR_IO: fd cannot be read. */
MUST_CHECK bool s3_put(struct s3 *s, const char *key, int fd, int64_t size, struct err *err);
/* Write an object into fd, from its start, at most `most` bytes. ERR_NOT_FOUND, ERR_BLOBS_AWAY,
 * ERR_IO: fd cannot be written; ERR_PROTOCOL: it is larger. */
MUST_CHECK bool s3_get(struct s3 *s, const char *key, int fd, int64_t most, struct err *err);
/* Is it there? ERR_NOT_FOUND, ERR_BLOBS_AWAY. */
MUST_CHECK bool s3_has(struct s3 *s, const char *key, struct err *err);
/* What is not there is removed already. Tried once. ERR_BLOBS_AWAY. */
MUST_CHECK bool s3_remove(struct s3 *s, const char *key, struct err *err);
