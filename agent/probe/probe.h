/* SPDX-License-Identifier: Apache-2.0 */
/* What a hostile program would try, tried: one static program, run in a container as a lease is.
 *
 * Each probe runs in a child of its own with a time limit and says whether what it tried was
 * contained. The agent runs the quick ones at its start (service/selftest.h) and declares no
 * isolation class in which one escapes; `heavy` ones fill disks and logs and are for tests.
 *
 * A line of output is NAME TAB VERDICT TAB WHAT TAB DETAIL; verdicts are `contained`, `ESCAPED`,
 * and `broken` for a probe that did not come to its end. Lines that begin with `fact` carry what
 * the agent judges itself: fact TAB NAME TAB VALUE. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verdict { BROKEN, CONTAINED, ESCAPED };

struct answer {
    enum verdict verdict;
    char detail[200];
};

/* What the agent told us on the command line. */
struct stage {
    int64_t memory_bytes, scratch_bytes, pids_max, cpu_millis, out_bytes; /* 0: not told */
    const char *after;  /* begin behind the probe of that name */
    const char *canary; /* a file of the host that we may not find */
    const char *peer;   /* address of the host that we may not reach; NULL: none was told */
    int peer_port;
    bool gvisor; /* the kernel under us is the sentry */
};
extern struct stage stage;

enum {
    QUICK = 0,
    HEAVY = 1 << 0,
    BOMB = 1 << 1 /* may be killed by the kernel: that is its end */,
    SENTRY = 1 << 2 /* under gVisor what is granted is granted by the sentry, not by the host */
};

struct probe {
    const char *name, *what;
    void (*run)(struct answer *a);
    int flags;
    int seconds; /* 0: five */
};

/* The tables, each ended by a row without a name. */
extern const struct probe probes_rights[], probes_mounts[], probes_devices[], probes_kernel[],
    probes_view[], probes_net[], probes_files[], probes_bombs[];

/* The call was refused (result < 0): contained, with errno's name. Else it escaped. */
void refused(struct answer *a, long result);
void contained(struct answer *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
void escaped(struct answer *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Escaped if `bad`, else contained; both with the text. */
void judged(struct answer *a, bool bad, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* It could not be tried, as fork() failed: errno says why. */
void no_process(struct answer *a);

/* reach.c: not a probe, but what a program with a network does. */
void talk(const char *word);

/* A field of /proc/self/status ("CapEff"), read as hexadecimal or decimal; -1: not there. */
long long status_field(const char *name, int base);
/* Open for writing and close again; the descriptor or -1. */
int try_write(const char *path);
bool is_there(const char *path);
