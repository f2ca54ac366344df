/* SPDX-License-Identifier: Apache-2.0 */
/* A market of asks, jobs and cancellations around one price, for measuring: the same seed makes the
 * same commands. */
#pragma once

#include "domain/market.h"

#define STREAM_BUYERS   64
#define STREAM_NODES    4096 /* each with at most NODE_ASKS_MAX asks */
#define STREAM_REMEMBER 4096 /* orders of which one may be cancelled */
#define STREAM_FIRST    (2 * (STREAM_BUYERS + 1) + STREAM_NODES) /* commands of stream_begin */

extern const struct pool stream_pool; /* the market's only one */

struct stream_order {
    int64_t number, account;
    bool ask;
};

struct stream {
    struct market *market;
    uint64_t dice;
    int64_t buyers[STREAM_BUYERS], provider, nodes[STREAM_NODES];
    struct stream_order orders[STREAM_REMEMBER];
    size_t orders_n;
    int64_t applied, refused, trades;
    /* Called after each command that was applied, before its group is settled; may be NULL. */
    void (*applied_one)(void *arg, const struct command *, const struct outcome *);
    void *arg;
};

/* The default rules, but asks may leave at once: they come and go faster than the clock here. */
struct market_rules stream_rules(void);

/* Opens and funds the accounts and puts the nodes: STREAM_FIRST commands, none of which is refused.
 * The market is the caller's, new, with stream_pool and stream_rules(); dice and applied_one are
 * set before. */
void stream_begin(struct stream *);

/* One more: an ask, a job or a cancellation, which the market may refuse. */
void stream_next(struct stream *);
