/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/limits.h"
#include "base/random.h"
#include "curl.h"
#include "problem.h"
#include "session.h"

#define ANSWER_MAX                                                                                 \
    (4 << 20) /* a page of a hundred log chunks of the largest kind takes more, none do */
#define MEMORY_MAX  (16 << 20) /* the answer, twice, and what is said of it */
#define EXPLAIN_MAX (1 << 20)  /* a body whose every letter is quoted */
#define HEADERS_MAX 8
#define TRIES       6 /* of a request with an Idempotency-Key: half a minute of patience */
#define PAUSE_US    500000
#define TIMEOUT_MS  30000
#define UPLOAD_MS   3600000

const struct request request_defaults = { .body_fd = -1 };

static bool fail(struct api *api, const struct err *err)
{
    api->exit = cli_fail(api->cli, err);
    return false;
}

/* --- which server --- */

static const char *given_server(const struct cli *c)
{
    const char *const env = getenv("BOURSE_SERVER");
    return c->server ? c->server : env && *env ? env : NULL;
}

static bool choose_server(struct api *api, const char **out, struct err *err)
{
    struct arena *const a = &api->cli->a;
    const char *const given = given_server(api->cli);
    if (given) return home_server(a, given, out, err);
    if (!home_current(api->home, a, out, err)) return false;
    if (*out) return true;
    return FAIL(err, ERR_VALIDATION_FAILED,
                "Which server? Use --server, set BOURSE_SERVER, or run `bourse login`.");
}

bool api_open(struct api *api, struct cli *c)
{
    struct err err;
    const char *server;
    const char *const api_key = getenv("BOURSE_API_KEY");
    *api = (struct api){ .cli = c, .api_key = api_key && *api_key ? api_key : NULL };
    if (!home_find(&c->a, &api->home, &err) || !choose_server(api, &server, &err) ||
        !home_load(api->home, server, &c->a, &api->market, &err))
        return fail(api, &err);
    const struct client_options o = { .base_url = server, .user_agent = "bourse/" BOURSE_VERSION };
    api->client = client_new(&o);
    if (api->client) return true;
    FAIL(&err, ERR_NO_MEMORY, "No memory was left.");
    return fail(api, &err);
}

void api_close(struct api *api)
{
    client_free(api->client);
}

/* --- who is there --- */

static bool changed(struct api *api, struct str market_id, struct str key)
{
    char pinned[45];
    public_key_text(&api->market.key, pinned);
    fprintf(stderr,
            "bourse: THE MARKET AT %s IS NOT THE ONE THAT WAS PINNED.\n"
            "  pinned: %s, key %s\n"
            "  now:    %.*s, key %.*s\n"
            "  Someone may be in between, or the operator began a new market. Nothing was sent.\n"
            "  If you know that the new one is right, take it out of %s/markets.json.\n",
            api->market.server, api->market.market_id, pinned, (int)market_id.n, market_id.p,
            (int)key.n, key.p, api->home);
    api->exit = EXIT_UNVERIFIED;
    return false;
}

static bool pin(struct api *api, const json_t *info)
{
    struct err err;
    struct market m = api->market;
    const struct str id = json_get_text(info, "market_id"), key = json_get_text(info, "public_key");
    if (id.n == 0 || !public_key_parse(key, &m.key)) {
        FAIL(&err, ERR_PROTOCOL, "%s does not say which market it is.", m.server);
        return fail(api, &err);
    }
    if (m.pinned) {
        const bool same =
            str_is(id, m.market_id) && memcmp(m.key.b, api->market.key.b, PUBLIC_KEY_SIZE) == 0;
        return same || changed(api, id, key);
    }
    m.market_id = arena_copy(&api->cli->a, id);
    m.pinned = true;
    if (!m.market_id || !home_save(api->home, &m, false, &err)) return fail(api, &err);
    fprintf(stderr, "Pinned market %s, key %.*s.\n", m.market_id, (int)key.n, key.p);
    api->market = m;
    return true;
}

bool api_pin(struct api *api)
{
    struct reply reply;
    struct request r = request_defaults;
    r.path = "/.well-known/bourse";
    r.open = true;
    if (!api_call(api, &r, &reply)) return false;
    const bool ok = pin(api, reply.json);
    json_decref(reply.json);
    return ok;
}

/* --- requests --- */

struct attempt {
    const struct request *r;
    struct arena a; /* of this request alone: a loop that follows a job makes thousands */
    char *body;     /* JSON text, or NULL */
    const char *headers[HEADERS_MAX + 1];
    size_t headers_n;
    struct call call;
};

static bool add_header(struct attempt *t, const char *line)
{
    if (!line || t->headers_n == HEADERS_MAX) return false;
    t->headers[t->headers_n++] = line;
    return true;
}

static const char *idempotency_key(struct arena *a)
{
    char id[ID_TEXT_MAX];
    id_format("cli_", id_random(clock_wall_us()), id);
    return arena_fmt(a, "Idempotency-Key: %s", id);
}

static bool prepare(const struct request *r, struct attempt *t)
{
    *t = (struct attempt){ .r = r };
    arena_init(&t->a, MEMORY_MAX);
    for (size_t i = 0; i < ARRAY_LEN(r->headers) && r->headers[i]; i++) {
        if (!add_header(t, r->headers[i])) return false;
    }
    if (r->wait_s > 0 && !add_header(t, arena_fmt(&t->a, "Prefer: wait=%" PRId64, r->wait_s)))
        return false;
    if (r->keyed && !add_header(t, idempotency_key(&t->a))) return false;
    if (r->body) t->body = json_dumps(r->body, JSON_COMPACT);
    t->call = call_defaults;
    t->call.method = r->method ? r->method : "GET";
    t->call.path = r->path;
    t->call.headers = t->headers;
    t->call.answer_max = r->answer_max ? r->answer_max : ANSWER_MAX;
    t->call.timeout_ms = (r->body_fd < 0 && !r->sink ? TIMEOUT_MS : UPLOAD_MS) + 1000 * r->wait_s;
    t->call.content_type = r->body ? "application/json" : r->content_type;
    t->call.body = str_of(t->body);
    t->call.body_fd = r->body_fd;
    t->call.body_size = r->body_size;
    t->call.sink = r->sink;
    t->call.sink_arg = r->sink_arg;
    return !r->body || t->body;
}

static void explain(const struct api *api, struct attempt *t)
{
    auto_buf struct buf line;
    buf_init(&line, EXPLAIN_MAX);
    const struct curl_request c = {
        .method = t->call.method,
        .url = arena_fmt(&t->a, "%s%s", api->market.server, t->call.path),
        .bearer = !t->r->open,
        .content_type = t->call.content_type,
        .headers = t->headers,
        .body = t->call.body,
        .file = t->r->file,
    };
    if (!c.url) return;
    curl_write(&c, &line);
    if (!line.failed) fwrite(line.p, 1, line.n, stderr);
}

static bool send_once(struct api *api, struct attempt *t, const char *bearer, struct answer *out,
                      struct err *err)
{
    const size_t n = t->headers_n;
    if (bearer && !add_header(t, arena_fmt(&t->a, "Authorization: Bearer %s", bearer)))
        return FAIL(err, ERR_NO_MEMORY, "No memory was left.");
    const bool ok = client_call(api->client, &t->call, &t->a, out, err);
    t->headers_n = n;
    t->headers[n] = NULL;
    return ok;
}

/* With credentials; those that the server no longer takes are renewed, once. */
static bool send(struct api *api, struct attempt *t, struct answer *out, struct err *err)
{
    if (t->r->open) return send_once(api, t, NULL, out, err);
    const char *bearer = session_bearer(api, false);
    err->code = ERR_NONE; /* without a bearer the complaint is printed already */
    if (!bearer || !send_once(api, t, bearer, out, err)) return false;
    if (out->status != 401 || api->api_key) return true;
    bearer = session_bearer(api, true);
    return bearer && send_once(api, t, bearer, out, err);
}

/* Worth another try with the same key? */
static bool is_passing(bool answered, const struct answer *answer, const struct err *err)
{
    return answered ? answer->status == 503 : err->code == ERR_IO;
}

static bool send_patiently(struct api *api, struct attempt *t, struct answer *out, struct err *err)
{
    for (int i = 1;; i++) {
        const bool ok = send(api, t, out, err);
        if (!t->r->keyed || i == TRIES || !is_passing(ok, out, err)) return ok;
        fprintf(stderr, "No answer yet; trying again with the same Idempotency-Key (%d of %d).\n",
                i + 1, TRIES);
        clock_sleep_us(PAUSE_US << (i - 1));
    }
}

static void keep_header(const char *value, char out[HEADER_KEPT])
{
    snprintf(out, HEADER_KEPT, "%s", value ? value : "");
}

static void read_answer(const struct answer *answer, struct reply *out)
{
    struct err why;
    *out = (struct reply){ .status = answer->status };
    if (answer->body.n > 0) out->json = json_parse(answer->body, &why);
    keep_header(answer->etag, out->etag);
    keep_header(answer->upload_offset, out->upload_offset);
}

bool api_try(struct api *api, const struct request *r, struct reply *out, struct err *err)
{
    struct attempt t;
    struct answer answer;
    bool ok = prepare(r, &t);
    if (!ok) FAIL(err, ERR_NO_MEMORY, "No memory was left.");
    if (ok && api->cli->explain) explain(api, &t);
    ok = ok && send_patiently(api, &t, &answer, err);
    if (ok) read_answer(&answer, out);
    free(t.body);
    arena_done(&t.a);
    return ok;
}

enum exit_code api_refused(const struct api *api, const struct reply *reply)
{
    auto_buf struct buf text;
    buf_init(&text, BODY_MAX);
    problem_write(reply->status, reply->json, &text);
    fprintf(stderr, "bourse %s: ", api->cli->verb);
    if (!text.failed) fwrite(text.p, 1, text.n, stderr);
    if (api->cli->json && reply->json) cli_json(reply->json);
    return reply->status >= 400 && reply->status < 500 ? EXIT_REFUSED : EXIT_SERVER;
}

static bool is_fine(const struct request *r, const struct reply *reply)
{
    return (reply->status >= 200 && reply->status < 300) || reply->status == 304 ||
           (reply->status == 404 && r->may_be_missing);
}

bool api_call(struct api *api, const struct request *r, struct reply *out)
{
    struct err err = { .code = ERR_NONE };
    struct reply reply;
    api->exit = EXIT_SERVER;
    if (!api_try(api, r, &reply, &err)) return err.code == ERR_NONE ? false : fail(api, &err);
    if (is_fine(r, &reply)) {
        *out = reply;
        return true;
    }
    api->exit = api_refused(api, &reply);
    json_decref(reply.json);
    return false;
}

json_t *api_get(struct api *api, const char *path)
{
    struct reply reply;
    struct request r = request_defaults;
    r.path = path;
    if (!api_call(api, &r, &reply)) return NULL;
    if (reply.json) return reply.json;
    struct err err;
    FAIL(&err, ERR_PROTOCOL, "The answer is no JSON.");
    fail(api, &err);
    return NULL;
}

bool api_id(struct api *api, const char *prefix, const char *what, const char *text)
{
    struct id id;
    if (id_parse(prefix, str_of(text), &id)) return true;
    api->exit = cli_usage(api->cli, "%s is not the id of a %s, as %s01m86ch877e0080000000004k7.",
                          text, what, prefix);
    return false;
}
