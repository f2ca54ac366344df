/* SPDX-License-Identifier: Apache-2.0 */
/* Files, always close-on-exec. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* Read a whole file of at most `max` bytes into `out`, which is replaced on success, its maximum
 * too, and untouched otherwise. ERR_IO, ERR_NOT_FOUND, ERR_NO_MEMORY. */
MUST_CHECK bool file_read(const char *path, size_t max, struct buf *out, struct err *err);

/* Write a file so that after a crash there is the old or the new one, whole: temporary file in the
 * same folder, fsync, rename, fsync of the folder. `mode` as for open(2). ERR_IO. */
MUST_CHECK bool file_write(const char *path, struct str bytes, unsigned mode, struct err *err);

/* mkdir -p with 0700 for what is made. ERR_IO. */
MUST_CHECK bool dir_make(const char *path, struct err *err);
