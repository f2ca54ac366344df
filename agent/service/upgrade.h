/* SPDX-License-Identifier: Apache-2.0 */
/* The market takes no agents below a version: then this one takes nothing new, lets what runs come
 * to its end, and ends itself, so that it can be replaced.
 *
 * DIR/upgrade  is there from the drain on; the agent that replaces this one ends the drain. */
#pragma once

#include "service/agent.h"

/* Compare our version with what the heartbeat said. The heartbeat's thread. */
void upgrade_heed(struct agent *a, const struct pulse_answer *answer);
