/* SPDX-License-Identifier: Apache-2.0 */
/* Why nothing serves a job, as people read it. */
#pragma once

#include "show.h"

/* Add the sentence, what keeps offers away, and what would help. `e`: an Explanation. */
void explain_write(const json_t *e, struct arena *a, struct buf *out);
