/* SPDX-License-Identifier: Apache-2.0 */
/* Many agents that wait for work: what each costs the server, how soon one, and all, are told, and
 * how soon it is noticed that they are gone.
 *
 *     bench_poll HOST API_PORT AGENT_PORT METRICS_PORT AGENTS WAKES API_KEY SERVER_PID
 *
 * The agents join, each offers one unit, and all hold a poll. Then
 *
 *   bytes  resident memory of the server with all waiting, after each was answered once, less what
 *          it had before they polled.
 *   one    a job is submitted that one of them gets; WAKES times, one after the other. Counted from
 *          the answer to the job, which is when it is durable, to the assignment: what it takes to
 *          wake, to read the lease, to sign its document and to send it. (0 when it came first.)
 *   gone   the process that holds the polls is killed; until the gauge of waiters is 0.
 *   all    another one holds them, and the server is told to end: it answers everybody at once.
 *          Counted from the signal to each agent's answer.
 *
 * Prints one line of JSON. The server has ended then. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/random.h"
#include "fleet.h"

#define PATIENCE_S 120
#define FIRST_S    40 /* the first polls wait so long, so that all are answered once */
#define LINE_MAX   1024

struct bench {
    struct fleet fleet;
    struct wire buyer;
    const char *host, *key;
    int api_port, metrics_port;
    int64_t server_pid, wakes, own_waiters;
    uint64_t job;
    int64_t *one_us, *sent_us, *all_us;
};

static int64_t rss(int64_t pid)
{
    char path[64], line[256];
    int64_t kb = 0;

    snprintf(path, sizeof(path), "/proc/%" PRId64 "/status", pid);
    FILE *f = fopen(path, "re");
    if (!f) wire_die(path);
    while (fgets(line, sizeof(line), f)) {
        if (strncmp(line, "VmRSS:", 6) != 0) continue;
        struct str digits = { line + 6, strcspn(line + 6, "k") };
        if (!str_i64(str_trim(digits), 0, INT64_MAX / 1024, &kb)) wire_die("VmRSS");
    }
    (void)fclose(f);
    return kb * 1024;
}

/* bourse_longpoll_waiters, without those that the server has of its own. */
static int64_t waiters(const struct bench *b)
{
    static const char get[] = "GET /metrics HTTP/1.1\r\nHost: bench\r\n\r\n";
    static const char name[] = "\nbourse_longpoll_waiters ";
    struct wire w;
    struct str body = { NULL, 0 };
    int64_t n = 0;
    int status = 0;

    wire_open(&w, b->host, b->metrics_port);
    if (!wire_send(&w, STR(get))) wire_die("metrics");
    while ((status = wire_take(&w, &body)) == 0) {
    }
    const char *at = status == 200 ? memmem(body.p, body.n, name, sizeof(name) - 1) : NULL;
    if (!at) wire_die("no gauge of waiters");
    at += sizeof(name) - 1;
    if (!str_i64((struct str){ at, strcspn(at, "\n") }, 0, INT64_MAX, &n)) wire_die("gauge");
    wire_close(&w);
    return n - b->own_waiters;
}

static void until_all_wait(struct bench *b)
{
    for (int i = 0; i < PATIENCE_S * 10; i++) {
        (void)fleet_wait(&b->fleet, 100);
        if (waiters(b) == (int64_t)b->fleet.n) return;
    }
    wire_die("not all came to wait");
}

static void submit(struct bench *b)
{
    char body[512], request[1024];

    snprintf(
        body, sizeof(body),
        "{\"image\":\"localhost/bench:1\",\"command\":[\"/bin/true\"],\"pool\":\"cpu\",\"units\":1,"
        "\"budget\":{\"amount\":\"10\",\"currency\":\"USD\"},\"limit_price_per_unit_hour\":"
        "{\"amount\":\"5.000000\",\"currency\":\"USD\"},\"max_duration_seconds\":600}");
    const int n = snprintf(request, sizeof(request),
                           "POST /v1/jobs HTTP/1.1\r\nHost: %s:%d\r\nAuthorization: Bearer %s\r\n"
                           "Content-Type: application/json\r\nContent-Length: %zu\r\n"
                           "Idempotency-Key: %016" PRIx64 "\r\n\r\n%s",
                           b->host, b->api_port, b->key, strlen(body), b->job++, body);
    if (n < 0 || (size_t)n >= sizeof(request) ||
        !wire_send(&b->buyer, (struct str){ request, (size_t)n }))
        wire_die("submit");
}

/* Has the job been answered? */
static bool is_submitted(struct bench *b)
{
    struct str body;
    const int status = wire_take(&b->buyer, &body);

    if (status == 0) return false;
    if (status == 201) return true;
    fprintf(stderr, "the job was refused: %d %.*s\n", status, status < 0 ? 0 : (int)body.n, body.p);
    exit(1);
}

static void wake_one(struct bench *b, int64_t round)
{
    struct agent *told = NULL;
    int64_t answered_us = 0;
    const int64_t sent_us = clock_monotonic_us();

    submit(b);
    while (!told || answered_us == 0) {
        struct agent *a = fleet_wait(&b->fleet, 1000);
        const int64_t now_us = clock_monotonic_us();
        if (a) told = a;
        if (!a && answered_us == 0 && now_us - sent_us < 1000000 && is_submitted(b))
            answered_us = now_us;
        if (now_us - sent_us > (int64_t)PATIENCE_S * 1000000) wire_die("nobody was told");
    }
    b->sent_us[round] = told->heard_us - sent_us;
    b->one_us[round] = told->heard_us > answered_us ? told->heard_us - answered_us : 0;
    (void)fleet_wait(&b->fleet, 5);
}

static int by_value(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Milliseconds. */
static double at(int64_t *us, size_t n, size_t percent)
{
    qsort(us, n, sizeof(*us), by_value);
    return n ? (double)us[n * percent / 100] / 1000 : 0;
}

static void open_buyer(struct bench *b)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };

    wire_open(&b->buyer, b->host, b->api_port);
    if (epoll_ctl(b->fleet.epoll_fd, EPOLL_CTL_ADD, b->buyer.fd, &event) != 0) wire_die("epoll");
}

/* The process that holds the polls, until it is killed. */
static void hold(struct bench *b, FILE *out)
{
    struct fleet *f = &b->fleet;
    const size_t n = (size_t)b->wakes;
    const int64_t before = rss(b->server_pid);

    f->wait_s = FIRST_S;
    fleet_poll(f);
    until_all_wait(b);
    const int64_t first = rss(b->server_pid);
    f->wait_s = POLL_WAIT_MAX_S;
    while (f->empty < (int64_t)f->n)
        (void)fleet_wait(f, 1000);
    until_all_wait(b);
    const int64_t again = rss(b->server_pid);
    open_buyer(b);
    for (int64_t i = 0; i < b->wakes; i++)
        wake_one(b, i);
    fprintf(out,
            "\"bytes_per_agent\":%" PRId64 ",\"bytes_per_agent_first\":%" PRId64
            ",\"wake_one_p50_ms\":%.2f,\"wake_one_p99_ms\":%.2f,\"submit_to_told_p50_ms\":%.2f,"
            "\"submit_to_told_p99_ms\":%.2f,\"polls_refused\":%" PRId64 "\n",
            (again - before) / (int64_t)f->n, (first - before) / (int64_t)f->n,
            at(b->one_us, n, 50), at(b->one_us, n, 99), at(b->sent_us, n, 50),
            at(b->sent_us, n, 99), f->refusals);
    (void)fflush(out);
    for (;;)
        (void)fleet_wait(f, 1000);
}

/* Another that holds them, and ends the server. */
static void end(struct bench *b, FILE *out)
{
    struct fleet *f = &b->fleet;

    fleet_poll(f);
    until_all_wait(b);
    f->silent = true;
    const int64_t sent_us = clock_monotonic_us();
    if (kill((pid_t)b->server_pid, SIGTERM) != 0) wire_die("the server");
    for (size_t n = 0; n < f->n;) {
        const struct agent *a = fleet_wait(f, 1000);
        if (a) b->all_us[n++] = a->heard_us - sent_us;
        if (clock_monotonic_us() - sent_us > (int64_t)PATIENCE_S * 1000000)
            wire_die("not all were answered");
    }
    fprintf(out, "\"wake_all_p50_ms\":%.1f,\"wake_all_p99_ms\":%.1f\n", at(b->all_us, f->n, 50),
            at(b->all_us, f->n, 99));
    (void)fflush(out);
}

/* Have a child do it and say a line. */
static pid_t child(struct bench *b, void (*fn)(struct bench *b, FILE *out), char line[LINE_MAX])
{
    int ends[2];

    if (pipe(ends) != 0) wire_die("pipe");
    const pid_t pid = fork();
    if (pid < 0) wire_die("fork");
    if (pid == 0) {
        close(ends[0]);
        FILE *out = fdopen(ends[1], "w");
        if (!out) wire_die("pipe");
        b->fleet.epoll_fd = epoll_create1(EPOLL_CLOEXEC); /* or both would watch the same sockets */
        fn(b, out);
        _exit(0);
    }
    close(ends[1]);
    FILE *in = fdopen(ends[0], "r");
    if (!in || !fgets(line, LINE_MAX, in)) wire_die("no figures came");
    line[strcspn(line, "\n")] = '\0';
    (void)fclose(in);
    return pid;
}

static int64_t gone_us(struct bench *b, pid_t pid)
{
    const int64_t began_us = clock_monotonic_us();

    if (kill(pid, SIGKILL) != 0 || waitpid(pid, NULL, 0) != pid) wire_die("kill");
    while (waiters(b) > 0) {
        clock_sleep_us(10000);
        if (clock_monotonic_us() - began_us > (int64_t)PATIENCE_S * 1000000)
            wire_die("clients that are gone are still waited for");
    }
    return clock_monotonic_us() - began_us;
}

static void measure(struct bench *b)
{
    char held[LINE_MAX], ended[LINE_MAX];
    const int64_t began_us = clock_monotonic_us();

    fleet_join(&b->fleet);
    const int64_t joined_us = clock_monotonic_us() - began_us;
    clock_sleep_us(1000000);
    b->own_waiters = waiters(b);
    const int64_t gone = gone_us(b, child(b, hold, held));
    (void)child(b, end, ended);
    printf("{\"bench\":\"poll\",\"agents\":%zu,%s,%s,\"gone_ms\":%" PRId64
           ",\"joins_per_second\":%.0f}\n",
           b->fleet.n, held, ended, gone / 1000, (double)b->fleet.n * 1e6 / (double)joined_us);
}

int main(int argc, char **argv)
{
    int64_t api = 0, agent = 0, metrics = 0, agents = 0;
    static struct bench b; /* to the end of the process, with all that it holds */

    if (argc != 9 || !str_i64(str_of(argv[2]), 1, 65535, &api) ||
        !str_i64(str_of(argv[3]), 1, 65535, &agent) ||
        !str_i64(str_of(argv[4]), 1, 65535, &metrics) ||
        !str_i64(str_of(argv[5]), 2, 60000, &agents) ||
        !str_i64(str_of(argv[6]), 1, agents - 1, &b.wakes) ||
        !str_i64(str_of(argv[8]), 1, INT32_MAX, &b.server_pid)) {
        fprintf(
            stderr,
            "bench_poll HOST API_PORT AGENT_PORT METRICS_PORT AGENTS WAKES API_KEY SERVER_PID\n");
        return 2;
    }
    b.job = random_u64();
    b.host = argv[1];
    b.key = argv[7];
    b.api_port = (int)api;
    b.metrics_port = (int)metrics;
    b.one_us = calloc((size_t)b.wakes, sizeof(*b.one_us));
    b.sent_us = calloc((size_t)b.wakes, sizeof(*b.sent_us));
    b.all_us = calloc((size_t)agents + 1, sizeof(*b.all_us));
    if (!b.one_us || !b.sent_us || !b.all_us) wire_die("start");
    fleet_init(&b.fleet, b.host, (int)agent, (size_t)agents, 1);
    measure(&b);
    return 0;
}
