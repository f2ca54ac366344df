/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine tests run inside a container: one verb after the other, each doing one thing that
 * can be seen from outside. Linked statically, so that an image needs nothing else.
 *
 *   say TEXT        a line on stdout          cry TEXT   a line on stderr
 *   count N MS      N lines, one each MS milliseconds
 *   flood BYTES     that many bytes on stdout
 *   sleep MS        wait                      deaf       from here on ignore SIGTERM
 *   write PATH TEXT make a file               fill PATH BYTES   make a file of that size
 *   link PATH TO    make a symbolic link      dir PATH   make a folder
 *   eat MIB         touch that much memory    status     print what /proc/self/status says of
 * rights try WHAT        "rootfs", "mount", "net": do what must be refused and say whether it was
 *   work N MS K     N steps of MS milliseconds, saved after each K of them in /checkpoint and gone
 * on from there; SIGTERM has it save and end with 143 env NAME        print that variable exit N
 * end with that code
 *   now             print the monotonic clock, in microseconds
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
    fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
    exit(111);
}

/* Digits only; enough for a test's own arguments. */
static long number(const char *text)
{
    long n = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        n = n * 10 + (*text - '0');
    return n;
}

static void show(const char *name)
{
    const char *value = getenv(name);
    printf("%s=%s\n", name, value ? value : "");
}

static void nap(long ms)
{
    struct timespec left = { ms / 1000, (ms % 1000) * 1000000 };
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

static void now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    printf("%lld\n", t.tv_sec * 1000000ll + t.tv_nsec / 1000);
}

static void count(long n, long ms)
{
    for (long i = 1; i <= n; i++) {
        printf("line %ld\n", i);
        fflush(stdout);
        nap(ms);
    }
}

static volatile sig_atomic_t must_end;

static void note_term(int signal_number)
{
    (void)signal_number;
    must_end = 1;
}

#define SAVED "/checkpoint/steps"

struct progress {
    long steps, ms; /* done, and how long they took in all runs together */
};

static long boot_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct progress load(void)
{
    char text[64] = "", *space;
    FILE *f = fopen(SAVED, "re");
    if (!f) return (struct progress){ 0, 0 };
    if (!fgets(text, sizeof(text), f) || !(space = strchr(text, ' '))) die(SAVED);
    fclose(f);
    return (struct progress){ number(text), number(space + 1) };
}

/* Under another name first: what is called `steps` is always whole. */
static void save(struct progress p)
{
    FILE *f = fopen(SAVED ".tmp", "we");
    if (!f || fprintf(f, "%ld %ld\n", p.steps, p.ms) < 0 || fflush(f) != 0 ||
        fsync(fileno(f)) != 0 || fclose(f) != 0 || rename(SAVED ".tmp", SAVED) != 0)
        die(SAVED);
}

static void work(long steps, long ms, long every)
{
    const struct sigaction act = { .sa_handler = note_term };
    const struct progress from = load();
    const long began = boot_ms();
    struct progress p = from;
    sigaction(SIGTERM, &act, NULL);
    printf("from %ld %ld\n", p.steps, p.ms);
    while (p.steps < steps && !must_end) {
        nap(ms);
        p.steps++;
        p.ms = from.ms + boot_ms() - began;
        if (p.steps % every == 0) save(p);
    }
    if (must_end) save(p);
    printf("to %ld %ld\n", p.steps, p.ms);
    if (must_end) exit(143);
}

static void flood(long bytes)
{
    static char block[4096];
    memset(block, 'x', sizeof(block));
    block[sizeof(block) - 1] = '\n';
    for (long left = bytes; left > 0;) {
        const size_t n = left < (long)sizeof(block) ? (size_t)left : sizeof(block);
        if (fwrite(block, 1, n, stdout) != n) die("flood");
        left -= (long)n;
    }
    fflush(stdout);
}

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");
    if (!f || fputs(text, f) < 0 || fclose(f) != 0) die(path);
}

static void fill(const char *path, long bytes)
{
    static char block[65536];
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) die(path);
    for (long left = bytes; left > 0;) {
        const size_t n = left < (long)sizeof(block) ? (size_t)left : sizeof(block);
        const ssize_t put = write(fd, block, n);
        if (put <= 0) die(path);
        left -= put;
    }
    close(fd);
}

static void eat(long mib)
{
    for (long i = 0; i < mib; i++) {
        char *p = malloc(1 << 20);
        if (!p) die("eat");
        memset(p, 1, 1 << 20);
    }
    printf("ate %ld MiB\n", mib);
}

static void status(void)
{
    char line[256];
    FILE *f = fopen("/proc/self/status", "re");
    if (!f) die("status");
    while (fgets(line, sizeof(line), f))
        if (!strncmp(line, "CapBnd", 6) || !strncmp(line, "CapEff", 6) ||
            !strncmp(line, "NoNewPrivs", 10) || !strncmp(line, "Seccomp:", 8) ||
            !strncmp(line, "Uid", 3) || !strncmp(line, "Gid", 3))
            fputs(line, stdout);
    fclose(f);
}

static bool reaches_network(void)
{
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
    inet_pton(AF_INET, "192.0.2.1", &to.sin_addr); /* TEST-NET-1: nobody is there */
    const bool ok = fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0;
    if (fd >= 0) close(fd);
    return ok;
}

static void attempt(const char *what)
{
    bool done = false;
    if (!strcmp(what, "rootfs")) {
        const int fd = open("/bin/made", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        done = fd >= 0;
        if (done) close(fd);
    } else if (!strcmp(what, "mount")) {
        done = mount("none", "/scratch", "tmpfs", 0, NULL) == 0;
    } else if (!strcmp(what, "net")) {
        done = reaches_network();
    }
    printf("%s %s\n", what, done ? "ALLOWED" : "refused");
}

/* Returns how many further arguments the verb took. */
static int do_verb(const char *verb, char **args)
{
    if (!strcmp(verb, "say")) return puts(args[0]), 1;
    if (!strcmp(verb, "cry")) return fprintf(stderr, "%s\n", args[0]), 1;
    if (!strcmp(verb, "count")) return count(number(args[0]), number(args[1])), 2;
    if (!strcmp(verb, "work")) return work(number(args[0]), number(args[1]), number(args[2])), 3;
    if (!strcmp(verb, "flood")) return flood(number(args[0])), 1;
    if (!strcmp(verb, "sleep")) return nap(number(args[0])), 1;
    if (!strcmp(verb, "deaf")) return signal(SIGTERM, SIG_IGN), 0;
    if (!strcmp(verb, "write")) return write_text(args[0], args[1]), 2;
    if (!strcmp(verb, "fill")) return fill(args[0], number(args[1])), 2;
    if (!strcmp(verb, "link")) return symlink(args[1], args[0]) ? die(args[0]) : (void)0, 2;
    if (!strcmp(verb, "dir")) return mkdir(args[0], 0755) ? die(args[0]) : (void)0, 1;
    if (!strcmp(verb, "eat")) return eat(number(args[0])), 1;
    if (!strcmp(verb, "status")) return status(), 0;
    if (!strcmp(verb, "now")) return now(), 0;
    if (!strcmp(verb, "try")) return attempt(args[0]), 1;
    if (!strcmp(verb, "env")) return show(args[0]), 1;
    if (!strcmp(verb, "exit")) exit((int)number(args[0]));
    fprintf(stderr, "probe: there is no verb %s\n", verb);
    exit(112);
}

static int args_needed(const char *verb)
{
    if (!strcmp(verb, "deaf") || !strcmp(verb, "status") || !strcmp(verb, "now")) return 0;
    if (!strcmp(verb, "work")) return 3;
    if (!strcmp(verb, "count") || !strcmp(verb, "write") || !strcmp(verb, "fill") ||
        !strcmp(verb, "link"))
        return 2;
    return 1;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 1; i < argc;) {
        if (argc - i - 1 < args_needed(argv[i])) {
            fprintf(stderr, "probe: %s needs more arguments\n", argv[i]);
            return 112;
        }
        i += 1 + do_verb(argv[i], argv + i + 1);
    }
    return 0;
}
