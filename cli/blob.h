/* SPDX-License-Identifier: Apache-2.0 */
/* Files to and from the market's blob store, by their SHA-256. */
#pragma once

#include "api.h"

struct blob {
    char sha256[65];
    int64_t size_bytes;
};

/* Upload a file unless it is there; a cut upload goes on where it stopped. False: a complaint was
 * printed, api->exit set. */
MUST_CHECK bool blob_put(struct api *api, const char *path, struct blob *out);

/* Download to `path` (its folders are made), which appears only when the digest fits. A cut line is
 * gone on with; what came stays in `path`.part for the next call. */
MUST_CHECK bool blob_get(struct api *api, const struct blob *blob, const char *path);
