/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints of one lease: while its container runs a thread looks at /checkpoint, and what is
 * there goes to the market.
 *
 * It looks CHECKPOINT_LOOKS times within the time that the job may lose, sooner when something has
 * changed, and at once when the buyer asks. Each look is told, also one that found nothing new:
 * so the market knows who did not do his part when work is lost. */
#pragma once

#include "service/lease.h"

/* Have the thread begin. Jobs on several machines have no checkpoints: NULL then, as without
 * memory. */
struct saver *saver_begin(struct lease *l);

/* End the thread. `last`: then look once more, until the market has it or will not; the container
 * has ended. False: the lease may not go on. Takes NULL. */
MUST_CHECK bool saver_finish(struct saver *s, bool last);
void saver_free(struct saver *s); /* ends it, if need be; takes NULL */
