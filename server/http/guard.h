/* SPDX-License-Identifier: Apache-2.0 */
/* Requests whose length two parsers could read differently: refused before anything of the body is
 * read, so that nobody behind a proxy can hide a second request in a first. Pure.
 *
 * libmicrohttpd 0.9.75 takes what it should not (docs/threads.md, "The front"); what it glues
 * together or cuts off it still hands to us under some name, and here that is seen. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct framing {
    unsigned transfer_encodings, content_lengths, hosts;
    int64_t length; /* of the body; -1: not told. INT64_MAX: more than that */
    bool bad;
};

#define FRAMING_NONE ((struct framing){ .length = -1 })

/* Every header of the request, in any order. */
void framing_see(struct framing *f, const char *name, const char *value);

/* May the request be served? `version` as "HTTP/1.1". */
bool framing_ok(const struct framing *f, const char *version);
