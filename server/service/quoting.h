/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody would be given for a job that is not made yet, and what to expect of it. */
#pragma once

#include "domain/explain.h"
#include "service/info.h"
#include "store/recent.h"

#include <jansson.h>

#define QUOTE_TRADES 100 /* newest of the pool, which tell what is usual, */
#define QUOTE_FEW    5   /* but fewer than this tell nothing */

/* What was asked: seen on the market thread, by quoting_look(). */
struct quoting {
    int64_t account;      /* 0: nobody's */
    struct bid_spec spec; /* its limit: the one given, or the highest that the budget bears */
    bool has_limit;

    int64_t now_us;
    const char *wrong; /* NULL: it could be asked for so; else the terms are not valid */
    struct quote quote;
    struct explanation why;  /* when nothing serves it */
    struct money displacing; /* lowest limit that displaces a lease of the first pool; 0: none */
};

/* The highest limit on `tick` for which the budget pays the least that is billed; 0: none. */
struct money quoting_most(const struct market_info *info, const struct bid_spec *spec,
                          int64_t tick);

/* A look (service/looks.h); arg is a struct quoting. */
void quoting_look(struct market *m, int64_t now_us, void *arg);

/* Of which pool it tells: that of what it would be given, else the first. */
int32_t quoting_pool(const struct quoting *q);

/* The limit that is proposed: the one given, or the dearest machine's price and a tenth, on `tick`,
 * as far as the budget goes. 0: there is nothing to take it from. */
struct money quoting_limit(const struct market_info *info, const struct quoting *q, int64_t tick);

/* By the names of openapi.yaml. NULL: no memory. */
json_t *quoting_json(const struct market_info *info, const struct quoting *q, int64_t tick,
                     const struct recent_row *recent);
