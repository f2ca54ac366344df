/* SPDX-License-Identifier: Apache-2.0 */
/* Collars: what is far from the last prices waits for a call (call.c). Private to the market. */
#pragma once

#include "domain/step.h"

/* The median of the pool's last trades, one of each seller's owner; false: there were too few. */
MUST_CHECK bool collar_reference(const struct market *m, const struct book *book,
                                 struct money *out);

/* Is a trade at this price odd, and not to be made now? */
bool collar_odd(const struct step *s, const struct book *book, struct money price);

/* A trade of the tape was made with this ask: it takes the place of its seller's last one. */
void collar_note(struct step *s, const struct ask_entry *a, struct money price);

/* The order leaves the books until the pool's call; one is set when none is pending. */
void collar_park_ask(struct step *s, struct ask_entry *a);
void collar_park_bid(struct step *s, struct bid_entry *b, struct book *book);
