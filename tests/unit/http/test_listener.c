/* SPDX-License-Identifier: Apache-2.0 */
/* A daemon with routes of its own, no market and no database: what sleeps, what is cut, how it
 * ends. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "http/listen.h"
#include "http/metrics.h"
#include "tests/t.h"

#define PATIENCE_US 5000000

static const struct topic news = { TOPIC_JOB, 7 };
static atomic_int answered;

static void later(struct req *rq)
{
    atomic_fetch_add(&answered, 1);
    reply_text(rq, 200, "text/plain", STR("later"));
}

static void get_wait(struct req *rq)
{
    const int64_t seconds = req_prefer_wait(rq);
    req_wait(rq, news, seconds ? seconds : 25, later);
}

static void get_unwait(struct req *rq)
{
    req_wait(rq, news, 25, later);
    if (req_unwait(rq)) reply_text(rq, 200, "text/plain", STR("at once"));
}

/* Notified between registering and leaving the handler: may not be lost, nor be answered twice. */
static void get_race(struct req *rq)
{
    req_wait(rq, news, 25, later);
    hub_notify(rq->svc->hub, news);
    if (req_unwait(rq)) reply_text(rq, 200, "text/plain", STR("too early"));
}

/* As a long poll whose topic tells of much that is nothing to it. */
static void wait_again(struct req *rq)
{
    atomic_fetch_add(&answered, 1);
    if (req_may_wait(rq))
        req_wait(rq, news, 25, wait_again);
    else
        reply_text(rq, 200, "text/plain", STR("at last"));
}

static void get_hello(struct req *rq)
{
    reply_text(rq, 200, "text/plain", STR("hello"));
}

static void post_echo(struct req *rq)
{
    reply_text(rq, 200, "text/plain", rq->body);
}

static void get_nothing(struct req *rq)
{
    (void)rq; /* forgets to reply */
}

static void put_blob(struct req *rq)
{
    char hex[65];
    hex_encode(rq->body_hash.b, sizeof(rq->body_hash.b), hex);
    reply_header(rq, "X-File", rq->body_file);
    reply_text(rq, 201, "text/plain", str_of(hex));
}

#define ROW(method, path, flags, handler)                                                          \
    {                                                                                              \
        method, path, AUTH_NONE, SCOPE_NONE, ROUTE_ALWAYS | ROUTE_INLINE | (flags), handler, NULL, \
            #handler                                                                               \
    }

static const struct route routes[] = {
    ROW("GET", "/wait", 0, get_wait),
    ROW("GET", "/unwait", 0, get_unwait),
    ROW("GET", "/race", 0, get_race),
    ROW("GET", "/again", 0, wait_again),
    ROW("GET", "/hello/{name}", 0, get_hello),
    ROW("POST", "/echo", 0, post_echo),
    ROW("GET", "/nothing", 0, get_nothing),
    ROW("PUT", "/blobs/{sha256}", ROUTE_BLOB_BODY, put_blob),
    { "GET", "/market", AUTH_NONE, SCOPE_NONE, ROUTE_INLINE, get_hello, NULL, "get_market" },
    { "GET", "/worker", AUTH_NONE, SCOPE_NONE, ROUTE_ALWAYS, get_hello, NULL, "get_worker" },
};

static struct services svc;
static struct listener *listener;
static char folder[32]; /* for blobs; one per test, empty at its end */

static void start(void)
{
    struct err err;
    signal(SIGPIPE, SIG_IGN);
    svc = (struct services){ .hub = hub_new() };
    snprintf(folder, sizeof(folder), "/tmp/bourse-http-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    listener = listener_start(&(struct listener_options){ .name = "test",
                                                          .address = "127.0.0.1:0",
                                                          .routes = routes,
                                                          .routes_n = ARRAY_LEN(routes),
                                                          .svc = &svc,
                                                          .threads = 2,
                                                          .connection_memory = 8192,
                                                          .connections = 64,
                                                          .body_max = 1000,
                                                          .tmp_dir = folder,
                                                          .headers_s = 1,
                                                          .body_s = 2,
                                                          .idle_s = 2 },
                              &err);
    CHECK(listener);
}

static void stop(void)
{
    listener_stop(listener);
    CHECK_I64(hub_waiting(svc.hub), 0);
    hub_free(svc.hub);
    CHECK(rmdir(folder) == 0); /* nothing was left in it */
}

static int dial(void)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_in at = { .sin_family = AF_INET,
                                    .sin_port = htons((uint16_t)listener_port(listener)),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const struct timeval patience = { .tv_sec = PATIENCE_US / 1000000 };
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0) return fd;
    close(fd);
    return -1;
}

static void say(int fd, const char *text)
{
    CHECK_I64(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* One answer, whole: headers, and as many bytes as they say. "" when the server closed. */
static const char *hear(int fd)
{
    static char got[65536];
    size_t n = 0;
    for (;;) {
        got[n] = '\0';
        const char *end = strstr(got, "\r\n\r\n"), *length = strstr(got, "Content-Length: ");
        if (end && (!length || n >= (size_t)(end + 4 - got) + strtoul(length + 16, NULL, 10)))
            return got;
        const ssize_t more = recv(fd, got + n, sizeof(got) - 1 - n, 0);
        if (more <= 0) return n > 0 ? got : "";
        n += (size_t)more;
    }
}

static const char *ask(int fd, const char *line)
{
    char text[256];
    snprintf(text, sizeof(text), "%s HTTP/1.1\r\nHost: h\r\n\r\n", line);
    say(fd, text);
    return hear(fd);
}

static void until_waiting(int64_t n)
{
    const int64_t until_us = clock_monotonic_us() + PATIENCE_US;
    while (hub_waiting(svc.hub) != n) {
        CHECK(clock_monotonic_us() < until_us);
        clock_sleep_us(1000);
    }
}

#define HAS(text, part) CHECK(strstr((text), (part)) != NULL)

TEST(a_request_waits_until_it_is_notified)
{
    start();
    const int fd = dial();
    say(fd, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    until_waiting(1);
    hub_notify(svc.hub, news);
    HAS(hear(fd), "later");
    HAS(ask(fd, "GET /hello/x"), "hello"); /* the connection lives on */
    close(fd);
    stop();
}

TEST(a_wait_ends_by_itself)
{
    start();
    const int fd = dial();
    const int64_t began_us = clock_monotonic_us();
    say(fd, "GET /wait HTTP/1.1\r\nHost: h\r\nPrefer: wait=1\r\n\r\n");
    const char *got = hear(fd);
    HAS(got, "later");
    HAS(got, "Preference-Applied: wait=1");
    CHECK(clock_monotonic_us() - began_us >= 900000); /* up to a sixteenth early */
    close(fd);
    stop();
}

TEST(who_backs_out_of_a_wait_answers_at_once)
{
    start();
    const int fd = dial();
    for (int i = 0; i < 50; i++)
        HAS(ask(fd, "GET /unwait"), "at once");
    CHECK_I64(hub_waiting(svc.hub), 0);
    close(fd);
    stop();
}

TEST(news_that_come_while_the_handler_still_runs_are_not_lost)
{
    start();
    const int fd = dial();
    atomic_store(&answered, 0);
    for (int i = 0; i < 200; i++)
        HAS(ask(fd, "GET /race"), "later");
    CHECK_I64(atomic_load(&answered), 200);
    close(fd);
    stop();
}

TEST(a_client_that_leaves_frees_its_waiter)
{
    start();
    enum { CLIENTS = 20 };
    int fd[CLIENTS];
    atomic_store(&answered, 0);
    for (int i = 0; i < CLIENTS; i++) {
        fd[i] = dial();
        say(fd[i], "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    until_waiting(CLIENTS);
    for (int i = 1; i < CLIENTS; i++)
        close(fd[i]);
    until_waiting(1);
    CHECK_I64(atomic_load(&answered), 0); /* nobody was answered for nothing */

    hub_notify(svc.hub, news);
    HAS(hear(fd[0]), "later");
    close(fd[0]);
    stop();
}

/* While the socket is watched by its first wait, another wait begins: for the thread sanitizer, and
 * nobody may stay behind. */
TEST(clients_that_leave_while_they_are_woken_leave_nothing)
{
    start();
    enum { ROUNDS = 15, CLIENTS = 16 };
    int fd[CLIENTS];
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CLIENTS; i++) {
            fd[i] = dial();
            say(fd[i], "GET /again HTTP/1.1\r\nHost: h\r\n\r\n");
        }
        until_waiting(CLIENTS);
        for (int i = 0; i < CLIENTS; i++) {
            hub_notify(svc.hub, news);
            close(fd[i]);
        }
        until_waiting(0);
    }
    stop();
}

TEST(who_waits_again_and_again_is_answered_once_the_hub_is_closed)
{
    start();
    const int fd = dial();
    atomic_store(&answered, 0);
    say(fd, "GET /again HTTP/1.1\r\nHost: h\r\n\r\n");
    until_waiting(1);
    hub_close(svc.hub);
    HAS(hear(fd), "at last");
    CHECK_I64(atomic_load(&answered), 2); /* the first step, and the one that answers */
    close(fd);
    stop();
}

TEST(a_connection_that_waited_before_is_watched_again)
{
    start();
    const int fd = dial();
    for (int i = 0; i < 3; i++) {
        say(fd, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
        until_waiting(1);
        hub_notify(svc.hub, news);
        HAS(hear(fd), "later");
    }
    say(fd, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    until_waiting(1);
    close(fd);
    until_waiting(0);
    stop();
}

/* Seconds until the server closes while `piece` is sent ten times a second, and what it said. */
static int64_t drip(const char *first, const char *piece, char said[512])
{
    const int fd = dial();
    const struct timeval tenth = { .tv_usec = 100000 };
    const int64_t began_us = clock_monotonic_us();
    size_t n = 0;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tenth, sizeof(tenth));
    say(fd, first);
    while (clock_monotonic_us() - began_us < 2 * PATIENCE_US) {
        const ssize_t more = recv(fd, said + n, 511 - n, 0);
        if (more > 0) n += (size_t)more;
        if (more == 0 || (more < 0 && errno != EAGAIN)) break;
        (void)!send(fd, piece, strlen(piece), MSG_NOSIGNAL);
    }
    said[n] = '\0';
    close(fd);
    return clock_monotonic_us() - began_us;
}

TEST(headers_that_drip_are_cut_at_their_deadline)
{
    char said[512];
    start();
    const int64_t us = drip("GET /hello/x HTTP/1.1\r\nHost: h\r\nX-A: ", "a", said);
    CHECK(us >= 1000000 && us < PATIENCE_US);
    HAS(said, "HTTP/1.1 408 ");
    stop();
}

TEST(a_body_that_drips_is_cut_at_its_deadline)
{
    char said[512];
    start();
    const int64_t us =
        drip("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 900\r\n\r\n", "a", said);
    CHECK(us >= 2000000 && us < PATIENCE_US);
    HAS(said, "HTTP/1.1 408 ");
    stop();
}

TEST(the_headers_of_a_second_request_have_a_deadline_too)
{
    char said[512];
    start();
    const int64_t us = drip("GET /hello/x HTTP/1.1\r\nHost: h\r\n\r\n", "G", said);
    CHECK(us >= 1000000 && us < PATIENCE_US);
    HAS(said, "hello");
    HAS(said, "HTTP/1.1 408 ");
    stop();
}

TEST(an_idle_connection_is_closed_without_a_word)
{
    char said[512];
    start();
    const int64_t us = drip("GET /hello/x HTTP/1.1\r\nHost: h\r\n\r\n", "", said);
    CHECK(us >= 2000000 && us < PATIENCE_US);
    CHECK(!strstr(said, "408"));
    stop();
}

TEST(a_body_over_the_limit_is_413_and_the_connection_closed)
{
    char text[2048];
    start();
    int fd = dial();
    say(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n");
    HAS(hear(fd), "HTTP/1.1 413 ");
    CHECK_STR(hear(fd), "");
    close(fd);

    fd = dial();
    snprintf(text, sizeof(text),
             "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
             "3e9\r\n%01001d\r\n0\r\n\r\n",
             0);
    say(fd, text);
    HAS(hear(fd), "HTTP/1.1 413 ");
    CHECK_STR(hear(fd), "");
    close(fd);
    stop();
}

TEST(a_body_at_the_limit_reaches_its_handler)
{
    char text[2048];
    start();
    const int fd = dial();
    snprintf(text, sizeof(text),
             "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n%01000d", 7);
    say(fd, text);
    HAS(hear(fd), "0000000007");
    close(fd);
    stop();
}

TEST(a_blob_goes_to_a_file_that_is_gone_afterwards)
{
    char path[128];
    start();
    const int fd = dial();
    say(fd, "PUT /blobs/x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
    const char *got = hear(fd), *file = strstr(got, "X-File: ");
    HAS(got, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(file != NULL);
    snprintf(path, sizeof(path), "%.*s", (int)strcspn(file + 8, "\r"), file + 8);
    CHECK(strncmp(path, folder, strlen(folder)) == 0);
    HAS(ask(fd, "GET /hello/x"), "hello"); /* the first request is over for sure */
    CHECK(access(path, F_OK) != 0);

    say(fd, "PUT /blobs/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    HAS(hear(fd), "HTTP/1.1 400 ");
    close(fd);
    stop();
}

TEST(a_handler_that_forgets_to_answer_is_answered_for)
{
    start();
    const int fd = dial();
    HAS(ask(fd, "GET /nothing"), "HTTP/1.1 500 ");
    close(fd);
    stop();
}

TEST(without_a_market_or_a_database_the_answer_is_503)
{
    start();
    const int fd = dial();
    const char *got = ask(fd, "GET /market");
    HAS(got, "HTTP/1.1 503 ");
    HAS(got, "not-leader");
    HAS(got, "Retry-After: ");
    got = ask(fd, "GET /worker");
    HAS(got, "HTTP/1.1 503 ");
    HAS(got, "overloaded");
    close(fd);
    stop();
}

TEST(head_options_and_405_know_the_methods)
{
    start();
    const int fd = dial();
    say(fd, "HEAD /hello/x HTTP/1.1\r\nHost: h\r\n\r\nGET /hello/x HTTP/1.1\r\nHost: h\r\n\r\n");
    char got[1024] = "";
    const char *second = NULL;
    for (size_t n = 0; !second || !strstr(second, "\r\n\r\nhello");) {
        const ssize_t more = recv(fd, got + n, sizeof(got) - 1 - n, 0);
        CHECK(more > 0);
        n += (size_t)more;
        got[n] = '\0';
        second = strstr(got + 1, "HTTP/1.1 200 ");
    }
    HAS(got, "Content-Length: 5\r\n");
    CHECK(strstr(got, "hello") > second); /* the HEAD had no body */
    HAS(ask(fd, "DELETE /hello/x"), "Allow: GET, HEAD, OPTIONS\r\n");
    HAS(ask(fd, "OPTIONS /echo"), "Allow: POST, OPTIONS\r\n");
    HAS(ask(fd, "GET /elsewhere"), "HTTP/1.1 404 ");
    close(fd);
    stop();
}

TEST(draining_answers_who_waits_and_takes_nobody_new)
{
    start();
    const int fd = dial();
    say(fd, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    until_waiting(1);
    CHECK(listener_drain(listener, PATIENCE_US));
    const char *got = hear(fd);
    HAS(got, "later");
    HAS(got, "Connection: close\r\n");
    close(fd);
    stop();
}

TEST(a_daemon_stops_though_many_wait)
{
    start();
    enum { CLIENTS = 30 };
    int fd[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        fd[i] = dial();
        say(fd[i], "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    until_waiting(CLIENTS);
    stop();
    for (int i = 0; i < CLIENTS; i++)
        close(fd[i]);
}

TEST(an_address_that_is_taken_or_none_is_told)
{
    struct err err;
    start();
    char taken[32];
    snprintf(taken, sizeof(taken), "127.0.0.1:%d", listener_port(listener));
    const char *const bad[] = { taken, "127.0.0.1", ":80", "127.0.0.1:", "nowhere.invalid:80" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const struct listener_options o = {
            .name = "other", .address = bad[i], .svc = &svc, .threads = 1, .connections = 8
        };
        CHECK(!listener_start(&o, &err));
        HAS(err.detail, bad[i]);
    }
    stop();
}

TESTS(T(a_request_waits_until_it_is_notified), T(a_wait_ends_by_itself),
      T(who_backs_out_of_a_wait_answers_at_once),
      T(news_that_come_while_the_handler_still_runs_are_not_lost),
      T(a_client_that_leaves_frees_its_waiter),
      T(clients_that_leave_while_they_are_woken_leave_nothing),
      T(who_waits_again_and_again_is_answered_once_the_hub_is_closed),
      T(a_connection_that_waited_before_is_watched_again),
      T(headers_that_drip_are_cut_at_their_deadline), T(a_body_that_drips_is_cut_at_its_deadline),
      T(the_headers_of_a_second_request_have_a_deadline_too),
      T(an_idle_connection_is_closed_without_a_word),
      T(a_body_over_the_limit_is_413_and_the_connection_closed),
      T(a_body_at_the_limit_reaches_its_handler), T(a_blob_goes_to_a_file_that_is_gone_afterwards),
      T(a_handler_that_forgets_to_answer_is_answered_for),
      T(without_a_market_or_a_database_the_answer_is_503), T(head_options_and_405_know_the_methods),
      T(draining_answers_who_waits_and_takes_nobody_new), T(a_daemon_stops_though_many_wait),
      T(an_address_that_is_taken_or_none_is_told))
