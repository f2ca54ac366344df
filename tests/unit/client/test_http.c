/* SPDX-License-Identifier: Apache-2.0 */
#include "client/http.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "sign/request.h"
#include "tests/t.h"
#include "tests/unit/client/server.h"

#define OK(body_n) "HTTP/1.1 200 OK\r\nContent-Length: " #body_n "\r\n\r\n"

static struct server server; /* large; one at a time */
static struct arena memory;
static struct err err;
static char base_url[64];

static struct client *client_with(struct client_options o)
{
    arena_done(&memory);
    arena_init(&memory, 4 << 20);
    unsetenv("http_proxy"); /* of whoever runs this test */
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    snprintf(base_url, sizeof(base_url), "http://127.0.0.1:%d", server.port);
    if (!o.base_url) o.base_url = base_url;
    struct client *c = client_new(&o);
    CHECK(c);
    return c;
}

static void serve(const char *answer)
{
    server = (struct server){ .answers = { answer }, .answers_n = 1 };
    server_start(&server);
}

static void serve_and_close(const char *answer)
{
    server = (struct server){ .answers = { answer }, .answers_n = 1, .close_each = true };
    server_start(&server);
}

static struct answer must(struct client *c, struct call call)
{
    struct answer answer;
    if (!client_call(c, &call, &memory, &answer, &err)) CHECK_STR(err.internal, err.detail);
    return answer;
}

static void fails(struct client *c, struct call call, enum err_code code)
{
    struct answer answer = { .status = -7 };
    CHECK(!client_call(c, &call, &memory, &answer, &err));
    if (err.code != code) CHECK_STR(err.detail, err_info(code)->name);
    CHECK(answer.status == -7 && err.detail[0]);
}

static struct call usual(const char *method, const char *path)
{
    struct call c = call_defaults;
    c.method = method;
    c.path = path;
    return c;
}

static bool request_has(const char *text)
{
    return strstr(server.requests[0], text) != NULL;
}

/* The value of a header of the first request, in the arena. */
static struct str header(const char *name)
{
    const char *at = strstr(server.requests[0], name);
    if (!at) return (struct str){ NULL, 0 };
    at += strlen(name);
    return str_of(arena_copy(&memory, (struct str){ at, strcspn(at, "\r") }));
}

TEST(a_get_is_answered)
{
    serve("HTTP/1.1 201 Created\r\nETag: \"5\"\r\nlocation:  /v1/jobs/x \r\nUPLOAD-OFFSET: 12\r\n"
          "Idempotency-Replayed: true\r\nRetry-After: 3\r\nX-Other: y\r\nContent-Length: 5\r\n\r\n"
          "hello");
    struct client *c = client_with((struct client_options){ .user_agent = "bourse-test/1" });
    const struct answer a = must(c, usual("GET", "/v1/x?limit=5&a=%20b"));
    CHECK_I64(a.status, 201);
    CHECK(str_is(a.body, "hello"));
    CHECK_STR(a.etag, "\"5\"");
    CHECK_STR(a.location, "/v1/jobs/x");
    CHECK_STR(a.upload_offset, "12");
    CHECK_STR(a.idempotency_replayed, "true");
    CHECK_STR(a.retry_after, "3");
    server_stop(&server);
    CHECK(request_has("GET /v1/x?limit=5&a=%20b HTTP/1.1\r\n"));
    CHECK(request_has("User-Agent: bourse-test/1\r\n"));
    CHECK(!request_has("Content-Type") && !request_has("Authorization") &&
          !request_has("Content-L"));
    client_free(c);
    client_free(NULL);
}

TEST(every_method_carries_what_it_may)
{
    static const char *const methods[] = { "POST", "PUT", "PATCH", "DELETE" };
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        char line[64];
        serve(OK(0));
        struct client *c = client_with((struct client_options){ .bearer = "brs_live_x" });
        static const char *const more[] = { "Idempotency-Key: k1", "Prefer: wait=5", NULL };
        struct call call = usual(methods[i], "/v1/jobs");
        call.content_type = "application/json";
        call.body = STR("{\"a\":1}");
        call.headers = more;
        must(c, call);
        server_stop(&server);
        snprintf(line, sizeof(line), "%s /v1/jobs HTTP/1.1\r\n", methods[i]);
        CHECK(request_has(line));
        CHECK(request_has("Content-Type: application/json\r\n"));
        CHECK(request_has("Authorization: Bearer brs_live_x\r\n"));
        CHECK(request_has("Idempotency-Key: k1\r\n") && request_has("Prefer: wait=5\r\n"));
        CHECK(request_has("Content-Length: 7\r\n") && request_has("\r\n\r\n{\"a\":1}"));
        client_free(c);
    }
}

TEST(an_empty_body_is_told_as_such)
{
    serve(OK(0));
    struct client *c = client_with((struct client_options){ 0 });
    must(c, usual("POST", "/v1/x/cancel"));
    server_stop(&server);
    CHECK(request_has("Content-Length: 0\r\n") && !request_has("Content-Type"));
    client_free(c);

    serve("HTTP/1.1 204 No Content\r\n\r\n");
    c = client_with((struct client_options){ 0 });
    CHECK_I64(must(c, usual("DELETE", "/v1/x")).status, 204);
    server_stop(&server);
    CHECK(request_has("DELETE /v1/x") && !request_has("Content-Length"));
    client_free(c);
}

TEST(a_head_has_no_body_whatever_its_length)
{
    serve("HTTP/1.1 200 OK\r\nUpload-Offset: 7\r\nContent-Length: 1073741824\r\n\r\n");
    struct client *c = client_with((struct client_options){ 0 });
    const struct answer a = must(c, usual("HEAD", "/v1/blobs/x"));
    CHECK(a.status == 200 && a.body.n == 0);
    CHECK_STR(a.upload_offset, "7");
    server_stop(&server);
    client_free(c);
}

TEST(errors_are_answers_too)
{
    serve(
        "HTTP/1.1 422 X\r\nContent-Type: application/problem+json\r\nContent-Length: 2\r\n\r\n{}");
    struct client *c = client_with((struct client_options){ 0 });
    const struct answer a = must(c, usual("GET", "/"));
    CHECK(a.status == 422 && str_is(a.body, "{}") && !a.etag);
    server_stop(&server);
    client_free(c);
}

TEST(a_redirect_is_not_followed)
{
    serve("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
    struct client *c = client_with((struct client_options){ .bearer = "secret" });
    const struct answer a = must(c, usual("GET", "/"));
    CHECK_I64(a.status, 302);
    CHECK_STR(a.location, "http://127.0.0.1:1/");
    server_stop(&server);
    client_free(c);
}

TEST(headers_of_an_interim_answer_do_not_count)
{
    serve("HTTP/1.1 103 Early Hints\r\nETag: \"early\"\r\n\r\n" OK(1) "x");
    struct client *c = client_with((struct client_options){ 0 });
    const struct answer a = must(c, usual("GET", "/"));
    CHECK(a.status == 200 && !a.etag && str_is(a.body, "x"));
    server_stop(&server);
    client_free(c);
}

TEST(an_answer_is_bounded)
{
    struct call call = usual("GET", "/");
    call.answer_max = 5;
    serve(OK(5) "12345");
    struct client *c = client_with((struct client_options){ 0 });
    CHECK(str_is(must(c, call).body, "12345"));
    server_stop(&server);
    client_free(c);

    serve(OK(6) "123456");
    c = client_with((struct client_options){ 0 });
    fails(c, call, ERR_PROTOCOL);
    server_stop(&server);
    client_free(c);

    serve("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n");
    c = client_with((struct client_options){ 0 });
    fails(c, call, ERR_PROTOCOL);
    server_stop(&server);
    client_free(c);
}

static bool gather(void *arg, const void *p, size_t n)
{
    buf_add(arg, p, n);
    return true;
}

static bool end_at_once(void *arg, const void *p, size_t n)
{
    (void)p;
    *(size_t *)arg += n;
    return false;
}

TEST(a_sink_takes_a_good_answer_piece_by_piece)
{
    auto_buf struct buf got = { .max = 100 };
    struct call call = usual("GET", "/");
    call.sink = gather;
    call.sink_arg = &got;
    call.answer_max = 2; /* which is not for the sink */
    server = (struct server){ .answers = { OK(6) "123456" },
                              .answers_n = 1,
                              .split_after = strlen(OK(6)) + 3 };
    server_start(&server);
    struct client *c = client_with((struct client_options){ 0 });
    CHECK(must(c, call).body.n == 0);
    CHECK(str_is(buf_view(&got), "123456"));
    server_stop(&server);
    client_free(c);
}

TEST(a_sink_does_not_take_an_error)
{
    auto_buf struct buf got = { .max = 100 };
    struct call call = usual("GET", "/");
    call.sink = gather;
    call.sink_arg = &got;
    serve("HTTP/1.1 404 X\r\nContent-Length: 2\r\n\r\n{}");
    struct client *c = client_with((struct client_options){ 0 });
    CHECK(str_is(must(c, call).body, "{}") && got.n == 0);
    server_stop(&server);
    client_free(c);
}

TEST(a_sink_may_end_the_call)
{
    size_t seen = 0;
    struct call call = usual("GET", "/");
    call.sink = end_at_once;
    call.sink_arg = &seen;
    serve(OK(6) "123456");
    struct client *c = client_with((struct client_options){ 0 });
    fails(c, call, ERR_IO);
    CHECK(seen > 0);
    server_stop(&server);
    client_free(c);
}

TEST(a_connection_is_kept_and_a_dead_one_is_replaced)
{
    server = (struct server){ .answers = { OK(1) "a", OK(1) "b", OK(1) "c" }, .answers_n = 3 };
    server_start(&server);
    struct client *c = client_with((struct client_options){ 0 });
    CHECK(str_is(must(c, usual("GET", "/1")).body, "a"));
    CHECK(str_is(must(c, usual("GET", "/2")).body, "b"));
    CHECK(str_is(must(c, usual("GET", "/3")).body, "c"));
    server_stop(&server);
    CHECK_I64(server.connections, 1);
    client_free(c);

    server = (struct server){ .answers = { OK(1) "a", OK(1) "b" }, .answers_n = 2 };
    server.close_each = true;
    server_start(&server);
    c = client_with((struct client_options){ 0 });
    CHECK(str_is(must(c, usual("GET", "/1")).body, "a"));
    CHECK(str_is(must(c, usual("GET", "/2")).body, "b"));
    server_stop(&server);
    CHECK_I64(server.connections, 2);
    client_free(c);
}

TEST(a_unix_socket_is_spoken_to)
{
    char path[64];
    snprintf(path, sizeof(path), "/tmp/bourse-test-%d.sock", (int)getpid());
    server = (struct server){ .answers = { OK(2) "ok" }, .answers_n = 1 };
    server_start_unix(&server, path);
    struct client *c =
        client_with((struct client_options){ .base_url = "http://localhost", .unix_socket = path });
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    CHECK(str_is(must(c, usual("GET", "/v1.41/info")).body, "ok"));
    unsetenv("http_proxy");
    server_stop(&server);
    CHECK(request_has("GET /v1.41/info HTTP/1.1\r\nHost: localhost\r\n"));
    client_free(c);
}

/* A file of these bytes, unlinked, standing at its start. */
static int file_of(struct str bytes)
{
    char path[] = "/tmp/bourse-test-XXXXXX";
    const int fd = mkostemp(path, O_CLOEXEC);
    CHECK(fd >= 0 && unlink(path) == 0);
    CHECK(write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n && lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

TEST(a_body_comes_from_a_file)
{
    auto_close int fd = file_of(STR("0123456789"));
    struct call call = usual("PUT", "/v1/blobs/x");
    call.body_fd = fd;
    call.body_size = 5;
    CHECK(lseek(fd, 3, SEEK_SET) == 3);
    serve(OK(0));
    struct client *c = client_with((struct client_options){ 0 });
    must(c, call);
    server_stop(&server);
    CHECK(request_has("PUT /v1/blobs/x HTTP/1.1\r\n") && request_has("Content-Length: 5\r\n"));
    CHECK(request_has("\r\n\r\n34567"));
    CHECK_I64(lseek(fd, 0, SEEK_CUR), 3);
    client_free(c);
}

TEST(a_file_is_sent_again_when_a_kept_connection_dies)
{
    auto_close int fd = file_of(STR("0123456789"));
    struct call call = usual("PUT", "/");
    call.body_fd = fd;
    call.body_size = 9;
    CHECK(lseek(fd, 1, SEEK_SET) == 1);
    server = (struct server){ .answers = { OK(1) "a", "", OK(1) "b" }, .answers_n = 3 };
    server_start(&server);
    struct client *c = client_with((struct client_options){ 0 });
    CHECK(str_is(must(c, call).body, "a"));
    CHECK(str_is(must(c, call).body, "b"));
    server_stop(&server);
    CHECK_I64(server.requests_n, 3);
    for (size_t i = 0; i < 3; i++)
        CHECK(strstr(server.requests[i], "\r\n\r\n123456789"));
    client_free(c);
}

TEST(a_file_that_is_shorter_than_said_ends_the_call)
{
    auto_close int fd = file_of(STR("0123456789"));
    int ends[2];
    struct call call = usual("PUT", "/");
    call.body_fd = fd;
    call.body_size = 11;
    serve(OK(0));
    struct client *c = client_with((struct client_options){ 0 });
    fails(c, call, ERR_IO);
    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    call.body_fd = ends[0];
    fails(c, call, ERR_IO);
    close(ends[0]);
    close(ends[1]);
    server_stop(&server);
    client_free(c);
}

/* What the server got passes the check that the server's code makes. */
static void check_signed(const char *method, const char *path, struct str body,
                         const struct public_key *key)
{
    struct request_claim claim;
    char uri[256];
    snprintf(uri, sizeof(uri), "%s%s", base_url, path);
    const struct str digest = header("\r\nContent-Digest: ");
    CHECK((digest.n > 0) == (body.n > 0));
    if (!request_claim_parse(header("\r\nSignature-Input: "), header("\r\nSignature: "), &claim,
                             &err) ||
        !request_verify(&claim, key, str_of(method), str_of(uri), digest, body, clock_wall_us(),
                        &err))
        CHECK_STR(err.detail, "no error");
    CHECK(str_is(claim.keyid, "node_x"));
}

TEST(a_request_is_signed)
{
    struct key *k = key_new();
    const struct public_key p = key_public(k);
    auto_close int fd = file_of(STR("0123456789"));
    struct call calls[] = { usual("GET", "/v1/agent/assignments?after=5"),
                            usual("POST", "/v1/agent/heartbeat"), usual("PUT", "/../x/./y"),
                            usual("PUT", "/empty") };
    const struct str bodies[] = { { NULL, 0 }, STR("{\"leases\":[]}"), STR("23456789"), STR("") };
    calls[1].body = bodies[1];
    calls[2].body_fd = calls[3].body_fd = fd;
    calls[2].body_size = 8;
    CHECK(lseek(fd, 2, SEEK_SET) == 2);
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        serve(OK(0));
        struct client *c = client_with((struct client_options){ .sign_with = k, .keyid = "other" });
        client_set_keyid(c, "node_x");
        must(c, calls[i]);
        server_stop(&server);
        check_signed(calls[i].method, calls[i].path, bodies[i], &p);
        CHECK(request_has(calls[i].path));
        client_free(c);
    }
    key_free(k);
}

TEST(what_cannot_be_sent_is_refused)
{
    static const char *const paths[] = { "",     "v1",        "/a b",         "/a\r\nX: y",
                                         "/a#b", "/\xc3\xa9", "http://other/" };
    static const char *const evil[] = { "X: y\r\nZ: w", NULL };
    serve(OK(0));
    struct client *c = client_with((struct client_options){ 0 });
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        fails(c, usual("GET", paths[i]), ERR_MALFORMED_REQUEST);
    struct call call = usual("GET", "/");
    call.headers = evil;
    fails(c, call, ERR_MALFORMED_REQUEST);
    call.headers = NULL;
    call.content_type = "a\nb";
    fails(c, call, ERR_MALFORMED_REQUEST);
    client_free(c);

    c = client_with((struct client_options){ .bearer = "a\r\nX: y" });
    fails(c, usual("GET", "/"), ERR_MALFORMED_REQUEST);
    server_stop(&server);
    CHECK_I64(server.connections, 0);
    client_free(c);
}

TEST(only_http_is_spoken)
{
    static const char *const urls[] = { "file:///etc", "ftp://127.0.0.1", "gopher://127.0.0.1:1" };
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        struct client *c = client_with((struct client_options){ .base_url = urls[i] });
        fails(c, usual("GET", "/hostname"), ERR_PROTOCOL);
        client_free(c);
    }
}

TEST(no_answer_is_told)
{
    serve(OK(0));
    const int port = server.port;
    server_stop(&server);
    struct client *c = client_with((struct client_options){ 0 }); /* nobody listens any more */
    CHECK(server.port == port);
    fails(c, usual("GET", "/"), ERR_IO);
    CHECK(strstr(err.internal, "GET http://127.0.0.1:"));
    client_free(c);

    serve_and_close("");
    c = client_with((struct client_options){ 0 });
    fails(c, usual("GET", "/"), ERR_IO);
    server_stop(&server);
    client_free(c);

    serve_and_close(OK(9) "cut");
    c = client_with((struct client_options){ 0 });
    fails(c, usual("GET", "/"), ERR_IO);
    server_stop(&server);
    client_free(c);

    serve_and_close("SSH-2.0-OpenSSH\r\n");
    c = client_with((struct client_options){ 0 });
    fails(c, usual("GET", "/"), ERR_PROTOCOL);
    server_stop(&server);
    client_free(c);
}

TEST(a_call_has_a_deadline)
{
    struct call call = usual("GET", "/");
    call.timeout_ms = 200;
    serve(NULL);
    struct client *c = client_with((struct client_options){ 0 });
    const int64_t begin = clock_monotonic_us();
    fails(c, call, ERR_IO);
    const int64_t took = clock_monotonic_us() - begin;
    CHECK(took >= 190000 && took < 3000000);
    client_free(c);
    server_stop(&server);
}

static void *cancel_later(void *arg)
{
    clock_sleep_us(100000);
    client_cancel(arg);
    return NULL;
}

TEST(another_thread_can_cancel_a_call)
{
    pthread_t thread;
    serve(NULL);
    struct client *c = client_with((struct client_options){ 0 });
    const int64_t begin = clock_monotonic_us();
    CHECK(pthread_create(&thread, NULL, cancel_later, c) == 0);
    fails(c, usual("GET", "/"), ERR_IO);
    CHECK(clock_monotonic_us() - begin < 5000000); /* of 30 s */
    CHECK(strstr(err.detail, "cancelled"));
    CHECK(pthread_join(thread, NULL) == 0);
    server_stop(&server);
    client_free(c);
}

TEST(a_cancel_before_the_call_ends_that_call_and_no_other)
{
    serve(OK(2) "ok");
    struct client *c = client_with((struct client_options){ 0 });
    client_cancel(c);
    client_cancel(c);
    fails(c, usual("GET", "/"), ERR_IO);
    CHECK(str_is(must(c, usual("GET", "/")).body, "ok"));
    server_stop(&server);
    client_free(c);
}

TEST(a_full_arena_is_told)
{
    for (size_t max = 0; max < 160; max += 32) {
        struct arena small;
        struct answer answer;
        const struct call call = usual("GET", "/0123456789012345678901234567890123456789");
        server = (struct server){ .answers = { "HTTP/1.1 200 OK\r\nETag: \"0123456789012345678901\""
                                               "\r\nContent-Length: 60\r\n\r\n"
                                               "012345678901234567890123456789"
                                               "012345678901234567890123456789" },
                                  .answers_n = 1 };
        server_start(&server);
        struct client *c = client_with((struct client_options){ 0 });
        arena_init(&small, max);
        CHECK(!client_call(c, &call, &small, &answer, &err) && err.code == ERR_NO_MEMORY);
        arena_done(&small);
        server_stop(&server);
        client_free(c);
    }
}

TEST(no_signal_is_taken)
{
    struct sigaction now;
    CHECK(sigaction(SIGALRM, NULL, &now) == 0 && now.sa_handler == SIG_DFL);
    arena_done(&memory);
}

TESTS(T(a_get_is_answered), T(every_method_carries_what_it_may), T(an_empty_body_is_told_as_such),
      T(a_head_has_no_body_whatever_its_length), T(errors_are_answers_too),
      T(a_redirect_is_not_followed), T(headers_of_an_interim_answer_do_not_count),
      T(an_answer_is_bounded), T(a_sink_takes_a_good_answer_piece_by_piece),
      T(a_sink_does_not_take_an_error), T(a_sink_may_end_the_call),
      T(a_connection_is_kept_and_a_dead_one_is_replaced), T(a_unix_socket_is_spoken_to),
      T(a_body_comes_from_a_file), T(a_file_is_sent_again_when_a_kept_connection_dies),
      T(a_file_that_is_shorter_than_said_ends_the_call), T(a_request_is_signed),
      T(what_cannot_be_sent_is_refused), T(only_http_is_spoken), T(no_answer_is_told),
      T(a_call_has_a_deadline), T(another_thread_can_cancel_a_call),
      T(a_cancel_before_the_call_ends_that_call_and_no_other), T(a_full_arena_is_told),
      T(no_signal_is_taken))
