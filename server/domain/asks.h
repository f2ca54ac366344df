/* SPDX-License-Identifier: Apache-2.0 */
/* What other commands do to asks. Private to the market. */
#pragma once

#include "domain/step.h"

/* An open ask ends; its leases go on. */
void ask_close(struct step *s, struct ask_entry *a, enum order_state state, enum reason reason);

/* The units of the lease, which has ended, are no longer under it. The lease that waits for them
 * takes its own; an open ask has the rest to sell again, and a new place in the line. It does not
 * meet the bids yet. */
void ask_give_back(struct step *s, struct ask_entry *a, struct lease_entry *ended);
