/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be done: from what the market wants, what we have promised and what the engine shows.
 * Pure.
 *
 * The three views may disagree after a crash of any of the three. plan() is the one place that says
 * what each disagreement means; everything else only carries out its actions. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* How far a lease has come on this machine. A step is in the journal before the next one begins. */
enum step {
    STEP_TAKEN,    /* the assignment is ours to answer */
    STEP_ACCEPTED, /* the market knows that we do it */
    STEP_CREATED,  /* the container exists and is what was asked for */
    STEP_STARTED,  /* it runs; the meter has started */
    STEP_RUNNING,  /* the market knows that */
    STEP_EXITED,   /* it ended; outputs are being collected */
    STEP_SIGNED,   /* the receipt is signed: from here on these bytes and no others */
    STEP_REFUSED,  /* it cannot be started; the market is to be told why */
    STEP_OVER,     /* told; container and scratch are to be removed */
};
#define STEPS 9

/* What a lease takes from the machine. */
struct share {
    int64_t cpu_millis, memory_bytes, scratch_bytes, gpus;
};

/* An assignment as the market tells it, verified. */
struct wanted {
    struct str lease_id;
    int64_t epoch;
    struct share share;
    bool possible; /* nothing in it is beyond what this agent can do */
};

/* An entry of our journal. */
struct kept {
    struct str lease_id;
    int64_t epoch;
    struct share share;
    enum step step;
    bool busy;                /* a worker is at it */
    bool dropping;            /* and has been told to drop it */
    int64_t deadline_boot_us; /* on the clock of this boot; 0: the meter has not started */
};

/* A container with our label. */
struct seen {
    struct str lease_id;
    int64_t epoch;
    bool running;
};

struct world {
    const struct wanted *wanted;
    size_t wanted_n;
    bool wanted_whole; /* the market told all live leases of this node, not only new ones */
    const struct kept *kept;
    size_t kept_n;
    const struct seen *seen;
    size_t seen_n;
    struct share offered; /* what the owner gives */
    int64_t now_boot_us;
};

enum act {
    ACT_REMOVE,  /* seen[index]: kill the container and remove it: nobody knows it */
    ACT_KILL,    /* kept[index]: its time is over; kill now, whoever else must still be asked */
    ACT_FORGET,  /* kept[index]: the market has ended it: kill, remove, drop */
    ACT_RESUME,  /* kept[index]: give it to a worker, who goes on from its step */
    ACT_DECLINE, /* wanted[index]: we cannot do it */
    ACT_TAKE,    /* wanted[index]: journal it and give it to a worker */
};

struct action {
    enum act act;
    size_t index;
};

/* At most this many actions come out of plan(). */
#define PLAN_MAX(w) ((w)->wanted_n + 2 * (w)->kept_n + (w)->seen_n)

/* Write what is to be done to `out` (room for PLAN_MAX), in the order in which it is to be done:
 * stray containers go before new work comes. Returns how many. O(n²); n is a few dozen. */
size_t plan(const struct world *w, struct action *out);
