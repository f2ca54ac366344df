/* SPDX-License-Identifier: Apache-2.0 */
/* Displacement: an interruptible lease makes room for a bid that finds none. Private to the market.
 *
 * The victim gets notice and leaves; the newcomer's lease is made at once and waits for it. */
#pragma once

#include "domain/match.h"

/* An open bid that nothing served looks for a lease to displace; at most one. */
void displace_for_bid(struct step *s, struct bid_entry *b);

/* Would it find one? Looks only. */
bool displace_would(const struct market *m, const struct bid_entry *b, int64_t now_us);

/* A lease has become ripe: some bid may displace it now. */
void displace_ripe(struct step *s, struct lease_entry *l);

/* The lease has ended, its units have come back: the one that waits takes its own. */
void displace_hand_over(struct step *s, struct lease_entry *ended, struct ask_entry *a);

/* The lease, which waits, has ended itself: its victim has no heir any more. */
void displace_forget(const struct market *m, const struct lease_entry *l, struct ask_entry *a);
