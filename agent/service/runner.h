/* SPDX-License-Identifier: Apache-2.0 */
/* A worker: takes one lease from the step that the journal holds to its end.
 *
 * Each step first does its deed, which may be done twice without harm, then puts the next step on
 * disk. A worker that is told to forget removes what there is; one whose agent stops leaves all as
 * it is, for the next agent to go on with. */
#pragma once

#include "service/lease.h"

/* The worker's main; arg is a struct lease. Sets `over` at its end. */
void *runner_main(void *lease);

/* ---- for the runner's own files ----------------------------------------------------------------
 */

/* May this lease go on? False: forget, or the agent is stopping. */
bool runner_may_go_on(struct lease *l);
/* Wait until something about the lease changes, at most `us`. As above. */
bool runner_wait(struct lease *l, int64_t us);
/* Wait the whole time, unless it may not go on. */
bool runner_pause(struct lease *l, int64_t us);
/* Put the entry with this step on disk, however often the disk refuses. False: may not go on. */
MUST_CHECK bool runner_step(struct lease *l, enum step step);
bool runner_is_stopping(struct lease *l); /* the market wants it to end */

/* Say something to the market until it has heard it. False: may not go on; *out untouched. */
typedef enum link_result runner_say(struct lease *l, struct err *err);
MUST_CHECK bool runner_tell(struct lease *l, runner_say *say, enum link_result *out);

/* Image, container, start: from STEP_ACCEPTED to STEP_STARTED, or to STEP_REFUSED, or (told to
 * stop) to STEP_EXITED. One call does one step. False: may not go on. */
MUST_CHECK bool runner_prepare(struct lease *l); /* at STEP_ACCEPTED */
MUST_CHECK bool runner_start(struct lease *l);   /* at STEP_CREATED */

/* Of a gang: wait until all of it can start, or this is to stop. False: may not go on. */
MUST_CHECK bool runner_gather(struct lease *l);

/* The two threads that listen to the engine while the container runs. */
struct listeners {
    struct lease *lease;
    pthread_t waiter, follower;
    bool waiting, following;
};
void listeners_begin(struct listeners *ls, struct lease *l);
void listeners_end(struct listeners *ls); /* the container must be gone, or the agent stopping */

/* Send the log until the container has ended and all of it is told. False: may not go on. */
MUST_CHECK bool runner_send_log(struct lease *l);

/* From STEP_RUNNING to STEP_EXITED: how did it end? */
MUST_CHECK bool runner_note_exit(struct lease *l);
/* Nothing ever ran: to STEP_EXITED. */
MUST_CHECK bool runner_note_never_ran(struct lease *l);
/* At STEP_EXITED: outputs to the market, receipt signed: to STEP_SIGNED. */
MUST_CHECK bool runner_sign(struct lease *l);
