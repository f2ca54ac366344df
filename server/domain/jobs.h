/* SPDX-License-Identifier: Apache-2.0 */
/* What other commands do to jobs and their bids. Private to the market. */
#pragma once

#include "domain/step.h"

/* A bid that has no lease ends for good: what is held goes back to the buyer. */
void bid_close(struct step *s, struct bid_entry *b, enum order_state order, enum job_state job,
               enum reason reason);

/* A lease of the bid has ended with this verdict on the job: the greatest so far counts. */
void bid_learn(struct bid_entry *b, enum verdict verdict, enum reason reason, int32_t exit_code);

/* The job does not go to this node again; of too many the oldest is forgotten. */
void bid_exclude(struct bid_entry *b, int64_t node);

/* The last live lease of the bid has ended: the job is over, or the bid rests again and meets the
 * asks; or ends, when attempts, time, budget or money do not suffice. */
void bid_conclude(struct step *s, struct bid_entry *b);

/* What is wrong with the terms of a bid, wherever it stands, and with which error it is refused;
 * NULL: nothing. */
const char *bid_wrong(const struct market *m, const struct bid_spec *spec, int64_t now_us,
                      enum err_code *code);
