/* SPDX-License-Identifier: Apache-2.0 */
/* What is held for a job, and what metered use costs: arithmetic alone. Pure.
 *
 * Every rounding is in favour of the buyer, but for what is held, which must cover any charge. An
 * amount that does not fit is INT64_MAX, which no hold reaches. */
#pragma once

#include "domain/market.h"

/* limit(w): what the bid pays at most for a unit-hour of its want `w`, on the tick of its pool. 0
 * when it is less than a tick. */
struct money settle_limit(const struct market *m, const struct bid *b, int32_t w);

/* What a resting bid holds, and the least that it must be able to hold. */
struct money settle_want(const struct market *m, const struct bid *b);
struct money settle_least(const struct market *m, const struct bid *b);

/* How long leases at these prices, together `sum` for a unit-hour of each, may run on what is left
 * of the budget. */
int32_t settle_seconds_max(const struct bid *b, struct money sum, int32_t units);

/* A lease's part of the hold. */
struct money settle_part(struct money price, int32_t units, int32_t seconds_max);

/* How long the node has been unhealthy in all, until `now_us`. */
int64_t settle_ill_us(const struct node *n, int64_t now_us);

/* Seconds of a lease that has run: what is billed of what the agent signed, and what the server saw
 * from ready to `now_us`, without the time `ill_us` in which its node was unhealthy; if there was
 * none of that, at least `least`. Nothing if it never was ready. */
struct seconds {
    int64_t observed, billed;
};
struct seconds settle_seconds(const struct lease *l, int64_t signed_seconds, int64_t now_us,
                              int64_t ill_us, int32_t least);

/* What preparing it is paid for, when the buyer is to blame that it did not start. */
int64_t settle_preparation(const struct market_rules *rules, const struct lease *l, int64_t now_us);

/* Seconds that a lease owes which ends with its reason and fault set and has not run: what its
 * preparation is paid for; of a displacer, unless its provider is to blame, the least run at least.
 */
int64_t settle_unrun(const struct market_rules *rules, const struct lease *l, int64_t prepared);

/* What is paid of a run that failed by the provider: what its last checkpoint keeps, or all but the
 * `checkpoint_seconds` that the buyer may lose of what the agent has looked after, if that is more:
 * then it is the buyer who has not saved in time (docs/market.md, Checkpoints). */
int64_t settle_survived(const struct lease *l, int32_t checkpoint_seconds);

/* charge = fee + payout + insurance, at most the hold. The fee's remainder is the provider's. Of
 * what a displacer pays, fee and payout come from the ask's own price for the seconds that it has
 * run (signed and observed, which must be set); the rest is the insurance fund's. */
struct bill {
    struct money charge, fee, payout, insurance;
};
struct bill settle_bill(const struct market_rules *rules, const struct lease *l, int64_t seconds);
/* The same, when it is known otherwise how many of the seconds it has run. */
struct bill settle_bill_run(const struct market_rules *rules, const struct lease *l,
                            int64_t seconds, int64_t run);
