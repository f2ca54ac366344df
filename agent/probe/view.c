/* SPDX-License-Identifier: Apache-2.0 */
/* What of the host can be seen: its processes, files, sockets, shared memory. */
#include "probe.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static bool is_number(const char *name)
{
    for (; *name; name++)
        if (!isdigit((unsigned char)*name)) return false;
    return true;
}

/* Ours are process 1, this one, and what an engine puts in front: an init, a pause. */
static void processes(struct answer *a)
{
    DIR *dir = opendir("/proc");
    int n = 0;
    for (const struct dirent *e; dir && (e = readdir(dir));)
        n += is_number(e->d_name);
    if (dir) closedir(dir);
    judged(a, n > 4, "%d processes are visible", n);
}

static void kill_others(struct answer *a)
{
    int reached = 0;
    for (int pid = 2; pid < 4096; pid++)
        if (pid != getpid() && pid != getppid() && kill(pid, 0) == 0) reached++;
    judged(a, reached > 2, "%d processes beyond ours could be signalled", reached);
}

static void init_root(struct answer *a)
{
    char path[PATH_MAX];
    if (!stage.canary) {
        contained(a, "no file of the host was named");
        return;
    }
    snprintf(path, sizeof(path), "/proc/1/root%s", stage.canary);
    judged(a, is_there(path) || is_there(stage.canary), "%s is %s", stage.canary,
           is_there(path) ? "there" : "not there");
}

/* The runtime's descriptors and folder must not be ours (CVE-2024-21626). */
static void leaked_files(struct answer *a)
{
    char path[64], to[PATH_MAX];
    for (int fd = 3; fd < 256; fd++) {
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        const ssize_t n = readlink(path, to, sizeof(to) - 1);
        if (n <= 0) continue;
        to[n] = '\0';
        if (strncmp(to, "pipe:", 5) == 0) continue; /* to our parent */
        struct stat st;
        if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
            escaped(a, "descriptor %d is the folder %.100s", fd, to);
            return;
        }
    }
    contained(a, "no folder is open");
}

static void working_folder(struct answer *a)
{
    char cwd[PATH_MAX] = "";
    const bool ok = getcwd(cwd, sizeof(cwd)) != NULL;
    judged(a, !ok || strncmp(cwd, "(unreachable)", 13) == 0 || cwd[0] != '/', "it is %.100s",
           ok ? cwd : "unreachable");
}

static void climb(struct answer *a)
{
    char up[3 * 64 + 1] = "";
    struct stat top, root;
    for (int i = 0; i < 64; i++)
        memcpy(up + (size_t)3 * (size_t)i, "../", 4);
    judged(a,
           stat(up, &top) != 0 || stat("/", &root) != 0 || top.st_ino != root.st_ino ||
               top.st_dev != root.st_dev,
           "64 times .. is /");
}

static void engine_socket(struct answer *a)
{
    static const char *const paths[] = {
        "/var/run/docker.sock",    "/run/docker.sock",
        "/run/podman/podman.sock", "/run/containerd/containerd.sock",
        "/run/crio/crio.sock",     "/run/user/0/podman/podman.sock",
        "/run/systemd/private",    "/run/dbus/system_bus_socket"
    };
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (is_there(paths[i])) {
            escaped(a, "%s is there", paths[i]);
            return;
        }
    contained(a, "none is there");
}

/* Abstract names live in the network namespace: a host's containerd listened on one once. */
static void abstract_sockets(struct answer *a)
{
    char line[512];
    int named = 0;
    FILE *f = fopen("/proc/net/unix", "re");
    while (f && fgets(line, sizeof(line), f))
        named += strchr(line, '@') != NULL;
    if (f) fclose(f);
    judged(a, named > 0, "%d abstract sockets are visible", named);
}

static void shared_memory(struct answer *a)
{
    int found = 0;
    for (int id = 0; id < 4096; id++) {
        struct shmid_ds ds;
        found += shmctl(id, IPC_STAT, &ds) == 0;
    }
    char line[256];
    FILE *f = fopen("/proc/sysvipc/shm", "re");
    int lines = 0;
    while (f && fgets(line, sizeof(line), f))
        lines++;
    if (f) fclose(f);
    judged(a, found > 0 || lines > 1, "%d segments of others", found);
}

static void host_files(struct answer *a)
{
    static const char *const paths[] = { "/etc/shadow",         "/root/.ssh", "/boot/vmlinuz",
                                         "/lib/modules",        "/home",      "/var/lib/docker",
                                         "/var/lib/containers", "/host" };
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (is_there(paths[i])) {
            escaped(a, "%s is there", paths[i]);
            return;
        }
    contained(a, "none is there");
}

/* Of what is mounted, only /out and memory may be written to. */
static void writable_mounts(struct answer *a)
{
    static const char *const fine[] = { "tmpfs", "proc", "devpts", "mqueue" };
    FILE *f = setmntent("/proc/self/mounts", "re");
    for (const struct mntent *m; f && (m = getmntent(f));) {
        bool ok = strcmp(m->mnt_dir, "/out") == 0 || strcmp(m->mnt_dir, "/dev/shm") == 0;
        for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
            ok = ok || strcmp(m->mnt_type, fine[i]) == 0;
        struct stat st;
        ok = ok || (stat(m->mnt_dir, &st) == 0 && S_ISCHR(st.st_mode)); /* /dev/null and its like */
        if (ok || !hasmntopt(m, "rw") || access(m->mnt_dir, W_OK) != 0) continue;
        escaped(a, "%.80s (%.30s) can be written", m->mnt_dir, m->mnt_type);
        endmntent(f);
        return;
    }
    if (f) endmntent(f);
    contained(a, "only /out, and memory");
}

static void environment(struct answer *a)
{
    extern char **environ;
    static const char *const bad[] = { "BOURSE_AGENT", "DOCKER_", "CONTAINER_HOST", "SSH_", "XDG_",
                                       "PGPASS",       "AWS_" };
    for (char **e = environ; *e; e++)
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
            if (strncmp(*e, bad[i], strlen(bad[i])) == 0) {
                escaped(a, "%.40s came from the host", *e);
                return;
            }
    contained(a, "nothing of the host");
}

const struct probe probes_view[] = {
    { "processes", "see processes of the host", processes, 0, 0 },
    { "kill-others", "signal processes of the host", kill_others, 0, 0 },
    { "init-root", "find a file of the host, also below /proc/1/root", init_root, 0, 0 },
    { "leaked-files", "use a folder the runtime left open", leaked_files, 0, 0 },
    { "working-folder", "begin in a folder outside", working_folder, 0, 0 },
    { "climb", "climb out of / by ..", climb, 0, 0 },
    { "engine-socket", "reach the engine's socket", engine_socket, 0, 0 },
    { "abstract-sockets", "see abstract sockets of the host", abstract_sockets, 0, 0 },
    { "shared-memory", "see shared memory of the host", shared_memory, 0, 0 },
    { "host-files", "see the host's folders", host_files, 0, 0 },
    { "writable-mounts", "write to something mounted from the host", writable_mounts, 0, 0 },
    { "environment", "read the host's environment", environment, 0, 0 },
    { NULL, NULL, NULL, 0, 0 },
};
