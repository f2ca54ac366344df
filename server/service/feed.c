/* SPDX-License-Identifier: Apache-2.0 */
#include "service/feed_inside.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"

#define LOOK_US 100000  /* between two looks at the books: as old as the writer's own may be */
#define TICK_US 1000000 /* between two looks at all else */

/* ---- being told ---- */

/* On the market thread, after a group is durable; or on any, when the hub closes. */
static void notified(void *arg, enum woken why)
{
    struct feed *f = arg;

    pthread_mutex_lock(&f->poke);
    f->poked = true;
    f->registered = false;
    f->closed = f->closed || why == WOKEN_CLOSED;
    pthread_cond_signal(&f->poked_at);
    pthread_mutex_unlock(&f->poke);
}

/* Until something was traded, or time is up. True: something was. */
static bool wait_for_news(struct feed *f, int64_t wait_us)
{
    const int64_t until = clock_wall_us() + wait_us;
    const struct timespec ts = { until / 1000000, until % 1000000 * 1000 };

    pthread_mutex_lock(&f->poke);
    while (!f->poked && !f->stopping)
        if (pthread_cond_timedwait(&f->poked_at, &f->poke, &ts) != 0) break;
    const bool poked = f->poked;
    f->poked = false;
    pthread_mutex_unlock(&f->poke);
    return poked;
}

/* Register, then check: what becomes durable from now on is told. */
static void register_again(struct feed *f)
{
    pthread_mutex_lock(&f->poke);
    const bool needed = !f->registered && !f->closed;
    f->registered = f->registered || needed;
    pthread_mutex_unlock(&f->poke);
    if (needed) hub_wait(f->o.hub, &f->waiter);
}

static bool is_stopping(struct feed *f)
{
    pthread_mutex_lock(&f->poke);
    const bool stopping = f->stopping;
    pthread_mutex_unlock(&f->poke);
    return stopping;
}

/* ---- looking ---- */

/* False: no memory; it is told with the next look. */
static bool look_at_pool(struct feed *f, size_t i, int64_t now_us)
{
    struct feed_pool *p = &f->pools[i];
    bool ok = true;

    if (writer_depth(f->o.writer, p->pool->number, &f->look)) {
        pthread_mutex_lock(&f->lock);
        const struct depth was = p->depth;
        p->depth = f->look;
        if (was.sequence != f->look.sequence && !feed_tell_depth(f, i, &was)) {
            p->depth = was;
            ok = false;
        }
        pthread_mutex_unlock(&f->lock);
    }
    pthread_mutex_lock(&f->lock);
    ok = feed_tell_ticker(f, i, now_us) && ok;
    pthread_mutex_unlock(&f->lock);
    return ok;
}

/* True: what was looked at is older than the market. */
static bool look(struct feed *f)
{
    struct writer_stats stats;
    const int64_t now_us = clock_wall_us();

    writer_stats(f->o.writer, &stats);
    f->look.sequence = 0;
    for (size_t i = 0; i < f->o.info->pools_n; i++)
        if (!look_at_pool(f, i, now_us))
            LOG(LOG_WARN, "feed.no-memory", LOG_I64("pool", (int64_t)i));
    pthread_mutex_lock(&f->lock);
    struct reader *chain = events_wanted(f->events);
    pthread_mutex_unlock(&f->lock);
    events_wake(chain);
    return f->look.sequence < stats.last_seq;
}

static void wake_idle(struct feed *f)
{
    pthread_mutex_lock(&f->lock);
    struct reader *chain =
        events_idle(f->events, clock_monotonic_us() - STREAM_PING_S * INT64_C(1000000));
    pthread_mutex_unlock(&f->lock);
    events_wake(chain);
}

static bool connect_db(struct feed *f, struct err *err)
{
    if (f->db && !db_alive(f->db)) {
        db_close(f->db);
        f->db = NULL;
    }
    if (!f->db) f->db = db_open(f->o.conninfo, DB_APP, err);
    return f->db != NULL;
}

static void tell_once(struct feed *f, bool ok, const struct err *err)
{
    if (!ok && !f->told) log_err(LOG_WARN, "feed.database", err);
    f->told = !ok;
}

/* True: look again soon. */
static bool one_round(struct feed *f, bool tick)
{
    struct err err = { 0 };

    register_again(f);
    bool ok = connect_db(f, &err) && feed_catch_up(f, f->db, tick, &err);
    const bool again = look(f);
    if (tick) {
        ok = ok && feed_index(f, clock_wall_us(), &err);
        tell_once(f, ok, &err);
        wake_idle(f);
    }
    return again || !ok;
}

static void *main_loop(void *arg)
{
    struct feed *f = arg;
    int64_t tick_us = 0;
    bool again = true;

    while (!is_stopping(f)) {
        const int64_t began_us = clock_monotonic_us();
        const bool tick = began_us >= tick_us;
        if (tick) tick_us = began_us + TICK_US;
        again = one_round(f, tick);
        const int64_t rest_us = began_us + LOOK_US - clock_monotonic_us();
        if (rest_us > 0 && !is_stopping(f)) clock_sleep_us(rest_us);
        const int64_t left_us = tick_us - clock_monotonic_us();
        if (!again && left_us > 0) (void)wait_for_news(f, left_us);
    }
    return NULL;
}

/* ---- from outside ---- */

struct feed *feed_start(const struct feed_options *o, struct err *err)
{
    struct feed *f = mem_zalloc(sizeof(*f));

    f->o = *o;
    f->pools = mem_zalloc((o->info->pools_n + 1) * sizeof(*f->pools));
    for (size_t i = 0; i < o->info->pools_n; i++)
        f->pools[i].pool = &o->info->pools[i];
    f->events = events_new(o->info->pools_n * CHANNELS, clock_wall_us() / 1000);
    f->waiter = (struct waiter){
        .topic = { TOPIC_COMMANDS, 0 }, .deadline_us = INT64_MAX, .wake = notified, .arg = f
    };
    pthread_mutex_init(&f->lock, NULL);
    pthread_mutex_init(&f->poke, NULL);
    pthread_cond_init(&f->caught, NULL);
    pthread_cond_init(&f->poked_at, NULL);
    if (pthread_create(&f->thread, NULL, main_loop, f) == 0) {
        pthread_setname_np(f->thread, "feed");
        return f;
    }
    FAIL(err, ERR_NO_MEMORY, "No thread for market data.");
    feed_free(f);
    return NULL;
}

void feed_close(struct feed *f)
{
    if (!f) return;
    pthread_mutex_lock(&f->lock);
    struct reader *chain = events_close(f->events);
    pthread_mutex_unlock(&f->lock);
    events_wake(chain);
}

void feed_stop(struct feed *f)
{
    if (!f) return;
    pthread_mutex_lock(&f->poke);
    f->stopping = true;
    pthread_cond_signal(&f->poked_at);
    pthread_mutex_unlock(&f->poke);
    pthread_join(f->thread, NULL);
    (void)!hub_leave(f->o.hub, &f->waiter);
    db_close(f->db);
    f->db = NULL;
}

void feed_free(struct feed *f)
{
    if (!f) return;
    for (size_t i = 0; i < f->o.info->pools_n; i++) {
        mem_free(f->pools[i].series);
        auto_free_(&f->pools[i].ticker);
    }
    mem_free(f->pools);
    events_free(f->events);
    pthread_cond_destroy(&f->poked_at);
    pthread_cond_destroy(&f->caught);
    pthread_mutex_destroy(&f->poke);
    pthread_mutex_destroy(&f->lock);
    mem_free(f);
}

/* ---- streams ---- */

static bool make_snapshots(struct feed *f, const bool *wanted)
{
    const int64_t now_us = clock_wall_us();

    for (size_t i = 0; i < f->o.info->pools_n; i++)
        for (int c = 0; c < CHANNELS; c++)
            if (wanted[FEED_TOPIC(i, c)] && !feed_snapshot(f, i, (enum channel)c, now_us))
                return false;
    return true;
}

struct reader *feed_join(struct feed *f, const bool *wanted, struct str last_id,
                         reader_wake_fn *wake, void *arg)
{
    struct events_stats stats;
    struct reader *r = NULL;

    pthread_mutex_lock(&f->lock);
    events_stats(f->events, &stats);
    if (f->loaded && stats.readers < STREAMS_MAX && make_snapshots(f, wanted))
        r = reader_new(f->events, wanted, last_id, wake, arg);
    pthread_mutex_unlock(&f->lock);
    return r;
}

void feed_leave(struct feed *f, struct reader *r)
{
    pthread_mutex_lock(&f->lock);
    reader_free(f->events, r);
    pthread_mutex_unlock(&f->lock);
}

enum reading feed_read(struct feed *f, struct reader *r, char *to, size_t max, size_t *n)
{
    pthread_mutex_lock(&f->lock);
    const enum reading read = reader_read(f->events, r, to, max, n);
    pthread_mutex_unlock(&f->lock);
    return read;
}

bool feed_sleep(struct feed *f, struct reader *r)
{
    const int64_t now_us = clock_monotonic_us();

    pthread_mutex_lock(&f->lock);
    const bool sleeps = reader_sleep(f->events, r, now_us);
    pthread_mutex_unlock(&f->lock);
    return sleeps;
}

void feed_gone(struct feed *f, struct reader *r)
{
    pthread_mutex_lock(&f->lock);
    struct reader *chain = reader_gone(f->events, r);
    pthread_mutex_unlock(&f->lock);
    events_wake(chain);
}

void feed_stats(struct feed *f, struct events_stats *out)
{
    pthread_mutex_lock(&f->lock);
    events_stats(f->events, out);
    pthread_mutex_unlock(&f->lock);
}
