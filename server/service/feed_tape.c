/* SPDX-License-Identifier: Apache-2.0 */
/* The tape, read behind the last trade that is known. One reads at a time, whoever it is; the
 * others wait for what he brings. */
#include "base/clock.h"
#include "base/mem.h"
#include "service/feed_inside.h"

#define PAGE       1000
#define PAGE_BYTES (1 << 20)
#define LOAD_US    (INT64_C(25) * 3600 * 1000000) /* a day, and what a slow start takes */

static struct feed_pool *pool_of(struct feed *f, int64_t number)
{
    for (size_t i = 0; i < f->o.info->pools_n; i++)
        if (f->pools[i].pool->number == number) return &f->pools[i];
    return NULL;
}

/* ---- with the lock held ---- */

static struct series *series_of(struct feed_pool *p)
{
    if (!p->series) p->series = mem_heap.resize(mem_heap.arg, NULL, sizeof(*p->series));
    if (p->series && p->recent_n == 0) *p->series = (struct series){ .newest_us = 0 };
    return p->series;
}

static void remember(struct feed_pool *p, const struct tape_row *row)
{
    if (p->recent_n == FEED_RECENT) {
        for (size_t i = 1; i < FEED_RECENT; i++)
            p->recent[i - 1] = p->recent[i];
        p->recent_n--;
    }
    p->recent[p->recent_n++] = *row;
}

static bool take_trade(struct feed *f, const struct tape_row *row)
{
    struct feed_pool *p = pool_of(f, row->pool);

    f->last_trade = row->trade;
    if (row->own) return true;
    if (!p) return true; /* of a pool that came after we started: the next start knows it */
    struct series *series = series_of(p);
    if (!series) return false;
    series_add(series, row->at_us, row->price, row->units, row->seconds);
    remember(p, row);
    p->changed = true;
    return feed_tell_trade(f, (size_t)(p - f->pools), row);
}

static bool take_trades(struct feed *f, const struct tape_row *rows, size_t n)
{
    bool ok = true;

    pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < n && ok; i++)
        ok = take_trade(f, &rows[i]);
    struct reader *chain = events_wanted(f->events);
    pthread_mutex_unlock(&f->lock);
    events_wake(chain);
    return ok;
}

/* ---- reading ---- */

/* What was read may not be on disk yet. Nobody is told of it before: a number is given again when a
 * trade is lost, and who had seen the first would never see the second. */
static bool is_settled(struct feed *f, int64_t losses, struct err *err)
{
    return writer_settled(f->o.writer, losses) ||
           FAIL(err, ERR_OVERLOADED, "The database was lost meanwhile.");
}

static bool read_since(struct feed *f, struct db *db, struct err *err)
{
    for (;;) {
        struct arena a;
        struct tape_row *rows = NULL;
        size_t n = 0;

        arena_init(&a, PAGE_BYTES);
        const int64_t losses = writer_losses(f->o.writer);
        const enum db_rc rc = store_tape_since(db, f->last_trade, PAGE, &a, &rows, &n, err);
        const bool ok = rc == DB_ONE || rc == DB_NONE;
        const bool settled = ok && n > 0 ? is_settled(f, losses, err) : ok;
        const bool taken = settled && take_trades(f, rows, n);
        arena_done(&a);
        if (ok && !settled) return false;
        if (ok && !taken) return FAIL(err, ERR_NO_MEMORY, "No memory for the tape.");
        if (!taken || n < PAGE) return taken;
    }
}

static struct candle candle_of(const struct candle_row *r)
{
    return (struct candle){ r->start_us, r->open,  r->high,         r->low,
                            r->close,    r->units, r->unit_seconds, r->trades };
}

/* What a pool is loaded with. */
struct loaded {
    struct candle_row *minutes;
    struct tape_row *recent; /* newest first */
    size_t minutes_n, recent_n;
};

static bool read_pool(struct db *db, const struct candle_query *q, struct arena *a,
                      struct loaded *out, struct err *err)
{
    enum db_rc rc = store_candles(db, q, a, &out->minutes, &out->minutes_n, err);

    if (rc == DB_ONE || rc == DB_NONE)
        rc = store_tape_of_pool(db, q->pool, q->up_to + 1, FEED_RECENT, a, &out->recent,
                                &out->recent_n, err);
    return rc == DB_ONE || rc == DB_NONE;
}

/* With the lock held. A load that failed half-way begins anew. */
static bool take_pool(struct feed_pool *p, const struct loaded *l)
{
    p->recent_n = 0;
    if (l->recent_n == 0) return true;
    if (!series_of(p)) return false;
    for (size_t i = 0; i < l->minutes_n; i++) {
        const struct candle minute = candle_of(&l->minutes[i]);
        series_put(p->series, &minute);
    }
    for (size_t i = l->recent_n; i-- > 0;)
        remember(p, &l->recent[i]);
    p->changed = true;
    return true;
}

static bool load_pool(struct feed *f, struct feed_pool *p, struct db *db, int64_t up_to,
                      struct err *err)
{
    const struct candle_query q = { .pool = p->pool->number,
                                    .from_us = f->loaded_us,
                                    .to_us = INT64_MAX / 2,
                                    .width_s = MINUTE_US / 1000000,
                                    .up_to = up_to };
    struct loaded l = { .recent_n = 0 };
    struct arena a;

    arena_init(&a, PAGE_BYTES);
    bool ok = read_pool(db, &q, &a, &l, err);
    if (ok) {
        pthread_mutex_lock(&f->lock);
        ok = take_pool(p, &l);
        pthread_mutex_unlock(&f->lock);
        if (!ok) FAIL(err, ERR_NO_MEMORY, "No memory for the tape.");
    }
    arena_done(&a);
    return ok;
}

static bool load(struct feed *f, struct db *db, struct err *err)
{
    const int64_t losses = writer_losses(f->o.writer);
    int64_t last = 0;

    f->loaded_us = candle_start(clock_wall_us() - LOAD_US, MINUTE_US);
    if (!store_tape_last(db, &last, err)) return false;
    for (size_t i = 0; i < f->o.info->pools_n; i++)
        if (!load_pool(f, &f->pools[i], db, last, err)) return false;
    f->last_trade = last;
    return is_settled(f, losses, err);
}

/* ---- one at a time ---- */

/* True: the caller is to read. False: what he wants is known. */
static bool begin(struct feed *f, int64_t seq, bool force)
{
    pthread_mutex_lock(&f->lock);
    while (f->catching)
        pthread_cond_wait(&f->caught, &f->lock);
    const bool reads = force || !f->loaded || f->seq < seq;
    f->catching = reads;
    pthread_mutex_unlock(&f->lock);
    return reads;
}

static void end(struct feed *f, int64_t seq, bool ok)
{
    pthread_mutex_lock(&f->lock);
    f->catching = false;
    f->loaded = f->loaded || ok;
    if (ok && seq > f->seq) f->seq = seq;
    pthread_cond_broadcast(&f->caught);
    pthread_mutex_unlock(&f->lock);
}

bool feed_catch_up(struct feed *f, struct db *db, bool force, struct err *err)
{
    struct writer_stats stats;

    writer_stats(f->o.writer, &stats);
    if (!begin(f, stats.last_seq, force)) return true;
    const bool ok = (f->loaded || load(f, db, err)) && read_since(f, db, err);
    end(f, stats.last_seq, ok);
    return ok;
}

bool feed_refresh(struct feed *f, struct db *db, struct err *err)
{
    return feed_catch_up(f, db, false, err);
}

/* ---- what is known ---- */

bool feed_is_loaded(struct feed *f)
{
    pthread_mutex_lock(&f->lock);
    const bool loaded = f->loaded;
    pthread_mutex_unlock(&f->lock);
    return loaded;
}

struct figures feed_figures_of(const struct feed_pool *p, int64_t now_us)
{
    const int64_t from_us = candle_start(now_us, MINUTE_US) - DAY_MINUTES * MINUTE_US;
    struct figures f = { .day = { .start_us = from_us }, .index = p->index };

    f.asks = &p->depth.asks;
    f.bids = &p->depth.bids;
    if (p->recent_n > 0) f.last = &p->recent[p->recent_n - 1];
    if (p->series) f.day = series_sum(p->series, from_us, from_us + DAY_MINUTES * MINUTE_US * 2);
    return f;
}

bool feed_figures(struct feed *f, int32_t pool, int64_t now_us, struct figures *out,
                  struct tape_row *last)
{
    pthread_mutex_lock(&f->lock);
    const struct feed_pool *p = pool_of(f, pool);
    if (p) {
        *out = feed_figures_of(p, now_us);
        out->asks = out->bids = NULL;
        if (out->last) {
            *last = *out->last;
            out->last = last;
        }
    }
    pthread_mutex_unlock(&f->lock);
    return p != NULL;
}

bool feed_candles(struct feed *f, int32_t pool, int64_t from_us, int64_t width_us,
                  struct candle *out, size_t n)
{
    pthread_mutex_lock(&f->lock);
    const struct feed_pool *p = pool_of(f, pool);
    const bool known = p && f->loaded && from_us >= f->loaded_us &&
                       (!p->series || series_holds(p->series, from_us));
    for (size_t i = 0; i < n && known; i++) {
        const int64_t at = from_us + (int64_t)i * width_us;
        out[i] = p->series ? series_sum(p->series, at, at + width_us)
                           : (struct candle){ .start_us = at };
    }
    pthread_mutex_unlock(&f->lock);
    return known;
}
