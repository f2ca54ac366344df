/* SPDX-License-Identifier: Apache-2.0 */
#include "service/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service/command.h"
#include "service/outputs.h"

#define SIZE_MIN    (INT64_C(8) << 20) /* ext4 with room for anything */
#define TRIES       8 /* another program may take the loop device we were told of */
#define MOUNT_FLAGS (MS_NOSUID | MS_NODEV | MS_NOATIME)

bool disk_possible(void)
{
    char path[PATH_MAX];
    return geteuid() == 0 && access("/dev/loop-control", R_OK | W_OK) == 0 &&
           command_find("mke2fs", path, sizeof(path));
}

int64_t disk_size(int64_t bytes)
{
    const int64_t size =
        bytes + bytes / 32 + (INT64_C(2) << 20); /* bitmaps, inodes, a superblock and its copies */
    return size > SIZE_MIN ? size : SIZE_MIN;
}

static bool is_mounted(const char *folder)
{
    struct stat in, above;
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/..", folder);
    return stat(folder, &in) == 0 && stat(path, &above) == 0 && in.st_dev != above.st_dev;
}

/* Taken from the owner's disk at once, so that it cannot run short later; where the file system
 * knows no such thing, as it fills. */
static bool make_file(const char *file, int64_t size, struct err *err)
{
    auto_close int fd = open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0 &&
        (fallocate(fd, 0, 0, size) == 0 || (errno == EOPNOTSUPP && ftruncate(fd, size) == 0)))
        return true;
    FAIL(err, ERR_IO, "There is no room for the disk of a lease.");
    err_internal(err, "%s: %s", file, strerror(errno));
    return false;
}

static bool make_tables(const char *file, struct err *err)
{
    const char *const words[] = { "mke2fs",
                                  "-q",
                                  "-F",
                                  "-t",
                                  "ext4",
                                  "-m",
                                  "0",
                                  "-O",
                                  "^has_journal",
                                  "-E",
                                  "root_owner=65534:65534,nodiscard",
                                  file,
                                  NULL };
    return command_run(words, STR(""), NULL, err);
}

/* The number of a free loop device that now shows `fd`; -1. It frees itself at the unmount. */
static int attach(int fd, char device[32])
{
    struct loop_config config = { .fd = (unsigned)fd, .info.lo_flags = LO_FLAGS_AUTOCLEAR };
    auto_close int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    for (int i = 0; control >= 0 && i < TRIES; i++) {
        const int n = ioctl(control, LOOP_CTL_GET_FREE);
        if (n < 0) return -1;
        snprintf(device, 32, "/dev/loop%d", n);
        const int loop = open(device, O_RDWR | O_CLOEXEC);
        if (loop >= 0 && ioctl(loop, LOOP_CONFIGURE, &config) == 0) return loop;
        const int why = errno;
        if (loop >= 0) close(loop);
        if (why != EBUSY) return -1;
    }
    return -1;
}

static bool mount_file(const char *file, const char *folder)
{
    char device[32];
    auto_close int fd = open(file, O_RDWR | O_CLOEXEC);
    if (fd < 0) return false;
    auto_close int loop = attach(fd, device); /* the mount keeps it from here on */
    return loop >= 0 && mount(device, folder, "ext4", MOUNT_FLAGS, "errors=remount-ro") == 0;
}

/* A folder that ours alone would have; programs that empty /out do not expect it. */
static void tidy(const char *folder)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s/lost+found", folder) < PATH_MAX) (void)rmdir(path);
}

bool disk_make(const char *folder, int64_t bytes, struct err *err)
{
    char file[PATH_MAX];
    if (snprintf(file, sizeof(file), "%s.disk", folder) >= PATH_MAX)
        return FAIL(err, ERR_IO, "The path of a lease's disk is too long.");
    if (is_mounted(folder)) return true;
    if (make_file(file, disk_size(bytes), err) && make_tables(file, err)) {
        if (mount_file(file, folder)) {
            tidy(folder);
            return true;
        }
        FAIL(err, ERR_IO, "The disk of a lease could not be mounted.");
        err_internal(err, "%s: %s", file, strerror(errno));
    }
    (void)unlink(file);
    return false;
}

bool disk_remove(const char *folder, struct err *err)
{
    char file[PATH_MAX];
    if (snprintf(file, sizeof(file), "%s.disk", folder) >= PATH_MAX) return true;
    if (access(file, F_OK) != 0) return true;
    if (is_mounted(folder) && umount2(folder, MNT_DETACH) != 0) {
        FAIL(err, ERR_IO, "The disk of a lease could not be unmounted.");
        err_internal(err, "%s: %s", folder, strerror(errno));
        return false;
    }
    return unlink(file) == 0 || FAIL(err, ERR_IO, "The disk of a lease could not be removed.");
}

bool scratch_remove(const char *dir, struct err *err)
{
    char out[PATH_MAX];
    if (snprintf(out, sizeof(out), "%s/out", dir) < PATH_MAX && !disk_remove(out, err))
        return false;
    return tree_remove(dir, err);
}
