/* SPDX-License-Identifier: Apache-2.0 */
/* A checkpoint comes back: before its container is made, the job's folder is filled with what its
 * last run has saved. Nothing is believed but digests that fit. */
#pragma once

#include "service/lease.h"

/* Into a folder that is made new. It waits for a market that is not reached, as long as the lease
 * is wanted. */
enum restored { RESTORED, RESTORE_STOPPED, RESTORE_FAILED /* err */ };
enum restored runner_restore(struct lease *l, struct err *err);
