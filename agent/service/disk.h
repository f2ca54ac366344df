/* SPDX-License-Identifier: Apache-2.0 */
/* A disk for /out: a file of fixed size with a file system in it, mounted by a loop device, so that
 * a container that writes without an end gets ENOSPC and the owner's disk loses no more than was
 * sold.
 *
 * It needs root with CAP_SYS_ADMIN, /dev/loop-control and mke2fs. Where one of them is missing the
 * folder stays a plain one and the watch (watch.c) ends a container that fills more than its share,
 * which is a second late. Nobody inside can mount, so the file system is always one that we made.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

/* Could disk_make() work here? Looks for its tools; only disk_make() itself can say for sure. */
bool disk_possible(void);

/* Room on the owner's disk for `bytes` of a lease: the file's size, with what its own tables take.
 */
int64_t disk_size(int64_t bytes);

/* Make `folder`, which must be there and empty, a disk on which `bytes` fit; its file is
 * FOLDER.disk. One that is mounted there already stays. ERR_IO: not possible; the folder is as it
 * was. */
MUST_CHECK bool disk_make(const char *folder, int64_t bytes, struct err *err);

/* Remove what a lease had in `dir`: the disk of DIR/out, then the folder. ERR_IO. */
MUST_CHECK bool scratch_remove(const char *dir, struct err *err);

/* Unmount it and remove its file; what lay on it is gone. Nothing mounted is fine. ERR_IO. */
MUST_CHECK bool disk_remove(const char *folder, struct err *err);
