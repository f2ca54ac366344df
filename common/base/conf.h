/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration from environment and file by a table that documents each key.
 *
 * A file holds `key = value` lines and `#` comments. The environment variable for `public_url` with
 * prefix "BOURSE_" is BOURSE_PUBLIC_URL; it wins over the file. Unknown keys in the file are an
 * error that names the line. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

enum conf_kind { CONF_TEXT, CONF_I64, CONF_BOOL };

struct conf_key {
    const char *name;
    enum conf_kind kind;
    size_t off;          /* const char *, int64_t or bool in the struct */
    int64_t min, max;    /* CONF_I64 */
    const char *initial; /* text form of the default; NULL: no value (NULL, 0, false) */
    const char *doc;
};

/* Fill *out (its texts live in `a`). `file` may be NULL. ERR_VALIDATION_FAILED says key, place and
 * what is wrong, never the value; ERR_NOT_FOUND and ERR_IO name the file. *out is then unspecified.
 */
MUST_CHECK bool conf_load(const struct conf_key *keys, size_t n, const char *prefix,
                          const char *file, struct arena *a, void *out, struct err *err);
