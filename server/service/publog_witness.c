/* SPDX-License-Identifier: Apache-2.0 */
/* Cosignatures: a thread for each witness hands it what was signed last, with the proof that it
 * goes on from what the witness has seen (c2sp.org/tlog-witness).
 *
 * A checkpoint waits a moment for the witnesses that answered the last time, then it is published
 * with what there is. So one that is away costs one such moment, and is asked again by and by. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/publog_inside.h"
#include "sign/sha.h"
#include "tlog/cosign.h"

#define PATIENCE_US       INT64_C(2000000) /* a checkpoint waits so long for its witnesses */
#define RETRY_US          INT64_C(5000000)
#define CALL_MS           10000
#define ANSWER_MAX        65536
#define STATUS_OTHER_SIZE 409

/* ---- the file ---- */

static bool read_line(struct publog *l, struct str line, int number, struct err *err)
{
    struct str vkey, url;
    struct witness *w = &l->witnesses[l->witnesses_n];

    if (l->witnesses_n == WITNESSES_MAX)
        return FAIL(err, ERR_VALIDATION_FAILED, "More than %d witnesses.", WITNESSES_MAX);
    if (!str_cut(line, ' ', &vkey, &url) || note_key_parse(vkey, &w->key) != TLOG_OK ||
        w->key.type != NOTE_COSIGNATURE)
        return FAIL(
            err, ERR_VALIDATION_FAILED,
            "Line %d of the witnesses' file has no key of a witness, and a blank behind it.",
            number);
    url = str_trim(url);
    if (!str_starts(url, STR("http://")) && !str_starts(url, STR("https://")))
        return FAIL(err, ERR_VALIDATION_FAILED, "Line %d of the witnesses' file has no URL.",
                    number);
    w->log = l;
    w->url = arena_copy(&l->arena, url);
    w->healthy = true;
    l->witnesses_n++;
    return w->url != NULL || FAIL(err, ERR_NO_MEMORY, "No memory for the witnesses.");
}

bool publog_witnesses_read(struct publog *l, struct err *err)
{
    auto_buf struct buf text = { .max = 0 };
    struct str line, rest;

    if (!l->o.witnesses) return true;
    if (!file_read(l->o.witnesses, CONF_FILE_MAX, &text, err)) return false;
    buf_char(&text, '\n');
    rest = buf_view(&text);
    for (int number = 1; str_cut(rest, '\n', &line, &rest); number++) {
        line = str_trim(line);
        if (line.n == 0 || line.p[0] == '#') continue;
        if (!read_line(l, line, number, err)) return false;
    }
    return true;
}

/* ---- one request ---- */

/* What is to be cosigned, copied. */
struct asking {
    struct log_edge edge;
    struct buf note;
    int64_t n; /* which signed log it is */
    struct tree_reader reader;
};

static bool put_path(struct witness *w, struct asking *q, struct arena *a, struct buf *b,
                     struct err *err)
{
    struct tile_source source = { w->db, &q->edge, a, err };
    struct hash path[TREE_PATH_MAX];
    size_t n = 0;

    if (w->seen == 0 || (uint64_t)w->seen == q->edge.size) return true;
    tree_reader_init(&q->reader, sha256_parts, publog_source_tile, &source, q->edge.size);
    if (!tree_consistency(&q->reader, (uint64_t)w->seen, path, &n)) return false;
    for (size_t i = 0; i < n; i++) {
        base64_encode(path[i].b, sizeof(path[i].b), b);
        buf_char(b, '\n');
    }
    return true;
}

static bool call(struct witness *w, struct asking *q, struct arena *a, struct answer *out,
                 struct err *err)
{
    auto_buf struct buf body = { .max = (size_t)2 * NOTE_MAX };
    struct call c = call_defaults;

    buf_fmt(&body, "old %lld\n", (long long)w->seen);
    if (!put_path(w, q, a, &body, err)) return false;
    buf_char(&body, '\n');
    buf_str(&body, buf_view(&q->note));
    if (body.failed) return FAIL(err, ERR_NO_MEMORY, "No memory for the witness.");
    c.method = "POST";
    c.path = "/add-checkpoint";
    c.content_type = "text/plain; charset=utf-8";
    c.body = buf_view(&body);
    c.answer_max = ANSWER_MAX;
    c.timeout_ms = CALL_MS;
    return client_call(w->client, &c, a, out, err);
}

/* The line of this witness among those that came, if it fits what was asked. */
static bool take_line(const struct witness *w, const struct asking *q, struct str lines,
                      struct str *line)
{
    auto_buf struct buf whole = { .max = NOTE_MAX };
    struct checkpoint_note c;
    struct note asked, n;

    if (note_parse(buf_view(&q->note), &asked) != TLOG_OK) return false;
    buf_str(&whole, asked.text);
    buf_char(&whole, '\n');
    buf_str(&whole, lines);
    if (whole.failed || note_parse(buf_view(&whole), &n) != TLOG_OK ||
        checkpoint_note_parse(n.text, &c) != TLOG_OK ||
        note_verify(&n, &w->key, 1, NULL) != TLOG_OK)
        return false;
    for (size_t i = 0; i < n.signatures_n; i++) {
        if (n.signatures[i].id != w->key.id || !str_is(n.signatures[i].name, w->key.name)) continue;
        *line = (struct str){ lines.p + (n.signatures[i].line.p - (whole.p + n.text.n + 1)),
                              n.signatures[i].line.n };
        return true;
    }
    return false;
}

void publog_witness_said(struct publog *l, struct str name, uint64_t size, struct str line)
{
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < l->witnesses_n; i++) {
        struct witness *w = &l->witnesses[i];
        if (!str_is(name, w->key.name)) continue;
        buf_done(&w->line);
        buf_init(&w->line, NOTE_SIGNATURE_MAX);
        buf_str(&w->line, line);
        w->line_size = size;
    }
    pthread_mutex_unlock(&l->lock);
}

enum asked { ASKED_DONE, ASKED_AGAIN, ASKED_FAILED };

/* It has seen another size than we thought: then it says which. */
static enum asked other_size(struct witness *w, const struct asking *q, const struct answer *got,
                             struct err *err)
{
    int64_t size = 0;

    if (!str_i64(str_trim((struct str){ got->body.p, got->body.n > 0 ? got->body.n - 1 : 0 }), 0,
                 INT64_MAX, &size) ||
        size == w->seen) {
        FAIL(err, ERR_PROTOCOL, "The witness holds another root of this size: the log is forked.");
        return ASKED_FAILED;
    }
    if ((uint64_t)size > q->edge.size) {
        FAIL(err, ERR_PROTOCOL,
             "The witness has seen %lld entries and the log has %llu: an old copy was restored.",
             (long long)size, (unsigned long long)q->edge.size);
        return ASKED_FAILED;
    }
    w->seen = size;
    return ASKED_AGAIN;
}

static enum asked ask_once(struct witness *w, struct asking *q, struct arena *a, struct err *err)
{
    struct answer got = { 0 };
    struct str line;

    if (!call(w, q, a, &got, err)) return ASKED_FAILED;
    if (got.status == STATUS_OTHER_SIZE) return other_size(w, q, &got, err);
    if (got.status != 200) {
        FAIL(err, ERR_PROTOCOL, "The witness answered %d.", got.status);
        return ASKED_FAILED;
    }
    if (!take_line(w, q, got.body, &line)) {
        FAIL(err, ERR_PROTOCOL, "The witness's answer is no cosignature by its key.");
        return ASKED_FAILED;
    }
    w->seen = (int64_t)q->edge.size;
    publog_witness_said(w->log, str_of(w->key.name), q->edge.size, line);
    return ASKED_DONE;
}

static bool connect_db(struct witness *w, struct err *err)
{
    if (w->db && !db_alive(w->db)) {
        db_close(w->db);
        w->db = NULL;
    }
    if (!w->db) w->db = db_open(w->log->o.conninfo, DB_APP, err);
    return w->db != NULL;
}

static bool ask(struct witness *w, struct asking *q, struct err *err)
{
    enum asked asked = ASKED_AGAIN;

    if (!connect_db(w, err)) return false;
    for (int i = 0; i < 3 && asked == ASKED_AGAIN; i++) {
        struct arena a;
        arena_init(&a, (size_t)4 << 20);
        asked = ask_once(w, q, &a, err);
        arena_done(&a);
    }
    return asked == ASKED_DONE;
}

/* ---- its thread ---- */

/* Until there is something signed that it has not answered, or `until_us`. False: the end. */
static bool next_signed(struct witness *w, struct asking *q, int64_t until_us)
{
    struct publog *l = w->log;
    const int64_t wall = clock_wall_us() + (until_us - clock_monotonic_us());
    const struct timespec ts = { wall / 1000000, wall % 1000000 * 1000 };

    pthread_mutex_lock(&l->lock);
    while (!l->stopping && clock_monotonic_us() < until_us)
        (void)pthread_cond_timedwait(&l->news, &l->lock, &ts);
    while (!l->stopping && (l->signed_.note.n == 0 || w->state == COSIGN_DONE))
        (void)pthread_cond_wait(&l->news, &l->lock);
    const bool on = !l->stopping;
    if (on) {
        q->edge = l->signed_.edge;
        buf_clear(&q->note);
        buf_str(&q->note, buf_view(&l->signed_.note));
        q->n = l->signed_n;
    }
    pthread_mutex_unlock(&l->lock);
    return on;
}

static void answered(struct witness *w, const struct asking *q, bool ok, const struct err *err)
{
    struct publog *l = w->log;

    pthread_mutex_lock(&l->lock);
    w->healthy = ok;
    if (q->n == l->signed_n) w->state = ok ? COSIGN_DONE : COSIGN_FAILED;
    pthread_cond_broadcast(&l->cosigned);
    pthread_mutex_unlock(&l->lock);
    if (!ok && !w->told) log_err(LOG_WARN, "log.witness", err);
    if (ok && w->told) LOG(LOG_INFO, "log.witness-back", LOG_C("witness", w->key.name));
    w->told = !ok;
}

static void *witness_loop(void *arg)
{
    struct witness *w = arg;
    struct asking *q = mem_zalloc(sizeof(*q));
    int64_t until_us = 0;

    buf_init(&q->note, NOTE_MAX);
    while (next_signed(w, q, until_us)) {
        struct err err = { 0 };
        const bool ok = ask(w, q, &err);
        answered(w, q, ok, &err);
        until_us = ok ? 0 : clock_monotonic_us() + RETRY_US;
    }
    buf_done(&q->note);
    mem_free(q);
    return NULL;
}

bool publog_witnesses_start(struct publog *l, struct err *err)
{
    for (size_t i = 0; i < l->witnesses_n; i++) {
        struct witness *w = &l->witnesses[i];
        const struct client_options o = { .base_url = w->url, .user_agent = "bourse-server" };
        w->client = client_new(&o);
        if (!w->client) return FAIL(err, ERR_NO_MEMORY, "No memory for a witness.");
        if (pthread_create(&w->thread, NULL, witness_loop, w) != 0)
            return FAIL(err, ERR_NO_MEMORY, "No thread for a witness.");
        pthread_setname_np(w->thread, "witness");
        w->started = true;
    }
    return true;
}

void publog_witnesses_stop(struct publog *l)
{
    pthread_mutex_lock(&l->lock);
    pthread_cond_broadcast(&l->news);
    pthread_mutex_unlock(&l->lock);
    for (size_t i = 0; i < l->witnesses_n; i++) {
        struct witness *w = &l->witnesses[i];
        if (w->client) client_cancel(w->client);
        if (w->started) pthread_join(w->thread, NULL);
        client_free(w->client);
        db_close(w->db);
        w->client = NULL;
        w->db = NULL;
    }
}

static bool all_answered(const struct publog *l)
{
    for (size_t i = 0; i < l->witnesses_n; i++)
        if (l->witnesses[i].healthy && l->witnesses[i].state == COSIGN_WAITS) return false;
    return true;
}

void publog_witnesses_wait(struct publog *l)
{
    const int64_t wall = clock_wall_us() + PATIENCE_US;
    const struct timespec until = { wall / 1000000, wall % 1000000 * 1000 };

    pthread_mutex_lock(&l->lock);
    while (!l->stopping && !all_answered(l))
        if (pthread_cond_timedwait(&l->cosigned, &l->lock, &until) == ETIMEDOUT) break;
    for (size_t i = 0; i < l->witnesses_n; i++)
        if (l->witnesses[i].state == COSIGN_WAITS) l->witnesses[i].healthy = false;
    pthread_mutex_unlock(&l->lock);
}
