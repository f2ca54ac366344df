/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts and namespaces: other views of the machine than the one given. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_fsopen
#define SYS_fsopen 430
#endif
#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif

static void mount_tmpfs(struct answer *a)
{
    refused(a, mount("none", "/scratch", "tmpfs", 0, NULL));
}

static void mount_proc(struct answer *a)
{
    refused(a, mount("proc", "/scratch", "proc", 0, NULL));
}

static void mount_sysfs(struct answer *a)
{
    refused(a, mount("sysfs", "/scratch", "sysfs", 0, NULL));
}

static void mount_cgroup(struct answer *a)
{
    const int one = mount("cgroup", "/scratch", "cgroup", 0, "memory");
    refused(a, one < 0 ? mount("cgroup2", "/scratch", "cgroup2", 0, NULL) : one);
}

static void mount_disk(struct answer *a)
{
    static const char *const disks[] = { "/dev/sda1", "/dev/vda", "/dev/vda1", "/dev/nvme0n1p1",
                                         "/dev/loop0" };
    long result = -1;
    for (size_t i = 0; i < sizeof(disks) / sizeof(disks[0]) && result < 0; i++)
        result = mount(disks[i], "/scratch", "ext4", 0, NULL);
    refused(a, result);
}

static void mount_bind(struct answer *a)
{
    refused(a, mount("/", "/scratch", NULL, MS_BIND | MS_REC, NULL));
}

static void mount_overlay(struct answer *a)
{
    refused(
        a, mount("overlay", "/scratch", "overlay", 0, "lowerdir=/,upperdir=/scratch,workdir=/tmp"));
}

static void remount_root(struct answer *a)
{
    refused(a, mount(NULL, "/", NULL, MS_REMOUNT, NULL));
}

static void unmask_proc(struct answer *a)
{
    const int one = umount2("/proc/kcore", MNT_DETACH);
    refused(a, one < 0 ? umount2("/proc/sys", MNT_DETACH) : one);
}

static void make_private(struct answer *a)
{
    refused(a, mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL));
}

static void pivot(struct answer *a)
{
    refused(a, syscall(SYS_pivot_root, "/scratch", "/scratch"));
}

static void change_root(struct answer *a)
{
    refused(a, chroot("/scratch"));
}

static void new_mount_api(struct answer *a)
{
    const long one = syscall(SYS_fsopen, "tmpfs", 0);
    refused(a, one < 0 ? syscall(SYS_open_tree, AT_FDCWD, "/", 1 /* CLONE */) : one);
}

static void unshare_user(struct answer *a)
{
    refused(a, unshare(CLONE_NEWUSER));
}

static void unshare_others(struct answer *a)
{
    static const int kinds[] = { CLONE_NEWNS,  CLONE_NEWNET, CLONE_NEWPID,
                                 CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP };
    int granted = 0;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (unshare(kinds[i]) == 0) granted |= kinds[i];
    judged(a, granted != 0, granted ? "granted %x" : "EPERM for each of six (%x)",
           (unsigned)granted);
}

static void clone_user(struct answer *a)
{
    const long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) _exit(0);
    refused(a, pid);
}

static void clone3_user(struct answer *a)
{
    uint64_t args[11] = { CLONE_NEWUSER | CLONE_NEWNS, 0, 0, 0, SIGCHLD };
    const long pid = syscall(SYS_clone3, args, sizeof(args));
    if (pid == 0) _exit(0);
    refused(a, pid);
}

/* Root within a namespace of one's own, and with its rights a mount: the way of many kernel bugs.
 */
static void nested_mount(struct answer *a)
{
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
        refused(a, -1);
        return;
    }
    refused(a, mount("none", "/scratch", "tmpfs", 0, NULL));
}

static void join_namespace(struct answer *a)
{
    static const char *const files[] = { "/proc/1/ns/mnt", "/proc/1/ns/net", "/proc/1/ns/user" };
    long result = -1;
    for (size_t i = 0; i < 3 && result < 0; i++) {
        const int fd = open(files[i], O_RDONLY | O_CLOEXEC);
        if (fd >= 0) result = setns(fd, 0);
    }
    refused(a, result);
}

const struct probe probes_mounts[] = {
    { "mount-tmpfs", "mount a tmpfs", mount_tmpfs, 0, 0 },
    { "mount-proc", "mount a fresh /proc without masks", mount_proc, 0, 0 },
    { "mount-sysfs", "mount a fresh /sys", mount_sysfs, 0, 0 },
    { "mount-cgroup", "mount the cgroups (release_agent)", mount_cgroup, 0, 0 },
    { "mount-disk", "mount a disk of the host", mount_disk, 0, 0 },
    { "mount-bind", "bind / elsewhere", mount_bind, 0, 0 },
    { "mount-overlay", "mount an overlay", mount_overlay, 0, 0 },
    { "remount-root", "remount / writable", remount_root, 0, 0 },
    { "unmask-proc", "unmount what masks /proc", unmask_proc, 0, 0 },
    { "mount-shared", "make mounts propagate to the host", make_private, 0, 0 },
    { "pivot-root", "pivot_root", pivot, 0, 0 },
    { "chroot", "chroot", change_root, 0, 0 },
    { "new-mount-api", "fsopen and open_tree", new_mount_api, 0, 0 },
    { "unshare-user", "a user namespace of one's own", unshare_user, SENTRY, 0 },
    { "unshare-others", "mount, net, pid, ipc, uts, cgroup namespaces", unshare_others, SENTRY, 0 },
    { "clone-user", "clone with CLONE_NEWUSER", clone_user, SENTRY, 0 },
    { "clone3-user", "clone3 with CLONE_NEWUSER", clone3_user, SENTRY, 0 },
    { "nested-mount", "mount as root of a nested namespace", nested_mount, SENTRY, 0 },
    { "setns", "join the namespaces of process 1", join_namespace, 0, 0 },
    { NULL, NULL, NULL, 0, 0 },
};
