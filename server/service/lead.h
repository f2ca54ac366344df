/* SPDX-License-Identifier: Apache-2.0 */
/* Becoming the one who writes: the lock, the epoch, and the market from PostgreSQL into memory. */
#pragma once

#include "service/writer_inside.h"

/* Try until this process leads with the market in memory, is stopped, or it is `until` by the
 * monotonic clock. True: it leads. */
MUST_CHECK bool lead_until(struct writer *w, int64_t until);
void lead_drop(struct writer *w); /* the market and its keys, out of memory */
void lead_log(const struct writer *w, const char *event, int64_t epoch);
