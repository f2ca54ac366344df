/* SPDX-License-Identifier: Apache-2.0 */
/* The doctor: disk and memory. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "doctor.h"

#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)

#define DISK_FAILURE (2 * GIB)
#define DISK_WARNING (20 * GIB)
#define WRITE_CHUNK  (1 << 20)
#define WRITE_CHUNKS 32
#define WRITE_SLOW   20 /* MiB a second */

#define MEMORY_FAILURE GIB
#define SHM_WARNING    (64 * MIB)

static int64_t free_of(const char *dir)
{
    struct statvfs v;
    if (statvfs(dir, &v) != 0) return -1;
    return (int64_t)v.f_bavail * (int64_t)v.f_frsize;
}

/* MiB a second to the disk, flushed; below 0: errno. */
static int64_t write_speed(const char *dir)
{
    static const char zeros[WRITE_CHUNK];
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s/doctor.tmp", dir) >= PATH_MAX) return -1;
    auto_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return -1;
    const int64_t before_us = clock_monotonic_us();
    bool ok = true;
    for (int i = 0; ok && i < WRITE_CHUNKS; i++)
        ok = write(fd, zeros, sizeof(zeros)) == (ssize_t)sizeof(zeros);
    ok = ok && fdatasync(fd) == 0;
    const int64_t took_us = clock_monotonic_us() - before_us;
    const int failed = errno;
    unlink(path);
    errno = failed;
    return ok ? WRITE_CHUNKS * INT64_C(1000000) / (took_us + 1) : -1;
}

void doctor_disk(struct doctor *d)
{
    const char *dir = d->s->args->dir;
    const int64_t bytes = free_of(dir);
    const int64_t speed = bytes > DISK_FAILURE ? write_speed(dir) : 0;
    if (speed < 0)
        doctor_say(d, "D10", "disk", CHECK_FAILURE, "%s cannot be written: %s.", dir,
                   strerror(errno));
    else if (bytes <= DISK_FAILURE)
        doctor_say(d, "D10", "disk", CHECK_FAILURE,
                   "%s has %" PRId64 " MiB free; a job's image alone is larger.", dir, bytes / MIB);
    else if (bytes < DISK_WARNING)
        doctor_say(d, "D10", "disk", CHECK_WARNING,
                   "%s has %" PRId64 " GiB free; images of CUDA have ten.", dir, bytes / GIB);
    else if (speed < WRITE_SLOW)
        doctor_say(d, "D10", "disk", CHECK_WARNING, "%s takes %" PRId64 " MiB/s.", dir, speed);
    else
        doctor_say(d, "D10", "disk", CHECK_OK,
                   "%s has %" PRId64 " GiB free, takes %" PRId64 " MiB/s.", dir, bytes / GIB,
                   speed);
    if (d->v[d->n - 1].result == CHECK_OK) return;
    doctor_fix(d, "df -h %s; %s system prune --all", dir,
               strcmp(d->engine.info.name, "docker") == 0 ? "docker" : "podman");
}

/* A line of /proc/meminfo in bytes; -1: not there. */
static int64_t meminfo(struct str text, const char *name)
{
    struct str line, rest = text;
    const size_t n = strlen(name);
    while (rest.n > 0) {
        if (!str_cut(rest, '\n', &line, &rest)) line = rest, rest.n = 0;
        if (!str_starts(line, str_of(name)) || line.n <= n || line.p[n] != ':') continue;
        struct str kib = str_trim((struct str){ line.p + n + 1, line.n - n - 1 }), unit;
        int64_t value;
        struct str number = kib;
        if (str_cut(kib, ' ', &kib, &unit)) number = kib;
        return str_i64(number, 0, INT64_MAX / 1024, &value) ? value * 1024 : -1;
    }
    return -1;
}

void doctor_memory(struct doctor *d)
{
    auto_buf struct buf text = { .max = 65536 };
    struct err err;
    struct statvfs v;
    const bool read = file_read("/proc/meminfo", 65536, &text, &err);
    const int64_t total = read ? meminfo(buf_view(&text), "MemTotal") : -1;
    const int64_t free = read ? meminfo(buf_view(&text), "MemAvailable") : -1;
    const int64_t given = d->s->config.memory_bytes;
    const int64_t shm =
        statvfs("/dev/shm", &v) == 0 ? (int64_t)v.f_blocks * (int64_t)v.f_frsize : 0;
    if (total < MEMORY_FAILURE) {
        doctor_say(d, "D11", "memory", CHECK_FAILURE, "There are %" PRId64 " MiB; 1024 are needed.",
                   total / MIB);
        doctor_fix(d, "grep Mem /proc/meminfo");
    } else if (given > total) {
        doctor_say(d, "D11", "memory", CHECK_FAILURE,
                   "agent.conf gives %" PRId64 " MiB, and there are %" PRId64 ".", given / MIB,
                   total / MIB);
        doctor_fix(d, "sed -i '/^ *memory_bytes/d' %s/agent.conf", d->s->args->dir);
    } else if (shm < SHM_WARNING) {
        doctor_say(d, "D11", "memory", CHECK_WARNING,
                   "Shared memory is %" PRId64 " MiB; programs that load data need more.",
                   shm / MIB);
        doctor_fix(d, "mount -o remount,size=50%% /dev/shm");
    } else {
        doctor_say(d, "D11", "memory", CHECK_OK,
                   "%" PRId64 " MiB, %" PRId64 " of them free; %" PRId64 " shared at most.",
                   total / MIB, free / MIB, shm / MIB);
    }
}
