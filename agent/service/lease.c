/* SPDX-License-Identifier: Apache-2.0 */
#include "service/lease.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "service/agent.h"

#define LEASE_MEMORY                                                                               \
    ((size_t)16 * BODY_MAX) /* an assignment twice, its fields, outputs, a receipt */

static bool copy(struct arena *a, struct str *text)
{
    if (!text->p) return true;
    const char *made = arena_copy(a, *text);
    *text = (struct str){ made, text->n };
    return made != NULL;
}

static bool copy_entry(struct arena *a, struct journal_entry *e)
{
    return copy(a, &e->document) && copy(a, &e->signature) && copy(a, &e->detail) &&
           copy(a, &e->receipt) && copy(a, &e->receipt_signature);
}

/* The meter of a container that an agent before us has started. */
static void resume_meter(struct lease *l)
{
    if (l->entry.max_seconds == 0) l->entry.max_seconds = l->what.max_seconds;
    if (l->entry.step != STEP_STARTED && l->entry.step != STEP_RUNNING) return;
    l->ready_boot_us =
        journal_ready_boot_us(&l->entry, l->agent->boot_id, clock_boot_us(), clock_wall_us());
    l->deadline_boot_us = l->ready_boot_us + l->entry.max_seconds * 1000000;
}

static bool fill(struct lease *l, const struct journal_entry *entry)
{
    struct err err;
    struct str document = l->what.document;
    if (!assignment_read(document, l->what.signature, &l->agent->id->trust, &l->arena, &l->what,
                         &err))
        return false;
    l->entry = *entry;
    l->entry.document = l->what.document;
    l->entry.signature = l->what.signature;
    if (!copy_entry(&l->arena, &l->entry)) return false;
    resume_meter(l);

    const struct str id = l->what.lease_id;
    snprintf(l->lease_id, sizeof(l->lease_id), "%.*s", (int)id.n, id.p);
    snprintf(l->name, sizeof(l->name), "bourse-%s-%" PRId64, l->lease_id, l->what.epoch);
    l->dir = arena_fmt(&l->arena, "%s/leases/%s", l->agent->dir, l->lease_id);
    l->out_dir = arena_fmt(&l->arena, "%s/leases/%s/out", l->agent->dir, l->lease_id);
    l->save_dir = arena_fmt(&l->arena, "%s/leases/%s/checkpoint", l->agent->dir, l->lease_id);
    l->stage_dir = arena_fmt(&l->arena, "%s/leases/%s/stage", l->agent->dir, l->lease_id);
    return l->dir && l->out_dir && l->save_dir && l->stage_dir;
}

struct lease *lease_new(struct agent *agent, const struct assignment *what,
                        const struct journal_entry *entry)
{
    pthread_condattr_t monotonic;
    struct lease *l = mem_zalloc(sizeof(*l));
    l->agent = agent;
    l->what = *what;
    arena_init(&l->arena, LEASE_MEMORY);
    pthread_mutex_init(&l->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&l->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (fill(l, entry)) return l;
    lease_free(l);
    return NULL;
}

void lease_free(struct lease *l)
{
    if (!l) return;
    pump_free(l->pump);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
    arena_done(&l->arena);
    mem_free(l);
}

void lease_poke_locked(struct lease *l)
{
    l->poked = true;
    pthread_cond_signal(&l->changed);
}

void lease_poke(void *lease)
{
    struct lease *l = lease;
    pthread_mutex_lock(&l->lock);
    lease_poke_locked(l);
    pthread_mutex_unlock(&l->lock);
}

bool lease_save(struct lease *l, struct err *err)
{
    return journal_write(l->agent->dir, str_of(l->lease_id), &l->entry, err);
}

enum lease_state lease_state_of(enum step step, bool stopping, bool displacing)
{
    switch (step) {
    case STEP_TAKEN: return LEASE_OFFERED;
    case STEP_ACCEPTED:
    case STEP_CREATED:
    case STEP_STARTED:
    case STEP_REFUSED: return stopping ? LEASE_STOPPING : LEASE_PREPARING;
    case STEP_RUNNING:
        if (displacing) return LEASE_PREEMPTED;
        return stopping ? LEASE_STOPPING : LEASE_RUNNING;
    case STEP_EXITED:
    case STEP_SIGNED:
    case STEP_OVER: return LEASE_FINISHED;
    }
    return LEASE_FINISHED;
}

void leases_init(struct leases *t)
{
    memset(t, 0, sizeof(*t));
    pthread_mutex_init(&t->lock, NULL);
}

void leases_done(struct leases *t)
{
    assert(t->n == 0);
    pthread_mutex_destroy(&t->lock);
}

bool leases_add(struct leases *t, struct lease *l)
{
    pthread_mutex_lock(&t->lock);
    const bool room = t->n < LEASES_MAX;
    if (room) t->v[t->n++] = l;
    pthread_mutex_unlock(&t->lock);
    return room;
}

void leases_each(struct leases *t, void (*fn)(void *arg, struct lease *l), void *arg)
{
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < t->n; i++)
        fn(arg, t->v[i]);
    pthread_mutex_unlock(&t->lock);
}

bool leases_with(struct leases *t, struct str lease_id, int64_t epoch,
                 void (*fn)(void *arg, struct lease *l), void *arg)
{
    bool found = false;
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < t->n && !found; i++) {
        found = str_is(lease_id, t->v[i]->lease_id) && (epoch == 0 || t->v[i]->what.epoch == epoch);
        if (found && fn) fn(arg, t->v[i]);
    }
    pthread_mutex_unlock(&t->lock);
    return found;
}

static bool is_over(struct lease *l)
{
    pthread_mutex_lock(&l->lock);
    const bool over = l->over;
    pthread_mutex_unlock(&l->lock);
    return over;
}

struct lease *leases_take_over(struct leases *t, bool any)
{
    struct lease *found = NULL;
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < t->n && !found; i++) {
        if (!any && !is_over(t->v[i])) continue;
        found = t->v[i];
        t->v[i] = t->v[--t->n];
    }
    pthread_mutex_unlock(&t->lock);
    return found;
}
