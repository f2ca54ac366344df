/* SPDX-License-Identifier: Apache-2.0 */
#include "service/grip.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

#define CGROUP_MAX 16384
#define ID_SIZE    64

static bool is_of_container(const struct container_state *state)
{
    struct err err;
    char path[64];
    auto_buf struct buf text = { .max = CGROUP_MAX };

    snprintf(path, sizeof(path), "/proc/%" PRId64 "/cgroup", state->pid);
    return strlen(state->id) == ID_SIZE && file_read(path, CGROUP_MAX, &text, &err) &&
           memmem(text.p, text.n, state->id, ID_SIZE) != NULL;
}

int grip_take(const struct container_state *state)
{
    if (state->phase != CONTAINER_RUNNING || state->pid <= 1) return -1;
    const int fd = (int)syscall(SYS_pidfd_open, (pid_t)state->pid, 0);
    /* Looked at after it is held: now it cannot be another any more. */
    if (fd < 0 || is_of_container(state)) return fd;
    close(fd);
    return -1;
}

bool grip_kill(int grip)
{
    return grip >= 0 && syscall(SYS_pidfd_send_signal, grip, SIGKILL, NULL, 0) == 0;
}
