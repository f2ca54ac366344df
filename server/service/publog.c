/* SPDX-License-Identifier: Apache-2.0 */
/* The sequencer's thread: append, sign, have it cosigned, publish; once a second, or at once again
 * while there is more. */
#include "service/publog.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/publog_inside.h"

#define ROUND_US INT64_C(1000000)
#define NAP_US   INT64_C(50000) /* between looks at the flag, and whether the market is ready */

static bool is_stopping(struct publog *l)
{
    pthread_mutex_lock(&l->lock);
    const bool stopping = l->stopping;
    pthread_mutex_unlock(&l->lock);
    return stopping;
}

/* ---- publishing ---- */

/* The signed note and the lines of all who have cosigned this size. Under the lock. */
static bool compose(struct publog *l, struct buf *b, int64_t *cosigned)
{
    buf_str(b, buf_view(&l->signed_.note));
    for (size_t i = 0; i < l->witnesses_n; i++) {
        const struct witness *w = &l->witnesses[i];
        if (w->line.n == 0 || w->line_size != l->signed_.edge.size) continue;
        buf_str(b, buf_view(&w->line));
        ++*cosigned;
    }
    return !b->failed;
}

static bool store_lines(struct publog *l, struct err *err)
{
    for (size_t i = 0; i < l->witnesses_n; i++) {
        const struct witness *w = &l->witnesses[i];
        auto_buf struct buf line = { .max = NOTE_SIGNATURE_MAX };
        pthread_mutex_lock(&l->lock);
        const uint64_t size = l->signed_.edge.size;
        if (w->line_size == size) buf_str(&line, buf_view(&w->line));
        pthread_mutex_unlock(&l->lock);
        if (line.n > 0 && !store_publog_cosignature_add(l->db, (int64_t)size, str_of(w->key.name),
                                                        buf_view(&line), err))
            return false;
    }
    return true;
}

/* What is durable becomes what is told. */
static bool publish(struct publog *l, struct err *err)
{
    auto_buf struct buf b = { .max = NOTE_MAX };
    int64_t cosigned = 0;

    if (!store_lines(l, err)) return false;
    pthread_mutex_lock(&l->lock);
    const bool ok = l->signed_.note.n > 0 && compose(l, &b, &cosigned);
    if (ok) {
        buf_done(&l->note);
        l->note = b;
        l->published = l->signed_.edge;
        l->stats = (struct publog_stats){ (int64_t)l->published.size, (int64_t)l->witnesses_n,
                                          cosigned, clock_wall_us() };
    }
    pthread_mutex_unlock(&l->lock);
    if (ok) buf_init(&b, 0); /* it is the log's now */
    return ok || FAIL(err, ERR_NO_MEMORY, "No memory for the checkpoint.");
}

/* There is a newer signed log; takes `note`. */
static void set_signed(struct publog *l, struct buf note, struct hash root)
{
    pthread_mutex_lock(&l->lock);
    buf_done(&l->signed_.note);
    l->signed_.edge = l->edge;
    l->signed_.root = root;
    l->signed_.note = note;
    l->signed_n++;
    for (size_t i = 0; i < l->witnesses_n; i++)
        l->witnesses[i].state = COSIGN_WAITS;
    pthread_cond_broadcast(&l->news);
    pthread_mutex_unlock(&l->lock);
}

/* Has a witness cosigned what is published since it was? */
static bool has_more_lines(struct publog *l)
{
    int64_t lines = 0;

    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < l->witnesses_n; i++)
        lines += l->witnesses[i].line.n > 0 && l->witnesses[i].line_size == l->published.size;
    const bool more = l->note.n > 0 && lines > l->stats.cosigned;
    pthread_mutex_unlock(&l->lock);
    return more;
}

/* ---- rounds ---- */

static bool connect_db(struct publog *l, struct err *err)
{
    if (l->db && !db_alive(l->db)) {
        db_close(l->db);
        l->db = NULL;
    }
    if (!l->db) l->db = db_open(l->o.conninfo, DB_APP, err);
    return l->db != NULL;
}

/* What witnesses have said of it before this server was started. */
static bool load_lines(struct publog *l, struct err *err)
{
    struct publog_cosignature_row *rows = NULL;
    size_t n = 0;
    struct arena a;

    arena_init(&a, NOTE_MAX);
    const bool ok = store_publog_cosignatures(l->db, (int64_t)l->edge.size, &a, &rows, &n, err);
    for (size_t i = 0; i < n; i++)
        publog_witness_said(l, rows[i].witness, l->edge.size, rows[i].line);
    arena_done(&a);
    return ok;
}

static bool load(struct publog *l, struct err *err)
{
    struct buf note = { .max = 0 };
    struct hash root;

    if (!publog_load(l, &note, &root, err) || !load_lines(l, err)) {
        buf_done(&note);
        return false;
    }
    if (note.n == 0) return true; /* an empty market */
    set_signed(l, note, root);
    publog_witnesses_wait(l);
    return publish(l, err);
}

/* How long to rest after it: not at all while there is more to append. */
static int64_t one_round(struct publog *l, struct err *err, bool *ok)
{
    struct writer_stats stats;
    struct buf note = { .max = 0 };
    struct hash root;

    *ok = true;
    writer_stats(l->o.writer, &stats);
    if (!stats.ready) {
        l->loaded = false;
        return NAP_US;
    }
    *ok = connect_db(l, err) && (l->loaded || load(l, err));
    if (!*ok) return ROUND_US;
    const enum appended done = publog_append(l, stats.epoch, &note, &root, err);
    switch (done) {
    case APPENDED_NONE:
        if (has_more_lines(l)) *ok = publish(l, err);
        return l->loaded ? ROUND_US : 0;
    case APPENDED_ALL:
    case APPENDED_MORE:
        set_signed(l, note, root);
        publog_witnesses_wait(l);
        *ok = publish(l, err);
        return done == APPENDED_MORE ? 0 : ROUND_US;
    case APPEND_FAILED: *ok = false; break;
    }
    return ROUND_US;
}

static void tell_once(struct publog *l, bool ok, const struct err *err)
{
    if (!ok && !l->told) log_err(LOG_ERROR, "log.waits", err);
    l->told = !ok;
}

static void sleep_until(struct publog *l, int64_t until_us)
{
    while (!is_stopping(l) && clock_monotonic_us() < until_us)
        clock_sleep_us(NAP_US);
}

static void *main_loop(void *arg)
{
    struct publog *l = arg;

    while (!is_stopping(l)) {
        const int64_t began_us = clock_monotonic_us();
        struct err err = { 0 };
        bool ok = true;
        const int64_t rest_us = one_round(l, &err, &ok);
        tell_once(l, ok, &err);
        sleep_until(l, began_us + rest_us);
    }
    return NULL;
}

/* ---- from outside ---- */

struct publog *publog_start(const struct publog_options *o, struct err *err)
{
    struct publog *l = mem_zalloc(sizeof(*l));

    l->o = *o;
    arena_init(&l->arena, (size_t)1 << 20);
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->news, NULL);
    pthread_cond_init(&l->cosigned, NULL);
    if (publog_witnesses_read(l, err) && publog_witnesses_start(l, err)) {
        if (pthread_create(&l->thread, NULL, main_loop, l) == 0) {
            pthread_setname_np(l->thread, "log");
            return l;
        }
        FAIL(err, ERR_NO_MEMORY, "No thread for the log.");
    }
    l->stopping = true;
    publog_witnesses_stop(l);
    publog_free(l);
    return NULL;
}

void publog_stop(struct publog *l)
{
    if (!l) return;
    pthread_mutex_lock(&l->lock);
    l->stopping = true;
    pthread_cond_broadcast(&l->news);
    pthread_cond_broadcast(&l->cosigned);
    pthread_mutex_unlock(&l->lock);
    pthread_join(l->thread, NULL);
    publog_witnesses_stop(l);
    db_close(l->db);
    l->db = NULL;
}

void publog_free(struct publog *l)
{
    if (!l) return;
    for (size_t i = 0; i < l->witnesses_n; i++)
        buf_done(&l->witnesses[i].line);
    buf_done(&l->signed_.note);
    buf_done(&l->note);
    arena_done(&l->arena);
    pthread_cond_destroy(&l->cosigned);
    pthread_cond_destroy(&l->news);
    pthread_mutex_destroy(&l->lock);
    mem_free(l);
}
