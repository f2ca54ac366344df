/* SPDX-License-Identifier: Apache-2.0 */
#include "service/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "service/archive.h"
#include "sign/login.h"
#include "sign/sha.h"
#include "wire/image_ref.h"
#include "json/json.h"

#define LOADED_MAX (1 << 20) /* bytes of images.json */
#define TRIES      3         /* for what should not fail twice */
#define READ_SIZE  65536

struct fetch {
    struct fetch_place *place;
    struct str ref;
    const struct image_wish *wish;
    char sha[SHA_TEXT_SIZE]; /* of a blob */
    const struct fetch_ear *ear;
    struct images_answer *out;
    struct err err;
};

static bool refuse(struct fetch *f, const char *reason, const char *fault)
{
    f->out->reason = reason;
    f->out->fault = fault;
    snprintf(f->out->detail, sizeof(f->out->detail), "%s", f->err.detail);
    log_err(LOG_WARN, "image.refused", &f->err);
    return false;
}

static void tell(const struct fetch *f, enum image_phase phase, int64_t done, int64_t total)
{
    const struct image_progress p = { phase, done, total };
    f->ear->tell(f->ear->arg, &p);
}

static enum engine_result find(struct fetch *f, struct str id)
{
    const struct engine *e = f->place->engine;
    return e->ops->image_find(e->self, id, &f->out->image, &f->err);
}

/* ---- what has been loaded from blobs -----------------------------------------------------------
 */

static bool loaded_path(const struct fetch *f, char out[PATH_MAX])
{
    const int n = snprintf(out, PATH_MAX, "%s/cache/images.json", f->place->dir);
    return n > 0 && n < PATH_MAX;
}

/* The whole of images.json, {"<sha of the blob>": "<id of the image>"}. Anything wrong with it is
 * as good as an empty one: it only saves time. */
static json_t *loaded_read(const struct fetch *f)
{
    char path[PATH_MAX];
    struct err err;
    auto_buf struct buf text = { .max = LOADED_MAX };
    json_t *j = NULL;
    if (loaded_path(f, path) && file_read(path, LOADED_MAX, &text, &err))
        j = json_parse(buf_view(&text), &err);
    if (json_is_object(j)) return j;
    json_decref(j);
    return json_object();
}

static bool was_loaded(struct fetch *f)
{
    pthread_mutex_lock(&f->place->lock);
    auto_json json_t *loaded = loaded_read(f);
    pthread_mutex_unlock(&f->place->lock);
    const struct str id = json_get_text(loaded, f->sha);
    return id.n > 0 && find(f, id) == ENGINE_DONE;
}

static void note_loaded(struct fetch *f)
{
    char path[PATH_MAX];
    struct err err;
    auto_buf struct buf text = { .max = LOADED_MAX };

    pthread_mutex_lock(&f->place->lock);
    auto_json json_t *loaded = loaded_read(f);
    json_object_set_new(loaded, f->sha, json_text(str_of(f->out->image.id)));
    json_canonical(loaded, &text);
    if (!text.failed && loaded_path(f, path) && !file_write(path, buf_view(&text), 0600, &err))
        log_err(LOG_WARN, "image.not_noted", &err);
    pthread_mutex_unlock(&f->place->lock);
}

/* ---- from the market's blob store --------------------------------------------------------------
 */

static bool has_digest(int fd, const char *sha)
{
    char chunk[READ_SIZE], text[SHA_TEXT_SIZE];
    struct sha256_stream *s = sha256_new();
    off_t at = 0;
    ssize_t n;
    while ((n = pread(fd, chunk, sizeof(chunk), at)) > 0) {
        sha256_add(s, chunk, (size_t)n);
        at += n;
    }
    const struct hash h = sha256_end(s);
    hex_encode(h.b, sizeof(h.b), text);
    return n == 0 && strcmp(text, sha) == 0;
}

/* *again: whether another try may help; it goes on behind what is in the file. */
static bool download_once(struct fetch *f, int fd, bool *again)
{
    const struct link *m = f->place->market;
    const off_t had = lseek(fd, 0, SEEK_END);
    *again = false;
    switch (m->ops->blob_get(m->self, f->sha, fd, BLOB_MAX, &f->err)) {
    case LINK_DONE: break;
    case LINK_UNREACHABLE: *again = true; return false;
    case LINK_REFUSED:
        if (f->err.code == ERR_IO) return refuse(f, "engine-failed", "provider");
        return refuse(f, "image-unavailable", "buyer");
    case LINK_GONE:
    case LINK_STALE: return refuse(f, "image-unavailable", "buyer");
    }
    if (has_digest(fd, f->sha)) return true;
    *again = had > 0 && ftruncate(fd, 0) == 0; /* what was there may not have been of it */
    if (*again) return false;
    FAIL(&f->err, ERR_DIGEST_MISMATCH, "The market gave other bytes than the image's digest says.");
    return refuse(f, "image-unavailable", "nobody");
}

static bool download(struct fetch *f, int fd)
{
    bool again;
    do {
        if (download_once(f, fd, &again)) return true;
    } while (again && f->ear->go_on(f->ear->arg));
    return !again ? false : refuse(f, "image-unavailable", "nobody");
}

static bool load(struct fetch *f, int fd)
{
    const struct engine *e = f->place->engine;
    struct stat st;
    if (fstat(fd, &st) != 0 || !archive_untag(fd, st.st_size, &f->err))
        return f->err.code == ERR_VALIDATION_FAILED ? refuse(f, "image-invalid", "buyer")
                                                    : refuse(f, "engine-failed", "provider");
    for (int tries = 1;; tries++) {
        const enum engine_result r =
            e->ops->image_load(e->self, fd, st.st_size, &f->out->image, &f->err);
        if (r == ENGINE_DONE) return true;
        if (r == ENGINE_BAD_IMAGE) return refuse(f, "image-invalid", "buyer");
        if (tries == TRIES || !f->ear->go_on(f->ear->arg))
            return refuse(f, "engine-failed", "provider");
    }
}

static bool fetch_blob(struct fetch *f)
{
    char path[PATH_MAX];
    if (was_loaded(f)) return true;

    snprintf(path, sizeof(path), "%s/cache", f->place->dir);
    if (!dir_make(path, &f->err)) return refuse(f, "engine-failed", "provider");
    snprintf(path, sizeof(path), "%s/cache/%s.tar", f->place->dir, f->sha);
    auto_close int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        FAIL(&f->err, ERR_IO, "The image's file could not be made.");
        return refuse(f, "engine-failed", "provider");
    }
    tell(f, IMAGE_DOWNLOADS, 0, -1);
    bool ok = download(f, fd);
    const off_t size = ok ? lseek(fd, 0, SEEK_END) : 0;
    if (ok) tell(f, IMAGE_UNPACKS, size, size);
    ok = ok && load(f, fd);
    unlink(path); /* the engine has its own copy */
    if (ok) note_loaded(f);
    return ok;
}

/* ---- from a registry ---------------------------------------------------------------------------
 */

/* With a login or without. */
static bool pull_with(struct fetch *f, const struct login *login)
{
    const struct engine *e = f->place->engine;
    const struct image_pull p = { f->ref, login, f->ear->tell, f->ear->arg };
    for (int tries = 1;; tries++) {
        switch (e->ops->image_pull(e->self, &p, &f->out->image, &f->err)) {
        case ENGINE_DONE: return true;
        case ENGINE_NO_SUCH: return refuse(f, "image-unavailable", "buyer");
        case ENGINE_BAD_IMAGE: return refuse(f, "image-invalid", "buyer");
        case ENGINE_BAD_COMMAND:
        case ENGINE_DIFFERS:
        case ENGINE_FAILED: break;
        }
        if (tries < TRIES && f->ear->go_on(f->ear->arg)) continue;
        /* The engine itself does not answer, or it does and the registry does not. */
        return f->err.code == ERR_IO ? refuse(f, "engine-failed", "provider")
                                     : refuse(f, "image-unavailable", "nobody");
    }
}

/* Until the market answers, or nobody waits any more. False: refused. */
static bool ask_login(struct fetch *f, const struct seal_public *to, struct arena *a,
                      struct sealed_login *out)
{
    const struct link *m = f->place->market;
    const struct image_wish *w = f->wish;
    do {
        switch (m->ops->registry_login(m->self, w->lease_id, w->epoch, to, a, out, &f->err)) {
        case LINK_DONE: return true;
        case LINK_UNREACHABLE: break;
        case LINK_GONE: return refuse(f, "image-unavailable", "buyer");
        case LINK_STALE:
        case LINK_REFUSED: return refuse(f, "image-unavailable", "nobody");
        }
    } while (f->ear->go_on(f->ear->arg));
    return refuse(f, "image-unavailable", "nobody");
}

static bool pull_by(struct fetch *f, struct arena *a, const struct seal_key *key)
{
    struct sealed_login sealed;
    struct login login;
    if (!ask_login(f, &key->public, a, &sealed)) return false;

    const struct login_place place = { .market_id = f->place->trust->market_id,
                                       .registry = sealed.registry,
                                       .lease_id = f->wish->lease_id,
                                       .epoch = f->wish->epoch };
    if (!str_eq(sealed.registry, image_registry(f->ref))) {
        FAIL(&f->err, ERR_PROTOCOL, "The market gave a login for another registry.");
        return refuse(f, "image-unavailable", "nobody");
    }
    if (!login_open(key, &place, sealed.box, a, &login, &f->err))
        return refuse(f, "image-unavailable", "nobody");
    const bool ok = pull_with(f, &login);
    login_wipe(&login);
    return ok;
}

/* The login is asked for with a key that lives as long as this call. It reaches the engine alone:
 * no file, no log. */
static bool pull(struct fetch *f)
{
    struct seal_key key;
    struct arena a;
    if (f->wish->lease_id.n == 0) return pull_with(f, NULL);

    seal_key_new(&key);
    arena_init(&a, (size_t)8 * LOGIN_BOX_MAX);
    const bool ok = pull_by(f, &a, &key);
    arena_done(&a);
    seal_key_wipe(&key);
    return ok;
}

bool fetch_image(struct fetch_place *place, const struct image_wish *wish,
                 const struct fetch_ear *ear, struct images_answer *out)
{
    struct fetch f = { .place = place, .ref = wish->ref, .wish = wish, .ear = ear, .out = out };
    const struct str ref = wish->ref, digest = image_ref_digest(ref);
    bool ok;

    if (str_starts(ref, STR("blob:"))) {
        memcpy(f.sha, digest.p + 7, SHA_TEXT_SIZE - 1);
        ok = fetch_blob(&f);
    } else {
        ok = (digest.n > 0 && find(&f, ref) == ENGINE_DONE) || pull(&f);
    }
    if (ok && digest.n > 0)
        snprintf(out->image.digest, sizeof(out->image.digest), "%.*s", (int)digest.n, digest.p);
    if (ok && out->image.digest[0] == '\0')
        memcpy(out->image.digest, out->image.id, sizeof(out->image.digest));
    return ok;
}
