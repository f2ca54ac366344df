/* SPDX-License-Identifier: Apache-2.0 */
#include "service/s3.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/random.h"
#include "client/http.h"
#include "sign/sha.h"

#define TRIES         4
#define PAUSE_US      INT64_C(200000) /* before the second try; doubled each time */
#define QUICK_MS      10000
#define PART_MS       120000 /* a part, at 300 kB/s */
#define GET_MS        (INT64_C(3600) * 1000)
#define IDLE_MAX      8 /* connections that are kept */
#define ANSWER_MAX    65536
#define CALL_MEMORY   ((size_t)1 << 20)
#define PATH_SIZE     2048
#define PARTS_MAX     ((size_t)(BLOB_MAX / S3_PART_BYTES) + 1)
#define TAG_SIZE      128
#define UPLOAD_ID_MAX 512
#define EMPTY_SHA256  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct s3 {
    struct client_options options;
    struct client_s3 keys;
    struct arena texts;
    const char *bucket;
    pthread_mutex_t lock; /* guards: idle, idle_n */
    struct client *idle[IDLE_MAX];
    int idle_n;
};

/* One request, as often as it is tried. */
struct ask {
    const char *method, *path;
    const char *sha256; /* of the body */
    const char *type;   /* NULL: none */
    struct str body;    /* else `size` bytes of fd from `at` */
    int fd;             /* -1: body */
    int64_t at, size;
    int64_t timeout_ms;
    int tries;
    bool (*sink)(void *arg, const void *p, size_t n);
    bool (*again)(void *arg); /* before another try: begin anew; NULL: nothing to do */
    void *arg;
};

static const struct ask ask_defaults = {
    .method = "GET", .sha256 = EMPTY_SHA256, .fd = -1, .timeout_ms = QUICK_MS, .tries = TRIES
};

struct s3 *s3_new(const struct s3_options *o, struct err *err)
{
    struct s3 *s = mem_zalloc(sizeof(*s));

    arena_init(&s->texts, CALL_MEMORY);
    pthread_mutex_init(&s->lock, NULL);
    s->keys = (struct client_s3){
        .region = arena_copy(&s->texts, str_of(o->region)),
        .access_key = arena_copy(&s->texts, str_of(o->access_key)),
        .secret_key = arena_copy(&s->texts, str_of(o->secret_key)),
    };
    s->bucket = arena_copy(&s->texts, str_of(o->bucket));
    s->options = (struct client_options){
        .base_url = arena_copy(&s->texts, str_of(o->endpoint)),
        .user_agent = "bourse-server",
        .s3 = &s->keys,
    };
    if (s->keys.region && s->keys.access_key && s->keys.secret_key && s->bucket &&
        s->options.base_url)
        return s;
    FAIL(err, ERR_NO_MEMORY, "No memory for the blob store.");
    s3_free(s);
    return NULL;
}

void s3_free(struct s3 *s)
{
    if (!s) return;
    while (s->idle_n > 0)
        client_free(s->idle[--s->idle_n]);
    pthread_mutex_destroy(&s->lock);
    arena_done(&s->texts);
    mem_free(s);
}

/* ---- connections ---- */

static struct client *take_client(struct s3 *s)
{
    struct client *c = NULL;

    pthread_mutex_lock(&s->lock);
    if (s->idle_n > 0) c = s->idle[--s->idle_n];
    pthread_mutex_unlock(&s->lock);
    return c ? c : client_new(&s->options);
}

static void give_client(struct s3 *s, struct client *c, bool works)
{
    pthread_mutex_lock(&s->lock);
    const bool keep = works && s->idle_n < IDLE_MAX;
    if (keep) s->idle[s->idle_n++] = c;
    pthread_mutex_unlock(&s->lock);
    if (!keep) client_free(c);
}

/* ---- one request ---- */

/* The text between <name> and </name>; empty: there is none. */
static struct str xml_text(struct str body, const char *name)
{
    char open[64], end[64];

    snprintf(open, sizeof(open), "<%s>", name);
    snprintf(end, sizeof(end), "</%s>", name);
    const char *from = body.n > 0 ? memmem(body.p, body.n, open, strlen(open)) : NULL;
    if (!from) return STR("");
    from += strlen(open);
    const size_t left = (size_t)(body.p + body.n - from);
    const char *to = memmem(from, left, end, strlen(end));
    return to ? (struct str){ from, (size_t)(to - from) } : STR("");
}

static bool may_pass(int status)
{
    return status == 0 || status == 429 || status >= 500;
}

static bool say_away(const struct ask *q, const struct answer *answer, struct err *err)
{
    const struct str code = xml_text(answer->body, "Code");

    FAIL(err, ERR_BLOBS_AWAY, "The blob store refused or failed; nothing was lost.");
    err_internal(err, "%s %s: status %d, %.*s", q->method, q->path, answer->status, (int)code.n,
                 code.p ? code.p : "");
    return false;
}

/* One try. False: no answer; err says why. */
static bool try_once(struct s3 *s, const struct ask *q, struct arena *a, struct answer *out,
                     struct err *err)
{
    char sha[96];
    const char *const headers[] = { sha, NULL };
    struct call call = call_defaults;
    struct client *c = take_client(s);

    if (!c) return FAIL(err, ERR_NO_MEMORY, "No memory for the blob store.");
    snprintf(sha, sizeof(sha), "x-amz-content-sha256: %s", q->sha256);
    call.method = q->method;
    call.path = q->path;
    call.content_type = q->type;
    call.body = q->body;
    call.headers = headers;
    call.answer_max = ANSWER_MAX;
    call.timeout_ms = q->timeout_ms;
    call.sink = q->sink;
    call.sink_arg = q->arg;
    call.body_fd = q->fd;
    call.body_size = q->size;
    const bool heard = client_call(c, &call, a, out, err);
    give_client(s, c, heard);
    return heard;
}

/* Until an answer comes that says something. False: ERR_BLOBS_AWAY. */
static bool ask(struct s3 *s, const struct ask *q, struct arena *a, struct answer *out,
                struct err *err)
{
    for (int i = 1;; i++) {
        *out = (struct answer){ .status = 0 };
        const bool heard = try_once(s, q, a, out, err);
        if (heard && !may_pass(out->status)) return true;
        if (i == q->tries || (q->again && !q->again(q->arg))) {
            if (heard) return say_away(q, out, err);
            char why[sizeof(err->internal)];
            snprintf(why, sizeof(why), "%s", err->internal[0] ? err->internal : err->detail);
            FAIL(err, ERR_BLOBS_AWAY, "The blob store does not answer; nothing was lost.");
            err_internal(err, "%s", why);
            return false;
        }
        const int64_t pause = PAUSE_US << (i - 1);
        clock_sleep_us(random_between(pause / 2, pause));
    }
}

static const char *path_of(const struct s3 *s, const char *key, const char *query, char *out)
{
    const int n = snprintf(out, PATH_SIZE, "/%s/%s%s", s->bucket, key, query);

    return n > 0 && n < PATH_SIZE ? out : NULL;
}

/* An answer that should be 2xx, copied into `body` (may be NULL) where it matters. */
static bool ask_well(struct s3 *s, const struct ask *q, struct arena *a, struct answer *out,
                     struct err *err)
{
    if (!q->path) return FAIL(err, ERR_BLOBS_AWAY, "The name of an object is too long.");
    if (!ask(s, q, a, out, err)) return false;
    if (out->status >= 200 && out->status < 300) return true;
    if (out->status == 404 && str_is(xml_text(out->body, "Code"), "NoSuchKey"))
        return FAIL(err, ERR_NOT_FOUND, "Its bytes are not in the blob store.");
    return say_away(q, out, err);
}

/* ---- put ---- */

struct put {
    struct s3 *s;
    const char *key;
    int fd;
    int64_t size;
    struct arena *a;
    char upload_id[UPLOAD_ID_MAX]; /* percent-encoded where that is needed */
    char tags[PARTS_MAX][TAG_SIZE];
    int parts;
};

static bool hash_range(int fd, int64_t at, int64_t size, char out[65], struct err *err)
{
    char piece[65536];
    struct sha256_stream *h = sha256_new();

    while (size > 0) {
        const size_t want = size < (int64_t)sizeof(piece) ? (size_t)size : sizeof(piece);
        const ssize_t n = pread(fd, piece, want, at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        sha256_add(h, piece, (size_t)n);
        at += n;
        size -= n;
    }
    const struct hash digest = sha256_end(h);
    hex_encode(digest.b, sizeof(digest.b), out);
    return size == 0 || FAIL(err, ERR_IO, "A blob that shall be kept cannot be read.");
}

/* PUT of a range of the file, at `query`. The tag of what was put in tag, if that is wanted. */
static bool put_range(struct put *p, const char *query, int64_t at, int64_t size, char *tag,
                      struct err *err)
{
    char sha[65], path[PATH_SIZE];
    struct ask q = ask_defaults;
    struct answer answer = { .status = 0 };

    if (!hash_range(p->fd, at, size, sha, err)) return false;
    if (lseek(p->fd, at, SEEK_SET) != at) return FAIL(err, ERR_IO, "A blob cannot be read.");
    q.method = "PUT";
    q.path = path_of(p->s, p->key, query, path);
    q.sha256 = sha;
    q.fd = p->fd;
    q.size = size;
    q.timeout_ms = PART_MS;
    if (!ask_well(p->s, &q, p->a, &answer, err)) return false;
    if (!tag) return true;
    const size_t n = answer.etag ? strlen(answer.etag) : 0;
    if (n == 0 || n >= TAG_SIZE)
        return FAIL(err, ERR_BLOBS_AWAY, "The blob store names no part of an upload.");
    memcpy(tag, answer.etag, n + 1);
    return true;
}

/* What signatures and paths may hold as it is; all else is encoded. */
static bool encode(struct str s, char *out, size_t room)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    size_t at = 0;

    for (size_t i = 0; i < s.n; i++) {
        const bool is_plain = memchr(plain, s.p[i], sizeof(plain) - 1) != NULL;
        if (at + (is_plain ? 2 : 4) > room) return false;
        if (is_plain)
            out[at++] = s.p[i];
        else
            at += (size_t)snprintf(out + at, room - at, "%%%02X", (unsigned char)s.p[i]);
    }
    out[at] = '\0';
    return at > 0;
}

static bool post(struct put *p, const char *query, struct str body, struct answer *out,
                 struct err *err)
{
    char sha[65], path[PATH_SIZE];
    struct ask q = ask_defaults;

    sha256_hex(body, sha);
    q.method = "POST";
    q.path = path_of(p->s, p->key, query, path);
    q.sha256 = sha;
    q.type = "application/xml";
    q.body = body;
    q.timeout_ms = PART_MS; /* completing may take as long as copying */
    return ask_well(p->s, &q, p->a, out, err);
}

static bool put_parts(struct put *p, struct err *err)
{
    char query[UPLOAD_ID_MAX + 64];

    for (int64_t at = 0; at < p->size; at += S3_PART_BYTES, p->parts++) {
        const int64_t left = p->size - at;
        snprintf(query, sizeof(query), "?partNumber=%d&uploadId=%s", p->parts + 1, p->upload_id);
        if (!put_range(p, query, at, left < S3_PART_BYTES ? left : S3_PART_BYTES, p->tags[p->parts],
                       err))
            return false;
    }
    return true;
}

static bool complete(struct put *p, struct err *err)
{
    char query[UPLOAD_ID_MAX + 64];
    auto_buf struct buf body;
    struct answer answer = { .status = 0 };

    buf_init(&body, ANSWER_MAX);
    buf_c(&body, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (int i = 0; i < p->parts; i++)
        buf_fmt(&body, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", i + 1,
                p->tags[i]);
    buf_c(&body, "</CompleteMultipartUpload>");
    if (body.failed) return FAIL(err, ERR_NO_MEMORY, "No memory for the blob store.");
    snprintf(query, sizeof(query), "?uploadId=%s", p->upload_id);
    if (!post(p, query, buf_view(&body), &answer, err)) return false;
    /* This one may fail after its status has gone out as 200. */
    if (xml_text(answer.body, "Code").n == 0) return true;
    const struct ask q = { .method = "POST", .path = p->key };
    return say_away(&q, &answer, err);
}

static void abort_upload(struct put *p)
{
    char query[UPLOAD_ID_MAX + 64], path[PATH_SIZE];
    struct err ignored;
    struct answer answer = { .status = 0 };
    struct ask q = ask_defaults;

    snprintf(query, sizeof(query), "?uploadId=%s", p->upload_id);
    q.method = "DELETE";
    q.path = path_of(p->s, p->key, query, path);
    q.tries = 1;
    (void)ask_well(p->s, &q, p->a, &answer, &ignored);
}

static bool put_large(struct put *p, struct err *err)
{
    struct answer answer = { .status = 0 };

    if (!post(p, "?uploads=", STR(""), &answer, err)) return false;
    if (!encode(xml_text(answer.body, "UploadId"), p->upload_id, sizeof(p->upload_id)))
        return FAIL(err, ERR_BLOBS_AWAY, "The blob store begins no upload in parts.");
    if (put_parts(p, err) && complete(p, err)) return true;
    abort_upload(p);
    return false;
}

bool s3_put(struct s3 *s, const char *key, int fd, int64_t size, struct err *err)
{
    struct arena a;
    struct put p = { .s = s, .key = key, .fd = fd, .size = size, .a = &a };

    arena_init(&a, CALL_MEMORY * 4);
    const bool ok =
        size <= S3_PART_BYTES ? put_range(&p, "", 0, size, NULL, err) : put_large(&p, err);
    arena_done(&a);
    return ok;
}

/* ---- get, has, remove ---- */

bool s3_check(struct s3 *s, const char *key, bool *silent, struct err *err)
{
    static const struct str text = STR("The blobs of a Bourse market, each under its SHA-256.\n");
    char path[PATH_SIZE], sha[65];
    struct arena a;
    struct answer answer = { .status = 0 };
    struct ask q = ask_defaults;

    sha256_hex(text, sha);
    q.method = "PUT";
    q.path = path_of(s, key, "", path);
    q.sha256 = sha;
    q.type = "text/plain";
    q.body = text;
    arena_init(&a, CALL_MEMORY);
    const bool ok = ask_well(s, &q, &a, &answer, err);
    *silent = !ok && may_pass(answer.status);
    arena_done(&a);
    return ok;
}

struct get {
    int fd;
    int64_t left, most;
    enum err_code failed;
};

static bool take_bytes(void *arg, const void *p, size_t n)
{
    struct get *g = arg;
    const char *from = p;

    if ((int64_t)n > g->left) g->failed = ERR_PROTOCOL;
    while (n > 0 && g->failed == ERR_NONE) {
        const ssize_t put = write(g->fd, from, n);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) g->failed = ERR_IO;
        if (put <= 0) break;
        from += put;
        n -= (size_t)put;
        g->left -= put;
    }
    return g->failed == ERR_NONE;
}

/* A cut line: from the start again. False: it was not the line. */
static bool get_again(void *arg)
{
    struct get *g = arg;

    if (g->failed != ERR_NONE) return false;
    g->left = g->most;
    if (ftruncate(g->fd, 0) == 0 && lseek(g->fd, 0, SEEK_SET) == 0) return true;
    g->failed = ERR_IO;
    return false;
}

bool s3_get(struct s3 *s, const char *key, int fd, int64_t most, struct err *err)
{
    char path[PATH_SIZE];
    struct arena a;
    struct answer answer = { .status = 0 };
    struct get g = { .fd = fd, .left = most, .most = most };
    struct ask q = ask_defaults;

    q.path = path_of(s, key, "", path);
    q.timeout_ms = GET_MS;
    q.sink = take_bytes;
    q.again = get_again;
    q.arg = &g;
    arena_init(&a, CALL_MEMORY);
    bool ok = get_again(&g) && ask_well(s, &q, &a, &answer, err);
    arena_done(&a);
    if (g.failed == ERR_IO) ok = FAIL(err, ERR_IO, "A blob cannot be written to this disk.");
    if (g.failed == ERR_PROTOCOL)
        ok = FAIL(err, ERR_PROTOCOL, "An object of the blob store is larger than a blob may be.");
    return ok;
}

bool s3_has(struct s3 *s, const char *key, struct err *err)
{
    char path[PATH_SIZE];
    struct arena a;
    struct answer answer = { .status = 0 };
    struct ask q = ask_defaults;

    q.method = "HEAD";
    q.path = path_of(s, key, "", path);
    arena_init(&a, CALL_MEMORY);
    bool ok = ask_well(s, &q, &a, &answer, err);
    if (!ok && err->code == ERR_BLOBS_AWAY && answer.status == 404)
        ok = FAIL(err, ERR_NOT_FOUND, "Its bytes are not in the blob store.");
    arena_done(&a);
    return ok;
}

bool s3_remove(struct s3 *s, const char *key, struct err *err)
{
    char path[PATH_SIZE];
    struct arena a;
    struct answer answer = { .status = 0 };
    struct ask q = ask_defaults;

    q.method = "DELETE";
    q.path = path_of(s, key, "", path);
    q.tries = 1;
    arena_init(&a, CALL_MEMORY);
    bool ok = ask_well(s, &q, &a, &answer, err);
    if (!ok && err->code == ERR_NOT_FOUND) ok = true;
    arena_done(&a);
    return ok;
}
