/* SPDX-License-Identifier: Apache-2.0 */
/* Double entry: the lines of one command, which sum to zero. Private to the market. */
#pragma once

#include "domain/step.h"

/* Change a balance at once and note it in the command's entry. In between a balance may be below
 * zero; at the close of the entry it may not. */
void ledger_add(struct step *s, struct account *a, enum bucket bucket, int64_t micros);

/* Make what is held for the bid `hold`, from or to the buyer's available money. */
void ledger_hold(struct step *s, struct bid_entry *b, struct money hold);

/* The entry is complete: lines of zero go, the others are put in order (account, then bucket), and
 * what they have changed is touched. Asserts that they sum to zero. */
void ledger_close(struct step *s);
