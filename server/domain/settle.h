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

/* Seconds of a lease that has run: what is billed of what the agent signed, and what the server saw
 * from ready to `now_us`; at least `least`. Nothing if it never was ready. */
struct seconds {
    int64_t observed, billed;
};
struct seconds settle_seconds(const struct lease *l, int64_t signed_seconds, int64_t now_us,
                              int32_t least);

/* What preparing it is paid for, when the buyer is to blame that it did not start. */
int64_t settle_preparation(const struct market_rules *rules, const struct lease *l, int64_t now_us);

/* charge = fee + payout + insurance, at most the hold. The fee's remainder is the provider's; what
 * a displacer pays above the ask's own price is the insurance fund's. */
struct bill {
    struct money charge, fee, payout, insurance;
};
struct bill settle_bill(const struct market_rules *rules, const struct lease *l, int64_t seconds);
