/* SPDX-License-Identifier: Apache-2.0 */
/* What a store would keep: copies of the objects that groups touched, and markets rebuilt from
 * them. */
#pragma once

#include "tests/property/naive.h"

struct kept {
    struct balance balances[NAIVE_ACCOUNTS];
    size_t balances_n;
    struct standing standings[NAIVE_ACCOUNTS]; /* none: as it is at the beginning */
    size_t standings_n;
    struct pool_state pools[NAIVE_POOLS];
    size_t pools_n;
    struct node nodes[NAIVE_NODES];
    size_t nodes_n;
    struct ask asks[NAIVE_ASKS];
    size_t asks_n;
    struct bid bids[NAIVE_BIDS];
    size_t bids_n;
    struct lease leases[NAIVE_LEASES];
    size_t leases_n;
    struct payout payouts[NAIVE_PAYOUTS];
    size_t payouts_n;
    struct offer offers[NAIVE_OFFERS];
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
