/* SPDX-License-Identifier: Apache-2.0 */
/* Targets of requests: "/v1/jobs/job_…?limit=5" into path and query, and a path against the
 * template of a route. Pure. Nothing is decoded before it is cut into segments, so an escaped slash
 * never makes one. */
#pragma once

#include "base/arena.h"

#define PATH_PARAMS 2

struct target {
    struct str path, query; /* as sent; query without '?' */
};

/* Origin form only, printable ASCII, escapes well formed and none of a NUL. False, *out untouched,
 * otherwise. */
MUST_CHECK bool target_parse(struct str uri, struct target *out);

/* Does `path` fit `tmpl`? A `{name}` takes one segment that is not empty; with `rest` the last one
 * takes all that follows. params as sent, at most PATH_PARAMS; those unused are not touched. */
MUST_CHECK bool path_match(const char *tmpl, bool rest, struct str path,
                           struct str params[PATH_PARAMS]);

/* Without escapes, and with `plus` a '+' is a blank. Copied into `a`; p NULL: no memory. */
struct str percent_decode(struct str s, bool plus, struct arena *a);

/* The first value of `name` in a query, as sent; names compare decoded. False: it is not there. */
MUST_CHECK bool query_find(struct str query, const char *name, struct str *out);
