/* SPDX-License-Identifier: Apache-2.0 */
/* The reference venue: a standing book of one quote per trader, searched from end to end. Price,
 * then time; a deal is at the price of the earlier quote. Knows nothing of server/domain. */
#pragma once

#include <stdint.h>

#include "domain/command.h"
#include "tests/sim/session.h"

struct reference_quote {
    int price; /* 0: none */
    uint64_t since;
};

struct reference {
    struct reference_quote bids[TRADERS_MAX], asks[TRADERS_MAX];
    uint64_t clock;
    enum price_rule rule;
};

void reference_open(struct reference *r, enum price_rule rule, struct venue *out);
