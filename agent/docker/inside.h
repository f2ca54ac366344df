/* SPDX-License-Identifier: Apache-2.0 */
/* Which GPUs does a container see? Looked at from outside, through the files of its process: an
 * image may have no shell, and a program of the image would say what the image likes.
 *
 * /proc/<pid>/root/dev holds the nodes that it can name, and on cgroup v1 devices.list what it may
 * open, whatever the name. On cgroup v2 the second is a program in the kernel that nobody can read;
 * there the nodes alone count (they cannot be made inside: mknod is dropped). */
#pragma once

#include "service/ports.h"

/* NVIDIA's device nodes: major 195, the minor is that of the card; from 254 on they are for all. */
#define INSIDE_MAJOR      195
#define INSIDE_MINOR_CARD 253

/* Exactly the `n` GPUs? `pid` is the first process of the container with this id, blocked before
 * its command or running. DONE: yes. DIFFERS: one is missing or one too many; err names it. FAILED:
 * it cannot be looked into (the process is gone, or not ours to see); err says why. */
enum engine_result inside_look(struct str id, int64_t pid, const struct gpu_grant *gpus, size_t n,
                               struct err *err);
