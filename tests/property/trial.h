/* SPDX-License-Identifier: Apache-2.0 */
/* One market on trial: the real one, the naive model and what a store would keep, side by side.
 *
 * trial_step() gives both the same command and compares what it did; every few commands a group
 * ends, and everything is compared. On a difference it says how to repeat the run and exits. */
#pragma once

#include "tests/property/kept.h"
#include "tests/property/random_commands.h"

#define KINDS COMMANDS
extern const char *const trial_kinds[KINDS]; /* names of the kinds of commands */

/* What all trials together have seen; test_market demands a minimum of each. */
struct seen {
    int64_t applied[KINDS], refused[KINDS][ERR_COUNT];
    int64_t leases[LEASE_STATES];             /* states after some command */
    int64_t ends[LEASE_STATES][LEASE_STATES]; /* [before][after] of a living lease */
    int64_t lease_reasons[REASONS], ask_reasons[REASONS], bid_reasons[REASONS];
    int64_t failed_bids[REASONS]; /* those that could not try again */
    int64_t jobs[9];
    int64_t own, displacing, gangs; /* trades */
    /* Displacers that ended before their least time: own ones, by their provider's fault, others.
     */
    int64_t short_own, short_faulty, short_owing;
    int64_t parked; /* orders, as seen at the ends of groups */
    int64_t trades, rebuilt, replayed, failures, squeezed;
};

/* Memory that fails on demand and is counted. */
struct faulty {
    int64_t fail_in; /* the n-th request from now fails; 0: none does */
    bool fail_after; /* and all later ones too */
    int64_t blocks;  /* not yet given back */
};

struct trial {
    uint64_t seed;
    struct dice dice;
    struct style style;
    struct faulty faulty;
    struct mem mem;
    struct market *market;
    struct naive *model;
    struct kept *kept;
    struct seen *seen;
    struct command
        *log; /* what was applied, for the replay; NULL when the state was meddled with */
    size_t log_n, log_max;
    int32_t group, group_max; /* commands in the present group, and when it ends */
    int64_t steps, until_look;
    bool aloud; /* TRIAL_ALOUD is set: every command is told */
    bool wide;  /* thousands of orders: look rarely */
};

/* A trial that will see at most `commands` commands. */
struct trial *trial_begin(uint64_t seed, const struct style *style, int64_t commands,
                          struct seen *seen);
void trial_step(struct trial *t, struct command *c); /* numbers the command, keeps its time */
void trial_end_group(struct trial *t);
void trial_end(struct trial *t); /* last comparisons, the replay; frees all */

/* Say how to repeat the run and end the program. */
void trial_fail(struct trial *t, const struct command *c, const char *why);
