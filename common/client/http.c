/* SPDX-License-Identifier: Apache-2.0 */
/* One request at a time over curl's multi interface, though there is never more than one: it can be
 * woken from another thread, which curl_easy_perform cannot. The multi handle also keeps the
 * connection for the next call.
 *
 * What one call needs stands in `struct exchange`, on the stack of client_call(). */
#include "client/http.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sign/request.h"
#include "sign/sha.h"

#define CONNECT_MS_MAX 10000
#define POLL_MS        1000
#define KEYID_SIZE     129
#define TEXTS_MAX      16384 /* what is copied of the options */
#define HEADER_MAX     4096  /* a header of ours, or one of an answer that is kept */
#define URL_MAX        8192
#define FD_CHUNK       65536
#define ASK_FIRST      (1 << 20) /* for larger bodies it is worth a round trip to be refused early */

const struct call call_defaults = {
    .method = "GET",
    .path = "/",
    .answer_max = 1 << 20,
    .timeout_ms = 30000,
    .body_fd = -1,
};

struct client {
    CURLM *multi;
    CURL *easy;
    struct arena texts;
    const char *base_url, *unix_socket, *user_agent;
    char *bearer;
    const char *s3_provider, *s3_user; /* "aws:amz:<region>:s3" and the key; NULL: no S3 */
    char *s3_secret;
    const struct key *sign_with;
    char keyid[KEYID_SIZE];
    atomic_bool cancelled;
};

struct exchange {
    struct client *c;
    const struct call *call;
    struct arena *a;
    struct answer answer;
    struct buf body;
    struct curl_slist *headers;
    const char *url;
    off_t file_start, file_at;
    bool has_body, cancelled, too_large, sink_ended, no_memory;
    char why[CURL_ERROR_SIZE];
};

/* --- clients --- */

static pthread_once_t global_once = PTHREAD_ONCE_INIT;

static void global_init(void)
{
    const CURLcode failed = curl_global_init(CURL_GLOBAL_DEFAULT);
    assert(failed == CURLE_OK);
}

/* A copy of a text that may be NULL; false: no memory. */
static bool copy_text(struct client *c, const char *text, const char **out)
{
    *out = text ? arena_copy(&c->texts, str_of(text)) : NULL;
    return *out || !text;
}

static bool copy_s3(struct client *c, const struct client_s3 *s3)
{
    if (!s3) return true;
    c->s3_provider = arena_fmt(&c->texts, "aws:amz:%s:s3", s3->region);
    c->s3_secret = arena_copy(&c->texts, str_of(s3->secret_key));
    return c->s3_provider && c->s3_secret && copy_text(c, s3->access_key, &c->s3_user);
}

static bool copy_options(struct client *c, const struct client_options *o)
{
    c->bearer = o->bearer ? arena_copy(&c->texts, str_of(o->bearer)) : NULL;
    return (c->bearer || !o->bearer) && copy_text(c, o->base_url, &c->base_url) &&
           copy_text(c, o->unix_socket, &c->unix_socket) &&
           copy_text(c, o->user_agent, &c->user_agent) && copy_s3(c, o->s3);
}

struct client *client_new(const struct client_options *o)
{
    assert(o->base_url);
    pthread_once(&global_once, global_init);

    struct client *c = mem_zalloc(sizeof(*c));
    arena_init(&c->texts, TEXTS_MAX);
    c->sign_with = o->sign_with;
    c->multi = curl_multi_init();
    c->easy = curl_easy_init();
    client_set_keyid(c, o->keyid);
    if (c->multi && c->easy && copy_options(c, o)) return c;
    client_free(c);
    return NULL;
}

void client_free(struct client *c)
{
    if (!c) return;
    if (c->bearer) explicit_bzero(c->bearer, strlen(c->bearer));
    if (c->s3_secret) explicit_bzero(c->s3_secret, strlen(c->s3_secret));
    curl_easy_cleanup(c->easy);
    curl_multi_cleanup(c->multi);
    arena_done(&c->texts);
    mem_free(c);
}

void client_set_keyid(struct client *c, const char *keyid)
{
    const struct str s = str_of(keyid);
    assert(s.n < KEYID_SIZE);
    if (s.n > 0) memcpy(c->keyid, s.p, s.n);
    c->keyid[s.n] = '\0';
}

void client_cancel(struct client *c)
{
    atomic_store(&c->cancelled, true);
    curl_multi_wakeup(c->multi);
}

/* --- what curl calls --- */

static long status_of(const struct exchange *x)
{
    long status = 0;
    curl_easy_getinfo(x->c->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static size_t take_body(char *p, size_t size, size_t n, void *arg)
{
    struct exchange *x = arg;
    const size_t bytes = size * n;
    const long status = status_of(x);

    if (x->call->sink && status >= 200 && status < 300) {
        x->sink_ended = !x->call->sink(x->call->sink_arg, p, bytes);
        return x->sink_ended ? CURL_WRITEFUNC_ERROR : bytes;
    }
    x->too_large = bytes > x->body.max - x->body.n;
    if (x->too_large) return CURL_WRITEFUNC_ERROR;
    buf_add(&x->body, p, bytes);
    x->no_memory = x->body.failed;
    return x->no_memory ? CURL_WRITEFUNC_ERROR : bytes;
}

static bool same_name(struct str a, const char *lower_case)
{
    if (a.n != strlen(lower_case)) return false;
    for (size_t i = 0; i < a.n; i++) {
        const char c = a.p[i];
        if ((c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c) != lower_case[i]) return false;
    }
    return true;
}

/* Where the value of a header that we keep goes; NULL: any other header. */
static const char **kept(struct answer *answer, struct str name)
{
    if (same_name(name, "etag")) return &answer->etag;
    if (same_name(name, "location")) return &answer->location;
    if (same_name(name, "upload-offset")) return &answer->upload_offset;
    if (same_name(name, "idempotency-replayed")) return &answer->idempotency_replayed;
    if (same_name(name, "retry-after")) return &answer->retry_after;
    if (same_name(name, "date")) return &answer->date;
    return NULL;
}

static struct str without_line_end(struct str line)
{
    while (line.n > 0 && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == '\n'))
        line.n--;
    return line;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the signature is curl's */
static size_t take_header(char *p, size_t size, size_t n, void *arg)
{
    struct exchange *x = arg;
    const struct str line = without_line_end((struct str){ p, size * n });
    struct str name, value;

    /* Only the last status line counts: "100 Continue" comes before it. */
    if (str_starts(line, STR("HTTP/"))) x->answer = (struct answer){ .status = 0 };
    if (line.n > HEADER_MAX || !str_cut(line, ':', &name, &value)) return size * n;
    const char **at = kept(&x->answer, name);
    if (!at) return size * n;
    *at = arena_copy(x->a, str_trim(value));
    x->no_memory = !*at;
    return x->no_memory ? 0 : size * n;
}

/* -1: failed. */
static ssize_t read_at(int fd, void *p, size_t n, off_t at)
{
    ssize_t got;
    do {
        got = pread(fd, p, n, at);
    } while (got < 0 && errno == EINTR);
    return got;
}

static size_t give_body(char *p, size_t size, size_t n, void *arg)
{
    struct exchange *x = arg;
    const off_t left = x->file_start + x->call->body_size - x->file_at;
    const size_t want = left < (off_t)(size * n) ? (size_t)left : size * n;
    const ssize_t got = read_at(x->call->body_fd, p, want, x->file_at);
    if (got < 0 || (got == 0 && want > 0)) return CURL_READFUNC_ABORT; /* shorter than was said */
    x->file_at += got;
    return (size_t)got;
}

static int seek_body(void *arg, curl_off_t offset, int origin)
{
    struct exchange *x = arg;
    if (origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
    x->file_at = x->file_start + offset;
    return CURL_SEEKFUNC_OK;
}

/* --- the request --- */

static bool no_memory(struct err *err)
{
    return FAIL(err, ERR_NO_MEMORY, "No memory was left for a request.");
}

static bool add_header(struct exchange *x, const char *name, const char *value, struct err *err)
{
    char line[HEADER_MAX];
    const int n = snprintf(line, sizeof(line), "%s%s", name, value);
    if (n < 0 || (size_t)n >= sizeof(line) || strpbrk(line, "\r\n"))
        return FAIL(err, ERR_MALFORMED_REQUEST, "A header is too long or holds a line end.");

    struct curl_slist *more = curl_slist_append(x->headers, line);
    explicit_bzero(line, (size_t)n); /* it may be a token */
    if (!more) return no_memory(err);
    x->headers = more;
    return true;
}

static bool hash_file(const struct exchange *x, struct hash *out)
{
    char chunk[FD_CHUNK];
    struct sha256_stream *s = sha256_new();
    off_t at = x->file_start, left = x->call->body_size;
    while (left > 0) {
        const size_t want = left < (off_t)sizeof(chunk) ? (size_t)left : sizeof(chunk);
        const ssize_t got = read_at(x->call->body_fd, chunk, want, at);
        if (got <= 0) break;
        sha256_add(s, chunk, (size_t)got);
        at += got;
        left -= got;
    }
    *out = sha256_end(s);
    return left == 0;
}

/* The digest of what will be sent; *digest NULL when there is no body. */
static bool digest_body(const struct exchange *x, struct hash *room, const struct hash **digest,
                        struct err *err)
{
    const bool from_file = x->call->body_fd >= 0;
    const bool empty = from_file ? x->call->body_size == 0 : x->call->body.n == 0;
    *digest = NULL;
    if (!x->has_body || empty) return true;
    if (from_file && !hash_file(x, room))
        return FAIL(err, ERR_IO, "The file of a request's body could not be read.");
    if (!from_file) *room = sha256(x->call->body);
    *digest = room;
    return true;
}

static bool add_signature(struct exchange *x, struct err *err)
{
    struct hash room;
    const struct hash *digest;
    struct request_signature s;
    const struct client *c = x->c;

    if (!digest_body(x, &room, &digest, err)) return false;
    if (!request_sign_digest(c->sign_with, str_of(c->keyid), str_of(x->call->method),
                             str_of(x->url), digest, clock_wall_us(), x->a, &s, err))
        return false;
    return (!s.content_digest || add_header(x, "Content-Digest: ", s.content_digest, err)) &&
           add_header(x, "Signature-Input: ", s.signature_input, err) &&
           add_header(x, "Signature: ", s.signature, err);
}

static bool add_headers(struct exchange *x, struct err *err)
{
    const struct client *c = x->c;
    const char *const *more = x->call->headers;

    /* An empty value takes away what curl would say of its own, and would break a signature. */
    const bool bare = c->s3_provider == NULL;
    const char *type = x->call->content_type ? x->call->content_type : "";
    if ((*type || bare) && !add_header(x, *type ? "Content-Type: " : "Content-Type:", type, err))
        return false;
    if (c->bearer && !add_header(x, "Authorization: Bearer ", c->bearer, err)) return false;
    const bool small = x->call->body_fd < 0 || x->call->body_size <= ASK_FIRST;
    if (small && bare && !add_header(x, "Expect:", "", err)) return false;
    for (; more && *more; more++)
        if (!add_header(x, "", *more, err)) return false;
    return !c->sign_with || add_signature(x, err);
}

/* Visible ASCII without '#', which curl would cut off: what is signed is what is sent. */
static bool make_url(struct exchange *x, struct err *err)
{
    const char *path = x->call->path;
    const size_t n = strlen(path);
    bool ok = path[0] == '/' && n + strlen(x->c->base_url) < URL_MAX;
    for (size_t i = 0; ok && i < n; i++)
        ok = path[i] > ' ' && path[i] < 0x7f && path[i] != '#';
    if (!ok) return FAIL(err, ERR_MALFORMED_REQUEST, "A path to ask for is not well formed.");

    x->url = arena_fmt(x->a, "%s%s", x->c->base_url, path);
    return x->url ? true : no_memory(err);
}

static bool open_body(struct exchange *x, struct err *err)
{
    const struct call *call = x->call;
    const bool reads = strcmp(call->method, "GET") == 0 || strcmp(call->method, "HEAD") == 0;
    const bool empty = call->body_fd < 0 && call->body.n == 0;
    x->has_body = !reads && !(strcmp(call->method, "DELETE") == 0 && empty);
    assert(x->has_body || empty);
    if (call->body_fd < 0) return true;

    assert(call->body_size >= 0);
    x->file_start = x->file_at = lseek(call->body_fd, 0, SEEK_CUR);
    if (x->file_start < 0)
        return FAIL(err, ERR_IO, "The file of a request's body cannot be read from a place.");
    return true;
}

/* Options of which a wrong one is our mistake, not the world's. */
#define SET(x, option, value)                                                                      \
    do {                                                                                           \
        const CURLcode set_ = curl_easy_setopt((x)->c->easy, option, value);                       \
        assert(set_ == CURLE_OK || set_ == CURLE_OUT_OF_MEMORY);                                   \
        if (set_ != CURLE_OK) (x)->no_memory = true;                                               \
    } while (0)

static void set_transport(struct exchange *x)
{
    const int64_t timeout = x->call->timeout_ms;
    assert(timeout > 0);
    SET(x, CURLOPT_URL, x->url);
    SET(x, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(x, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(x, CURLOPT_PATH_AS_IS, 1L);
    SET(x, CURLOPT_FOLLOWLOCATION, 0L);
    SET(x, CURLOPT_NOSIGNAL, 1L); /* curl's own time-outs would use SIGALRM otherwise */
    SET(x, CURLOPT_TIMEOUT_MS, (long)timeout);
    SET(x, CURLOPT_CONNECTTIMEOUT_MS, timeout < CONNECT_MS_MAX ? (long)timeout : CONNECT_MS_MAX);
    SET(x, CURLOPT_ERRORBUFFER, x->why);
    if (x->c->user_agent) SET(x, CURLOPT_USERAGENT, x->c->user_agent);
    if (x->c->s3_provider) {
        SET(x, CURLOPT_AWS_SIGV4, x->c->s3_provider);
        SET(x, CURLOPT_USERNAME, x->c->s3_user);
        SET(x, CURLOPT_PASSWORD, x->c->s3_secret);
    }
    if (!x->c->unix_socket) return;
    SET(x, CURLOPT_UNIX_SOCKET_PATH, x->c->unix_socket);
    SET(x, CURLOPT_PROXY, ""); /* whatever the environment says */
}

static void set_body(struct exchange *x)
{
    const struct call *call = x->call;
    if (!x->has_body) return;
    if (call->body_fd >= 0) {
        SET(x, CURLOPT_UPLOAD, 1L);
        SET(x, CURLOPT_INFILESIZE_LARGE, (curl_off_t)call->body_size);
        SET(x, CURLOPT_READFUNCTION, give_body);
        SET(x, CURLOPT_READDATA, x);
        SET(x, CURLOPT_SEEKFUNCTION, seek_body);
        SET(x, CURLOPT_SEEKDATA, x);
    } else {
        SET(x, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.n);
        SET(x, CURLOPT_POSTFIELDS, call->body.n > 0 ? call->body.p : "");
    }
}

static void set_request(struct exchange *x)
{
    curl_easy_reset(x->c->easy); /* keeps the connection */
    set_transport(x);
    set_body(x);
    if (strcmp(x->call->method, "HEAD") == 0)
        SET(x, CURLOPT_NOBODY, 1L);
    else
        SET(x, CURLOPT_CUSTOMREQUEST, x->call->method);
    SET(x, CURLOPT_HTTPHEADER, x->headers);
    SET(x, CURLOPT_WRITEFUNCTION, take_body);
    SET(x, CURLOPT_WRITEDATA, x);
    SET(x, CURLOPT_HEADERFUNCTION, take_header);
    SET(x, CURLOPT_HEADERDATA, x);
}

/* --- the call --- */

/* True: the transfer has ended, *result says how. */
static bool is_over(struct client *c, CURLcode *result)
{
    int left;
    const CURLMsg *m;
    while ((m = curl_multi_info_read(c->multi, &left)))
        if (m->msg == CURLMSG_DONE) {
            *result = m->data.result;
            return true;
        }
    return false;
}

static CURLcode perform(struct exchange *x)
{
    struct client *c = x->c;
    CURLcode result = CURLE_OK;
    int running;
    if (curl_multi_add_handle(c->multi, c->easy) != CURLM_OK) return CURLE_OUT_OF_MEMORY;
    for (;;) {
        x->cancelled = atomic_exchange(&c->cancelled, false);
        if (x->cancelled) {
            result = CURLE_ABORTED_BY_CALLBACK;
            break;
        }
        const CURLMcode failed = curl_multi_perform(c->multi, &running);
        if (is_over(c, &result)) break;
        if (failed || curl_multi_poll(c->multi, NULL, 0, POLL_MS, NULL) != CURLM_OK) {
            result = CURLE_OUT_OF_MEMORY;
            break;
        }
    }
    curl_multi_remove_handle(c->multi, c->easy);
    return result;
}

static bool explain(const struct exchange *x, CURLcode result, struct err *err)
{
    if (x->no_memory || result == CURLE_OUT_OF_MEMORY) return no_memory(err);
    if (x->too_large)
        return FAIL(err, ERR_PROTOCOL, "The answer is larger than %zu bytes.", x->call->answer_max);
    if (x->sink_ended) return FAIL(err, ERR_IO, "Whoever took the answer ended the call.");
    if (x->cancelled) return FAIL(err, ERR_IO, "The call was cancelled.");

    const bool not_http = result == CURLE_WEIRD_SERVER_REPLY ||
                          result == CURLE_UNSUPPORTED_PROTOCOL || result == CURLE_HTTP2;
    FAIL(err, not_http ? ERR_PROTOCOL : ERR_IO, "No answer came: %s.", curl_easy_strerror(result));
    err_internal(err, "%s %s: %s", x->call->method, x->url, x->why);
    return false;
}

static bool finish(struct exchange *x, struct answer *out, struct err *err)
{
    const char *body = arena_copy(x->a, buf_view(&x->body));
    if (!body) return no_memory(err);
    x->answer.status = (int)status_of(x);
    x->answer.body = (struct str){ body, x->body.n };
    *out = x->answer;
    return true;
}

static bool run(struct exchange *x, struct answer *out, struct err *err)
{
    if (!make_url(x, err) || !open_body(x, err) || !add_headers(x, err)) return false;
    set_request(x);
    if (x->no_memory) return no_memory(err);

    const CURLcode result = perform(x);
    return result == CURLE_OK ? finish(x, out, err) : explain(x, result, err);
}

bool client_call(struct client *c, const struct call *call, struct arena *a, struct answer *out,
                 struct err *err)
{
    struct exchange x = { .c = c, .call = call, .a = a };
    buf_init(&x.body, call->answer_max);
    const bool ok = run(&x, out, err);
    buf_done(&x.body);
    curl_slist_free_all(x.headers);
    curl_easy_reset(c->easy); /* it must not keep pointers into this frame */
    return ok;
}
