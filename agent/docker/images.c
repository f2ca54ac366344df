/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "docker/call.h"
#include "docker/progress.h"
#include "docker/reasons.h"
#include "sign/login.h"
#include "wire/image_ref.h"

#define PATH_SIZE (3 * IMAGE_MAX + 64)
#define AUTH_MAX  LOGIN_BOX_MAX

/* "docker.io/library/busybox:1@sha256:…" without tag and digest. */
static struct str repository(struct str ref)
{
    struct str head, tail;
    if (str_cut(ref, '@', &head, &tail)) ref = head;
    for (size_t i = ref.n; i > 0 && ref.p[i - 1] != '/'; i--)
        if (ref.p[i - 1] == ':') return (struct str){ ref.p, i - 1 };
    return ref;
}

static bool has_tag_or_digest(struct str ref)
{
    return repository(ref).n < ref.n;
}

static bool ends_with(struct str s, struct str end)
{
    return s.n >= end.n && str_eq((struct str){ s.p + s.n - end.n, end.n }, end);
}

/* The digest under which the registry knows it: that of the same repository, if there are several.
 */
static void take_digest(const json_t *digests, struct str ref, struct engine_image *out)
{
    const struct str wanted = repository(ref);
    out->digest[0] = '\0';
    for (size_t i = 0; i < json_array_size(digests); i++) {
        struct str name, digest;
        const struct str item = str_of(json_string_value(json_array_get(digests, i)));
        if (!str_cut(item, '@', &name, &digest) || digest.n >= sizeof(out->digest)) continue;
        const bool same = ends_with(name, wanted);
        if (out->digest[0] == '\0' || same)
            snprintf(out->digest, sizeof(out->digest), "%.*s", (int)digest.n, digest.p);
        if (same) return;
    }
}

enum engine_result docker_image_find(void *self, struct str ref, struct engine_image *out,
                                     struct err *err)
{
    char path[PATH_SIZE];
    auto_json json_t *j = NULL;
    snprintf(path, sizeof(path), "/images/%.*s/json", (int)ref.n, ref.p);
    const struct engine_call c = { .method = "GET", .path = path };
    const enum engine_result r = engine_json(self, &c, &j, err);
    if (r != ENGINE_DONE) return r;

    const struct str id = json_get_text(j, "Id");
    if (id.n == 0 || id.n >= sizeof(out->id)) {
        FAIL(err, ERR_PROTOCOL, "The engine shows an image without an id.");
        return ENGINE_FAILED;
    }
    memset(out, 0, sizeof(*out));
    snprintf(out->id, sizeof(out->id), "%.*s", (int)id.n, id.p);
    take_digest(json_object_get(j, "RepoDigests"), ref, out);
    return ENGINE_DONE;
}

/* Do a call that tells its progress, and read that. True: there was an answer. */
static bool follow(struct docker *d, struct engine_call *c, struct progress *p, struct err *err)
{
    struct arena a;
    struct answer answer;
    c->sink = progress_feed;
    c->sink_arg = p;
    c->timeout_ms = SLOW_MS;
    arena_init(&a, ENGINE_ANSWER_MAX);
    const bool heard = engine_call(d, c, &a, &answer, err);
    if (heard && answer.status >= 300) {
        progress_feed(p, answer.body.p, answer.body.n);
        progress_end(p);
        if (p->error[0] == '\0') snprintf(p->error, sizeof(p->error), "status %d", answer.status);
    }
    progress_end(p);
    arena_done(&a);
    return heard;
}

/* "X-Registry-Auth: …", URL-safe base64 with padding of what `docker login` keeps. NULL: no memory.
 * The caller wipes `out`. */
static const char *auth_header(const struct image_pull *pull, struct buf *out)
{
    const struct str registry = image_registry(pull->ref);
    auto_buf struct buf text = { .max = AUTH_MAX };

    buf_reserve(&text, AUTH_MAX);
    buf_c(&text, "{\"username\":");
    json_canonical_text(pull->login->username, &text);
    buf_c(&text, ",\"password\":");
    json_canonical_text(pull->login->password, &text);
    buf_c(&text, ",\"serveraddress\":");
    json_canonical_text(registry, &text);
    buf_char(&text, '}');
    buf_reserve(out, (size_t)2 * AUTH_MAX);
    buf_c(out, "X-Registry-Auth: ");
    const size_t before = out->n;
    base64url_encode((const uint8_t *)text.p, text.n, out);
    while ((out->n - before) % 4 != 0)
        buf_char(out, '=');
    buf_char(out, '\0');
    const bool failed = text.failed || out->failed;
    if (text.p) explicit_bzero(text.p, text.cap);
    return failed ? NULL : out->p;
}

enum engine_result docker_image_pull(void *self, const struct image_pull *pull,
                                     struct engine_image *out, struct err *err)
{
    const struct str ref = pull->ref;
    char path[PATH_SIZE];
    struct progress p;
    auto_buf struct buf auth = { .max = (size_t)2 * AUTH_MAX };
    /* Without a tag an engine would fetch all there are. */
    snprintf(path, sizeof(path), "/images/create?fromImage=%.*s%s", (int)ref.n, ref.p,
             has_tag_or_digest(ref) ? "" : ":latest");
    struct engine_call c = { .method = "POST", .path = path };
    if (pull->login && !(c.header = auth_header(pull, &auth))) {
        FAIL(err, ERR_NO_MEMORY, "No memory was left for a login.");
        return ENGINE_FAILED;
    }
    progress_init(&p, pull);
    const bool heard = follow(self, &c, &p, err);
    if (auth.p) explicit_bzero(auth.p, auth.cap);
    if (!heard) return ENGINE_FAILED;
    if (p.error[0] == '\0') return docker_image_find(self, ref, out, err);

    FAIL(err, ERR_PROTOCOL, "The image could not be fetched: %s", p.error);
    return pull_failure(str_of(p.error));
}

/* Which image came out of an archive. */
static enum engine_result loaded(struct docker *d, const struct progress *p,
                                 struct engine_image *out, struct err *err)
{
    if (p->loaded_n == 1) return docker_image_find(d, str_of(p->loaded[0]), out, err);
    FAIL(err, ERR_VALIDATION_FAILED, "The archive must hold one image; it holds %zu.", p->loaded_n);
    return ENGINE_BAD_IMAGE;
}

enum engine_result docker_image_load(void *self, int fd, int64_t size, struct engine_image *out,
                                     struct err *err)
{
    struct progress p;
    struct engine_call c = {
        .method = "POST", .path = "/images/load?quiet=1", .fd = fd, .size = size
    };
    if (size <= 0) {
        FAIL(err, ERR_VALIDATION_FAILED, "The archive is empty.");
        return ENGINE_BAD_IMAGE;
    }
    if (lseek(fd, 0, SEEK_SET) != 0) {
        FAIL(err, ERR_IO, "The archive cannot be read from its start.");
        return ENGINE_FAILED;
    }
    progress_init(&p, NULL);
    if (!follow(self, &c, &p, err)) return ENGINE_FAILED;
    if (p.error[0] == '\0') return loaded(self, &p, out, err);

    FAIL(err, ERR_PROTOCOL, "The image could not be loaded: %s", p.error);
    return load_failure(str_of(p.error));
}
