/* SPDX-License-Identifier: Apache-2.0 */
/* Closed-loop clients that submit jobs to a running market, all of them on one thread.
 *
 *     bench_orders_http HOST PORT CLIENTS SECONDS KEYS
 *
 * KEYS is a file of API keys, one a line; the clients take their turns of them. Each client has a
 * connection of its own and sends the next job, with an Idempotency-Key of its own, as soon as the
 * one before is answered. They share one thread because they share the machine with what they
 * measure: a thread each would cost more than the server.
 * Prints one line of JSON. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/str.h"

#define CLIENTS_MAX 2048
#define KEYS_MAX    4096
#define KEY_SIZE    128
#define REQUEST_MAX 1024
#define ANSWER_MAX  8192
#define TIMES_MAX   (4 << 20)
#define KEY_DIGITS  16

struct client {
    int fd;
    char request[REQUEST_MAX], answer[ANSWER_MAX];
    size_t request_n, answer_n;
    char *key_digits; /* in the request */
    int64_t sent_us;
};

struct run {
    int epoll_fd;
    struct client *clients;
    size_t clients_n;
    int64_t until_us, done, refused;
    uint64_t next_key;
    int32_t *times_us;
    size_t times_n;
    char first_refusal[ANSWER_MAX];
};

static const char body[] =
    "{\"image\":\"localhost/bench:1\",\"command\":[\"/bin/"
    "true\"],\"pool\":\"cpu\",\"cpu_millis\":1000,"
    "\"budget\":{\"amount\":\"0.01\",\"currency\":\"USD\"},"
    "\"limit_price_per_unit_hour\":{\"amount\":\"0.001000\",\"currency\":\"USD\"},"
    "\"max_duration_seconds\":600}";

static void die(const char *what)
{
    fprintf(stderr, "bench_orders_http: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int connect_to(const char *host, int port)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

    if (fd < 0 || inet_pton(AF_INET, host, &at.sin_addr) != 1 ||
        connect(fd, (const struct sockaddr *)&at, sizeof(at)) != 0)
        die("connect");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return fd;
}

static void make_request(struct client *c, const char *host, int port, const char *api_key)
{
    const int n = snprintf(c->request, sizeof(c->request),
                           "POST /v1/jobs HTTP/1.1\r\nHost: %s:%d\r\nAuthorization: Bearer %s\r\n"
                           "Content-Type: application/json\r\nContent-Length: %zu\r\n"
                           "Idempotency-Key: %0*d\r\n\r\n%s",
                           host, port, api_key, sizeof(body) - 1, KEY_DIGITS, 0, body);

    if (n < 0 || (size_t)n >= sizeof(c->request)) die("request too long");
    c->request_n = (size_t)n;
    c->key_digits = strstr(c->request, "Idempotency-Key: ") + strlen("Idempotency-Key: ");
}

static void send_next(struct run *r, struct client *c)
{
    char digits[KEY_DIGITS + 1];

    snprintf(digits, sizeof(digits), "%016" PRIx64, r->next_key++);
    memcpy(c->key_digits, digits, KEY_DIGITS);
    c->answer_n = 0;
    c->sent_us = clock_monotonic_us();
    if (send(c->fd, c->request, c->request_n, MSG_NOSIGNAL) != (ssize_t)c->request_n) die("send");
}

/* Is the whole answer there? Then its status, else 0. */
static int status_of(struct client *c)
{
    static const char length[] = "Content-Length: ";
    int64_t status = 0, n = 0;

    c->answer[c->answer_n] = '\0';
    char *end = strstr(c->answer, "\r\n\r\n"), *at = strstr(c->answer, length);
    if (!end) return 0;
    if (!at || at > end) die("an answer without a length");
    at += sizeof(length) - 1;
    if (!str_i64((struct str){ at, strcspn(at, "\r") }, 0, ANSWER_MAX, &n)) die("length");
    if (c->answer_n < (size_t)(end + 4 - c->answer) + (size_t)n) return 0;
    if (!str_i64((struct str){ c->answer + 9, 3 }, 100, 599, &status)) die("status");
    return (int)status;
}

static void count(struct run *r, struct client *c, int status)
{
    if (status == 201) {
        r->done++;
        if (r->times_n < TIMES_MAX)
            r->times_us[r->times_n++] = (int32_t)(clock_monotonic_us() - c->sent_us);
        return;
    }
    if (r->refused++ == 0) snprintf(r->first_refusal, sizeof(r->first_refusal), "%s", c->answer);
}

/* False: this client has had its last answer. */
static bool look(struct run *r, struct client *c)
{
    const ssize_t n = recv(c->fd, c->answer + c->answer_n, ANSWER_MAX - 1 - c->answer_n, 0);

    if (n <= 0) die("recv");
    c->answer_n += (size_t)n;
    const int status = status_of(c);
    if (status == 0) return true;
    count(r, c, status);
    if (c->sent_us >= r->until_us || clock_monotonic_us() >= r->until_us) return false;
    send_next(r, c);
    return true;
}

static void loop(struct run *r)
{
    struct epoll_event events[256];
    size_t busy = r->clients_n;

    for (size_t i = 0; i < r->clients_n; i++)
        send_next(r, &r->clients[i]);
    while (busy > 0) {
        const int n = epoll_wait(r->epoll_fd, events, ARRAY_LEN(events), 30000);
        if (n == 0) die("no answer for 30 s");
        for (int i = 0; i < n; i++)
            if (!look(r, events[i].data.ptr)) busy--;
    }
}

static int by_value(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static size_t read_keys(const char *path, char keys[KEYS_MAX][KEY_SIZE])
{
    FILE *f = fopen(path, "re");
    size_t n = 0;

    if (!f) die(path);
    while (n < KEYS_MAX && fgets(keys[n], KEY_SIZE, f)) {
        keys[n][strcspn(keys[n], "\n")] = '\0';
        n++;
    }
    (void)fclose(f);
    if (n == 0) die("no keys");
    return n;
}

int main(int argc, char **argv)
{
    static char keys[KEYS_MAX][KEY_SIZE];
    int64_t port = 0, clients = 0, seconds = 0;

    if (argc != 6 || !str_i64(str_of(argv[2]), 1, 65535, &port) ||
        !str_i64(str_of(argv[3]), 1, CLIENTS_MAX, &clients) ||
        !str_i64(str_of(argv[4]), 1, 3600, &seconds)) {
        fprintf(stderr, "bench_orders_http HOST PORT CLIENTS SECONDS KEYS\n");
        return 2;
    }
    const size_t keys_n = read_keys(argv[5], keys);
    struct run r = { .epoll_fd = epoll_create1(EPOLL_CLOEXEC),
                     .clients_n = (size_t)clients,
                     .next_key = random_u64() };
    r.clients = calloc(r.clients_n, sizeof(*r.clients));
    r.times_us = malloc(TIMES_MAX * sizeof(*r.times_us));
    if (!r.clients || !r.times_us || r.epoll_fd < 0) die("start");
    for (size_t i = 0; i < r.clients_n; i++) {
        struct client *c = &r.clients[i];
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
        c->fd = connect_to(argv[1], (int)port);
        make_request(c, argv[1], (int)port, keys[i % keys_n]);
        if (epoll_ctl(r.epoll_fd, EPOLL_CTL_ADD, c->fd, &event) != 0) die("epoll");
    }

    const int64_t start = clock_monotonic_us();
    r.until_us = start + seconds * 1000000;
    loop(&r);
    const double took = (double)(clock_monotonic_us() - start) / 1e6;
    qsort(r.times_us, r.times_n, sizeof(*r.times_us), by_value);
    const size_t n = r.times_n;
    printf("{\"bench\":\"orders-http\",\"clients\":%" PRId64 ",\"orders\":%" PRId64
           ",\"failed\":%" PRId64
           ",\"orders_per_second\":%.1f,\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"max_ms\":%.2f}\n",
           clients, r.done, r.refused, (double)r.done / took, n ? r.times_us[n / 2] / 1e3 : 0,
           n ? r.times_us[n * 99 / 100] / 1e3 : 0, n ? r.times_us[n - 1] / 1e3 : 0);
    if (r.refused > 0) fprintf(stderr, "the first refusal:\n%s\n", r.first_refusal);
    return r.done == 0 || r.refused > 0;
}
