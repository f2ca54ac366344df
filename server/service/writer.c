/* SPDX-License-Identifier: Apache-2.0 */
/* One thread, one loop:
 *
 *        queue ──▶ take what waits ──▶ apply in memory ──▶ send one transaction ──▶ answer all
 *                        ▲   clock commands that are due ──┘   (does not wait)         │
 *                        └────────────── rebuild from PostgreSQL ◀───────────── failed ┘
 *
 * While PostgreSQL works on one group the next is applied and sent, when enough wait to make one;
 * where the disk is slow, committed groups wait for a flush by a second connection while others are
 * committed (service/flush.h, ADR 17). So up to FLIGHTS_MAX groups are on their way at once, and
 * memory is ahead of the disk by them. They are answered in their order, each when it is on disk.
 *
 * Nothing is answered before that, a refusal included: the refusal may rest on commands of the same
 * group, or of one before it. */
#include "service/writer.h"

#include <assert.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "service/apply.h"
#include "service/flights.h"
#include "service/lead.h"
#include "service/recover.h"
#include "service/writer_depth.h"

#define IDLE_US   1000000
#define AHEAD_MIN 128 /* so many make a group worth sending while another is worked on */

bool writer_is_stopping(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    const bool stopping = w->stopping;
    pthread_mutex_unlock(&w->lock);
    return stopping;
}

/* ---- the queue ---- */

static void take_queued(struct writer *w, struct flight *f, int64_t want)
{
    pthread_mutex_lock(&w->lock);
    while (w->first && (w->queued >= want || f->items_n > 0) && f->items_n < GROUP_MAX) {
        f->items[f->items_n++] = w->first;
        w->first = w->first->next;
        w->queued--;
    }
    if (!w->first) w->last = &w->first;
    pthread_mutex_unlock(&w->lock);
}

/* How many must be queued for the next group to be sent now. One is under way already: what waits
 * makes a larger group the longer it waits, at no cost, as PostgreSQL is busy; but when there are
 * enough the next should be there when it is done. */
static int64_t wanted(const struct writer *w)
{
    const size_t uncommitted = w->flights_n - w->committed_n;

    if (w->flights_n == FLIGHTS_MAX || uncommitted > 1) return INT64_MAX;
    return uncommitted == 0 ? 1 : AHEAD_MIN;
}

/* Until a clock command is due, or there is a depth to be looked at. */
static int64_t idle_us(struct writer *w)
{
    const int64_t due = apply_due_us(w), now = clock_wall_us();
    int64_t us = due > now ? due - now : 0;

    if (us > IDLE_US) us = IDLE_US;
    return w->depth_stale && us > DEPTH_AGE_US ? DEPTH_AGE_US : us;
}

static bool one_round(struct writer *w, struct err *err)
{
    if (!flights_take_commits(w, err) || !flights_take_flush(w, err)) return false;
    depth_refresh(w);
    const int64_t look = looks_serve(w->looks, w->market, clock_wall_us());
    keys_prune(w->keys, clock_wall_us());
    const int64_t want = wanted(w), idle = want == 1 ? idle_us(w) : IDLE_US;
    const int64_t sleep = look < idle ? look : idle;
    if (want == INT64_MAX) {
        flights_sleep(w, want, sleep);
        return true;
    }
    struct flight *f = flights_next(w);
    take_queued(w, f, want);
    if (f->items_n > 0 || idle == 0) return flights_launch(w, err);
    flights_sleep(w, want, sleep);
    return true;
}

static void serve(struct writer *w)
{
    struct err err = { 0 };

    while (!w->lost && !writer_is_stopping(w)) {
        err = (struct err){ 0 };
        if (!one_round(w, &err)) recover_all(w, &err);
    }
    if (w->lost || flights_finish(w, &err)) return;
    FAIL(&err, ERR_OUTCOME_UNKNOWN, "The database was lost while this was being written.");
    for (size_t i = 0, n = recover_give_up(w); i < n; i++)
        recover_answer_failed(w->hands[i], &err);
}

static void *main_loop(void *arg)
{
    struct writer *w = arg;

    while (!writer_is_stopping(w)) {
        if (lead_until(w, clock_monotonic_us() + PATIENCE_US))
            serve(w);
        else
            recover_answer_queued(w);
    }
    recover_answer_queued(w);
    if (w->market && !w->lost) lead_log(w, "market.stopped", w->stats.epoch);
    return NULL;
}

/* ---- from outside ---- */

static void wake_thread(struct writer *w)
{
    (void)!write(w->event_fd, &(uint64_t){ 1 }, sizeof(uint64_t));
}

static void free_parts(struct writer *w)
{
    lead_drop(w);
    flush_close(w->flush);
    db_close(w->db);
    group_free(w->group);
    looks_free(w->looks);
    arena_done(&w->clock_arena);
    for (size_t i = 0; i < FLIGHTS_MAX; i++)
        mem_free(w->flights[i].topics.v);
    mem_free(w->depths);
    mem_free(w->depths_next);
    if (w->event_fd >= 0) close(w->event_fd);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->released);
    mem_free(w);
}

struct writer *writer_start(const struct writer_options *o, struct err *err)
{
    struct writer *w = mem_zalloc(sizeof(*w));

    w->o = *o;
    w->last = &w->first;
    w->wake_at = INT64_MAX;
    w->group = group_new();
    w->looks = looks_new();
    w->depths = mem_zalloc((o->pools_n + 1) * sizeof(*w->depths));
    w->depths_next = mem_zalloc((o->pools_n + 1) * sizeof(*w->depths));
    arena_init(&w->clock_arena, CLOCK_ARENA_MAX);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->released, NULL);
    w->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->event_fd >= 0 && pthread_create(&w->thread, NULL, main_loop, w) == 0) return w;
    FAIL(err, ERR_NO_MEMORY, "No thread for the market.");
    free_parts(w);
    return NULL;
}

void writer_look(struct writer *w, struct look *look)
{
    if (looks_ask(w->looks, look)) wake_thread(w);
}

void writer_stop(struct writer *w)
{
    if (!w) return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_mutex_unlock(&w->lock);
    wake_thread(w);
    pthread_join(w->thread, NULL);
}

void writer_free(struct writer *w)
{
    if (!w) return;
    assert(!w->first && w->flights_n == 0);
    free_parts(w);
}

void writer_submit(struct writer *w, struct submission *s)
{
    bool wake = false;

    pthread_mutex_lock(&w->lock);
    const bool room = w->stats.ready && !w->stopping && w->queued < MARKET_QUEUE_MAX;
    if (room) {
        s->next = NULL;
        *w->last = s;
        w->last = &s->next;
        w->queued++;
        wake = w->queued >= w->wake_at;
        if (wake) w->wake_at = INT64_MAX;
    }
    pthread_mutex_unlock(&w->lock);
    if (wake) wake_thread(w);
    if (!room) recover_answer_busy(s);
}

int64_t writer_losses(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    const int64_t losses = w->losses;
    pthread_mutex_unlock(&w->lock);
    return losses;
}

bool writer_settled(struct writer *w, int64_t losses)
{
    pthread_mutex_lock(&w->lock);
    /* Where a COMMIT waits for the disk nothing can be read before. */
    const int64_t wanted_n = w->stats.overlapped ? w->launched_n : 0;
    while (w->released_n < wanted_n)
        pthread_cond_wait(&w->released, &w->lock);
    const bool ok = w->losses == losses;
    pthread_mutex_unlock(&w->lock);
    return ok;
}

struct rendezvous {
    pthread_mutex_t lock; /* guards: done */
    pthread_cond_t came;
    bool done;
};

static void arrive(void *arg)
{
    struct rendezvous *r = arg;

    pthread_mutex_lock(&r->lock);
    r->done = true;
    pthread_cond_signal(&r->came);
    pthread_mutex_unlock(&r->lock);
}

void writer_submit_wait(struct writer *w, struct submission *s)
{
    struct rendezvous r = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };

    s->done = arrive;
    s->arg = &r;
    writer_submit(w, s);
    pthread_mutex_lock(&r.lock);
    while (!r.done)
        pthread_cond_wait(&r.came, &r.lock);
    pthread_mutex_unlock(&r.lock);
    pthread_mutex_destroy(&r.lock);
    pthread_cond_destroy(&r.came);
}

bool writer_ready(struct writer *w)
{
    return atomic_load(&w->ready);
}

void writer_stats(struct writer *w, struct writer_stats *out)
{
    pthread_mutex_lock(&w->lock);
    *out = w->stats;
    out->queue_len = w->queued;
    pthread_mutex_unlock(&w->lock);
}
