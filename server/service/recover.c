/* SPDX-License-Identifier: Apache-2.0 */
#include "service/recover.h"

#include "base/clock.h"
#include "base/log.h"
#include "service/flights.h"
#include "service/lead.h"

/* Nothing may be assumed of the groups on their way: their submissions, in order, are in w->hands
 * again. */
size_t recover_give_up(struct writer *w)
{
    size_t n = 0;

    for (size_t i = 0; i < w->flights_n; i++) {
        const struct flight *f = flights_at(w, i);
        for (size_t j = 0; j < f->items_n; j++)
            w->hands[n++] = f->items[j];
    }
    w->flights_n = w->committed_n = w->covered_n = 0;
    w->lost = true;
    pthread_mutex_lock(&w->lock);
    w->stats.failed_groups++;
    w->losses++;
    w->released_n = w->launched_n;
    pthread_cond_broadcast(&w->released);
    pthread_mutex_unlock(&w->lock);
    return n;
}

void recover_answer_failed(struct submission *s, const struct err *err)
{
    s->result = SUBMIT_FAILED;
    s->err = *err;
    s->done(s->arg);
}

void recover_answer_busy(struct submission *s)
{
    s->result = SUBMIT_BUSY;
    s->done(s->arg);
}

/* What is queued when nobody here may lead is not kept waiting: nothing of it was written. */
void recover_answer_queued(struct writer *w)
{
    looks_close(w->looks);
    pthread_mutex_lock(&w->lock);
    struct submission *s = w->first;
    w->first = NULL;
    w->last = &w->first;
    w->queued = 0;
    pthread_mutex_unlock(&w->lock);
    while (s) {
        struct submission *next = s->next;
        recover_answer_busy(s);
        s = next;
    }
}

/* One group by itself, from items to answers. */
static bool run_alone(struct writer *w, struct submission *const *items, size_t n, int64_t until)
{
    struct err err = { 0 };

    if (w->lost && !lead_until(w, until)) return false;
    struct flight *f = flights_next(w);
    while (f->items_n < n) {
        f->items[f->items_n] = items[f->items_n];
        f->items_n++;
    }
    if (flights_launch(w, &err) && flights_finish(w, &err)) return true;
    (void)recover_give_up(w);
    return false;
}

/* Groups that failed are tried once more, then their commands one by one, each on a rebuilt market:
 * what was committed after all is found by its key, and a command that cannot be stored must not
 * fail its neighbours. */
void recover_all(struct writer *w, struct err *err)
{
    const size_t n = recover_give_up(w);

    looks_close(w->looks);
    log_err(LOG_ERROR, "market.group-failed", err);
    const int64_t until = clock_monotonic_us() + PATIENCE_US;
    if (err->code != ERR_NO_MEMORY)
        FAIL(err, ERR_OUTCOME_UNKNOWN, "The database was lost while this was being written.");
    struct submission **items = w->again;
    for (size_t i = 0; i < n; i++)
        items[i] = w->hands[i];
    for (size_t at = 0; at < n; at += GROUP_MAX) {
        const size_t some = n - at < GROUP_MAX ? n - at : GROUP_MAX;
        if (run_alone(w, items + at, some, until)) continue;
        for (size_t i = at; i < at + some; i++)
            if (!run_alone(w, &items[i], 1, until)) recover_answer_failed(items[i], err);
    }
    if (w->lost) recover_answer_queued(w);
}
