/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "sign/request.h"
#include "json/json.h"

#define JOINERS     64
#define EVENTS      256
#define AGAIN_US    1000000
#define ARENA_SIZE  ((size_t)1 << 20)
#define REQUEST_MAX ((size_t)16384)

void fleet_init(struct fleet *f, const char *host, int port, size_t n, int64_t units)
{
    *f = (struct fleet){ .host = host, .port = port, .n = n, .units = units, .wait_s = 55 };
    f->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    f->v = calloc(n, sizeof(*f->v));
    f->refused = calloc(n, sizeof(struct agent *));
    if (!f->v || !f->refused || f->epoll_fd < 0) wire_die("start");
    for (size_t i = 0; i < n; i++) {
        f->v[i].wire.fd = -1;
        f->v[i].key = key_new();
        if (!f->v[i].key) wire_die("a key");
    }
}

/* ---- requests ---- */

/* Signed by this agent. `more`: header lines, each with its end. */
static bool say(const struct fleet *f, const struct agent *a, struct wire *w, const char *method,
                const char *path, const char *more, const char *body)
{
    struct arena arena;
    struct request_signature s;
    struct err err = { 0 };
    char uri[256], own[45];
    const struct public_key key = key_public(a->key);
    auto_buf struct buf out = { .max = REQUEST_MAX };

    arena_init(&arena, ARENA_SIZE);
    public_key_text(&key, own);
    snprintf(uri, sizeof(uri), "http://%s:%d%s", f->host, f->port, path);
    if (!request_sign(a->key, str_of(*a->node ? a->node : own), str_of(method), str_of(uri),
                      str_of(body), clock_wall_us(), &arena, &s, &err))
        wire_die(err.detail);
    buf_fmt(&out, "%s %s HTTP/1.1\r\nHost: %s:%d\r\nSignature-Input: %s\r\nSignature: %s\r\n%s",
            method, path, f->host, f->port, s.signature_input, s.signature, more);
    if (*body)
        buf_fmt(&out,
                "Content-Digest: %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n",
                s.content_digest, strlen(body));
    buf_fmt(&out, "\r\n%s", body);
    arena_done(&arena);
    return !out.failed && wire_send(w, buf_view(&out));
}

/* ---- joining ---- */

struct joiner {
    struct wire wire;
    size_t agent;
    bool offers; /* it has joined */
};

static bool say_join(const struct fleet *f, struct joiner *j)
{
    char body[1024], own[45];
    const struct public_key key = key_public(f->v[j->agent].key);

    public_key_text(&key, own);
    snprintf(body, sizeof(body),
             "{\"token\":\"bench-%zu\",\"public_key\":\"%s\",\"name\":\"bench-%zu\","
             "\"agent_version\":\"1.0.0\",\"inventory\":{\"cpu_millis\":%" PRId64
             ",\"memory_bytes\":%" PRId64 ",\"scratch_bytes\":%" PRId64 ",\"gpus\":[]}}",
             j->agent, own, j->agent, f->units * 1000, f->units << 30, f->units << 31);
    return say(f, &f->v[j->agent], &j->wire, "POST", "/v1/agent/join", "", body);
}

static bool say_offer(const struct fleet *f, struct joiner *j)
{
    char body[256], key[64];
    const size_t price = FLEET_TICK * (1 + j->agent % FLEET_PRICES);

    snprintf(key, sizeof(key), "Idempotency-Key: ask-%zu\r\n", j->agent);
    snprintf(body, sizeof(body),
             "{\"pool\":\"cpu\",\"units\":%" PRId64 ",\"price_per_unit_hour\":{\"amount\":\"%zu."
             "%06zu\",\"currency\":\"USD\"}}",
             f->units, price / 1000000, price % 1000000);
    return say(f, &f->v[j->agent], &j->wire, "POST", "/v1/agent/asks", key, body);
}

static void take_node(struct agent *a, struct str body)
{
    struct err err = { 0 };
    auto_json json_t *o = json_parse(body, &err);
    const struct str node = json_get_text(o, "node_id");

    if (node.n == 0 || node.n >= sizeof(a->node)) wire_die("a join without a node");
    memcpy(a->node, node.p, node.n);
}

static void watch(int epoll_fd, int fd, void *arg)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = arg };

    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) wire_die("epoll");
}

/* The answer to a join or an offer: then what comes next on this connection. False: all are in. */
static bool next_join(struct fleet *f, struct joiner *j, size_t *next, int status, struct str body)
{
    if (status != 201) {
        fprintf(stderr, "agent %zu was refused: %d %.*s\n", j->agent, status, (int)body.n, body.p);
        exit(1);
    }
    if (!j->offers) take_node(&f->v[j->agent], body);
    j->offers = !j->offers;
    if (j->offers) return say_offer(f, j);
    if (*next == f->n) return false;
    j->agent = (*next)++;
    return say_join(f, j);
}

void fleet_join(struct fleet *f)
{
    static struct joiner joiners[JOINERS];
    const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    size_t next = 0, busy = 0;

    for (; busy < JOINERS && next < f->n; busy++) {
        struct joiner *j = &joiners[busy];
        *j = (struct joiner){ .agent = next++ };
        wire_open(&j->wire, f->host, f->port);
        watch(epoll_fd, j->wire.fd, j);
        if (!say_join(f, j)) wire_die("send");
    }
    while (busy > 0) {
        struct epoll_event events[EVENTS];
        const int n = epoll_wait(epoll_fd, events, EVENTS, 60000);
        if (n <= 0) wire_die("no answer to a join for a minute");
        for (int i = 0; i < n; i++) {
            struct joiner *j = events[i].data.ptr;
            struct str body;
            const int status = wire_take(&j->wire, &body);
            if (status < 0) wire_die("a connection was lost while joining");
            if (status == 0 || next_join(f, j, &next, status, body)) continue;
            wire_close(&j->wire);
            busy--;
        }
    }
}

/* ---- polling ---- */

static void poll_once(struct fleet *f, struct agent *a)
{
    char path[96], prefer[48];

    snprintf(path, sizeof(path), "/v1/agent/assignments?after=%" PRId64, a->after);
    snprintf(prefer, sizeof(prefer), "Prefer: wait=%" PRId64 "\r\n", f->wait_s);
    a->sent_us = clock_monotonic_us();
    a->waits = say(f, a, &a->wire, "GET", path, prefer, "");
    if (!a->waits) wire_die("a poll could not be sent");
}

void fleet_poll(struct fleet *f)
{
    for (size_t i = 0; i < f->n; i++) {
        struct agent *a = &f->v[i];
        wire_open(&a->wire, f->host, f->port);
        watch(f->epoll_fd, a->wire.fd, a);
        poll_once(f, a);
    }
}

/* What it was told, and the next poll. False: nothing. */
static bool answered(struct fleet *f, struct agent *a, int status, struct str body)
{
    struct err err = { 0 };

    a->waits = false;
    if (status == 204) {
        f->empty++;
        a->heard_us = clock_monotonic_us();
        if (!f->silent) poll_once(f, a);
        return f->silent;
    }
    if (status == 503) {
        f->refusals++;
        a->again_us = clock_monotonic_us() + AGAIN_US;
        f->refused[(f->refused_first + f->refused_n++) % f->n] = a;
        return false;
    }
    if (status != 200) {
        fprintf(stderr, "a poll was refused: %d %.*s\n", status, (int)body.n, body.p);
        exit(1);
    }
    a->heard_us = clock_monotonic_us();
    auto_json json_t *o = json_parse(body, &err);
    if (!json_get_i64(o, "next", 0, INT64_MAX, &a->after)) wire_die("an answer without next");
    if (f->told) f->told(f->told_arg, json_object_get(o, "data"), a->heard_us);
    if (!f->silent) poll_once(f, a);
    return true;
}

static void poll_refused(struct fleet *f)
{
    const int64_t now_us = clock_monotonic_us();

    while (f->refused_n > 0 && f->refused[f->refused_first]->again_us <= now_us) {
        poll_once(f, f->refused[f->refused_first]);
        f->refused_first = (f->refused_first + 1) % f->n;
        f->refused_n--;
    }
}

/* Nobody may do that to an agent who waits. errno 0: the server has closed the connection. */
static void cut_off(const struct fleet *f, const struct agent *a)
{
    const int why = errno;
    fprintf(stderr, "the poll of agent %td was cut off after %" PRId64 " ms: %s\n", a - f->v,
            (clock_monotonic_us() - a->sent_us) / 1000, why ? strerror(why) : "closed");
    exit(1);
}

struct agent *fleet_wait(struct fleet *f, int timeout_ms)
{
    const int64_t until_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;

    for (;;) {
        struct epoll_event event;
        poll_refused(f);
        const int64_t left_us = until_us - clock_monotonic_us();
        const int n = epoll_wait(f->epoll_fd, &event, 1, left_us > 0 ? (int)(left_us / 1000) : 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return NULL;
        struct agent *a = event.data.ptr;
        if (!a) return NULL;
        struct str body;
        const int status = wire_take(&a->wire, &body);
        if (status < 0 && a->waits) cut_off(f, a);
        if (status < 0) wire_close(&a->wire); /* it was answered, and told that this is the end */
        if (status > 0 && answered(f, a, status, body)) return a;
        if (left_us <= 0) return NULL;
    }
}
