/* SPDX-License-Identifier: Apache-2.0 */
/* probe [key=value…] all | heavy | NAME…   (keys: memory, scratch, pids, cpu, out, canary, peer,
 * port) */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct stage stage;

static const struct probe *const tables[] = { probes_rights, probes_mounts, probes_devices,
                                              probes_kernel, probes_view,   probes_net,
                                              probes_files,  probes_bombs };
#define TABLES (sizeof(tables) / sizeof(tables[0]))

/* ---- answers ---- */

__attribute__((format(printf, 3, 0))) static void say(struct answer *a, enum verdict verdict,
                                                      const char *format, va_list list)
{
    a->verdict = verdict;
    vsnprintf(a->detail, sizeof(a->detail), format, list);
}

#define SAY(verdict)                                                                               \
    va_list list;                                                                                  \
    va_start(list, format);                                                                        \
    say(a, (verdict), format, list);                                                               \
    va_end(list)

void contained(struct answer *a, const char *format, ...)
{
    SAY(CONTAINED);
}

void escaped(struct answer *a, const char *format, ...)
{
    SAY(ESCAPED);
}

void judged(struct answer *a, bool bad, const char *format, ...)
{
    SAY(bad ? ESCAPED : CONTAINED);
}

void refused(struct answer *a, long result)
{
    const int why = errno;
    if (result < 0)
        contained(a, "%s", strerrorname_np(why) ? strerrorname_np(why) : "refused");
    else
        escaped(a, "allowed");
}

long long status_field(const char *name, int base)
{
    char line[256];
    const size_t n = strlen(name);
    long long value = -1;
    FILE *f = fopen("/proc/self/status", "re");
    while (f && fgets(line, sizeof(line), f))
        if (strncmp(line, name, n) == 0 && line[n] == ':')
            value = (long long)strtoull(line + n + 1, NULL, base);
    if (f) fclose(f);
    return value;
}

int try_write(const char *path)
{
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0) close(fd);
    return fd;
}

void no_process(struct answer *a)
{
    a->verdict = BROKEN;
    snprintf(a->detail, sizeof(a->detail), "no process could be made: %s", strerrorname_np(errno));
}

bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* ---- running one ---- */

/* When memory runs out the kernel shall take the one that eats it, and not who counts the answers.
 */
static void go_first(void)
{
    const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && write(fd, "1000", 4) < 0) perror("oom_score_adj");
    if (fd >= 0) close(fd);
}

static void child(const struct probe *p, int fd)
{
    struct answer a = { BROKEN, "it said nothing" };
    go_first();
    p->run(&a);
    if (a.verdict == ESCAPED && stage.gvisor && (p->flags & SENTRY)) {
        char was[sizeof(a.detail)];
        memcpy(was, a.detail, sizeof(was));
        contained(&a, "%.120s, by gVisor's own kernel and not the host's", was);
    }
    if (write(fd, &a, sizeof(a)) != (ssize_t)sizeof(a)) _exit(1);
    _exit(0);
}

/* Its answer within its time; false: none came. */
static bool await(int fd, int seconds, struct answer *a)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    int ready;
    do
        ready = poll(&p, 1, seconds * 1000);
    while (ready < 0 && errno == EINTR);
    return ready > 0 && read(fd, a, sizeof(*a)) == (ssize_t)sizeof(*a);
}

/* All that it made is dead, but counts as processes of ours until it is taken: the next probe would
 * find no room for its own. What does not die within two seconds is left. */
static void reap(pid_t group)
{
    const struct timespec pause = { 0, 1000000 };

    for (int i = 0; i < 2000; i++) {
        const pid_t got = waitpid(-group, NULL, WNOHANG);
        if (got < 0) break;
        if (got == 0) nanosleep(&pause, NULL);
    }
    while (waitpid(-1, NULL, WNOHANG) > 0) /* what left the group */
        ;
}

static void end(const struct probe *p, pid_t pid, bool answered, struct answer *a)
{
    int status = 0;
    kill(-pid, SIGKILL);
    kill(pid, answered ? 0 : SIGKILL);
    waitpid(pid, &status, 0);
    reap(pid);
    if (answered) return;
    if (p->flags & BOMB)
        contained(a, "ended by signal %d", WTERMSIG(status));
    else
        snprintf(a->detail, sizeof(a->detail), "ended by signal %d without an answer",
                 WTERMSIG(status));
}

static void run(const struct probe *p)
{
    static const char *const words[] = { "broken", "contained", "ESCAPED" };
    struct answer a = { BROKEN, "no pipe or no process could be made" };
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) == 0) {
        const pid_t pid = fork();
        if (pid == 0) {
            setpgid(0, 0);
            close(fds[0]);
            child(p, fds[1]);
        }
        close(fds[1]);
        if (pid > 0) end(p, pid, await(fds[0], p->seconds > 0 ? p->seconds : 5, &a), &a);
        close(fds[0]);
    }
    printf("%s\t%s\t%s\t%s\n", p->name, words[a.verdict], p->what, a.detail);
    fflush(stdout);
}

/* ---- what the agent judges itself ---- */

static void print_file(const char *name, const char *path)
{
    char text[512];
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
    if (f) fclose(f);
    text[n] = '\0';
    for (size_t i = 0; i < n; i++)
        if (text[i] == '\n' || text[i] == '\t') text[i] = i + 1 == n ? '\0' : ';';
    printf("fact\t%s\t%s\n", name, text);
}

/* gVisor's sentry keeps a log of its own for dmesg, in which it says who it is; a host's kernel
 * gives none to us. */
static bool is_gvisor(void)
{
    char log[4096];
    const long n = syscall(SYS_syslog, 3, log, sizeof(log) - 1);
    if (n <= 0) return false;
    log[n] = '\0';
    return strstr(log, "gVisor") != NULL;
}

static void facts(void)
{
    struct utsname u;
    stage.gvisor = is_gvisor();
    if (uname(&u) == 0) printf("fact\tkernel\t%s %s\n", u.release, u.version);
    printf("fact\tgvisor\t%d\n", stage.gvisor);
    print_file("uid_map", "/proc/self/uid_map");
    print_file("gid_map", "/proc/self/gid_map");
}

/* ---- the command line ---- */

static bool take(const char *word, const char *key, const char **out)
{
    const size_t n = strlen(key);
    if (strncmp(word, key, n) != 0 || word[n] != '=') return false;
    *out = word + n + 1;
    return true;
}

static bool take_number(const char *word, const char *key, int64_t *out)
{
    const char *text;
    if (!take(word, key, &text)) return false;
    *out = (int64_t)strtoull(text, NULL, 10);
    return true;
}

static bool take_setting(const char *word)
{
    int64_t port = 0;
    if (take_number(word, "memory", &stage.memory_bytes) ||
        take_number(word, "scratch", &stage.scratch_bytes) ||
        take_number(word, "pids", &stage.pids_max) || take_number(word, "cpu", &stage.cpu_millis) ||
        take_number(word, "out", &stage.out_bytes) || take(word, "canary", &stage.canary) ||
        take(word, "after", &stage.after) || take(word, "peer", &stage.peer))
        return true;
    if (!take_number(word, "port", &port)) return false;
    stage.peer_port = (int)port;
    return true;
}

/* What a bomb that was killed has left in memory would count against the next probe. */
static void clear_away(void)
{
    static const char *const folders[] = { "/tmp", "/scratch", "/dev/shm" };
    char path[64];
    for (size_t f = 0; f < sizeof(folders) / sizeof(folders[0]); f++)
        for (int i = 0; i < 64; i++) {
            snprintf(path, sizeof(path), "%s/bomb-%d", folders[f], i);
            unlink(path);
        }
}

static bool is_asked_for(const struct probe *p, const char *name)
{
    if (strcmp(name, "all") == 0) return !(p->flags & HEAVY);
    if (strcmp(name, "heavy") == 0) return (p->flags & HEAVY) != 0;
    return strcmp(name, p->name) == 0;
}

static void run_named(const char *name)
{
    for (size_t t = 0; t < TABLES; t++)
        for (const struct probe *p = tables[t]; p->name; p++) {
            const bool skip = stage.after != NULL;
            if (skip && strcmp(p->name, stage.after) == 0) stage.after = NULL;
            if (skip || !is_asked_for(p, name)) continue;
            if (p->flags & BOMB) printf("bomb\t%s\t%s\n", p->name, p->what);
            fflush(stdout);
            run(p);
            if (p->flags & BOMB) clear_away();
        }
}

int main(int argc, char **argv)
{
    int first = 1;
    while (first < argc && take_setting(argv[first]))
        first++;
    if (first < argc && strcmp(argv[first], "reach") == 0) {
        for (int i = first + 1; i < argc; i++)
            talk(argv[i]);
        return 0;
    }
    facts();
    for (int i = first; i < argc; i++)
        run_named(argv[i]);
    puts("end");
    return 0;
}
