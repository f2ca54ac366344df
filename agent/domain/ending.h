/* SPDX-License-Identifier: Apache-2.0 */
/* When a running container is to get which signal, on the boot clock alone; and what its end then
 * means. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What is known of a container that runs. Times are of the boot clock; 0: not. */
struct ending {
    int64_t deadline_us; /* it is dead then, whatever else is true */
    int64_t stop_at_us;  /* the market wanted it to end: ask at once, insist after the grace */
    bool at_once;        /* it broke a limit: no grace */
    bool termed, killed; /* what it got already */
    int64_t retry_us;    /* not to be killed again before */
};

enum ending_act { ENDING_WAIT, ENDING_TERM, ENDING_KILL };

/* What is due at `now_us`; *next_us: when to ask again (INT64_MAX: when something has changed). */
enum ending_act ending_due(const struct ending *e, int64_t now_us, int64_t grace_us,
                           int64_t *next_us);

/* How a container ended. */
struct exit_facts {
    int64_t exit_code;
    int64_t ready_boot_us, ended_boot_us, deadline_boot_us;
    bool told_to_stop, killed_by_us, out_of_memory;
    bool over_quota, over_bytes; /* stopped, as its files, or its network, passed what they may */
    bool displaced;              /* told to make room before it ended */
};

/* "done", "out-of-memory", "egress-spent", "displaced" or "time-spent", as the wire has it. */
const char *exit_reason(const struct exit_facts *f);

/* Whole seconds from ready to the end, never beyond the deadline, never negative. */
int64_t exit_seconds(const struct exit_facts *f);
