/* SPDX-License-Identifier: Apache-2.0 */
#include "net/resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "net/dns.h"
#include "net/never.h"
#include "service/command.h"

#define PORT         53
#define ANSWER_MS    3000
#define TRIES        2
#define TTL_MIN      60 /* a program keeps an address for a while after it has asked */
#define TTL_MAX      3600
#define RULES_MAX    (1 << 20)
#define ALLOW_MEMORY (64 << 10)

struct resolver {
    int lane, fd, stop_fd;
    enum egress_class kind;
    struct arena arena; /* of `allow` */
    struct str_list allow;
    const char *name_server; /* NULL: this machine's */
    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* guards: counts */
    struct resolver_counts counts;
};

/* ---- where to ask ------------------------------------------------------------------------------
 */

/* The one that was told, else the first of this machine; its own loopback if none is told. */
static struct sockaddr_in upstream(const char *told)
{
    struct err err;
    auto_buf struct buf text = { .max = 65536 };
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(PORT) };
    struct str line, rest;
    char word[64];
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (told && inet_pton(AF_INET, told, &at.sin_addr) == 1) return at;
    if (!file_read("/etc/resolv.conf", 65536, &text, &err)) return at;
    rest = buf_view(&text);
    for (bool more = true; more;) {
        more = str_cut(rest, '\n', &line, &rest);
        if (!more) line = rest;
        if (!str_starts(line, STR("nameserver "))) continue;
        const struct str value = str_trim((struct str){ line.p + 11, line.n - 11 });
        snprintf(word, sizeof(word), "%.*s", (int)value.n, value.p);
        if (inet_pton(AF_INET, word, &at.sin_addr) == 1) break;
    }
    return at;
}

/* Ask with an id and a port of our own; the lease's id is put back by the caller. 0: no answer. */
static size_t ask(const struct resolver *r, const uint8_t *question, size_t n,
                  uint8_t answer[DNS_MAX])
{
    uint8_t copy[DNS_MAX];
    const struct sockaddr_in at = upstream(r->name_server);
    auto_close int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s < 0 || connect(s, (const struct sockaddr *)&at, sizeof(at)) != 0) return 0;
    memcpy(copy, question, n);
    random_bytes(copy, 2);
    for (int tries = 0; tries < TRIES; tries++) {
        struct pollfd p[2] = { { .fd = s, .events = POLLIN },
                               { .fd = r->stop_fd, .events = POLLIN } };
        if (send(s, copy, n, 0) < 0) return 0;
        if (poll(p, 2, ANSWER_MS) <= 0) continue;
        if (p[1].revents) return 0;
        const ssize_t got = recv(s, answer, DNS_MAX, 0);
        if (got >= 2 && memcmp(answer, copy, 2) == 0) return (size_t)got;
    }
    return 0;
}

/* ---- what may be asked and answered ------------------------------------------------------------
 */

/* "host:port" in two; *port "": any. */
static struct str host_of(struct str rule, struct str *port)
{
    struct str host;
    *port = STR("");
    return str_cut(rule, ':', &host, port) ? host : rule;
}

static bool may_ask(const struct resolver *r, const char *name)
{
    struct str port;
    if (r->kind == EGRESS_CLASS_OPEN) return true;
    for (size_t i = 0; i < r->allow.n; i++)
        if (dns_covers(host_of(r->allow.v[i], &port), name)) return true;
    return false;
}

static bool has_never(const struct dns_message *m)
{
    for (size_t i = 0; i < m->n; i++)
        if (never_has(m->addresses[i].six, m->addresses[i].bytes)) return true;
    return m->more; /* what was not looked at is not passed on */
}

/* Statements that let one address through at a port. It is added without a word if it is there,
 * taken away and added again, so that its time begins anew. */
static void let_one(const struct resolver *r, const struct dns_address *a, struct str port,
                    struct buf *text)
{
    char address[INET6_ADDRSTRLEN] = "";
    const int64_t ttl = a->ttl < TTL_MIN ? TTL_MIN : a->ttl > TTL_MAX ? TTL_MAX : a->ttl;
    const char six = a->six ? '6' : '4';
    if (!inet_ntop(a->six ? AF_INET6 : AF_INET, a->bytes, address, sizeof(address))) return;
    buf_fmt(text, "add element inet bourse allow%c_%d { %s . %.*s timeout 1h }\n", six, r->lane,
            address, (int)port.n, port.p);
    buf_fmt(text, "delete element inet bourse allow%c_%d { %s . %.*s }\n", six, r->lane, address,
            (int)port.n, port.p);
    buf_fmt(text, "add element inet bourse allow%c_%d { %s . %.*s timeout %" PRId64 "s }\n", six,
            r->lane, address, (int)port.n, port.p, ttl);
}

/* Let the addresses of an answer through, at the ports of each rule that covers the name. */
static bool let_through(const struct resolver *r, const struct dns_message *m)
{
    const char *const words[] = { "nft", "-f", "-", NULL };
    auto_buf struct buf text = { .max = RULES_MAX };
    struct err err;
    for (size_t k = 0; k < r->allow.n; k++) {
        struct str port;
        if (!dns_covers(host_of(r->allow.v[k], &port), m->name)) continue;
        if (port.n == 0) port = STR("1-65535");
        for (size_t i = 0; i < m->n; i++)
            let_one(r, &m->addresses[i], port, &text);
    }
    if (text.n == 0) return true;
    if (!text.failed && command_run(words, buf_view(&text), NULL, &err)) return true;
    LOG(LOG_WARN, "egress.not_let_through", LOG_C("name", m->name));
    return false;
}

static void count(struct resolver *r, bool refused, bool private_answer)
{
    pthread_mutex_lock(&r->lock);
    r->counts.questions++;
    r->counts.refused += refused;
    r->counts.private_answers += private_answer;
    pthread_mutex_unlock(&r->lock);
}

/* The answer to a question of the lease, into `out`. 0: none, it may ask again. */
static size_t resolve(struct resolver *r, const uint8_t *question, size_t n, uint8_t out[DNS_MAX])
{
    struct dns_message q, m;
    if (!dns_read(question, n, &q) || q.is_answer) return 0;
    if (!may_ask(r, q.name)) {
        count(r, true, false);
        return dns_refuse(question, &q, out);
    }
    const size_t got = ask(r, question, n, out);
    if (got == 0) {
        count(r, false, false);
        return 0;
    }
    const bool read =
        dns_read(out, got, &m) && m.is_answer && m.type == q.type && strcmp(m.name, q.name) == 0;
    if (!read || has_never(&m)) {
        count(r, true, read);
        return dns_refuse(question, &q, out);
    }
    count(r, false, false);
    if (r->kind == EGRESS_CLASS_ALLOWLIST && !let_through(r, &m)) return 0;
    memcpy(out, question, 2);
    return got;
}

/* ---- the thread --------------------------------------------------------------------------------
 */

static void serve_one(struct resolver *r)
{
    uint8_t question[DNS_MAX], answer[DNS_MAX];
    struct sockaddr_in from;
    socklen_t from_n = sizeof(from);
    const ssize_t n = recvfrom(r->fd, question, sizeof(question), MSG_DONTWAIT,
                               (struct sockaddr *)&from, &from_n);
    if (n <= 0) return;
    const size_t size = resolve(r, question, (size_t)n, answer);
    if (size > 0)
        (void)sendto(r->fd, answer, size, MSG_DONTWAIT, (const struct sockaddr *)&from, from_n);
}

static void *resolver_main(void *arg)
{
    struct resolver *r = arg;
    for (;;) {
        struct pollfd p[2] = { { .fd = r->fd, .events = POLLIN },
                               { .fd = r->stop_fd, .events = POLLIN } };
        if (poll(p, 2, -1) < 0 && errno != EINTR) return NULL;
        if (p[1].revents) return NULL;
        if (p[0].revents) serve_one(r);
    }
}

static bool listen_at(struct resolver *r)
{
    char address[64];
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(PORT) };
    lane_address(r->lane, false, true, address);
    r->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return inet_pton(AF_INET, address, &at.sin_addr) == 1 && r->fd >= 0 &&
           bind(r->fd, (const struct sockaddr *)&at, sizeof(at)) == 0;
}

static bool copy_rules(struct resolver *r, const struct str_list *allow)
{
    struct str *v = arena_alloc(&r->arena, (allow->n + 1) * sizeof(*v));
    for (size_t i = 0; v && i < allow->n; i++) {
        const char *text = arena_copy(&r->arena, allow->v[i]);
        if (!text) return false;
        v[i] = (struct str){ text, allow->v[i].n };
    }
    r->allow = (struct str_list){ v, allow->n };
    return v != NULL;
}

struct resolver *resolver_new(int lane, enum egress_class kind, const struct str_list *allow,
                              const char *name_server, struct err *err)
{
    struct resolver *r = mem_zalloc(sizeof(*r));
    r->lane = lane;
    r->kind = kind;
    r->fd = -1;
    r->name_server = name_server;
    r->stop_fd = eventfd(0, EFD_CLOEXEC);
    arena_init(&r->arena, ALLOW_MEMORY);
    pthread_mutex_init(&r->lock, NULL);
    if (!copy_rules(r, allow))
        FAIL(err, ERR_NO_MEMORY, "No memory was left for a resolver.");
    else if (r->stop_fd < 0 || !listen_at(r) ||
             pthread_create(&r->thread, NULL, resolver_main, r) != 0) {
        FAIL(err, ERR_IO, "The resolver of a lease could not be started.");
        err_internal(err, "%s", strerror(errno));
    } else {
        r->started = true;
        return r;
    }
    resolver_free(r);
    return NULL;
}

void resolver_free(struct resolver *r)
{
    if (!r) return;
    const uint64_t one = 1;
    if (r->started && write(r->stop_fd, &one, sizeof(one)) == sizeof(one))
        pthread_join(r->thread, NULL);
    if (r->fd >= 0) close(r->fd);
    if (r->stop_fd >= 0) close(r->stop_fd);
    pthread_mutex_destroy(&r->lock);
    arena_done(&r->arena);
    mem_free(r);
}

struct resolver_counts resolver_counts(struct resolver *r)
{
    pthread_mutex_lock(&r->lock);
    const struct resolver_counts c = r->counts;
    pthread_mutex_unlock(&r->lock);
    return c;
}
