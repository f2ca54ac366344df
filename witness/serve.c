/* SPDX-License-Identifier: Apache-2.0 */
#include "serve.h"

#include <microhttpd.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

#define THREADS       2
#define CONNECTIONS   256
#define IDLE_S        30
#define REQUEST_ARENA ((size_t)1 << 20)

struct serve {
    struct witness *witness;
    struct MHD_Daemon *daemon;
};

/* A request while its body arrives. */
struct exchange {
    struct buf body;
};

static enum MHD_Result reply(struct MHD_Connection *c, const struct witness_answer *a)
{
    void *p; /* the library wants one without const; it copies */

    memcpy(&p, &a->body.p, sizeof(p));
    struct MHD_Response *r = MHD_create_response_from_buffer(a->body.n, p, MHD_RESPMEM_MUST_COPY);
    if (!r) return MHD_NO;
    MHD_add_response_header(r, "Content-Type", a->type);
    MHD_add_response_header(r, "Cache-Control", "no-store");
    if (a->status == MHD_HTTP_METHOD_NOT_ALLOWED) MHD_add_response_header(r, "Allow", "POST");
    const enum MHD_Result rc = MHD_queue_response(c, (unsigned)a->status, r);
    MHD_destroy_response(r);
    return rc;
}

static enum MHD_Result refuse(struct MHD_Connection *c, int status, const char *sentence)
{
    const struct witness_answer a = { status, "text/plain; charset=utf-8", str_of(sentence) };
    return reply(c, &a);
}

static enum MHD_Result whole(struct serve *s, struct MHD_Connection *c, const struct exchange *x)
{
    struct witness_answer answer;
    struct arena a;

    if (x->body.failed) return refuse(c, MHD_HTTP_CONTENT_TOO_LARGE, "The body is too large.\n");
    arena_init(&a, REQUEST_ARENA);
    witness_add_checkpoint(s->witness, buf_view(&x->body), clock_wall_us() / 1000000, &a, &answer);
    const enum MHD_Result rc = reply(c, &answer);
    arena_done(&a);
    return rc;
}

static enum MHD_Result on_call(void *arg, struct MHD_Connection *c, const char *url,
                               const char *method, const char *version, const char *data,
                               size_t *size, void **request)
{
    struct serve *s = arg;
    struct exchange *x = *request;

    (void)version;
    if (strcmp(url, "/add-checkpoint") != 0)
        return refuse(c, MHD_HTTP_NOT_FOUND, "There is only /add-checkpoint here.\n");
    if (strcmp(method, "POST") != 0)
        return refuse(c, MHD_HTTP_METHOD_NOT_ALLOWED, "Only POST is allowed here.\n");
    if (!x) {
        x = mem_zalloc(sizeof(*x));
        buf_init(&x->body, WITNESS_BODY_MAX);
        *request = x;
        return MHD_YES;
    }
    if (*size == 0) return whole(s, c, x);
    buf_add(&x->body, data, *size);
    *size = 0;
    return MHD_YES;
}

static void on_completed(void *arg, struct MHD_Connection *c, void **request,
                         enum MHD_RequestTerminationCode how)
{
    struct exchange *x = *request;

    (void)arg, (void)c, (void)how;
    if (x) buf_done(&x->body);
    mem_free(x);
    *request = NULL;
}

/* ---- listening ---- */

/* HOST:PORT or [HOST]:PORT. */
static bool look_up(const char *address, struct addrinfo **out)
{
    const struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
                                    .ai_socktype = SOCK_STREAM };
    const char *colon = strrchr(address, ':');
    char host[64];
    size_t n = colon ? (size_t)(colon - address) : sizeof(host);

    if (n >= sizeof(host)) return false;
    memcpy(host, address, n);
    host[n] = '\0';
    if (n >= 2 && host[0] == '[' && host[n - 1] == ']') {
        memmove(host, host + 1, n - 2);
        host[n - 2] = '\0';
    }
    return getaddrinfo(host, colon + 1, &hints, out) == 0;
}

static int listen_on(const struct addrinfo *at)
{
    const int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;

    if (fd < 0) return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0) return fd;
    close(fd);
    return -1;
}

struct serve *serve_start(struct witness *w, const char *address, struct err *err)
{
    struct addrinfo *found = NULL;

    if (!look_up(address, &found)) {
        FAIL(err, ERR_VALIDATION_FAILED, "%s is no address HOST:PORT.", address);
        return NULL;
    }
    const int fd = listen_on(found);
    freeaddrinfo(found);
    if (fd < 0) {
        FAIL(err, ERR_IO, "%s cannot be listened on.", address);
        return NULL;
    }
    struct serve *s = mem_zalloc(sizeof(*s));
    s->witness = w;
    s->daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_call, s,
                         MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_THREAD_POOL_SIZE, THREADS,
                         MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
                         IDLE_S, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
    if (s->daemon) return s;
    FAIL(err, ERR_IO, "The listener cannot be started.");
    close(fd);
    mem_free(s);
    return NULL;
}

void serve_stop(struct serve *s)
{
    if (!s) return;
    MHD_stop_daemon(s->daemon);
    mem_free(s);
}
