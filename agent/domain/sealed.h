/* SPDX-License-Identifier: Apache-2.0 */
/* Which of our asks answers a sealed bid, and at which price. Pure.
 *
 * The cheapest offer wins and gets the price of the second cheapest, so nothing is gained by asking
 * for more than what the machine is worth to its owner: the floor. Who has fixed a price has said
 * that it is worth that much to him. */
#pragma once

#include "domain/offer.h"

#define SEALED_WANTS_MAX 8

struct sealed_want { /* a pool that the bid accepts */
    struct str pool;
    int64_t units;
};

struct sealed_bid {
    struct str bid_id;
    struct sealed_want wants[SEALED_WANTS_MAX];
    size_t wants_n;
    int64_t max_seconds;
};

struct sealed_offer {
    size_t ask; /* which of ours */
    int64_t price_micros;
};

/* The cheapest that we can offer: an ask of one of its pools with so many units free, for that
 * long. False: none of ours serves it. */
MUST_CHECK bool sealed_answer(const struct sealed_bid *bid, const struct ask_seen *asks, size_t n,
                              struct sealed_offer *out);
