/* SPDX-License-Identifier: Apache-2.0 */
/* Groups on their way: applied and sent, committed, on disk, answered; always in that order. */
#pragma once

#include "service/writer_inside.h"

struct flight *flights_at(struct writer *w, size_t i); /* the i-th that is not answered */
struct flight *flights_next(struct writer *w);         /* the one to be filled; there is room */

/* Apply the next flight and send it. False: nothing of it is answered, memory is lost. */
MUST_CHECK bool flights_launch(struct writer *w, struct err *err);

/* What has come back is taken, and answered when it is on disk; none of these waits. False: nothing
 * may be assumed of what is on its way. */
MUST_CHECK bool flights_take_commits(struct writer *w, struct err *err);
MUST_CHECK bool flights_take_flush(struct writer *w, struct err *err);

/* Sleep until there is news of the groups on their way, `want` are queued, or `us` have passed. */
void flights_sleep(struct writer *w, int64_t want, int64_t us);
/* Wait until all flights are answered. False: some may not be. */
MUST_CHECK bool flights_finish(struct writer *w, struct err *err);
