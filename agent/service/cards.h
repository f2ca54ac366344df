/* SPDX-License-Identifier: Apache-2.0 */
/* The GPUs of a lease: chosen among the free ones of this machine, kept in the journal.
 *
 * A card has one tenant: it is free when no lease of the table may still have a container on it,
 * also one that the market has forgotten and that is being removed. */
#pragma once

#include "service/lease.h"

/* Choose what the assignment asks for, unless the journal has it already, and put it into the entry
 * and on disk. False: so many are not free, or the disk failed; err says which (ERR_WRONG_STATE,
 * ERR_IO). */
MUST_CHECK bool cards_take(struct lease *l, struct err *err);

/* Those of the entry, with their minor numbers: *n is as many as the assignment asks for. False:
 * this machine has one of them no more. */
MUST_CHECK bool cards_of(struct lease *l, struct gpu_grant out[GPUS_MAX], size_t *n,
                         struct err *err);

/* Digests of their UUIDs, for the receipt; texts live in the lease's arena. Under its lock. */
struct str_list cards_digests(struct lease *l);

/* Cut the first UUID off an entry's text; false: there is none left. */
bool cards_next(struct str *rest, struct str *uuid);
