/* SPDX-License-Identifier: Apache-2.0 */
/* The delivered-hours index: what an hour of a pool's unit cost where it was really delivered, made
 * so that trading with oneself does not move it. Pure.
 *
 * Every five minutes, over the leases that ended in the day before. Out of it stay leases between
 * accounts of one owner, those delivered for less than 15 minutes or less than half of their term,
 * and what a pair of owners delivers beyond its share, in the order in which the leases ended. What
 * is left is weighed by its delivered unit-seconds; a tenth of the weight is cut from each end; the
 * index is the median of the rest. Fewer than five owners on either side give no value.
 *
 * A pair's share is a tenth of what counts in the end, not of all that was delivered: a pair that
 * delivers ten times what all others do would else be allowed more than theirs. Where there are
 * fewer than ten pairs, none may count for more than the smallest.
 *
 * A day, not the five minutes alone: hours are known to be delivered only when they are over, and a
 * cap on a pair's share of the day bounds nothing in a slice that the pair may fill by itself. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define INDEX_STEP_US      INT64_C(300000000)
#define INDEX_WINDOW_US    INT64_C(86400000000)
#define INDEX_DELIVERED_S  900 /* the least that counts, */
#define INDEX_TERM_PERCENT 50  /* and of the term */
#define INDEX_PAIRS_MIN    10  /* one pair of owners may be so small a part of what counts */
#define INDEX_TRIM_PERCENT 10  /* of the weight, cut at each end */
#define INDEX_OWNERS_MIN   5   /* on each side */

/* One lease that has ended. */
struct delivery {
    int64_t buyer, provider; /* owners: accounts of one group have one number */
    int64_t price;
    int64_t units, seconds, term_seconds;
};

struct price_index {
    int64_t at_us;             /* the end of its window; 0: there is none yet */
    int64_t value, low, high;  /* median and the ends of what was not cut; 0 when there is none */
    int64_t leases;            /* that count */
    int64_t buyers, providers; /* independent owners among them */
    int64_t unit_seconds;      /* their weight */
    bool stale;                /* too few owners: no value of its own */
};

/* Does the lease itself count, whatever the others are? */
bool delivery_counts(const struct delivery *d);

/* Scratch memory of one delivery. */
struct delivery_weight {
    int64_t buyer, provider, price, weight;
    size_t at; /* its place in the order of ends */
};

/* The index over `n` deliveries in the order in which they ended; `scratch` has room for n. All but
 * at_us is set. O(n log n). */
void price_index_compute(const struct delivery *d, size_t n, struct delivery_weight *scratch,
                         struct price_index *out);
