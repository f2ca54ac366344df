/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of groups. Commits come back one by one, a flush covers what was committed when it was
 * sent, and the front of the ring is answered when it is on disk (service/flush.h, ADR 17). */
#include "service/flights.h"

#include <assert.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "domain/touch.h"
#include "service/apply.h"
#include "service/writer_depth.h"
#include "store/pipeline.h"

#define IDLE_US 1000000
#ifndef ANSWERS_BEFORE_FLUSH
#define ANSWERS_BEFORE_FLUSH 0 /* the mistake that tests/crash/test_power_cut.py must find */
#endif

/* ---- topics ---- */

static void note_topic(struct topics *t, enum topic_kind kind, int64_t number)
{
    if (t->n == t->cap) {
        const size_t cap = t->cap ? 2 * t->cap : 256;
        struct topic *v = mem_heap.resize(mem_heap.arg, t->v, cap * sizeof(*v));
        if (!v) return; /* a hint is lost: waiters look again when their time is up */
        t->v = v;
        t->cap = cap;
    }
    t->v[t->n++] = (struct topic){ kind, number };
}

static void note_topics(struct topics *out, const struct touched *t)
{
    for (size_t i = 0; i < t->bids_n; i++)
        note_topic(out, TOPIC_JOB, t->bids[i]->bid);
    for (size_t i = 0; i < t->leases_n; i++) {
        note_topic(out, TOPIC_JOB, t->leases[i]->bid);
        note_topic(out, TOPIC_NODE, t->leases[i]->node);
    }
    for (size_t i = 0; i < t->asks_n; i++)
        note_topic(out, TOPIC_NODE, t->asks[i]->spec.node);
    note_topic(out, TOPIC_COMMANDS, 0);
}

/* ---- on their way ---- */

struct flight *flights_at(struct writer *w, size_t i)
{
    return &w->flights[(w->flights_first + i) % FLIGHTS_MAX];
}

/* The one to be filled next; there is room. */
struct flight *flights_next(struct writer *w)
{
    assert(w->flights_n < FLIGHTS_MAX);
    struct flight *f = flights_at(w, w->flights_n);
    f->items_n = 0;
    f->topics.n = 0;
    return f;
}

static void apply_all(struct writer *w, struct flight *f)
{
    group_clear(w->group);
    arena_done(&w->clock_arena);
    arena_init(&w->clock_arena, CLOCK_ARENA_MAX);
    w->clock_n = 0;
    if (w->rules_due && !apply_rules(w)) w->lost = true;
    for (size_t i = 0; i < f->items_n; i++)
        apply_submission(w, f->items[i]);
    while (f->items_n + w->clock_n < GROUP_MAX && apply_due(w)) {
    }
}

/* One signature for all of the flight that are done and waited for. They are told when it is on
 * disk; meanwhile PostgreSQL works. */
static void sign_sequence(struct writer *w, const struct flight *f)
{
    struct sequence *all[GROUP_MAX];
    struct hash room[GROUP_MAX];
    size_t n = 0;

    if (!w->o.key) return;
    for (size_t i = 0; i < f->items_n; i++)
        if (f->items[i]->result == SUBMIT_DONE && f->items[i]->done)
            all[n++] = &f->items[i]->sequence;
    if (n > 0) sequence_sign(all, n, room, w->o.market_id, w->o.key);
}

/* Apply the next flight and send it. False: nothing of it is answered, memory is lost. */
bool flights_launch(struct writer *w, struct err *err)
{
    struct touched t;
    struct flight *f = flights_at(w, w->flights_n);
    const int64_t before = market_last_seq(w->market);

    w->flights_n++;
    f->began_us = clock_monotonic_us();
    pthread_mutex_lock(&w->lock);
    w->launched_n++;
    pthread_mutex_unlock(&w->lock);
    apply_all(w, f);
    f->last_seq = market_last_seq(w->market);
    f->commands = f->last_seq - before;
    if (w->lost) return FAIL(err, ERR_NO_MEMORY, "No memory for the group.");
    if (f->commands == 0) return true;
    w->depth_stale = true;
    market_touched(w->market, &t);
    group_add_touched(w->group, &t, f->last_seq);
    note_topics(&f->topics, &t);
    market_settle_group(w->market); /* all that the store needs of it is copied */
    if (!group_send(w->group, w->db, w->stats.epoch, err)) return false;
    sign_sequence(w, f);
    return true;
}

/* ---- and back ---- */

static void count(struct writer *w, const struct flight *f)
{
    pthread_mutex_lock(&w->lock);
    struct writer_stats *s = &w->stats;
    s->last_seq = f->last_seq;
    s->commands += f->commands;
    s->groups += f->commands > 0;
    s->group_us_total += f->commands > 0 ? clock_monotonic_us() - f->began_us : 0;
    for (size_t i = 0; i < f->items_n; i++) {
        s->refused += f->items[i]->result == SUBMIT_REFUSED;
        s->replayed += f->items[i]->result == SUBMIT_REPLAYED;
    }
    w->released_n++;
    pthread_cond_broadcast(&w->released);
    pthread_mutex_unlock(&w->lock);
}

/* The first n flights are on disk. */
static void release(struct writer *w, size_t n)
{
    assert(n <= w->committed_n);
    for (; n > 0; n--) {
        struct flight *f = flights_at(w, 0);
        count(w, f);
        for (size_t i = 0; i < f->items_n; i++)
            f->items[i]->done(f->items[i]->arg); /* from here on it is the caller's again */
        for (size_t i = 0; i < f->topics.n; i++)
            hub_notify(w->o.hub, f->topics.v[i]);
        depth_publish(w, f->last_seq);
        w->flights_first = (w->flights_first + 1) % FLIGHTS_MAX;
        w->flights_n--;
        w->committed_n--;
    }
}

bool flights_take_commits(struct writer *w, struct err *err)
{
    while (w->committed_n < w->flights_n) {
        if (flights_at(w, w->committed_n)->commands > 0) {
            const enum db_rc rc = db_pipeline_result(w->db, /* wait= */ false, err);
            if (rc != DB_ONE) return rc == DB_NONE;
        }
        w->committed_n++;
    }
    return true;
}

/* A flush covers what was committed when it was sent. */
bool flights_take_flush(struct writer *w, struct err *err)
{
    if (!w->flush || ANSWERS_BEFORE_FLUSH) {
        release(w, w->committed_n);
        return true;
    }
    if (flush_is_sent(w->flush)) {
        const enum db_rc rc = flush_result(w->flush, /* wait= */ false, err);
        if (rc != DB_ONE) return rc == DB_NONE;
        release(w, w->covered_n);
        w->covered_n = 0;
    }
    while (w->committed_n > 0 && flights_at(w, 0)->commands == 0)
        release(w, 1);
    if (w->committed_n == 0) return true;
    w->covered_n = w->committed_n;
    return flush_send(w->flush, err);
}

/* Sleep until there is news of the groups on their way, `want` are queued, or `us` have passed. */
void flights_sleep(struct writer *w, int64_t want, int64_t us)
{
    struct pollfd fds[3] = { { .fd = w->event_fd, .events = POLLIN } };
    const struct timespec ts = { us / 1000000, us % 1000000 * 1000 };
    nfds_t n = 1;
    uint64_t count;

    pthread_mutex_lock(&w->lock);
    const bool go = w->queued >= want;
    w->wake_at = go ? INT64_MAX : want;
    pthread_mutex_unlock(&w->lock);
    if (go) return;
    if (w->committed_n < w->flights_n) db_pipeline_watch(w->db, &fds[n++]);
    if (w->flush && flush_is_sent(w->flush)) flush_watch(w->flush, &fds[n++]);
    (void)ppoll(fds, n, &ts, NULL);
    if (fds[0].revents & POLLIN) (void)!read(w->event_fd, &count, sizeof(count));
}

/* Wait until all flights are answered. False: some may not be. */
bool flights_finish(struct writer *w, struct err *err)
{
    while (w->flights_n > 0) {
        if (!flights_take_commits(w, err) || !flights_take_flush(w, err)) return false;
        if (w->flights_n > 0) flights_sleep(w, INT64_MAX, IDLE_US);
    }
    return true;
}
