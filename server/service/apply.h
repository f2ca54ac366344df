/* SPDX-License-Identifier: Apache-2.0 */
/* One command on the market in memory, and into the group that is being made: from submissions,
 * from the clock, from the operator's rules. */
#pragma once

#include "service/writer_inside.h"

/* The submission has its result; what it changed is in w->group. w->lost: there was no memory for
 * its key. */
void apply_submission(struct writer *w, struct submission *s);
bool apply_due(struct writer *w); /* the next command that the clock asks for; false: none is due */
bool apply_rules(struct writer *w);     /* those of the options; false: no memory */
int64_t apply_due_us(struct writer *w); /* when the next one is due, 0: now */
