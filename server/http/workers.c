/* SPDX-License-Identifier: Apache-2.0 */
/* A thread whose connection is lost goes on taking work and answers it at once with "no database",
 * as clients are better told than kept; between two attempts to connect it waits longer and longer,
 * with jitter, so that the threads of all servers do not come back in the same instant. */
#include "http/workers.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/queue.h"
#include "base/random.h"

#define RETRY_FIRST_US 100000
#define RETRY_LAST_US  5000000
#define IDLE_US        500000 /* how often a thread without work looks at its connection */

struct worker {
    struct workers *all;
    pthread_t thread;
    struct db *db;
    int64_t retry_at_us, retry_us;
    bool was_connected;
};

struct workers {
    struct workers_options o;
    struct queue queue;
    struct worker *v;
    int started;
    atomic_llong connected, busy;
    atomic_bool stopping;
};

static bool is_connected(const struct worker *w)
{
    return w->db && db_alive(w->db);
}

static void note_connection(struct worker *w)
{
    const bool now = is_connected(w);
    if (now != w->was_connected) atomic_fetch_add(&w->all->connected, now ? 1 : -1);
    w->was_connected = now;
}

static bool open_connection(struct worker *w, struct err *err)
{
    if (w->db) return db_reset(w->db, err);
    w->db = db_open(w->all->o.conninfo, DB_APP, err);
    return w->db != NULL;
}

/* Connect if there is no connection and it is time to try. */
static void connect_again(struct worker *w)
{
    const int64_t now_us = clock_monotonic_us();
    if (!w->all->o.conninfo || is_connected(w) || now_us < w->retry_at_us) return;

    struct err err = { .code = ERR_NONE };
    if (open_connection(w, &err)) {
        w->retry_us = 0;
        return;
    }
    log_err(LOG_WARN, "worker.no_database", &err);
    w->retry_us = w->retry_us ? 2 * w->retry_us : RETRY_FIRST_US;
    if (w->retry_us > RETRY_LAST_US) w->retry_us = RETRY_LAST_US;
    w->retry_at_us = now_us + random_between(w->retry_us / 2, w->retry_us);
}

static void *run_worker(void *arg)
{
    struct worker *w = arg;
    for (;;) {
        connect_again(w);
        note_connection(w);

        void *item = NULL;
        if (queue_pop(&w->all->queue, &item, 1, IDLE_US) == 0) {
            if (atomic_load(&w->all->stopping)) break;
            continue;
        }
        struct work *work = item;
        atomic_fetch_add(&w->all->busy, 1);
        work->run(work, is_connected(w) ? w->db : NULL);
        atomic_fetch_sub(&w->all->busy, 1);
    }
    db_close(w->db);
    return NULL;
}

static bool start_threads(struct workers *ws)
{
    for (; ws->started < ws->o.n; ws->started++) {
        struct worker *w = &ws->v[ws->started];
        w->all = ws;
        if (pthread_create(&w->thread, NULL, run_worker, w) != 0) return false;
        pthread_setname_np(w->thread, "worker");
    }
    return true;
}

struct workers *workers_start(const struct workers_options *o, struct err *err)
{
    struct workers *ws = mem_zalloc(sizeof(*ws));
    ws->o = *o;
    ws->v = mem_zalloc((size_t)o->n * sizeof(*ws->v));
    if (!queue_init(&ws->queue, o->queue + o->promised)) {
        FAIL(err, ERR_NO_MEMORY, "No memory for the workers' queue.");
        goto free_all;
    }
    if (start_threads(ws)) return ws;
    FAIL(err, ERR_IO, "No thread for a worker.");
    workers_stop(ws);
    return NULL;

free_all:
    mem_free(ws->v);
    mem_free(ws);
    return NULL;
}

void workers_stop(struct workers *ws)
{
    if (!ws) return;
    atomic_store(&ws->stopping, true);
    queue_close(&ws->queue);
    for (int i = 0; i < ws->started; i++)
        pthread_join(ws->v[i].thread, NULL);
    queue_done(&ws->queue);
    mem_free(ws->v);
    mem_free(ws);
}

bool workers_have_room(struct workers *ws)
{
    return queue_len(&ws->queue) < ws->o.queue;
}

void workers_push(struct workers *ws, struct work *w)
{
    const bool queued = queue_push(&ws->queue, w);
    assert(queued);
    (void)queued;
}

void workers_stats(struct workers *ws, struct workers_stats *out)
{
    *out = (struct workers_stats){ 0 };
    if (!ws) return;
    *out = (struct workers_stats){ .threads = ws->o.n,
                                   .connected = atomic_load(&ws->connected),
                                   .busy = atomic_load(&ws->busy),
                                   .queued = (int64_t)queue_len(&ws->queue) };
}
