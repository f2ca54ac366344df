/* SPDX-License-Identifier: Apache-2.0 */
/* The warden: a second process that outlives the agent. An agent that is killed or stopped leaves
 * its containers running, as it should; but a container is to be dead at its deadline, whoever else
 * is. The warden ends what runs too long, by the journal and the boot clock: a little late while
 * the agent lives, which may be paused; then until nothing runs or another agent has come. */
#pragma once

#include "service/identity.h"
#include "service/ports.h"

/* Start it: the program itself, with this verb and what it needs to find the agent's folder
 * (NULL-terminated). Returns the end of a pipe that is to stay open for as long as the agent lives;
 * -1: ERR_IO. Call before there are threads. */
int warden_start(const char *const *arguments, struct err *err);

/* Its work. `input` is the other end of that pipe. */
void warden_run(int input, const struct engine *engine, const struct identity *id, const char *dir);
