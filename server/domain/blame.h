/* SPDX-License-Identifier: Apache-2.0 */
/* What a provider bears whose lease has come to nothing: his ask leaves the book, and his node
 * waits before it places another. Private to the market. */
#pragma once

#include "domain/step.h"

/* The lease has ended and says why: its ask, if it is still open, is cancelled with that reason. */
void blame_withdraw(struct step *s, const struct lease_entry *l, struct ask_entry *a);

/* An offer is firm: a node that does not stand by it waits, each time twice as long. */
void blame_strike(struct step *s, const struct lease_entry *l);

/* A lease for which a tenant had to go has ended, and its reason and fault are set. When it has not
 * run min_run_seconds, by its provider's fault or on a machine of its own buyer, that is as if it
 * had been declined: or a tenant could be put out for nothing, to sell his place again. Nothing for
 * other leases. */
void blame_displacer(struct step *s, const struct lease_entry *l, struct ask_entry *a);
