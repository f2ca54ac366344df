/* SPDX-License-Identifier: Apache-2.0 */
#include "witness.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "request.h"
#include "sign/sha.h"
#include "state.h"
#include "tlog/cosign.h"

#define ARENA_MAX ((size_t)1 << 20)

struct witness {
    struct arena arena;
    const char *state;
    struct key *secret;
    struct note_key key;
    struct note_key logs[WITNESS_KEYS_MAX];
    size_t logs_n;
    int lock_fd;          /* one process alone has the folder */
    pthread_mutex_t lock; /* guards: the files of the logs */
};

/* ---- making and opening ---- */

bool witness_init(const char *state, const char *name, struct err *err)
{
    struct arena a;
    struct stat st;

    if (!note_name_ok(str_of(name)))
        return FAIL(err, ERR_VALIDATION_FAILED,
                    "A name has no blanks and no '+', and at most %d bytes.", NOTE_NAME_MAX);
    if (!dir_make(state, err)) return false;
    arena_init(&a, ARENA_MAX);
    const char *key_path = arena_fmt(&a, "%s/witness.key", state);
    const char *name_path = arena_fmt(&a, "%s/name", state);
    bool ok = key_path && name_path;
    if (!ok) FAIL(err, ERR_NO_MEMORY, "No memory for paths.");
    if (ok && stat(key_path, &st) == 0)
        ok = FAIL(err, ERR_WRONG_STATE, "%s has a key already.", state);
    struct key *k = ok ? key_new() : NULL;
    /* The key last: it says that all is there. */
    ok = ok && file_write(name_path, str_of(name), 0644, err) && key_save(k, key_path, err);
    key_free(k);
    arena_done(&a);
    return ok;
}

static bool load_key(struct witness *w, struct err *err)
{
    auto_buf struct buf name = { .max = 0 };
    const char *key_path = arena_fmt(&w->arena, "%s/witness.key", w->state);
    const char *name_path = arena_fmt(&w->arena, "%s/name", w->state);

    if (!key_path || !name_path) return FAIL(err, ERR_NO_MEMORY, "No memory for paths.");
    w->secret = key_load(key_path, err);
    if (!w->secret || !file_read(name_path, NOTE_NAME_MAX, &name, err)) return false;
    if (!note_name_ok(buf_view(&name)))
        return FAIL(err, ERR_VALIDATION_FAILED, "%s holds no name.", name_path);
    const struct public_key public = key_public(w->secret);
    w->key = note_key_of(buf_view(&name), NOTE_COSIGNATURE, &public);
    return true;
}

static bool load_logs(struct witness *w, const char *path, struct err *err)
{
    auto_buf struct buf text = { .max = 0 };
    struct str line, rest;

    if (!file_read(path, CONF_FILE_MAX, &text, err)) return false;
    buf_char(&text, '\n');
    rest = buf_view(&text);
    for (int number = 1; str_cut(rest, '\n', &line, &rest); number++) {
        line = str_trim(line);
        if (line.n == 0 || line.p[0] == '#') continue;
        if (w->logs_n == WITNESS_KEYS_MAX)
            return FAIL(err, ERR_VALIDATION_FAILED, "%s names more than %d keys.", path,
                        WITNESS_KEYS_MAX);
        struct note_key *k = &w->logs[w->logs_n++];
        if (note_key_parse(line, k) != TLOG_OK || k->type != NOTE_ED25519)
            return FAIL(err, ERR_VALIDATION_FAILED, "Line %d of %s is no verifier key of a log.",
                        number, path);
    }
    return true;
}

static bool take_folder(struct witness *w, struct err *err)
{
    const char *path = arena_fmt(&w->arena, "%s/lock", w->state);

    if (!path) return FAIL(err, ERR_NO_MEMORY, "No memory for paths.");
    w->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (w->lock_fd < 0) return FAIL(err, ERR_IO, "%s cannot be opened: %s.", path, strerror(errno));
    if (flock(w->lock_fd, LOCK_EX | LOCK_NB) == 0) return true;
    return FAIL(err, ERR_WRONG_STATE, "Another witness runs in %s.", w->state);
}

/* What cannot be read later is told now. */
static bool check_states(struct witness *w, struct err *err)
{
    struct last_seen last;

    for (size_t i = 0; i < w->logs_n; i++)
        if (!state_read(w->state, str_of(w->logs[i].name), &last, err)) return false;
    return true;
}

struct witness *witness_open(const struct witness_options *o, struct err *err)
{
    struct witness *w = mem_zalloc(sizeof(*w));

    arena_init(&w->arena, ARENA_MAX);
    pthread_mutex_init(&w->lock, NULL);
    w->lock_fd = -1;
    w->state = o->state;
    if (load_key(w, err) && load_logs(w, o->origins, err) && take_folder(w, err) &&
        check_states(w, err))
        return w;
    witness_close(w);
    return NULL;
}

void witness_close(struct witness *w)
{
    if (!w) return;
    if (w->lock_fd >= 0) close(w->lock_fd);
    key_free(w->secret);
    pthread_mutex_destroy(&w->lock);
    arena_done(&w->arena);
    mem_free(w);
}

const struct note_key *witness_key(const struct witness *w)
{
    return &w->key;
}

/* ---- add-checkpoint ---- */

static void answer(struct witness_answer *out, int status, const char *sentence)
{
    *out = (struct witness_answer){ status, "text/plain; charset=utf-8", str_of(sentence) };
}

static void answer_size(struct arena *a, struct witness_answer *out, uint64_t size)
{
    const char *text = arena_fmt(a, "%llu\n", (unsigned long long)size);

    *out = (struct witness_answer){ 409, "text/x.tlog.size", str_of(text) };
}

/* Is it signed by a key that we trust for this log? Its own status when not. */
static int check_origin(const struct witness *w, const struct add_request *r)
{
    struct note_key keys[16];
    size_t n = 0;

    for (size_t i = 0; i < w->logs_n && n < ARRAY_LEN(keys); i++)
        if (str_is(r->checkpoint.origin, w->logs[i].name)) keys[n++] = w->logs[i];
    if (n == 0) return 404;
    return note_verify(&r->note, keys, n, NULL) == TLOG_OK ? 200 : 403;
}

/* Does the new one go on from what we have seen? */
static bool goes_on(const struct add_request *r, const struct last_seen *last)
{
    const struct hash empty = merkle_root(sha256_parts, NULL, 0);

    if (r->checkpoint.size == 0)
        return r->path_n == 0 && memcmp(r->checkpoint.root.b, empty.b, sizeof(empty.b)) == 0;
    if (last->size == 0) return r->path_n == 0;
    return merkle_check_consistency(sha256_parts, last->size, r->checkpoint.size, r->path,
                                    r->path_n, last->root, r->checkpoint.root);
}

static void cosign(const struct witness *w, const struct add_request *r, int64_t now_s,
                   struct arena *a, struct witness_answer *out)
{
    auto_buf struct buf line = { .max = NOTE_SIGNATURE_MAX };
    uint8_t signature[COSIGNATURE_SIZE];

    cosignature_make(r->note.text, (uint64_t)now_s, w->secret, signature);
    note_put_line(&line, &w->key, signature, sizeof(signature));
    const char *copy = line.failed ? NULL : arena_copy(a, buf_view(&line));
    answer(out, 200, "");
    out->body = (struct str){ copy, copy ? line.n : 0 };
    if (!copy) answer(out, 500, "No memory was left.\n");
}

/* Under the lock: look, write, answer. */
static void add(struct witness *w, const struct add_request *r, int64_t now_s, struct arena *a,
                struct witness_answer *out)
{
    struct last_seen last;
    struct err err = { 0 };

    if (!state_read(w->state, r->checkpoint.origin, &last, &err)) {
        log_err(LOG_ERROR, "witness.state", &err);
        answer(out, 500, "What was seen last cannot be read.\n");
        return;
    }
    if (r->old != last.size) {
        answer_size(a, out, last.size);
        return;
    }
    if (r->checkpoint.size == last.size && last.size > 0 &&
        memcmp(r->checkpoint.root.b, last.root.b, sizeof(last.root.b)) != 0) {
        LOG(LOG_ERROR, "witness.fork", LOG_STR("origin", r->checkpoint.origin),
            LOG_I64("size", (int64_t)last.size));
        answer(out, 409, "Another root of this size was cosigned.\n");
        return;
    }
    if (!goes_on(r, &last)) {
        answer(out, 422, "The proof does not lead from the checkpoint that was cosigned last.\n");
        return;
    }
    if (r->checkpoint.size != last.size && !state_write(w->state, &r->checkpoint, &err)) {
        log_err(LOG_ERROR, "witness.state", &err);
        answer(out, 500, "It could not be written.\n");
        return;
    }
    cosign(w, r, now_s, a, out);
}

void witness_add_checkpoint(struct witness *w, struct str request, int64_t now_s, struct arena *a,
                            struct witness_answer *out)
{
    struct add_request *r = arena_alloc(a, sizeof(*r));

    if (!r) {
        answer(out, 500, "No memory was left.\n");
        return;
    }
    const enum tlog_rc rc = add_request_parse(request, r);
    if (rc != TLOG_OK) {
        answer(out, 400, tlog_reason(rc));
        return;
    }
    const int status = check_origin(w, r);
    if (status != 200) {
        answer(out, status,
               status == 404 ? "This log is not known here.\n"
                             : "No trusted key of this log has signed it.\n");
        return;
    }
    if (r->old > r->checkpoint.size) {
        answer(out, 400, "The old size is above the checkpoint's.\n");
        return;
    }
    pthread_mutex_lock(&w->lock);
    add(w, r, now_s, a, out);
    pthread_mutex_unlock(&w->lock);
}
