/* SPDX-License-Identifier: Apache-2.0 */
/* What other commands do to jobs and their bids. Private to the market. */
#pragma once

#include "domain/step.h"

/* A bid that has no lease ends for good: what is held goes back to the buyer. */
void bid_close(struct step *s, struct bid_entry *b, enum order_state order, enum job_state job,
               enum reason reason);

/* A bid whose lease came to nothing, by no fault of its buyer, rests again and meets the asks, not
 * those of `node` any more; or ends, when attempts, time, budget or money do not suffice. */
void bid_try_again(struct step *s, struct bid_entry *b, int64_t node);
