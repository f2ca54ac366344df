/* SPDX-License-Identifier: Apache-2.0 */
/* Was a container out of memory? Podman on cgroup v1 does not say, so the kernel is asked.
 *
 * The kernel's notice is an event counter: one count for each time that a process was killed, and
 * one more when the container's group is removed. So two counts are proof; one is, as long as the
 * group is there. The count of the removal comes some milliseconds after it, and is waited for.
 * Where there is no cgroup v1, nothing is watched and the engine's word stands. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct oom_watch;

struct oom_watch *oom_watch_new(void);
void oom_watch_free(struct oom_watch *w);

/* Watch the container of this name and id by the process `pid` in it. Does nothing when it cannot,
 * as when the engine counts its processes from another namespace than we do. */
void oom_watch_add(struct oom_watch *w, const char *name, struct str id, int64_t pid);
/* Did it happen? For one that is not watched: false. */
bool oom_watch_ask(struct oom_watch *w, const char *name);
void oom_watch_drop(struct oom_watch *w, const char *name);
