/* SPDX-License-Identifier: Apache-2.0 */
/* The self-test: is this engine fit for strangers, and in which isolation class?
 *
 * The agent hands its engine a tiny image of its own (agent/probe) and makes a container of it
 * exactly as it makes one for a lease. Inside, some ninety probes try what a hostile program would.
 * A probe that gets through where it must not, or one that does not end, and no class is declared:
 * nothing is for sale then. Else the class is what the container saw of itself
 * (domain/isolation.h). */
#pragma once

#include "base/arena.h"
#include "domain/isolation.h"
#include "service/ports.h"

#define SELFTEST_ROWS_MAX 160
#define SELFTEST_SECONDS  120 /* the quick probes take about two; heavy ones may take long */
#define SELFTEST_MEMORY   (INT64_C(64) << 20)
#define SELFTEST_SCRATCH  (INT64_C(16) << 20)
#define SELFTEST_PIDS     256
#define SELFTEST_CPU      1000

enum selftest_verdict { PROBE_BROKEN, PROBE_CONTAINED, PROBE_ESCAPED };
extern const char *const selftest_verdict_names[3];

struct selftest_row {
    char name[32], what[80], detail[208];
    enum selftest_verdict verdict;
};

/* How it is run. What is zero is left out or has the default. */
struct selftest_how {
    const struct engine *engine;
    const char *dir;    /* the agent's state directory; scratch for it is made there and removed */
    struct str node_id; /* for the container's label, so that the next start removes a stray */
    bool disks;         /* give /out a disk of its own (service/disk.h) */
    const char *probes; /* "all": the quick ones; "heavy"; or one's name */
    const char *canary; /* a file of this machine that may not be found inside */
    const char *peer;   /* an address of this machine, where something listens at `port` */
    int64_t port;
};

struct selftest {
    enum isolation isolation; /* ISOLATION_NONE: none may be declared */
    char reason[360];         /* why none, in a sentence; empty otherwise */
    char kernel[160], uid_map[160];
    bool gvisor;
    bool disk_bounded; /* /out was a disk of its own, no larger than asked */
    struct selftest_row rows[SELFTEST_ROWS_MAX];
    size_t n, escaped, broken;
    int64_t took_us;
};

/* Run it; about two seconds. False: the engine or this machine did not do its part (err); then
 * nothing is known. True: *out says what holds. Blocks; the engine's interrupt ends it. */
MUST_CHECK bool selftest_run(const struct selftest_how *how, struct selftest *out, struct err *err);
