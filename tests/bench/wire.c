/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAX ((size_t)1 << 20)
#define PIECE      8192

void wire_die(const char *what)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
    exit(1);
}

void wire_open(struct wire *w, const char *host, int port)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

    if (fd < 0 || inet_pton(AF_INET, host, &at.sin_addr) != 1 ||
        connect(fd, (const struct sockaddr *)&at, sizeof(at)) != 0)
        wire_die("connect");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    w->fd = fd;
    buf_init(&w->in, ANSWER_MAX);
}

void wire_close(struct wire *w)
{
    close(w->fd);
    w->fd = -1;
    buf_done(&w->in);
}

bool wire_send(struct wire *w, struct str request)
{
    buf_done(&w->in); /* those who wait hold no memory */
    while (request.n > 0) {
        const ssize_t n = send(w->fd, request.p, request.n, MSG_NOSIGNAL);
        if (n <= 0) return false;
        request = (struct str){ request.p + n, request.n - (size_t)n };
    }
    return true;
}

/* The whole head ends at *end. 0: it is not there yet. */
static int head_of(const struct str text, size_t *end, int64_t *length)
{
    static const char name[] = "\r\nContent-Length: ";
    const char *over = memmem(text.p, text.n, "\r\n\r\n", 4);
    int64_t status = 0;

    if (!over) return 0;
    const size_t head = (size_t)(over - text.p);
    const char *at = memmem(text.p, head, name, sizeof(name) - 1);
    *length = 0;
    if (at) {
        at += sizeof(name) - 1;
        const char *stop = memmem(at, text.n - (size_t)(at - text.p), "\r\n", 2);
        if (!stop ||
            !str_i64((struct str){ at, (size_t)(stop - at) }, 0, (int64_t)ANSWER_MAX, length))
            wire_die("an answer without a length");
    }
    *end = head + 4;
    if (text.n < 12 || !str_i64((struct str){ text.p + 9, 3 }, 100, 599, &status))
        wire_die("an answer without a status");
    return (int)status;
}

int wire_take(struct wire *w, struct str *body)
{
    char piece[PIECE];
    size_t end = 0;
    int64_t length = 0;
    errno = 0;
    const ssize_t n = recv(w->fd, piece, sizeof(piece), 0);

    if (n <= 0) return -1;
    buf_add(&w->in, piece, (size_t)n);
    if (w->in.failed) wire_die("an answer that is too long");
    const int status = head_of(buf_view(&w->in), &end, &length);
    if (status == 0 || w->in.n < end + (size_t)length) return 0;
    *body = (struct str){ w->in.p + end, (size_t)length };
    return status;
}
