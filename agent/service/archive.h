/* SPDX-License-Identifier: Apache-2.0 */
/* An image archive, before the engine may see it.
 *
 * An archive names the tags under which the engine shall keep its images. A buyer could so have his
 * image answer to "python:3", and the next buyer would run it. So the tags are taken out: in
 * manifest.json, index.json and repositories, in place, with blanks for what is gone. */
#pragma once

#include "base/err.h"

#define ARCHIVE_INDEX_MAX (1 << 20) /* bytes of such a file; a large image's has a few thousand */

/* Change the file at `fd`. ERR_VALIDATION_FAILED: it is no uncompressed tar, or one whose tags
 * cannot be taken out; ERR_IO. */
MUST_CHECK bool archive_untag(int fd, int64_t size, struct err *err);
