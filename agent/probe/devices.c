/* SPDX-License-Identifier: Apache-2.0 */
/* Devices: those of the host, and those that one makes oneself. */
#include "probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void open_any(struct answer *a, const char *const *paths)
{
    int last = ENOENT;
    for (; *paths; paths++) {
        const int fd = open(*paths, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0) {
            escaped(a, "opened %s", *paths);
            return;
        }
        if (errno != ENOENT) last = errno;
    }
    contained(a, "%s", strerrorname_np(last));
}

static void memory_devices(struct answer *a)
{
    open_any(a, (const char *const[]){ "/dev/mem", "/dev/kmem", "/dev/port", "/dev/nvram", NULL });
}

static void kernel_log(struct answer *a)
{
    open_any(a, (const char *const[]){ "/dev/kmsg", "/proc/kmsg", NULL });
}

static void disks(struct answer *a)
{
    open_any(a, (const char *const[]){ "/dev/sda", "/dev/vda", "/dev/nvme0n1", "/dev/xvda",
                                       "/dev/loop0", "/dev/loop-control", "/dev/mapper/control",
                                       "/dev/dm-0", "/dev/md0", NULL });
}

static void other_devices(struct answer *a)
{
    open_any(a, (const char *const[]){ "/dev/kvm", "/dev/fuse", "/dev/net/tun", "/dev/vhost-net",
                                       "/dev/vsock", "/dev/vfio/vfio", "/dev/uinput", "/dev/rtc0",
                                       "/dev/watchdog", "/dev/hwrng", "/dev/tpm0", "/dev/snapshot",
                                       "/dev/autofs", "/dev/userfaultfd", NULL });
}

static void gpus(struct answer *a)
{
    open_any(a, (const char *const[]){ "/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-uvm",
                                       "/dev/dri/card0", "/dev/dri/renderD128", "/dev/kfd", NULL });
}

/* What an engine puts into every /dev; anything else was not granted. */
static bool is_usual(const char *name)
{
    static const char *const usual[] = { "null",   "zero",    "full",  "random", "urandom",
                                         "tty",    "console", "ptmx",  "pts",    "shm",
                                         "mqueue", "fd",      "stdin", "stdout", "stderr",
                                         "core",   ".",       "..",    "net",    "fuse" };
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
        if (strcmp(name, usual[i]) == 0) return true;
    return false;
}

static void device_list(struct answer *a)
{
    DIR *dir = opendir("/dev");
    int n = 0;
    if (!dir) {
        contained(a, "/dev cannot be listed");
        return;
    }
    for (const struct dirent *e; (e = readdir(dir)); n++)
        if (!is_usual(e->d_name)) {
            escaped(a, "/dev/%s is there and was not granted", e->d_name);
            return;
        }
    closedir(dir);
    contained(a, "%d entries, all usual", n - 2);
}

/* Made, it must still lead nowhere. */
static void make_device(struct answer *a, const char *path, mode_t kind, dev_t device)
{
    if (mknod(path, kind | 0600, device) != 0) {
        refused(a, -1);
        return;
    }
    const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    const int why = errno;
    unlink(path);
    judged(a, fd >= 0, "made; opening it: %s", fd >= 0 ? "allowed" : strerrorname_np(why));
}

static void make_disk(struct answer *a)
{
    make_device(a, "/scratch/disk", S_IFBLK, makedev(8, 0));
    if (a->verdict == CONTAINED) make_device(a, "/out/disk", S_IFBLK, makedev(7, 0));
}

static void make_memory(struct answer *a)
{
    make_device(a, "/scratch/mem", S_IFCHR, makedev(1, 1));
    if (a->verdict == CONTAINED) make_device(a, "/out/mem", S_IFCHR, makedev(1, 1));
}

static void io_ports(struct answer *a)
{
#if defined(__x86_64__)
    const int one = iopl(3);
    refused(a, one < 0 ? ioperm(0x70, 2, 1) : one);
#else
    contained(a, "this machine has no ports");
#endif
}

const struct probe probes_devices[] = {
    { "dev-memory", "open /dev/mem, kmem, port", memory_devices, 0, 0 },
    { "dev-kmsg", "read the kernel's log", kernel_log, 0, 0 },
    { "dev-disks", "open the host's disks", disks, 0, 0 },
    { "dev-others", "open kvm, fuse, tun, vfio and others", other_devices, SENTRY, 0 },
    { "dev-gpus", "open GPUs that were not granted", gpus, 0, 0 },
    { "dev-list", "find devices beyond the grant", device_list, 0, 0 },
    { "mknod-disk", "make a block device", make_disk, 0, 0 },
    { "mknod-memory", "make a character device", make_memory, 0, 0 },
    { "io-ports", "iopl and ioperm", io_ports, 0, 0 },
    { NULL, NULL, NULL, 0, 0 },
};
