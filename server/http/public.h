/* SPDX-License-Identifier: Apache-2.0 */
/* What anybody may read and anybody's cache may keep: market data. */
#pragma once

#include "http/http.h"

/* 200 with an ETag made from the bytes, or 304; kept by caches for max_age_s. Takes the reference.
 */
void reply_public(struct req *rq, json_t *body, int max_age_s);

/* A page of a list, as reply_page(). */
void reply_public_page(struct req *rq, json_t *data, int64_t next_before, int max_age_s);

/* A span of time that is asked for with ?from= and ?to=, in steps of width_us: from_us on a step,
 * `n` of them, at least 1 and at most CANDLES_MAX. */
struct span {
    int64_t from_us, width_us;
    size_t n;
    bool is_past; /* it ended so long ago that nothing can be added to it */
};
/* Without ?to until now, without ?from `steps` steps. False: replied 422. */
MUST_CHECK bool req_span(struct req *rq, int64_t width_us, int64_t steps, struct span *out);

/* Seconds that a cache may keep what is of this span. */
int span_max_age(const struct span *s);

/* The pool that the path names; NULL: replied 404. */
const struct pool *req_pool(struct req *rq);
/* The feed, knowing all that is durable; NULL: replied. On a worker. */
struct feed *req_feed(struct req *rq);
