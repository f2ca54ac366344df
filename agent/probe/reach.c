/* SPDX-License-Identifier: Apache-2.0 */
/* Not a probe: what a program with a network does, told in words (`probe reach WORD…`).
 *
 *   tcp4:ADDRESS:PORT  tcp6:ADDRESS:PORT   connect, read what is said:  ok TEXT | NAME-OF-ERROR
 *   udp4:ADDRESS:PORT                      send, wait for an answer:    ok | NAME-OF-ERROR
 *   name:HOST                              look it up:                  ok ADDRESS… | refused
 *   host:HOST:PORT                         look it up and connect
 *   burst:ADDRESS:PORT:N                   N connections at once:       ok HOW-MANY
 *   send:ADDRESS:PORT:BYTES                send so many:                ok BYTES MILLISECONDS */
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 1500

struct place {
    int family, port;
    char host[128];
    long extra;
};

/* HOST:PORT[:EXTRA]; an IPv6 address is in brackets. */
static bool read_place(const char *text, struct place *p)
{
    const char *end = text[0] == '[' ? strchr(text, ']') : strchr(text, ':');
    memset(p, 0, sizeof(*p));
    p->family = text[0] == '[' ? AF_INET6 : AF_INET;
    if (text[0] == '[') text++;
    if (!end || (size_t)(end - text) >= sizeof(p->host)) return false;
    memcpy(p->host, text, (size_t)(end - text));
    if (*end == ']') end++;
    char *rest;
    p->port = (int)strtoul(end + 1, &rest, 10);
    if (*rest == ':') p->extra = (long)strtoul(rest + 1, NULL, 10);
    return true;
}

/* A connected socket; -1 and errno. */
static int join(const struct place *p, int type)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)p->port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)p->port) };
    const bool six = p->family == AF_INET6;
    if (inet_pton(p->family, p->host, six ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr) != 1) {
        errno = EINVAL;
        return -1;
    }
    const int s = socket(p->family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int r = six ? connect(s, (const struct sockaddr *)&v6, sizeof(v6))
                : connect(s, (const struct sockaddr *)&v4, sizeof(v4));
    if (r < 0 && errno == EINPROGRESS) {
        struct pollfd poll_for = { .fd = s, .events = POLLOUT };
        int why = ETIMEDOUT;
        socklen_t n = sizeof(why);
        if (poll(&poll_for, 1, WAIT_MS) == 1) getsockopt(s, SOL_SOCKET, SO_ERROR, &why, &n);
        errno = why;
        r = why == 0 ? 0 : -1;
    }
    if (r == 0) return s;
    const int why = errno;
    close(s);
    errno = why;
    return -1;
}

static void say_error(void)
{
    printf("%s", strerrorname_np(errno));
}

static void tcp(const struct place *p)
{
    char text[64] = "";
    const int s = join(p, SOCK_STREAM);
    if (s < 0) {
        say_error();
        return;
    }
    struct pollfd poll_for = { .fd = s, .events = POLLIN };
    const ssize_t n = poll(&poll_for, 1, WAIT_MS) == 1 ? recv(s, text, sizeof(text) - 1, 0) : 0;
    printf("ok %.*s", (int)(n > 0 ? n : 0), text);
    close(s);
}

static void udp(const struct place *p)
{
    char text[64];
    const int s = join(p, SOCK_DGRAM);
    struct pollfd poll_for = { .fd = s, .events = POLLIN };
    if (s < 0 || send(s, "hello", 5, 0) < 0)
        say_error();
    else if (poll(&poll_for, 1, WAIT_MS) == 1 && recv(s, text, sizeof(text), 0) > 0)
        printf("ok");
    else
        printf("ETIMEDOUT");
    if (s >= 0) close(s);
}

/* The name server of resolv.conf. */
static bool server(char out[64])
{
    char line[256];
    bool found = false;
    FILE *f = fopen("/etc/resolv.conf", "re");
    while (f && !found && fgets(line, sizeof(line), f)) {
        found = strncmp(line, "nameserver ", 11) == 0;
        if (found) snprintf(out, 64, "%.*s", (int)strcspn(line + 11, "\n "), line + 11);
    }
    if (f) fclose(f);
    return found;
}

static size_t question(const char *host, unsigned char *out)
{
    static const unsigned char head[] = { 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0 },
                               tail[] = { 0, 0, 1, 0, 1 };
    size_t n = sizeof(head);
    memcpy(out, head, sizeof(head));
    while (*host) {
        const size_t label = strcspn(host, ".");
        out[n++] = (unsigned char)label;
        memcpy(out + n, host, label);
        n += label;
        host += label + (host[label] == '.');
    }
    memcpy(out + n, tail, sizeof(tail));
    return n + sizeof(tail);
}

/* Our servers of the test answer with records of 16 bytes: a pointer, A, IN, a time, four bytes.
 * The first address into `out`; false: none, and *code says why. */
static bool look_up(const char *host, char out[64], int *code)
{
    unsigned char q[256], answer[512];
    struct place at = { .family = AF_INET, .port = 53 };
    *code = -1;
    if (!server(at.host)) return false;
    const int s = join(&at, SOCK_DGRAM);
    const size_t n = question(host, q);
    struct pollfd poll_for = { .fd = s, .events = POLLIN };
    ssize_t got = 0;
    if (s >= 0 && send(s, q, n, 0) > 0 && poll(&poll_for, 1, 7000) == 1)
        got = recv(s, answer, sizeof(answer), 0);
    if (s >= 0) close(s);
    if (got < 12) return false;
    *code = answer[3] & 15;
    if (*code != 0 || answer[7] == 0 || (size_t)got < n + 16) return false;
    snprintf(out, 64, "%d.%d.%d.%d", answer[n + 12], answer[n + 13], answer[n + 14],
             answer[n + 15]);
    return true;
}

static void name(const char *host)
{
    char address[64];
    int code;
    if (look_up(host, address, &code))
        printf("ok %s", address);
    else
        printf("refused %d", code);
}

static void host(const char *text)
{
    struct place p;
    int code;
    if (!read_place(text, &p)) return;
    char named[128];
    memcpy(named, p.host, sizeof(named));
    if (!look_up(named, p.host, &code)) {
        printf("refused %d", code);
        return;
    }
    tcp(&p);
}

static void burst(const struct place *p)
{
    int ok = 0;
    struct place at = *p;
    for (long i = 0; i < p->extra; i++) {
        struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)at.port) };
        inet_pton(AF_INET, at.host, &v4.sin_addr);
        const int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (s < 0) break;
        (void)!connect(s, (const struct sockaddr *)&v4, sizeof(v4));
        struct pollfd poll_for = { .fd = s, .events = POLLOUT };
        ok += poll(&poll_for, 1, 20) == 1 && !(poll_for.revents & (POLLERR | POLLHUP));
        close(s);
    }
    printf("ok %d", ok);
}

static long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void send_bytes(const struct place *p)
{
    static char block[16384];
    const long from = now_ms();
    long done = 0;
    const int s = join(p, SOCK_STREAM);
    while (s >= 0 && done < p->extra && now_ms() - from < 8000) {
        struct pollfd poll_for = { .fd = s, .events = POLLOUT };
        if (poll(&poll_for, 1, 3000) != 1) break;
        const ssize_t n = send(s, block, sizeof(block), MSG_NOSIGNAL);
        if (n <= 0) break;
        done += n;
    }
    if (s >= 0) close(s);
    printf("ok %ld %ld", done, now_ms() - from);
}

void talk(const char *word)
{
    struct place p = { .port = 0 };
    printf("%s\t", word);
    if (strncmp(word, "name:", 5) == 0)
        name(word + 5);
    else if (strncmp(word, "host:", 5) == 0)
        host(word + 5);
    else if (strchr(word, ':') && read_place(strchr(word, ':') + 1, &p)) {
        if (strncmp(word, "tcp", 3) == 0) tcp(&p);
        if (strncmp(word, "udp", 3) == 0) udp(&p);
        if (strncmp(word, "burst", 5) == 0) burst(&p);
        if (strncmp(word, "send", 4) == 0) send_bytes(&p);
    }
    printf("\n");
    fflush(stdout);
}
