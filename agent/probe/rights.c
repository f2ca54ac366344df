/* SPDX-License-Identifier: Apache-2.0 */
/* Who we are, and what could make us more. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void uid(struct answer *a)
{
    judged(a, getuid() == 0 || geteuid() == 0 || getgid() == 0, "uid %d gid %d", (int)getuid(),
           (int)getgid());
}

static void groups(struct answer *a)
{
    gid_t list[64];
    const int n = getgroups(64, list);
    bool root = false;
    for (int i = 0; i < n; i++)
        root = root || list[i] == 0;
    judged(a, root, "%d supplementary groups", n);
}

static void become_root(struct answer *a)
{
    refused(a, setuid(0));
}

static void become_root_group(struct answer *a)
{
    refused(a, setgid(0));
}

static void join_groups(struct answer *a)
{
    const gid_t all[] = { 0, 4, 6 };
    refused(a, setgroups(3, all));
}

static void capabilities(struct answer *a)
{
    const long long eff = status_field("CapEff", 16), prm = status_field("CapPrm", 16),
                    bnd = status_field("CapBnd", 16), amb = status_field("CapAmb", 16);
    judged(a, eff > 0 || prm > 0 || bnd > 0 || amb > 0,
           "effective %llx permitted %llx bounding %llx", eff, prm, bnd);
}

static void raise_capability(struct answer *a)
{
    refused(a, prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 21 /* SYS_ADMIN */, 0, 0));
}

static void new_privileges(struct answer *a)
{
    judged(a, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1, "NoNewPrivs %lld",
           status_field("NoNewPrivs", 10));
}

/* gVisor's sentry is the filter there, and shows none to those inside. */
static void seccomp(struct answer *a)
{
    const long long mode = status_field("Seccomp", 10);
    judged(a, mode != 2, "Seccomp mode %lld", mode);
}

/* The image has a copy of this program that belongs to root and is set-user-id. */
static void suid_program(struct answer *a)
{
    int fds[2], status;
    char text[8] = "";
    if (pipe(fds) != 0) return;
    const pid_t pid = fork();
    if (pid < 0) {
        no_process(a);
        return;
    }
    if (pid == 0) {
        dup2(fds[1], 1);
        execl("/bin/suid", "suid", "whoami", (char *)NULL);
        _exit(127);
    }
    close(fds[1]);
    const ssize_t n = read(fds[0], text, sizeof(text) - 1);
    waitpid(pid, &status, 0);
    if (n <= 0 || strncmp(text, "fact", 4) == 0)
        contained(a, "it ran as user %d", (int)geteuid());
    else
        escaped(a, "it ran as %s", text);
}

static void real_time(struct answer *a)
{
    const struct sched_param p = { .sched_priority = 50 };
    refused(a, sched_setscheduler(0, SCHED_FIFO, &p));
}

static void nicer(struct answer *a)
{
    refused(a, setpriority(PRIO_PROCESS, 0, -20));
}

static void oom_score(struct answer *a)
{
    const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    refused(a, fd < 0 ? -1 : write(fd, "-1000", 5));
}

static void core_limit(struct answer *a)
{
    const struct rlimit r = { RLIM_INFINITY, RLIM_INFINITY };
    refused(a, setrlimit(RLIMIT_CORE, &r));
}

static void files_limit(struct answer *a)
{
    const struct rlimit r = { 1 << 20, 1 << 20 };
    refused(a, setrlimit(RLIMIT_NOFILE, &r));
}

const struct probe probes_rights[] = {
    { "uid", "run as root", uid, 0, 0 },
    { "groups", "be in root's group", groups, 0, 0 },
    { "setuid-root", "setuid(0)", become_root, 0, 0 },
    { "setgid-root", "setgid(0)", become_root_group, 0, 0 },
    { "setgroups", "setgroups to root, adm, disk", join_groups, 0, 0 },
    { "capabilities", "hold a capability", capabilities, 0, 0 },
    { "raise-capability", "raise CAP_SYS_ADMIN", raise_capability, 0, 0 },
    { "no-new-privileges", "gain rights by exec", new_privileges, 0, 0 },
    { "seccomp", "call the kernel without a filter", seccomp, SENTRY, 0 },
    { "suid-program", "run a set-user-id program of root", suid_program, 0, 0 },
    { "real-time", "take the CPU by SCHED_FIFO", real_time, 0, 0 },
    { "nice", "nice -20", nicer, SENTRY, 0 },
    { "oom-score", "be spared when memory is short", oom_score, SENTRY, 0 },
    { "core-limit", "dump core without a limit", core_limit, 0, 0 },
    { "files-limit", "open a million files", files_limit, 0, 0 },
    { NULL, NULL, NULL, 0, 0 },
};
