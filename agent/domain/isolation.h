/* SPDX-License-Identifier: Apache-2.0 */
/* Isolation classes: how strictly a machine keeps containers apart, judged by what a container saw
 * of itself. Pure.
 *
 *   runc     namespaces, no capability, our system call filter
 *   userns   the same, and the container's users are nobody on the host (uid_map)
 *   gvisor   a kernel of its own in user space (gVisor's sentry says so itself)
 *
 * Virtual machines and attested ones have names on the wire and are never claimed here: nothing
 * this agent can run inside proves them yet. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum isolation {
    ISOLATION_NONE = -1, /* a probe escaped, or did not end: not fit for strangers */
    ISOLATION_RUNC,
    ISOLATION_USERNS,
    ISOLATION_GVISOR,
    ISOLATION_VM,
    ISOLATION_ATTESTED,
};
#define ISOLATIONS 5

extern const char *const isolation_names[ISOLATIONS + 1]; /* as on the wire; NULL at the end */

struct isolation_facts {
    bool gvisor;                /* the kernel inside said that it is gVisor's */
    struct str uid_map;         /* /proc/self/uid_map inside, lines parted by ';' */
    int64_t user;               /* that the container runs as */
    int64_t escaped, broken, n; /* probes that got out, that did not end, and all */
};

/* The class that holds. */
enum isolation isolation_judge(const struct isolation_facts *f);

/* The user of the host that `user` of that map is: itself if nothing is mapped away; -1: not there.
 */
int64_t isolation_host_user(struct str uid_map, int64_t user);

/* The class of that name; ISOLATION_NONE: there is no such name. */
enum isolation isolation_named(struct str name);
