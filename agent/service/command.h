/* SPDX-License-Identifier: Apache-2.0 */
/* Other programs of this machine (mke2fs, nft, ip), without a shell. */
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* Where a program lies: in PATH, or in the folders of a superuser, which a service's PATH may lack.
 * False: nowhere. */
MUST_CHECK bool command_find(const char *name, char *out, size_t room);

/* Run words[0] (found as above), words ended by NULL, with `input` on its standard input. What it
 * prints, on either output, goes to `out` (may be NULL) up to its maximum. ERR_NOT_FOUND: no such
 * program; ERR_IO: it failed, with its last words in the detail. */
MUST_CHECK bool command_run(const char *const *words, struct str input, struct buf *out,
                            struct err *err);
