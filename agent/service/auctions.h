/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed bids that the market announces, answered with what our asks can offer. */
#pragma once

#include "service/agent.h"

/* Answer each that one of our open asks serves. What fails is told in the log: an auction is over
 * in seconds, and the standing ask takes part in it anyway. */
void auctions_answer(struct agent *a, const struct sealed_bid *bids, size_t n);
