/* SPDX-License-Identifier: Apache-2.0 */
/* Collars: what is far from the last prices waits for a call (call.c). Private to the market. */
#pragma once

#include "domain/step.h"

/* The median of the pool's last trades, one of each seller's owner; false: there were too few. */
MUST_CHECK bool collar_reference(const struct market *m, const struct book *book,
                                 struct money *out);

enum collar_side { COLLAR_WITHIN, COLLAR_ABOVE, COLLAR_BELOW };

/* Is a trade at this price odd, too high or too low, and not to be made now? */
enum collar_side collar_side(const struct step *s, const struct book *book, struct money price);
bool collar_odd(const struct step *s, const struct book *book, struct money price);

/* What a bid that waits pays when it would be this: the dearest price on tick that is not odd, if
 * it is above that and the ask is not. */
struct money collar_spare(const struct step *s, const struct ask_entry *a, struct money price);

/* A trade of the tape was made with this ask: it takes the place of its seller's last one. */
void collar_note(struct step *s, const struct ask_entry *a, struct money price);

/* The order leaves the books until the pool's call; one is set when none is pending. */
void collar_park_ask(struct step *s, struct ask_entry *a);
void collar_park_bid(struct step *s, struct bid_entry *b, struct book *book);
