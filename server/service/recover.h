/* SPDX-License-Identifier: Apache-2.0 */
/* When a group fails: nothing may be assumed, so memory is rebuilt and what was on its way is tried
 * again. */
#pragma once

#include "service/writer_inside.h"

#define PATIENCE_US 15000000 /* how long a group waits for the database to come back */

/* The submissions of all groups on their way, in order, are in w->hands again; how many. */
size_t recover_give_up(struct writer *w);
/* Give up, rebuild, and try them again until each is answered. */
void recover_all(struct writer *w, struct err *err);

void recover_answer_failed(struct submission *s, const struct err *err);
void recover_answer_busy(struct submission *s);
void recover_answer_queued(struct writer *w); /* all that are queued, as busy */
