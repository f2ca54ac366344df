/* SPDX-License-Identifier: Apache-2.0 */
#include "http/listen.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/listener.h"
#include "http/metrics.h"

#define HEADERS_S      10
#define BODY_S         30
#define IDLE_S         60
#define LIBRARY_IDLE_S 120 /* the library's own time-out, should ours not do its work */
#define BACKLOG        1024
#define FILES_SPARE    256 /* descriptors for other things than connections */

/* --- the library's callbacks --- */

static struct slot *slot_of(struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

/* Who is at the other end: an address of version 4, or the 64 bits of one of version 6 that a
 * network has. */
static uint64_t peer_of(struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    uint64_t peer = 0;
    if (!info) return 0;
    if (info->client_addr->sa_family == AF_INET)
        return ((const struct sockaddr_in *)info->client_addr)->sin_addr.s_addr;
    if (info->client_addr->sa_family != AF_INET6) return 0;
    const struct in6_addr *in6 = &((const struct sockaddr_in6 *)info->client_addr)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(in6))
        memcpy(&peer, &in6->s6_addr[12], 4);
    else
        memcpy(&peer, in6->s6_addr, 8);
    return peer;
}

static void on_connection(void *arg, struct MHD_Connection *c, void **slot,
                          enum MHD_ConnectionNotificationCode what)
{
    struct listener *l = arg;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *fd =
            MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
        const int at = fd ? fd->connect_fd : -1;
        *slot = at >= 0 ? slots_enter(&l->slots, at, peer_of(c)) : NULL;
        if (*slot)
            metrics_count(l->o.svc->metrics, GAUGE_CONNECTIONS, 1);
        else if (at >= 0)
            shutdown(at, SHUT_RDWR); /* the library sees it closed */
    } else if (*slot) {
        slots_leave(&l->slots, *slot);
        *slot = NULL;
        metrics_count(l->o.svc->metrics, GAUGE_CONNECTIONS, -1);
    }
}

/* The request line is there: the first that we hear of a request. */
static void *on_uri(void *arg, const char *uri, struct MHD_Connection *c)
{
    struct slot *slot = slot_of(c);
    return slot ? exchange_new(arg, slot, uri) : NULL;
}

static enum MHD_Result on_call(void *arg, struct MHD_Connection *c, const char *url,
                               const char *method, const char *version, const char *data,
                               size_t *size, void **request)
{
    (void)arg;
    (void)url; /* decoded, cut at a NUL: ours is exchange_new()'s */
    return *request ? exchange_call(*request, c, method, version, data, size) : MHD_NO;
}

static void on_completed(void *arg, struct MHD_Connection *c, void **request,
                         enum MHD_RequestTerminationCode how)
{
    (void)arg;
    (void)c;
    (void)how;
    if (*request) exchange_free(*request);
    *request = NULL;
}

PRINTF_LIKE(2, 0)
static void on_message(void *arg, const char *fmt, va_list args)
{
    const struct listener *l = arg;
    char text[256];
    vsnprintf(text, sizeof(text), fmt, args);
    text[strcspn(text, "\r\n")] = '\0';
    LOG(LOG_DEBUG, "http.library", LOG_C("listener", l->o.name), LOG_C("text", text));
}

/* --- the socket --- */

static bool split_address(const char *address, char host[256], char port[16])
{
    const char *colon = strrchr(address, ':');
    if (!colon || colon == address || strlen(colon + 1) >= 16 || colon[1] == '\0') return false;
    const bool bracketed = address[0] == '[' && colon[-1] == ']';
    const char *from = address + bracketed;
    const size_t n = (size_t)(colon - from) - bracketed;
    if (n == 0 || n >= 256) return false;
    memcpy(host, from, n);
    host[n] = '\0';
    snprintf(port, 16, "%s", colon + 1);
    return true;
}

static int try_listen(const struct addrinfo *a)
{
    const int one = 1;
    const int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0) return fd;
    const int failed = errno;
    close(fd);
    errno = failed;
    return -1;
}

static int port_of(int fd)
{
    struct sockaddr_storage at;
    socklen_t n = sizeof(at);
    memset(&at, 0, sizeof(at));
    if (getsockname(fd, (struct sockaddr *)&at, &n) != 0) return 0;
    if (at.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&at)->sin6_port);
    return ntohs(((struct sockaddr_in *)&at)->sin_port);
}

static bool open_socket(struct listener *l, struct err *err)
{
    char host[256], port[16];
    const struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                                    .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    if (!split_address(l->o.address, host, port))
        return FAIL(err, ERR_VALIDATION_FAILED, "%s: not host:port", l->o.address);
    const int rc = getaddrinfo(host, port, &hints, &found);
    if (rc != 0) return FAIL(err, ERR_IO, "%s: %s", l->o.address, gai_strerror(rc));

    for (const struct addrinfo *a = found; a && l->listen_fd < 0; a = a->ai_next)
        l->listen_fd = try_listen(a);
    const int failed = errno;
    freeaddrinfo(found);
    if (l->listen_fd < 0) return FAIL(err, ERR_IO, "%s: %s", l->o.address, strerror(failed));
    l->port = port_of(l->listen_fd);
    return true;
}

/* Several listeners share the process's limit; each asks for its own connections on top. */
static bool raise_files(int more, struct err *err)
{
    struct rlimit limit;
    static _Atomic rlim_t wanted = FILES_SPARE;
    const rlim_t want = atomic_fetch_add(&wanted, (rlim_t)more) + (rlim_t)more;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= want) return true;
    const rlim_t had = limit.rlim_cur;
    limit.rlim_cur = want;
    if (limit.rlim_max < want) limit.rlim_max = want; /* only root may */
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0) return true;
    return FAIL(err, ERR_IO, "%llu open files are needed, %llu are allowed",
                (unsigned long long)want, (unsigned long long)had);
}

/* --- start and stop --- */

/* Each daemon has its share of the connections; those of one address are counted over all. */
static struct MHD_Daemon *new_daemon(struct listener *l, int listen_fd)
{
    const struct listener_options *o = &l->o;
    const unsigned most = (unsigned)((o->connections + o->threads - 1) / o->threads);
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_call, l,
        MHD_OPTION_EXTERNAL_LOGGER, on_message, l, MHD_OPTION_LISTEN_SOCKET, listen_fd,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, l, MHD_OPTION_URI_LOG_CALLBACK, on_uri, l,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, l, MHD_OPTION_CONNECTION_LIMIT, most,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, o->connection_memory, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)LIBRARY_IDLE_S, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

static bool start_loop(struct listener *l, int i, struct err *err)
{
    struct loop *loop = &l->loops[i];
    char name[16];
    snprintf(name, sizeof(name), "%.8s-%u", l->o.name, (uint8_t)(i + 1));
    loop->listen_fd = fcntl(l->listen_fd, F_DUPFD_CLOEXEC, 0);
    if (loop->listen_fd < 0) return FAIL(err, ERR_IO, "%s: %s", l->o.name, strerror(errno));
    if (!(loop->daemon = new_daemon(l, loop->listen_fd)))
        return FAIL(err, ERR_IO, "%s: the HTTP daemon did not start", l->o.address);
    return loop_start(loop, name, err);
}

/* All can be woken before the first runs: the keeper wakes all of them. */
static bool start_loops(struct listener *l, struct err *err)
{
    bool ok = true;
    l->loops_n = l->o.threads;
    l->loops = mem_zalloc((size_t)l->loops_n * sizeof(*l->loops));
    for (int i = 0; i < l->loops_n; i++)
        ok = loop_init(&l->loops[i], err) && ok;
    for (int i = 0; ok && i < l->loops_n; i++)
        ok = start_loop(l, i, err);
    return ok;
}

/* What a request has suspended in the last moment is resumed before the keeper ends. */
static void free_listener(struct listener *l)
{
    for (int i = 0; i < l->loops_n; i++)
        loop_stop(&l->loops[i]);
    while (atomic_load(&l->suspended) > 0)
        clock_sleep_us(1000);
    keeper_stop(l);
    for (int i = 0; i < l->loops_n; i++)
        loop_free(&l->loops[i]);
    mem_free(l->loops);
    if (l->listen_fd >= 0) close(l->listen_fd);
    slots_done(&l->slots);
    mem_free(l);
}

static int64_t seconds_or(int64_t s, int64_t initial)
{
    return (s > 0 ? s : initial) * 1000000;
}

struct listener *listener_start(const struct listener_options *o, struct err *err)
{
    struct listener *l = mem_zalloc(sizeof(*l));
    l->o = *o;
    if (l->o.body_max == 0) l->o.body_max = BODY_MAX;
    l->listen_fd = l->keeper.epoll_fd = l->keeper.event_fd = -1;
    l->body_us = seconds_or(o->body_s, BODY_S);
    if (o->svc->auth) auth_derive(o->svc->auth, "cursor", l->cursor_key);

    const struct slots_options so = {
        .n = (size_t)o->connections + FILES_SPARE,
        .of_one_peer = o->connections_per_ip > 0 ? (size_t)o->connections_per_ip : SIZE_MAX,
        .headers_us = seconds_or(o->headers_s, HEADERS_S),
        .idle_us = seconds_or(o->idle_s, IDLE_S),
    };
    if (!slots_init(&l->slots, &so, err)) {
        mem_free(l);
        return NULL;
    }
    if (raise_files(o->connections, err) && open_socket(l, err) && keeper_start(l, err) &&
        start_loops(l, err)) {
        metrics_add_table(o->svc->metrics, o->name, o->routes, o->routes_n);
        LOG(LOG_INFO, "http.listening", LOG_C("listener", o->name), LOG_I64("port", l->port));
        return l;
    }
    free_listener(l);
    return NULL;
}

int listener_port(const struct listener *l)
{
    return l->port;
}

bool listener_is_ready(struct listener *l)
{
    struct writer *writer = l->o.svc->writer;
    return writer && writer_ready(writer);
}

bool listener_drain(struct listener *l, int64_t timeout_us)
{
    const int64_t until_us = clock_monotonic_us() + timeout_us;
    if (!atomic_exchange(&l->draining, true)) {
        for (int i = 0; i < l->loops_n; i++)
            loop_quiet(&l->loops[i]);
        if (l->o.svc->hub) hub_close(l->o.svc->hub);
        feed_close(l->o.svc->feed);
    }
    while (atomic_load(&l->inflight) > 0) {
        if (clock_monotonic_us() >= until_us) return false;
        clock_sleep_us(5000);
    }
    return true;
}

void listener_stop(struct listener *l)
{
    if (!l) return;
    (void)!listener_drain(l, 0);
    atomic_store(&l->stopping, true);
    /* What is with a worker or the market comes back: both answer all they have. */
    while (atomic_load(&l->suspended) > 0)
        clock_sleep_us(1000);
    free_listener(l);
}
