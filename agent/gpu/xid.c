/* SPDX-License-Identifier: Apache-2.0 */
#include "gpu/xid.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define MARK "NVRM: Xid (PCI:"

static bool is_bus(struct str s)
{
    return s.n >= 10 && s.n < sizeof(((struct xid *)0)->bus);
}

bool xid_read(struct str line, struct xid *out)
{
    struct str bus, rest;
    size_t digits = 0;
    const char *p = memmem(line.p, line.n, MARK, strlen(MARK));
    if (!p) return false;
    rest.p = p + strlen(MARK);
    rest.n = line.n - (size_t)(rest.p - line.p);
    if (!str_cut(rest, ')', &bus, &rest) || !is_bus(bus)) return false;
    if (rest.n < 2 || rest.p[0] != ':') return false;
    rest = str_trim((struct str){ rest.p + 1, rest.n - 1 });
    while (digits < rest.n && rest.p[digits] >= '0' && rest.p[digits] <= '9')
        digits++;
    struct xid x = { .number = 0 };
    if (!str_i64((struct str){ rest.p, digits }, 1, 9999, &x.number)) return false;
    memcpy(x.bus, bus.p, bus.n);
    *out = x;
    return true;
}

bool xid_is_fatal(int64_t number)
{
    static const int64_t fatal[] = {
        48,  /* double bit ECC error */
        61,  /* microcontroller breakpoint: internal */
        62,  /* microcontroller halt */
        64,  /* a row could not be remapped */
        74,  /* NVLink error */
        79,  /* fallen off the bus */
        95,  /* uncontained ECC error */
        109, /* context switch timeout */
        119, /* GSP does not answer */
        120, /* GSP error */
        136, /* firmware tells of a broken link */
        140, /* unrecovered ECC error */
        143, /* initialisation failed */
    };
    for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
        if (fatal[i] == number) return true;
    return false;
}

/* "0000:3b:00" against "00000000:3B:00.0": the domain with fewer digits, no function. */
bool xid_is_of(const struct xid *x, const char *bus_id)
{
    const size_t n = strlen(x->bus), length = strcspn(bus_id, ".");
    return n <= length && n >= 10 && strncasecmp(bus_id + (length - n), x->bus, n) == 0;
}

void xid_log_init(struct xid_log *log, const char *path)
{
    *log = (struct xid_log){ .path = path ? path : XID_LOG, .fd = -1 };
}

void xid_log_done(struct xid_log *log)
{
    if (log->fd >= 0) close(log->fd);
    log->fd = -1;
}

bool xid_log_readable(struct xid_log *log)
{
    if (log->fd < 0) {
        log->fd = open(log->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (log->fd >= 0 && strcmp(log->path, XID_LOG) == 0) (void)lseek(log->fd, 0, SEEK_DATA);
    }
    return log->fd >= 0;
}

/* The buffer's first whole line is taken out of it. */
static bool take_line(struct xid_log *log, struct xid *out, bool *found)
{
    const char *end = memchr(log->line, '\n', log->n);
    if (!end && log->n < sizeof(log->line)) return false;
    const size_t n = end ? (size_t)(end - log->line) + 1 : log->n; /* too long: no line of ours */
    *found = end && xid_read((struct str){ log->line, n - 1 }, out);
    log->n -= n;
    memmove(log->line, log->line + n, log->n);
    return true;
}

bool xid_log_next(struct xid_log *log, struct xid *out)
{
    bool found = false;
    if (!xid_log_readable(log)) return false;
    for (;;) {
        while (take_line(log, out, &found))
            if (found) return true;
        /* /dev/kmsg gives a record a read, EPIPE for those it has overwritten, and wants room for
         * a whole one; a file gives what fits. */
        if (log->n > sizeof(log->line) / 2) log->n = 0;
        const ssize_t got = read(log->fd, log->line + log->n, sizeof(log->line) - log->n);
        if (got < 0 && (errno == EINTR || errno == EPIPE)) continue;
        if (got <= 0) return false;
        log->n += (size_t)got;
    }
}
