/* SPDX-License-Identifier: Apache-2.0 */
/* What a store would keep: copies of the objects that groups touched, and markets rebuilt from
 * them. */
#pragma once

#include "market/naive.h"

/* Tests keep their books small. */
#define KEPT_ACCOUNTS 64
#define KEPT_NODES    1024
#define KEPT_ASKS     4096
#define KEPT_BIDS     16384
#define KEPT_LEASES   16384
#define KEPT_PAYOUTS  1024
#define KEPT_POOLS    16
#define KEPT_OFFERS   2048

struct kept {
    struct balance balances[KEPT_ACCOUNTS];
    size_t balances_n;
    struct standing standings[KEPT_ACCOUNTS]; /* none: as it is at the beginning */
    size_t standings_n;
    struct pool_state pools[KEPT_POOLS];
    size_t pools_n;
    struct node nodes[KEPT_NODES];
    size_t nodes_n;
    struct ask asks[KEPT_ASKS];
    size_t asks_n;
    struct bid bids[KEPT_BIDS];
    size_t bids_n;
    struct lease leases[KEPT_LEASES];
    size_t leases_n;
    struct payout payouts[KEPT_PAYOUTS];
    size_t payouts_n;
    struct offer offers[KEPT_OFFERS];
    size_t offers_n;
};

/* Insert the fresh, update the others; false when an object is fresh twice or never was. */
bool kept_take(struct kept *k, const struct touched *t);

/* Have model and store the same objects with the same fields? Says on stderr what differs. */
bool kept_compare(const struct kept *k, const struct naive *n);

/* Forget what the model has forgotten. */
void kept_drop(struct kept *k, const struct naive *n);

/* A market of what is kept; NULL when memory failed. */
struct market *kept_rebuild(const struct kept *k, const struct naive *n, const struct mem *mem);
