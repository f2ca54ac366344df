/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/client/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "tests/t.h"

/* The value of a header as a number; 0: there is none. */
static size_t header_number(const char *head, const char *name)
{
    int64_t value = 0;
    const char *at = strcasestr(head, name);
    if (!at) return 0;
    at += strlen(name);
    const struct str text = { at, strcspn(at, "\r") };
    CHECK(str_i64(text, 0, 1 << 20, &value));
    return (size_t)value;
}

/* False: the client went away. */
static bool fill(int fd, char *room, size_t *n, size_t want)
{
    while (*n < want) {
        const ssize_t got = recv(fd, room + *n, want - *n, 0);
        if (got <= 0) return false;
        *n += (size_t)got;
        room[*n] = '\0';
    }
    return true;
}

static bool take_request(struct server *s, int fd)
{
    CHECK(s->requests_n < ARRAY_LEN(s->requests));
    char *room = s->requests[s->requests_n];
    size_t n = 0;
    while (!strstr(room, "\r\n\r\n"))
        if (!fill(fd, room, &n, n + 1)) return false;
    const size_t body = header_number(room, "\r\nContent-Length: ");
    CHECK(!strcasestr(room, "\r\nExpect:")); /* nobody here would say "100 Continue" */
    CHECK(n + body < sizeof(s->requests[0]));
    if (!fill(fd, room, &n, n + body)) return false;
    s->requests_n++;
    return true;
}

static void send_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        const ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent <= 0) return; /* the client has heard enough */
        p += sent;
        n -= (size_t)sent;
    }
}

static void give_answer(const struct server *s, int fd)
{
    char byte;
    const char *answer = s->answers[s->requests_n - 1];
    if (!answer) {
        (void)recv(fd, &byte, 1, 0);
        return;
    }
    const size_t n = strlen(answer), first = s->split_after < n ? s->split_after : n;
    send_all(fd, answer, first);
    if (first > 0 && first < n) clock_sleep_us(50000);
    send_all(fd, answer + first, n - first);
}

static void serve(struct server *s, int fd)
{
    while (s->requests_n < s->answers_n && take_request(s, fd)) {
        const char *answer = s->answers[s->requests_n - 1];
        give_answer(s, fd);
        if (s->close_each || !answer || !*answer) break;
    }
}

static void *run(void *arg)
{
    struct server *s = arg;
    while (s->requests_n < s->answers_n) {
        const int fd = accept(s->fd, NULL, NULL);
        if (fd < 0) break;
        s->connections++;
        serve(s, fd);
        close(fd);
    }
    return NULL;
}

static void start(struct server *s, int family, const struct sockaddr *address, socklen_t n)
{
    s->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(s->fd >= 0 && bind(s->fd, address, n) == 0 && listen(s->fd, 8) == 0);
}

void server_start(struct server *s)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof(a);
    start(s, AF_INET, (const struct sockaddr *)&a, sizeof(a));
    CHECK(getsockname(s->fd, (struct sockaddr *)&a, &n) == 0);
    s->port = ntohs(a.sin_port);
    CHECK(pthread_create(&s->thread, NULL, run, s) == 0);
}

void server_start_unix(struct server *s, const char *path)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    CHECK(strlen(path) < sizeof(a.sun_path));
    memcpy(a.sun_path, path, strlen(path));
    memcpy(s->path, path, strlen(path) + 1);
    start(s, AF_UNIX, (const struct sockaddr *)&a, sizeof(a));
    CHECK(pthread_create(&s->thread, NULL, run, s) == 0);
}

void server_stop(struct server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    CHECK(pthread_join(s->thread, NULL) == 0);
    close(s->fd);
    if (s->path[0]) unlink(s->path);
}
