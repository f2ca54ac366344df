/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that gives up what jobs that are over have saved (checkpoints_sweep()), and each
 * minute old blobs (keeping_sweep()). It waits for the store, so nothing else does it. */
#pragma once

#include "service/keeping.h"

struct sweeper;

/* How long what is kept for people is kept. */
struct sweep_terms {
    struct blob_terms blobs;
    int64_t flows_days; /* what leases did with their networks */
};

/* Borrows all. NULL: ERR_NO_MEMORY. */
struct sweeper *sweeper_start(const char *conninfo, struct blobs *blobs,
                              const struct sweep_terms *terms, struct err *err);
void sweeper_stop(struct sweeper *s); /* takes NULL */
