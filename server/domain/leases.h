/* SPDX-License-Identifier: Apache-2.0 */
/* What other commands do to leases. Private to the market. */
#pragma once

#include "domain/step.h"

/* The buyer cancels the job of a bid that has a live lease. */
bool lease_cancel(struct step *s, struct bid_entry *b);
