/* SPDX-License-Identifier: Apache-2.0 */
/* hello: says where it runs and what it may use, then exits. The shortest job there is.
 *
 *     hello [--sleep SECONDS] [--exit CODE]
 *
 * The same facts go to /out/hello.txt, if there is an /out. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* Both to standard output and, if it is open, to the file. */
static void tell(FILE *file, const char *name, const char *value)
{
    printf("%-10s %s\n", name, value);
    if (file) fprintf(file, "%-10s %s\n", name, value);
}

static void tell_number(FILE *file, const char *name, long value)
{
    char text[32];
    snprintf(text, sizeof(text), "%ld", value);
    tell(file, name, text);
}

/* The first line of a file, as of the limits that a container sees of itself. */
static void tell_line(FILE *file, const char *name, const char *path)
{
    char line[256];
    FILE *const f = fopen(path, "r");
    if (!f) return;
    if (fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\n")] = '\0';
        tell(file, name, line);
    }
    fclose(f);
}

static void tell_facts(FILE *file, int argc, char **argv, char **env)
{
    struct utsname u;
    if (uname(&u) == 0) {
        tell(file, "host", u.nodename);
        tell(file, "kernel", u.release);
        tell(file, "machine", u.machine);
    }
    cpu_set_t cpus;
    if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0) {
        tell_number(file, "cpus", CPU_COUNT(&cpus));
    }
    tell_line(file, "cpu.max", "/sys/fs/cgroup/cpu.max");
    tell_line(file, "memory.max", "/sys/fs/cgroup/memory.max");
    tell_line(file, "pids.max", "/sys/fs/cgroup/pids.max");
    tell_number(file, "uid", getuid());
    tell_number(file, "pid", getpid());
    for (int i = 1; i < argc; i++) {
        tell(file, "argument", argv[i]);
    }
    for (char **e = env; *e; e++) {
        tell(file, "env", *e);
    }
}

/* 0 to 100,000, or the end. */
static unsigned number(const char *digits)
{
    unsigned n = 0;
    const char *p = digits;
    for (; *p >= '0' && *p <= '9' && n <= 10000; p++) {
        n = 10 * n + (unsigned)(*p - '0');
    }
    if (*p || p == digits) {
        fprintf(stderr, "hello: %s: not a number\n", digits);
        exit(2);
    }
    return n;
}

static void stop(int signal)
{
    (void)signal;
    _exit(143);
}

int main(int argc, char **argv, char **env)
{
    unsigned seconds = 0, code = 0;
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "--sleep") == 0)
            seconds = number(argv[++i]);
        else if (strcmp(argv[i], "--exit") == 0)
            code = number(argv[++i]);
    }
    signal(SIGTERM, stop); /* the first process of a container must ask for it */
    puts("Hello from the other side of the market.");
    FILE *const file = fopen("/out/hello.txt", "w");
    tell_facts(file, argc, argv, env);
    if (file) fclose(file);
    fflush(stdout);
    struct timespec left = { .tv_sec = seconds };
    while (nanosleep(&left, &left) != 0) {
    }
    return (int)(code & 0xff);
}
