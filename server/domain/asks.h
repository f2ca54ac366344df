/* SPDX-License-Identifier: Apache-2.0 */
/* What other commands do to asks. Private to the market. */
#pragma once

#include "domain/step.h"

/* An open ask ends; its leases go on. */
void ask_close(struct step *s, struct ask_entry *a, enum order_state state, enum reason reason);

/* `units` of the ask are no longer under a lease. An open one has them to sell again, and a new
 * place in the line. It does not meet the bids yet. */
void ask_give_back(struct step *s, struct ask_entry *a, int32_t units);
