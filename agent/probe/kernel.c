/* SPDX-License-Identifier: Apache-2.0 */
/* System calls that reach the kernel where it hurts, and its switches in /proc and /sys. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif
#ifndef SYS_userfaultfd
#define SYS_userfaultfd 323
#endif

static void write_first(struct answer *a, const char *const *paths)
{
    int last = ENOENT;
    for (; *paths; paths++) {
        if (try_write(*paths) >= 0) {
            escaped(a, "%s is writable", *paths);
            return;
        }
        if (errno != ENOENT) last = errno;
    }
    contained(a, "%s", strerrorname_np(last));
}

static void core_pattern(struct answer *a)
{
    write_first(a,
                (const char *const[]){ "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe",
                                       "/proc/sys/fs/binfmt_misc/register", NULL });
}

static void sysctls(struct answer *a)
{
    write_first(a, (const char *const[]){
                       "/proc/sys/vm/overcommit_memory", "/proc/sys/kernel/panic",
                       "/proc/sys/kernel/randomize_va_space", "/proc/sys/net/ipv4/ip_forward",
                       "/proc/sys/kernel/hostname", "/proc/sys/user/max_user_namespaces", NULL });
}

static void sysrq(struct answer *a)
{
    write_first(a, (const char *const[]){ "/proc/sysrq-trigger", "/proc/irq/default_smp_affinity",
                                          "/proc/mtrr", NULL });
}

static void sys_files(struct answer *a)
{
    write_first(a, (const char *const[]){ "/sys/kernel/uevent_helper", "/sys/power/state",
                                          "/sys/kernel/mm/ksm/run", "/sys/class/net/lo/mtu",
                                          "/sys/module/kernel/parameters/panic", NULL });
}

static void cgroup_files(struct answer *a)
{
    write_first(a, (const char *const[]){
                       "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/memory.max",
                       "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/tasks",
                       "/sys/fs/cgroup/pids/pids.max", "/sys/fs/cgroup/devices/devices.allow",
                       "/sys/fs/cgroup/memory/release_agent", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us",
                       NULL });
}

static void read_secret(struct answer *a, const char *const *paths)
{
    char byte;
    for (; *paths; paths++) {
        const int fd = open(*paths, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        const ssize_t n = fd < 0 ? -1 : read(fd, &byte, 1);
        if (fd >= 0) close(fd);
        if (n > 0) {
            escaped(a, "%s can be read", *paths);
            return;
        }
    }
    contained(a, "empty, absent or refused");
}

static void kernel_memory(struct answer *a)
{
    read_secret(a,
                (const char *const[]){ "/proc/kcore", "/proc/kpagemap", "/proc/slabinfo", NULL });
}

static void masked(struct answer *a)
{
    read_secret(a, (const char *const[]){ "/proc/keys", "/proc/timer_list", "/proc/sched_debug",
                                          "/proc/latency_stats", "/sys/firmware/acpi/tables/DSDT",
                                          NULL });
}

static void load_module(struct answer *a)
{
    const long one = syscall(SYS_init_module, "", 0L, "");
    refused(a, one < 0 ? syscall(SYS_finit_module, 0, "", 0) : one);
}

static void kexec(struct answer *a)
{
    refused(a, syscall(SYS_kexec_load, 0L, 0L, NULL, 0L));
}

/* Errors of an argument say that the call was not stopped before it looked. */
static void not_filtered(struct answer *a, long result)
{
    if (result < 0 && errno != EPERM && errno != ENOSYS && errno != EACCES)
        escaped(a, "not filtered: %s", strerrorname_np(errno));
    else
        refused(a, result);
}

static void bpf(struct answer *a)
{
    not_filtered(a, syscall(SYS_bpf, 0, NULL, 0));
}

static void perf(struct answer *a)
{
    char attr[128] = { 0 };
    attr[4] = (char)sizeof(attr);
    not_filtered(a, syscall(SYS_perf_event_open, attr, 0, -1, -1, 0));
}

static void keys(struct answer *a)
{
    const long one = syscall(SYS_add_key, "user", "bourse", "x", 1L, -2);
    refused(a, one < 0 ? syscall(SYS_keyctl, 0, -3, 1) : one);
}

static void faults(struct answer *a)
{
    not_filtered(a, syscall(SYS_userfaultfd, 0));
}

static void io_uring(struct answer *a)
{
    char params[120] = { 0 };
    not_filtered(a, syscall(SYS_io_uring_setup, 8, params));
}

static void restart(struct answer *a)
{
    not_filtered(
        a, syscall(SYS_reboot, 0, 0, 0, NULL)); /* without the magic numbers nothing happens */
}

static void kernel_log(struct answer *a)
{
    char text[256];
    refused(a, syscall(SYS_syslog, 3, text, sizeof(text)));
}

static void set_clock(struct answer *a)
{
    struct timespec t; /* as it is: nothing is lost should it be allowed */
    clock_gettime(CLOCK_REALTIME, &t);
    refused(a, clock_settime(CLOCK_REALTIME, &t));
}

static void adjust_clock(struct answer *a)
{
    struct timex t = { .modes = ADJ_FREQUENCY };
    refused(a, adjtimex(&t));
}

static void host_name(struct answer *a)
{
    refused(a, sethostname("owned", 5));
}

static void swap(struct answer *a)
{
    refused(a, swapon("/scratch/swap", 0));
}

static void by_handle(struct answer *a)
{
    char handle[8 + 8] = { 8, 0, 0, 0, 1, 0, 0, 0, 2 };
    const int fd = open("/out", O_RDONLY | O_CLOEXEC);
    refused(a, syscall(SYS_open_by_handle_at, fd, handle, O_RDONLY));
}

static void accounting(struct answer *a)
{
    refused(a, acct("/out/acct"));
}

static void fanotify(struct answer *a)
{
    refused(a, syscall(SYS_fanotify_init, 0x4, O_RDONLY));
}

static void quotas(struct answer *a)
{
    refused(a, syscall(SYS_quotactl, 0x800001 << 8, "/dev/vda", 0, NULL));
}

const struct probe probes_kernel[] = {
    { "core-pattern", "write core_pattern, modprobe, binfmt_misc", core_pattern, 0, 0 },
    { "sysctls", "write sysctls of vm, kernel, net, user", sysctls, 0, 0 },
    { "sysrq", "write sysrq-trigger", sysrq, 0, 0 },
    { "sys-files", "write uevent_helper, power state and others in /sys", sys_files, 0, 0 },
    { "cgroup-files", "raise one's own limits in the cgroups", cgroup_files, 0, 0 },
    { "kernel-memory", "read /proc/kcore", kernel_memory, 0, 0 },
    { "masked-files", "read /proc/keys, timer_list, firmware", masked, 0, 0 },
    { "load-module", "load a kernel module", load_module, 0, 0 },
    { "kexec", "load another kernel", kexec, 0, 0 },
    { "bpf", "bpf", bpf, 0, 0 },
    { "perf", "perf_event_open", perf, SENTRY, 0 },
    { "keyrings", "add_key and keyctl", keys, SENTRY, 0 },
    { "userfaultfd", "userfaultfd", faults, 0, 0 },
    { "io-uring", "io_uring_setup", io_uring, SENTRY, 0 },
    { "reboot", "reboot", restart, 0, 0 },
    { "kernel-log", "read the kernel's log by syslog", kernel_log, SENTRY, 0 },
    { "set-clock", "set the clock", set_clock, 0, 0 },
    { "adjust-clock", "slew the clock", adjust_clock, 0, 0 },
    { "host-name", "sethostname", host_name, 0, 0 },
    { "swap", "swapon", swap, 0, 0 },
    { "open-by-handle", "open the host's files by handle", by_handle, 0, 0 },
    { "accounting", "acct into a file", accounting, 0, 0 },
    { "fanotify", "watch all file accesses", fanotify, 0, 0 },
    { "quotactl", "change disk quotas", quotas, 0, 0 },
    { NULL, NULL, NULL, 0, 0 },
};
