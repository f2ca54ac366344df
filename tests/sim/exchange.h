/* SPDX-License-Identifier: Apache-2.0 */
/* The real venue: a market of its own for each session, with an account for each trader and a node
 * for each seller. A unit of the schedule is one unit for one hour, a tick of the schedule one tick
 * of the pool. */
#pragma once

#include "tests/sim/session.h"
#include "tests/sim/world.h"

struct exchange_trader {
    int64_t account, node;
    int64_t order; /* its quote; 0: none */
    int price;     /* of it */
};

struct exchange {
    struct world world;
    const struct schedule *schedule;
    struct exchange_trader buyers[TRADERS_MAX], sellers[TRADERS_MAX];
    int64_t leases[DEALS_MAX];
    int leases_n;
    int64_t commands; /* of the session itself, once closed */
};

/* The rules of such a market: a shout replaces the older one at once, and no price is odd. */
struct market_rules exchange_rules(enum price_rule rule);

void exchange_open(struct exchange *x, const struct market_rules *rules, const struct schedule *s,
                   struct venue *out);

/* Withdraw what rests, run every lease for its hour, and see that each buyer has paid exactly the
 * prices of its deals and each seller has got them less the fee: asserted. Then the market is gone.
 */
void exchange_close(struct exchange *x, const struct session *s);

/* The pool that everything is sold in. */
extern const struct pool exchange_pool;
