/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/ending.h"

#include <assert.h>

#define SECOND     INT64_C(1000000)
#define KILLED     137    /* 128 + SIGKILL: how a killed container ends */
#define KILL_SLACK SECOND /* between the deadline and the end that it brings, at most early */

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When it is to be killed, at the latest. */
static int64_t kill_at(const struct ending *e, int64_t now_us, int64_t grace_us)
{
    int64_t at = e->deadline_us;
    if (e->stop_at_us != 0) at = sooner(at, e->stop_at_us + grace_us);
    if (e->at_once) at = sooner(at, now_us);
    return e->killed ? later(at, e->retry_us) : at;
}

enum ending_act ending_due(const struct ending *e, int64_t now_us, int64_t grace_us,
                           int64_t *next_us)
{
    assert(e->deadline_us != 0);
    const int64_t at = kill_at(e, now_us, grace_us);
    *next_us = at;
    if (at <= now_us) return ENDING_KILL;
    if (e->stop_at_us != 0 && !e->termed && !e->killed) return ENDING_TERM;
    return ENDING_WAIT;
}

const char *exit_reason(const struct exit_facts *f)
{
    /* An agent that was restarted meanwhile does not know its own kill; the clock does. */
    const bool in_time = f->ended_boot_us < f->deadline_boot_us - KILL_SLACK;
    const bool over = f->over_quota || f->over_bytes;
    if (f->exit_code == KILLED && !in_time && !f->told_to_stop && !over) return "time-spent";
    if (f->exit_code == KILLED && f->over_bytes) return "egress-spent";
    if (f->out_of_memory && f->exit_code != 0 && !f->killed_by_us) return "out-of-memory";
    if (f->displaced) return "displaced";
    return "done";
}

int64_t exit_seconds(const struct exit_facts *f)
{
    const int64_t end = sooner(f->ended_boot_us, f->deadline_boot_us);
    return end > f->ready_boot_us ? (end - f->ready_boot_us) / SECOND : 0;
}
