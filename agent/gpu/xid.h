/* SPDX-License-Identifier: Apache-2.0 */
/* Xid errors: what NVIDIA's kernel driver writes to the kernel's log when a card goes wrong, as
 *
 *     NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, GPU has fallen off the bus.
 *
 * The numbers are those of NVIDIA's "Xid Errors" page. Many are a program's own fault and say
 * nothing of the card (13, 31, 43, 45 …); those after which a card must be reset or replaced are
 * told apart here. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/str.h"

#define XID_LINE_MAX 8192 /* of one record of /dev/kmsg, as the kernel has it */
#define XID_LOG      "/dev/kmsg"

struct xid {
    char bus[16];   /* "0000:3b:00": domain, bus, device */
    int64_t number; /* as NVIDIA counts them */
};

/* Is there one in this line? Any prefix of the kernel's or of a log daemon's is passed over. */
bool xid_read(struct str line, struct xid *out);

/* Must a card with this error be taken out of service? */
bool xid_is_fatal(int64_t number);

/* Is `bus` (as NVML has it: "00000000:3B:00.0") this card's? */
bool xid_is_of(const struct xid *x, const char *bus_id);

/* The kernel's log, read on from look to look. `path` NULL: XID_LOG. A log that is not there, or
 * not ours to read, has no errors; xid_log_readable() tells. From its first line on that the kernel
 * still has since it was last cleared (dmesg -C): a card that failed before the agent began is no
 * better for it. */
struct xid_log {
    const char *path;
    int fd; /* -1: not open yet */
    char line[XID_LINE_MAX];
    size_t n; /* of a line whose end has not come */
};
void xid_log_init(struct xid_log *log, const char *path);
void xid_log_done(struct xid_log *log);
bool xid_log_readable(struct xid_log *log);
/* The next error; false: no more by now. */
bool xid_log_next(struct xid_log *log, struct xid *out);
