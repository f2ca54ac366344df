/* SPDX-License-Identifier: Apache-2.0 */
/* What is held for a job, and what metered use costs: arithmetic alone. Pure.
 *
 * Every rounding is in favour of the buyer, but for what is held, which must cover any charge. An
 * amount that does not fit is INT64_MAX, which no hold reaches. */
#pragma once

#include "domain/market.h"

/* To hold for the bid at this price: what its longest run can cost, within what is left of the
 * budget. */
struct money settle_hold_at(const struct bid *b, struct money price);

struct money settle_want(const struct bid *b); /* the same at the limit: what a resting bid holds */

/* The least that is billed for one start, at the limit: what it must be able to hold. */
struct money settle_least(const struct market_rules *rules, const struct bid *b);

/* Seconds of a lease that has run: what is billed of what the agent signed, and what the server saw
 * from ready to `now_us`. Nothing if it never was ready. */
struct seconds {
    int64_t observed, billed;
};
struct seconds settle_seconds(const struct market_rules *rules, const struct lease *l,
                              int64_t signed_seconds, int64_t now_us);

/* What preparing it is paid for, when the buyer is to blame that it did not start. */
int64_t settle_preparation(const struct market_rules *rules, const struct lease *l, int64_t now_us);

/* charge = fee + payout, at most the hold. The fee's remainder is the provider's. */
struct bill {
    struct money charge, fee, payout;
};
struct bill settle_bill(const struct market_rules *rules, const struct lease *l, int64_t seconds);
