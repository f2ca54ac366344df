/* SPDX-License-Identifier: Apache-2.0 */
/* The dashboard's files and the contract, read once at the start and served from memory. */
#pragma once

#include "base/err.h"

struct static_file {
    const char *path; /* below the folder: "css/app.css" */
    const char *type;
    const char *etag; /* quoted SHA-256 of the plain bytes */
    struct str bytes;
    struct str gzipped; /* of the sibling "….gz"; p NULL: there is none */
    bool immutable;     /* in vendor/: its name carries a hash */
};

struct statics;

/* All files in `folder` and below whose type is known. `openapi` is the path of openapi.yaml; NULL:
 * it is not served. ERR_IO, ERR_NOT_FOUND, ERR_NO_MEMORY. */
struct statics *statics_new(const char *folder, const char *openapi, struct err *err);
void statics_free(struct statics *s); /* takes NULL */

/* NULL: there is none. "openapi.yaml" is in it. */
const struct static_file *statics_find(const struct statics *s, struct str path);
