/* SPDX-License-Identifier: Apache-2.0 */
/* How good the auction is: many sessions on one schedule, at the real venue and at the reference.
 */
#pragma once

#include "domain/market.h"
#include "tests/sim/session.h"

struct trial_plan {
    const struct market_rules *rules;
    enum traders traders;
    int64_t seed;
    int markets, shouts;
    int days;   /* sessions that adaptive traders hold; the last is looked at */
    bool every; /* send every quote */
};

struct efficiency {
    double mean, sd; /* surplus reached, in percent of the greatest possible */
    double alpha;    /* Smith's: 100 × rms distance of prices from equilibrium ÷ equilibrium */
    double price, deals; /* means over the markets */
    int identical;       /* markets in which both venues made the same deals */
    int64_t commands;    /* that the real market took in all sessions */
};

/* The reference has its own stream of random numbers from the same seed. Simple traders remember
 * nothing: for them each market is one session. */
void efficiency_measure(const struct trial_plan *plan, const struct schedule *s,
                        struct efficiency *out);
