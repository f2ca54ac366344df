/* SPDX-License-Identifier: Apache-2.0 */
/* Taking all there is: processes, memory, descriptors, CPU, disk, log. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MEBIBYTE INT64_C(1048576)

static void fork_bomb(struct answer *a)
{
    const int64_t most = stage.pids_max > 0 ? stage.pids_max : 1024;
    int64_t made = 0;
    for (; made < 4 * most; made++) {
        const pid_t pid = fork();
        if (pid < 0) break;
        if (pid == 0) {
            pause();
            _exit(0);
        }
    }
    judged(a, made > most, "%lld processes, then %s", (long long)made,
           made < 4 * most ? strerrorname_np(errno) : "no end");
}

/* The child that eats is killed by the kernel; we are not, if the limit is that of the container.
 */
static void memory_bomb(struct answer *a)
{
    const int64_t limit = stage.memory_bytes > 0 ? stage.memory_bytes : 64 * MEBIBYTE;
    int status = 0;
    const pid_t pid = fork();
    if (pid < 0) {
        no_process(a);
        return;
    }
    if (pid == 0) {
        for (int64_t eaten = 0; eaten < 2 * limit; eaten += MEBIBYTE) {
            char *p = mmap(NULL, MEBIBYTE, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
            if (p == MAP_FAILED) _exit(2);
            memset(p, 1, MEBIBYTE);
        }
        _exit(0);
    }
    waitpid(pid, &status, 0);
    if (WIFSIGNALED(status))
        contained(a, "ended by signal %d", WTERMSIG(status));
    else
        judged(a, WEXITSTATUS(status) == 0,
               WEXITSTATUS(status) == 0 ? "twice the limit" : "ENOMEM");
}

/* Files in memory count as memory, or have a size of their own. True: ended by ENOSPC or the like.
 */
static bool fill(const char *path, int64_t most, int64_t *written, int *why)
{
    static char block[65536];
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    *written = 0;
    *why = errno;
    if (fd < 0) return true;
    memset(block, 1, sizeof(block));
    while (*written < most) {
        const ssize_t n = write(fd, block, sizeof(block));
        if (n <= 0) {
            *why = errno;
            close(fd);
            return true;
        }
        *written += n;
    }
    close(fd);
    return false;
}

/* Files of 8 MiB, so that the limit of one file is not what stops it. */
static void bounded(struct answer *a, const char *folder, int64_t most)
{
    char path[64];
    int64_t all = 0, n;
    int why = 0, i = 0;
    bool ended = false;
    signal(SIGXFSZ, SIG_IGN);
    for (; !ended && all < most && i < 64; i++) {
        snprintf(path, sizeof(path), "%s/bomb-%d", folder, i);
        ended = fill(path, 8 * MEBIBYTE, &n, &why);
        all += n;
    }
    while (i-- > 0) {
        snprintf(path, sizeof(path), "%s/bomb-%d", folder, i);
        unlink(path);
    }
    judged(a, !ended, "%lld bytes, then %s", (long long)all,
           ended ? strerrorname_np(why) : "no end");
}

static void scratch_bomb(struct answer *a)
{
    const int64_t limit = stage.scratch_bytes > 0 ? stage.scratch_bytes : 16 * MEBIBYTE;
    bounded(a, "/scratch", limit + 2 * MEBIBYTE);
}

static void shm_bomb(struct answer *a)
{
    bounded(a, "/dev/shm",
            (stage.memory_bytes > 0 ? stage.memory_bytes : 64 * MEBIBYTE) + 2 * MEBIBYTE);
}

static void tmp_bomb(struct answer *a)
{
    bounded(a, "/tmp", 66 * MEBIBYTE);
}

static void one_big_file(struct answer *a)
{
    const int64_t limit = stage.scratch_bytes > 0 ? stage.scratch_bytes : 16 * MEBIBYTE;
    int64_t written;
    int why = 0;
    signal(SIGXFSZ, SIG_IGN);
    const bool ended = fill("/out/big", limit + 2 * MEBIBYTE, &written, &why);
    unlink("/out/big");
    judged(a, !ended, "%lld bytes, then %s", (long long)written,
           ended ? strerrorname_np(why) : "no end");
}

static void sparse_file(struct answer *a)
{
    const int fd = open("/out/sparse", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    signal(SIGXFSZ, SIG_IGN);
    const int r = ftruncate(fd, INT64_C(1) << 40);
    const int why = errno;
    unlink("/out/sparse");
    errno = why;
    refused(a, r);
}

static void descriptors(struct answer *a)
{
    int n = 0;
    while (n < 100000 && open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0)
        n++;
    judged(a, n > 4096, "%d descriptors, then %s", n, strerrorname_np(errno));
}

static void lock_memory(struct answer *a)
{
    const size_t size = (size_t)(stage.memory_bytes > 0 ? stage.memory_bytes : 64 * MEBIBYTE) * 2;
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);
    refused(a, p == MAP_FAILED ? -1 : mlock(p, size));
}

static int64_t now_ms(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Four that do nothing but count, for 400 ms: what CPU time did they get together? */
static void cpu_hog(struct answer *a)
{
    if (stage.gvisor) {
        contained(a, "seen from outside only: gVisor's clock of CPU time goes on while a cgroup "
                     "holds it back");
        return;
    }
    const int64_t share = stage.cpu_millis > 0 ? stage.cpu_millis : 1000, ms = 400;
    for (int i = 0; i < 4; i++) {
        const pid_t pid = fork();
        if (pid < 0) {
            no_process(a);
            return;
        }
        if (pid == 0) {
            const int64_t end = now_ms(CLOCK_MONOTONIC) + ms;
            while (now_ms(CLOCK_MONOTONIC) < end)
                ;
            _exit(0);
        }
    }
    while (wait(NULL) > 0)
        ;
    struct rusage r;
    getrusage(RUSAGE_CHILDREN, &r);
    const int64_t used = (int64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000 +
                         (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1000;
    /* A period of 100 ms may be begun at both ends, and another CPU's slice be in hand. */
    judged(a, used > share * (ms + 200) / 1000 + 100,
           "%lld ms of CPU in %lld ms, of %lld thousandths", (long long)used, (long long)ms,
           (long long)share);
}

/* ---- heavy ---- */

static void disk_fill(struct answer *a)
{
    const int64_t limit = stage.out_bytes > 0 ? stage.out_bytes : stage.scratch_bytes;
    int64_t all = 0, n;
    char path[64];
    int why = 0;
    signal(SIGXFSZ, SIG_IGN);
    for (int i = 0; i < 64 && all < 3 * limit; i++) {
        snprintf(path, sizeof(path), "/out/fill-%d", i);
        (void)fill(path, limit / 2, &n, &why);
        all += n;
        if (n == 0) break;
    }
    judged(a, all > limit, "%lld of %lld bytes, then %s", (long long)all, (long long)limit,
           strerrorname_np(why));
}

static void inode_bomb(struct answer *a)
{
    char path[64];
    int n = 0;
    for (; n < 200000; n++) {
        snprintf(path, sizeof(path), "/out/f%d", n);
        const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0) break;
        close(fd);
    }
    judged(a, n == 200000, "%d files, then %s", n, strerrorname_np(errno));
}

static void deep_folders(struct answer *a)
{
    int n = 0;
    if (chdir("/out") != 0) return;
    while (n < 2000 && mkdir("d", 0700) == 0 && chdir("d") == 0)
        n++;
    contained(a, "%d folders deep, for the one who collects", n);
}

static void log_flood(struct answer *a)
{
    static char line[1024];
    memset(line, 'x', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\n';
    const int64_t end = now_ms(CLOCK_MONOTONIC) + 8000;
    int64_t n = 0;
    for (; n < 160 * MEBIBYTE && now_ms(CLOCK_MONOTONIC) < end; n += (int64_t)sizeof(line))
        if (write(2, line, sizeof(line)) < 0) break;
    contained(a, "%lld bytes were written; what is kept is seen from outside", (long long)n);
}

const struct probe probes_bombs[] = {
    { "fork-bomb", "fork without an end", fork_bomb, BOMB, 20 },
    { "memory-bomb", "take twice the memory", memory_bomb, BOMB, 20 },
    { "scratch-bomb", "fill /scratch beyond its size", scratch_bomb, BOMB, 20 },
    { "shm-bomb", "fill /dev/shm", shm_bomb, BOMB, 20 },
    { "tmp-bomb", "fill /tmp", tmp_bomb, BOMB, 20 },
    { "big-file", "write a file larger than the scratch", one_big_file, 0, 20 },
    { "sparse-file", "make a file of a terabyte of nothing", sparse_file, 0, 0 },
    { "descriptors", "open files without an end", descriptors, 0, 0 },
    { "lock-memory", "lock twice the memory", lock_memory, BOMB, 0 },
    { "cpu-hog", "take more CPU than the share", cpu_hog, 0, 10 },
    { "disk-fill", "fill the disk behind /out with many files", disk_fill, HEAVY, 60 },
    { "inode-bomb", "make 200,000 files in /out", inode_bomb, HEAVY, 60 },
    { "deep-folders", "make 2,000 folders within each other", deep_folders, HEAVY, 20 },
    { "log-flood", "write 160 MiB of log", log_flood, HEAVY, 20 },
    { NULL, NULL, NULL, 0, 0 },
};
