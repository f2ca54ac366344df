/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent says to the market, byte for byte as the market hears it, and what it makes of the
 * answers. The market is a socket that has one answer ready. */
#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "link/api.h"
#include "sign/request.h"
#include "tests/t.h"
#include "json/json.h"

#define NODE  "node_01h455vb4pex5vsknk084sn02q"
#define LEASE "lease_01h455vb4pex5vsknk084sn02q"

static int listening;
static char base[64], heard[1 << 17];
static size_t heard_n;
static const char *answer;
static pthread_t market;
static struct key *key;
static struct api *api;
static struct arena memory;
static struct err err;

/* ---- the market --------------------------------------------------------------------------------
 */

static const char *header(const char *name)
{
    static char value[4096];
    const char *at = strstr(heard, name);
    if (!at) return NULL;
    at += strlen(name);
    const size_t n = strcspn(at, "\r");
    CHECK(n < sizeof(value));
    memcpy(value, at, n);
    value[n] = '\0';
    return value;
}

static const char *body(void)
{
    const char *at = strstr(heard, "\r\n\r\n");
    return at ? at + 4 : "";
}

static bool is_whole(void)
{
    if (!strstr(heard, "\r\n\r\n")) return false;
    const char *length = header("Content-Length: ");
    int64_t n = 0;
    if (length) CHECK(str_i64(str_of(length), 0, 1 << 20, &n));
    return heard_n - (size_t)(body() - heard) >= (size_t)n;
}

static void *serve_one(void *arg)
{
    (void)arg;
    const int c = accept(listening, NULL, NULL);
    heard_n = 0;
    heard[0] = '\0';
    while (!is_whole()) {
        const ssize_t n = read(c, heard + heard_n, sizeof(heard) - 1 - heard_n);
        CHECK(n > 0);
        heard_n += (size_t)n;
        heard[heard_n] = '\0';
    }
    CHECK(write(c, answer, strlen(answer)) == (ssize_t)strlen(answer));
    close(c);
    return NULL;
}

/* The next request gets this answer. */
static void expect(const char *status, const char *json)
{
    static char text[1 << 16];
    snprintf(text, sizeof(text),
             "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
             "Connection: close\r\n\r\n%s",
             status, strlen(json), json);
    answer = text;
    CHECK(pthread_create(&market, NULL, serve_one, NULL) == 0);
}

/* What was said, its signature checked: "POST /path {body}". */
static const char *said(void)
{
    static char text[1 << 16];
    char method[16], path[512], input[1024], signature[256], digest[256], uri[640];
    struct request_claim claim;
    pthread_join(market, NULL);
    const size_t m = strcspn(heard, " "), p = strcspn(heard + m + 1, " ");
    snprintf(method, sizeof(method), "%.*s", (int)m, heard);
    snprintf(path, sizeof(path), "%.*s", (int)p, heard + m + 1);
    snprintf(uri, sizeof(uri), "%s%s", base, path);
    snprintf(input, sizeof(input), "%s", header("Signature-Input: "));
    snprintf(signature, sizeof(signature), "%s", header("Signature: "));
    snprintf(digest, sizeof(digest), "%s",
             header("Content-Digest: ") ? header("Content-Digest: ") : "");
    const struct public_key public = key_public(key);
    CHECK(request_claim_parse(str_of(input), str_of(signature), &claim, &err));
    CHECK(str_is(claim.keyid, NODE));
    CHECK(request_verify(&claim, &public, str_of(method), str_of(uri), str_of(digest),
                         str_of(body()), clock_wall_us(), &err));
    snprintf(text, sizeof(text), "%s %s%s%s", method, path, body()[0] ? " " : "", body());
    return text;
}

static void begin(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t n = sizeof(at);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(listening, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(listening, 4) == 0);
    CHECK(getsockname(listening, (struct sockaddr *)&at, &n) == 0);
    snprintf(base, sizeof(base), "http://127.0.0.1:%d", ntohs(at.sin_port));
    key = key_new();
    api = api_new(&(const struct api_options){
        .server = base, .key = key, .keyid = NODE, .user_agent = "bourse-test/1" });
    arena_init(&memory, 1 << 20);
}

static void end(void)
{
    api_free(api);
    key_free(key);
    arena_done(&memory);
    close(listening);
}

/* ---- what is said ------------------------------------------------------------------------------
 */

TEST(the_events_of_a_lease)
{
    struct lease_brief brief;
    const struct refusal why = { "engine-failed", "provider", STR("no \"room\"") };
    begin();
    expect("200 OK", "{\"lease_id\":\"x\",\"epoch\":1,\"state\":\"preparing\",\"max_seconds\":60}");
    CHECK_I64(api_ops.accept(api, STR(LEASE), 1, STR(""), &brief, &err), LINK_DONE);
    CHECK_STR(said(), "POST /v1/agent/leases/" LEASE "/accept {\"epoch\":1,\"image_digest\":null}");
    CHECK_STR(brief.state, "preparing");
    CHECK_I64(brief.max_seconds, 60);

    expect("200 OK", "{\"state\":\"void\"}");
    CHECK_I64(api_ops.decline(api, STR(LEASE), 2, STR("full"), &err), LINK_DONE);
    CHECK_STR(said(), "POST /v1/agent/leases/" LEASE
                      "/decline {\"detail\":\"full\",\"epoch\":2,\"reason\":\"declined\"}");

    expect("200 OK", "{\"state\":\"running\",\"max_seconds\":60}");
    CHECK_I64(api_ops.ready(api, STR(LEASE), 1, STR("sha256:12"), &brief, &err), LINK_DONE);
    CHECK_STR(said(),
              "POST /v1/agent/leases/" LEASE "/ready {\"epoch\":1,\"image_digest\":\"sha256:12\"}");

    expect("200 OK", "{\"state\":\"void\"}");
    CHECK_I64(api_ops.cannot_start(api, STR(LEASE), 1, &why, &err), LINK_DONE);
    CHECK_STR(said(), "POST /v1/agent/leases/" LEASE
                      "/cannot-start {\"detail\":\"no \\\"room\\\"\",\"epoch\":1,"
                      "\"fault\":\"provider\",\"reason\":\"engine-failed\"}");

    expect("200 OK", "{\"state\":\"settled\"}");
    CHECK_I64(api_ops.exit(api, STR(LEASE), 1, STR("{}"), STR("c2ln"), &err), LINK_DONE);
    CHECK_STR(said(), "POST /v1/agent/leases/" LEASE
                      "/exit {\"epoch\":1,\"receipt\":\"{}\",\"signature\":\"c2ln\"}");
    end();
}

TEST(a_chunk_of_log_is_bytes)
{
    begin();
    expect("204 No Content", "");
    CHECK_I64(api_ops.log_put(api, STR(LEASE), 3, LOG_STDERR, STR("raw \xff bytes"), &err),
              LINK_DONE);
    CHECK_STR(said(), "PUT /v1/agent/leases/" LEASE "/log/3?stream=stderr raw \xff bytes");
    CHECK_STR(header("Content-Type: "), "application/octet-stream");
    end();
}

TEST(an_ask_is_placed_with_its_key)
{
    const struct offer o = { .pool = STR("cpu"),
                             .policy = PRICING_UNDERCUT,
                             .price_micros = 50000,
                             .floor_micros = 40000,
                             .units = 2,
                             .min_lease_seconds = 60,
                             .max_lease_seconds = 3600,
                             .egress = EGRESS_CLASS_OPEN };
    int64_t wait_s;
    begin();
    expect("201 Created", "{\"ask\":{},\"trades\":[]}");
    CHECK_I64(api_ops.ask_place(api, "abc", &o, &wait_s, &err), LINK_DONE);
    CHECK_STR(said(), "POST /v1/agent/asks "
                      "{\"egress\":\"open\",\"floor_price_per_unit_hour\":{\"amount\":\"0.040000\","
                      "\"currency\":\"USD\"},\"max_lease_seconds\":3600,\"min_lease_seconds\":60,"
                      "\"pool\":\"cpu\",\"price_per_unit_hour\":{\"amount\":\"0.050000\","
                      "\"currency\":\"USD\"},\"pricing\":\"undercut\",\"units\":2}");
    CHECK_STR(header("Idempotency-Key: "), "abc");
    end();
}

TEST(a_new_price_goes_with_its_reason)
{
    const struct ask_change price = { 49000, 0, STR("idle for 12 min, no other ask") };
    const struct ask_change units = { 50000, 3, STR("") };
    int64_t wait_s = 7;
    begin();
    expect("200 OK", "{}");
    CHECK_I64(api_ops.ask_amend(api, STR("ask_1"), &price, &wait_s, &err), LINK_DONE);
    CHECK_I64(wait_s, 0);
    CHECK_STR(said(), "PATCH /v1/agent/asks/ask_1 {\"price_per_unit_hour\":{\"amount\":"
                      "\"0.049000\",\"currency\":\"USD\"},\"reason\":\"idle for 12 min, "
                      "no other ask\"}");
    expect("200 OK", "{}");
    CHECK_I64(api_ops.ask_amend(api, STR("ask_1"), &units, &wait_s, &err), LINK_DONE);
    CHECK_STR(said(), "PATCH /v1/agent/asks/ask_1 {\"price_per_unit_hour\":{\"amount\":"
                      "\"0.050000\",\"currency\":\"USD\"},\"units\":3}");
    end();
}

TEST(a_change_that_comes_too_early_is_told_how_long_to_wait)
{
    static const char *const waits[] = { "42", "0", "soon", "-1", "99999999999" };
    const struct ask_change c = { 49000, 0, STR("") };
    int64_t wait_s;
    for (size_t i = 0; i < ARRAY_LEN(waits); i++) {
        char status[128];
        begin();
        snprintf(status, sizeof(status), "409 Conflict\r\nRetry-After: %s", waits[i]);
        expect(status, "{\"code\":\"wrong-state\",\"detail\":\"not yet\"}");
        CHECK_I64(api_ops.ask_amend(api, STR("ask_1"), &c, &wait_s, &err), LINK_STALE);
        CHECK_I64(wait_s, i == 0 ? 42 : 0);
        (void)said();
        end();
    }
}

TEST(a_pool_is_seen_as_a_seller_sees_it)
{
    struct pool_seen pool;
    begin();
    expect("200 OK", "{\"pool\":\"cpu\",\"tick\":{\"amount\":\"0.001000\",\"currency\":\"USD\"},"
                     "\"best_other_ask_price_per_unit_hour\":{\"amount\":\"0.305000\","
                     "\"currency\":\"USD\"},\"best_bid_price_per_unit_hour\":null,\"last_trade\":"
                     "{\"price_per_unit_hour\":{\"amount\":\"0.300000\",\"currency\":\"USD\"},"
                     "\"units\":2,\"at\":\"1970-01-01T00:00:07.000Z\"}}");
    CHECK_I64(api_ops.pool_look(api, STR("cpu"), &pool, &err), LINK_DONE);
    CHECK_STR(said(), "GET /v1/agent/pools/cpu");
    CHECK_I64(pool.tick_micros, 1000);
    CHECK_I64(pool.best_other_micros, 305000);
    CHECK_I64(pool.best_bid_micros, 0);
    CHECK_I64(pool.index_micros, 0);
    CHECK_I64(pool.last_trade_micros, 300000);
    CHECK_I64(pool.last_trade_us, 7000000);

    expect("200 OK", "{\"pool\":\"cpu\"}");
    CHECK_I64(api_ops.pool_look(api, STR("cpu"), &pool, &err), LINK_UNREACHABLE);
    (void)said();
    end();
}

TEST(a_heartbeat_with_a_tick_and_its_commands)
{
    const struct lease_pulse pulses[] = {
        { .lease_id = STR(LEASE),
          .epoch = 1,
          .state = "running",
          .tick_document = STR("{\"n\":1}"),
          .tick_signature = STR("c2ln") },
        { .lease_id = STR("b"),
          .epoch = 2,
          .state = "preparing",
          .fetches = true,
          .image = { IMAGE_DOWNLOADS, 5, 9 } },
    };
    const struct gpu_state gpus[] = {
        { .uuid = "GPU-1",
          .ills = { [GPU_ILL_XID] = true, [GPU_ILL_HOT] = true },
          .xid = 79,
          .temperature_c = 91,
          .busy_percent = 97,
          .memory_used_bytes = 1024,
          .power_milliwatts = -1,
          .lease_id = LEASE },
        { .uuid = "GPU-2", .temperature_c = -1 },
    };
    const struct node_pulse pulse = { pulses, 2, gpus, 2 };
    struct pulse_answer got;
    begin();
    expect("200 OK", "{\"commands\":[{\"lease_id\":\"" LEASE "\",\"epoch\":1,\"do\":\"stop\","
                     "\"reason\":\"cancelled\"},{\"lease_id\":\"b\",\"epoch\":2,\"do\":\"forget\","
                     "\"reason\":null},{\"lease_id\":\"c\",\"epoch\":1,\"do\":\"dance\"}],"
                     "\"asks\":[{\"ask_id\":\"a\",\"state\":\"cancelled\",\"units_free\":0}],"
                     "\"lease_seconds\":90,\"server_time\":\"2026-11-24T09:00:00.000Z\"}");
    CHECK_I64(api_ops.heartbeat(api, &pulse, &memory, &got, &err), LINK_DONE);
    CHECK_STR(said(), "POST /v1/agent/heartbeat {\"gpus\":[{\"busy_percent\":97,"
                      "\"ills\":[\"xid\",\"too-hot\"],\"lease_id\":\"" LEASE "\","
                      "\"memory_used_bytes\":1024,\"power_milliwatts\":-1,\"temperature_c\":91,"
                      "\"uuid\":\"GPU-1\",\"xid\":79},{\"busy_percent\":0,\"ills\":[],"
                      "\"lease_id\":null,\"memory_used_bytes\":0,\"power_milliwatts\":0,"
                      "\"temperature_c\":-1,\"uuid\":\"GPU-2\",\"xid\":0}],"
                      "\"leases\":[{\"epoch\":1,\"lease_id\":\"" LEASE
                      "\",\"state\":\"running\",\"tick\":{\"document\":\"{\\\"n\\\":1}\","
                      "\"signature\":\"c2ln\"}},{\"epoch\":2,"
                      "\"image\":{\"done_bytes\":5,\"phase\":\"downloading\","
                      "\"total_bytes\":9},\"lease_id\":\"b\","
                      "\"state\":\"preparing\",\"tick\":null}]}");
    CHECK_I64(got.commands_n, 2);
    CHECK_STR(got.commands[0].lease_id, LEASE);
    CHECK_I64(got.commands[0].what, COMMAND_STOP);
    CHECK_STR(got.commands[0].reason, "cancelled");
    CHECK_I64(got.commands[1].what, COMMAND_FORGET);
    CHECK_I64(got.commands[1].epoch, 2);
    CHECK(got.asks_changed);
    CHECK_I64(got.lease_seconds, 90);
    end();
}

TEST(a_login_is_asked_for_with_a_key)
{
    struct sealed_login got;
    const struct seal_public to = { { 1 } };
    begin();
    expect("200 OK", "{\"registry\":\"ghcr.io\",\"sealed\":\"aGVsbG8=\"}");
    CHECK_I64(api_ops.registry_login(api, STR(LEASE), 3, &to, &memory, &got, &err), LINK_DONE);
    CHECK_STR(said(), "POST /v1/agent/leases/" LEASE "/registry-login {\"epoch\":3,\"seal_to\":"
                      "\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}");
    CHECK(str_is(got.registry, "ghcr.io") && str_is(got.box, "hello"));

    expect("200 OK", "{\"registry\":\"ghcr.io\",\"sealed\":\"no base64\"}");
    CHECK_I64(api_ops.registry_login(api, STR(LEASE), 3, &to, &memory, &got, &err),
              LINK_UNREACHABLE);
    expect("404 Not Found", "{}");
    CHECK_I64(api_ops.registry_login(api, STR(LEASE), 3, &to, &memory, &got, &err), LINK_GONE);
    end();
}

TEST(assignments_come_with_the_next_number)
{
    struct assignments_told got;
    begin();
    expect("200 OK", "{\"data\":[{\"document\":\"{}\",\"signature\":\"c2ln\"}],\"next\":7}");
    CHECK_I64(api_ops.assignments(api, 5, 25, &memory, &got, &err), LINK_DONE);
    CHECK_STR(said(), "GET /v1/agent/assignments?after=5");
    CHECK_STR(header("Prefer: "), "wait=25");
    CHECK_I64(got.n, 1);
    CHECK(str_is(got.v[0].document, "{}") && str_is(got.v[0].signature, "c2ln"));
    CHECK_I64(got.next, 7);

    expect("204 No Content", "");
    CHECK_I64(api_ops.assignments(api, 7, 0, &memory, &got, &err), LINK_DONE);
    CHECK_STR(said(), "GET /v1/agent/assignments?after=7");
    CHECK_I64(got.n, 0);
    CHECK_I64(got.next, 7);
    end();
}

TEST(open_asks_are_read)
{
    struct ask_seen asks[4];
    size_t n;
    begin();
    expect("200 OK",
           "{\"data\":[{\"ask_id\":\"ask_1\",\"pool\":\"cpu\",\"price_per_unit_hour\":"
           "{\"amount\":\"0.050000\",\"currency\":\"USD\"},\"floor_price_per_unit_hour\":"
           "{\"amount\":\"0.040000\",\"currency\":\"USD\"},\"units\":2,\"units_free\":1,"
           "\"pricing\":\"adaptive\",\"min_lease_seconds\":60,"
           "\"max_lease_seconds\":3600,\"news\":1},{\"ask_id\":\"ask_2\",\"pool\":\"cpu\","
           "\"price_per_unit_hour\":{\"amount\":\"1\"},\"floor_price_per_unit_hour\":"
           "{\"amount\":\"1\"},\"units\":2,\"units_free\":1,\"pricing\":\"clairvoyant\","
           "\"min_lease_seconds\":60,\"max_lease_seconds\":3600}],"
           "\"next_cursor\":null}");
    CHECK_I64(api_ops.asks_list(api, &memory, asks, 4, &n, &err), LINK_DONE);
    CHECK_STR(said(), "GET /v1/agent/asks?state=open&limit=100");
    CHECK_I64(n, 2);
    CHECK_I64(asks[0].policy, PRICING_ADAPTIVE);
    CHECK_I64(asks[0].units_free, 1);
    CHECK_I64(asks[1].policy, PRICING_FIXED); /* what we do not know we do not follow */
    CHECK(str_is(asks[0].ask_id, "ask_1"));
    CHECK_I64(asks[0].price_micros, 50000);
    CHECK_I64(asks[0].floor_micros, 40000);
    CHECK_I64(asks[0].units, 2);
    end();
}

/* ---- what answers mean -------------------------------------------------------------------------
 */

TEST(a_refusal_is_told_by_its_status_and_its_code)
{
    static const struct {
        const char *status, *code;
        enum link_result result;
    } v[] = {
        { "404 Not Found", "not-found", LINK_GONE },
        { "409 Conflict", "wrong-state", LINK_STALE },
        { "409 Conflict", "stale-epoch", LINK_STALE },
        { "409 Conflict", "request-in-progress", LINK_UNREACHABLE },
        { "400 Bad Request", "malformed-body", LINK_REFUSED },
        { "403 Forbidden", "forbidden", LINK_REFUSED },
        { "422 Unprocessable Content", "validation-failed", LINK_REFUSED },
        { "401 Unauthorized", "unauthenticated", LINK_UNREACHABLE },
        { "429 Too Many Requests", "rate-limited", LINK_UNREACHABLE },
        { "500 Internal Server Error", "internal", LINK_UNREACHABLE },
        { "503 Service Unavailable", "not-leader", LINK_UNREACHABLE },
    };
    for (size_t i = 0; i < ARRAY_LEN(v); i++) {
        char problem[256];
        begin();
        snprintf(problem, sizeof(problem), "{\"code\":\"%s\",\"detail\":\"because\"}", v[i].code);
        expect(v[i].status, problem);
        CHECK_I64(api_ops.decline(api, STR(LEASE), 1, STR(""), &err), v[i].result);
        said();
        CHECK_STR(err_info(err.code)->name, v[i].code);
        CHECK(strstr(err.detail, "because") != NULL);
        end();
    }
}

TEST(an_answer_that_is_no_problem_document_is_a_refusal_all_the_same)
{
    begin();
    expect("502 Bad Gateway", "<html>");
    CHECK_I64(api_ops.decline(api, STR(LEASE), 1, STR(""), &err), LINK_UNREACHABLE);
    said();
    CHECK_I64(err.code, ERR_PROTOCOL);
    end();
}

TEST(nobody_there_is_unreachable_and_stopping_too)
{
    begin();
    close(listening);
    CHECK_I64(api_ops.decline(api, STR(LEASE), 1, STR(""), &err), LINK_UNREACHABLE);
    CHECK_I64(err.code, ERR_IO);
    api_ops.interrupt(api);
    CHECK_I64(api_ops.decline(api, STR(LEASE), 1, STR(""), &err), LINK_UNREACHABLE);
    listening = -1;
    end();
}

TEST(a_lease_id_with_strange_bytes_is_never_put_into_a_path)
{
    begin();
    CHECK_I64(api_ops.decline(api, STR("lease_../../x"), 1, STR(""), &err), LINK_REFUSED);
    end();
}

/* ---- blobs -------------------------------------------------------------------------------------
 */

TEST(a_blob_comes_into_a_file_and_goes_out_of_one)
{
    char bytes[64] = "";
    FILE *f = tmpfile();
    begin();
    expect("200 OK", "some bytes");
    CHECK_I64(api_ops.blob_get(api, "00ff", fileno(f), 1000, &err), LINK_DONE);
    CHECK_STR(said(), "GET /v1/agent/blobs/00ff");
    CHECK(pread(fileno(f), bytes, sizeof(bytes), 0) == 10);
    CHECK_STR(bytes, "some bytes");

    expect("201 Created", "{}");
    CHECK_I64(api_ops.blob_put(api, "00ff", fileno(f), 10, &err), LINK_DONE);
    CHECK_STR(said(), "PUT /v1/agent/blobs/00ff some bytes");
    fclose(f);
    end();
}

TEST(a_blob_that_was_cut_goes_on_behind_what_is_there)
{
    char bytes[64] = "";
    FILE *f = tmpfile();
    begin();
    CHECK(write(fileno(f), "some ", 5) == 5);
    expect("206 Partial Content", "bytes");
    CHECK_I64(api_ops.blob_get(api, "00ff", fileno(f), 1000, &err), LINK_DONE);
    said();
    CHECK_STR(header("Range: "), "bytes=5-");
    CHECK(pread(fileno(f), bytes, sizeof(bytes), 0) == 10);
    CHECK_STR(bytes, "some bytes");

    expect("416 Range Not Satisfiable", "{\"code\":\"range-beyond\",\"detail\":\"10 bytes\"}");
    CHECK_I64(api_ops.blob_get(api, "00ff", fileno(f), 1000, &err), LINK_DONE);
    said();
    CHECK_STR(header("Range: "), "bytes=10-");
    fclose(f);
    end();
}

TEST(a_blob_that_is_too_large_or_does_not_fit_the_disk_is_told_apart)
{
    begin();
    FILE *f = tmpfile();
    expect("200 OK", "some bytes");
    CHECK_I64(api_ops.blob_get(api, "00ff", fileno(f), 5, &err), LINK_REFUSED);
    said();
    CHECK_I64(err.code, ERR_BODY_TOO_LARGE);
    fclose(f);

    f = fopen("/dev/full", "we");
    expect("200 OK", "some bytes");
    CHECK_I64(api_ops.blob_get(api, "00ff", fileno(f), 1000, &err), LINK_REFUSED);
    said();
    CHECK_I64(err.code, ERR_IO);
    fclose(f);
    end();
}

TESTS(T(the_events_of_a_lease), T(a_chunk_of_log_is_bytes), T(an_ask_is_placed_with_its_key),
      T(a_new_price_goes_with_its_reason),
      T(a_change_that_comes_too_early_is_told_how_long_to_wait),
      T(a_pool_is_seen_as_a_seller_sees_it), T(a_heartbeat_with_a_tick_and_its_commands),
      T(a_login_is_asked_for_with_a_key), T(assignments_come_with_the_next_number),
      T(open_asks_are_read), T(a_refusal_is_told_by_its_status_and_its_code),
      T(an_answer_that_is_no_problem_document_is_a_refusal_all_the_same),
      T(nobody_there_is_unreachable_and_stopping_too),
      T(a_lease_id_with_strange_bytes_is_never_put_into_a_path),
      T(a_blob_comes_into_a_file_and_goes_out_of_one),
      T(a_blob_that_was_cut_goes_on_behind_what_is_there),
      T(a_blob_that_is_too_large_or_does_not_fit_the_disk_is_told_apart))
