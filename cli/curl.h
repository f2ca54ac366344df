/* SPDX-License-Identifier: Apache-2.0 */
/* A request as the curl command that makes it, for --explain: ready to be pasted into a shell. */
#pragma once

#include "base/buf.h"

struct curl_request {
    const char *method, *url;
    bool bearer;                /* as $BOURSE_TOKEN: a secret is never printed */
    const char *content_type;   /* NULL: none */
    const char *const *headers; /* "Name: value", NULL-terminated, or NULL */
    struct str body;            /* empty: none */
    const char *file;           /* sent as the body instead; NULL: none */
};

void curl_write(const struct curl_request *r, struct buf *out);
