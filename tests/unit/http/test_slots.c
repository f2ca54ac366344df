/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines of connections, on real sockets. */
#include "http/slots.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/t.h"

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)

static const char late[] = "late";

struct scene {
    struct slots slots;
    struct slot *slot;
    int client, server;
};

/* One connection over loopback, of which the server's end has the slot. */
static void begin(struct scene *s)
{
    struct err err;
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t n = sizeof(at);
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(listener, (struct sockaddr *)&at, n) == 0 && listen(listener, 1) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&at, &n) == 0);
    memset(s, 0, sizeof(*s));
    s->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(connect(s->client, (struct sockaddr *)&at, n) == 0);
    s->server = accept(listener, NULL, NULL);
    close(listener);
    const struct slots_options o = {
        .n = 1, .of_one_peer = 1, .headers_us = SECOND, .idle_us = HOUR
    };
    CHECK(slots_init(&s->slots, &o, &err));
    s->slot = slots_enter(&s->slots, s->server, /* peer= */ 1);
    CHECK(s->slot);
}

static void end(struct scene *s)
{
    slots_leave(&s->slots, s->slot);
    slots_done(&s->slots);
    close(s->client);
    close(s->server);
}

static int sweep(struct scene *s, int64_t now_us)
{
    return slots_sweep(&s->slots, now_us, STR(late));
}

TEST(who_sends_nothing_in_time_is_told_and_cut)
{
    struct scene s;
    char got[16];
    begin(&s);
    CHECK_I64(sweep(&s, clock_monotonic_us()), 0);
    CHECK_I64(sweep(&s, clock_monotonic_us() + 2 * SECOND), 1);
    CHECK_I64(recv(s.client, got, sizeof(got), 0), sizeof(late) - 1);
    CHECK_I64(recv(s.client, got, sizeof(got), 0), 0);
    CHECK(!slot_go(s.slot, PHASE_BODY, INT64_MAX));
    end(&s);
}

TEST(who_has_sent_is_not_cut_because_we_have_not_read)
{
    struct scene s;
    char got[16];
    begin(&s);
    CHECK_I64(send(s.client, "GET", 3, 0), 3);
    CHECK_I64(sweep(&s, clock_monotonic_us() + 2 * SECOND), 0);
    CHECK_I64(recv(s.server, got, sizeof(got), 0), 3);
    CHECK_I64(sweep(&s, clock_monotonic_us() + 2 * SECOND), 0); /* there is a while to go on in */
    CHECK_I64(sweep(&s, clock_monotonic_us() + 4 * SECOND), 1);
    end(&s);
}

TEST(a_request_that_begins_on_an_idle_connection_has_its_own_deadline)
{
    struct scene s;
    char got[16];
    begin(&s);
    CHECK(slot_go(s.slot, PHASE_IDLE, INT64_MAX));
    s.slot->bytes_seen = -1;
    CHECK_I64(sweep(&s, clock_monotonic_us()), 0);
    CHECK_I64(send(s.client, "GET", 3, 0), 3);
    CHECK_I64(recv(s.server, got, sizeof(got), 0), 3);
    CHECK_I64(sweep(&s, clock_monotonic_us()), 0);
    CHECK_I64(sweep(&s, clock_monotonic_us() + 2 * SECOND), 1);
    end(&s);
}

TESTS(T(who_sends_nothing_in_time_is_told_and_cut),
      T(who_has_sent_is_not_cut_because_we_have_not_read),
      T(a_request_that_begins_on_an_idle_connection_has_its_own_deadline))
