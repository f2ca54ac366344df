/* SPDX-License-Identifier: Apache-2.0 */
/* A hold on the first process of a container, so that it can be ended when the engine's service is
 * dead. It is taken while the engine answers, and is of that process alone, whatever its number is
 * given to later (pidfd_open(2)). */
#pragma once

#include "service/ports.h"

/* -1: none. That is so where the agent lives in a process namespace of its own, and the number that
 * the engine tells is of another: the process must lie in a control group named by the container.
 */
int grip_take(const struct container_state *state);

/* Kill it. False: there is no hold, or the process is gone. */
bool grip_kill(int grip);
