/* SPDX-License-Identifier: Apache-2.0 */
#include "service/runner.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "service/agent.h"
#include "service/disk.h"
#include "service/kill.h"
#include "service/outputs.h"
#include "service/saver.h"

#define SECOND       INT64_C(1000000)
#define REMOVE_TRIES 10

/* ---- waiting, stepping, telling ----------------------------------------------------------------
 */

/* Under the lock. */
static bool may_go_on(struct lease *l)
{
    return !l->forget && !agent_is_stopping(l->agent);
}

bool runner_may_go_on(struct lease *l)
{
    pthread_mutex_lock(&l->lock);
    const bool go_on = may_go_on(l);
    pthread_mutex_unlock(&l->lock);
    return go_on;
}

bool runner_is_stopping(struct lease *l)
{
    pthread_mutex_lock(&l->lock);
    const bool stopping = l->stopping;
    pthread_mutex_unlock(&l->lock);
    return stopping;
}

static struct timespec monotonic_in_us(int64_t us)
{
    const int64_t at = clock_monotonic_us() + us;
    return (struct timespec){ at / SECOND, (at % SECOND) * 1000 };
}

bool runner_wait(struct lease *l, int64_t us)
{
    const struct timespec until = monotonic_in_us(us);
    pthread_mutex_lock(&l->lock);
    while (!l->poked && may_go_on(l) &&
           pthread_cond_timedwait(&l->changed, &l->lock, &until) != ETIMEDOUT)
        ;
    l->poked = false;
    const bool go_on = may_go_on(l);
    pthread_mutex_unlock(&l->lock);
    return go_on;
}

bool runner_pause(struct lease *l, int64_t us)
{
    const struct timespec until = monotonic_in_us(us);
    pthread_mutex_lock(&l->lock);
    while (may_go_on(l) && pthread_cond_timedwait(&l->changed, &l->lock, &until) != ETIMEDOUT)
        ;
    const bool go_on = may_go_on(l);
    pthread_mutex_unlock(&l->lock);
    return go_on;
}

bool runner_step(struct lease *l, enum step step)
{
    for (;;) {
        struct err err;
        pthread_mutex_lock(&l->lock);
        l->entry.step = step;
        const bool saved = lease_save(l, &err);
        pthread_mutex_unlock(&l->lock);
        if (saved) break;
        log_err(LOG_ERROR, "journal.failed", &err);
        if (!runner_pause(l, SECOND)) return false;
    }
    LOG(LOG_INFO, "lease.step", LOG_C("lease", l->lease_id), LOG_C("step", step_names[step]));
    return runner_may_go_on(l);
}

bool runner_tell(struct lease *l, runner_say *say, enum link_result *out)
{
    for (int failures = 1; runner_may_go_on(l); failures++) {
        struct err err = { .code = ERR_NONE };
        const enum link_result r = say(l, &err);
        if (r != LINK_UNREACHABLE) {
            if (r != LINK_DONE) log_err(LOG_WARN, "market.refused", &err);
            *out = r;
            return true;
        }
        if (failures == 1 && runner_may_go_on(l)) log_err(LOG_WARN, "market.not_reached", &err);
        if (!runner_pause(l, agent_backoff_us(l->agent, failures))) return false;
    }
    return false;
}

/* ---- what is said to the market ----------------------------------------------------------------
 */

/* The market's word on how long it may run; never longer than the document's. */
static void grant(struct lease *l, const struct lease_brief *brief)
{
    pthread_mutex_lock(&l->lock);
    l->entry.max_seconds = l->what.max_seconds;
    if (brief->max_seconds > 0 && brief->max_seconds < l->what.max_seconds)
        l->entry.max_seconds = brief->max_seconds;
    if (strcmp(brief->state, "stopping") == 0) lease_stop(l);
    pthread_mutex_unlock(&l->lock);
}

static enum link_result say_accept(struct lease *l, struct err *err)
{
    const struct link *m = &l->agent->market;
    struct lease_brief brief = { .max_seconds = 0 };
    const enum link_result r = m->ops->accept(m->self, l->what.lease_id, l->what.epoch,
                                              image_ref_digest(l->what.image), &brief, err);
    if (r != LINK_DONE) return r;
    if (strcmp(brief.state, "preparing") != 0 && strcmp(brief.state, "stopping") != 0) {
        /* An accept that is repeated is answered, whatever the lease has become since. */
        FAIL(err, ERR_WRONG_STATE, "The lease is %s already; it is not begun twice.", brief.state);
        return LINK_STALE;
    }
    grant(l, &brief);
    return LINK_DONE;
}

static enum link_result say_ready(struct lease *l, struct err *err)
{
    const struct link *m = &l->agent->market;
    struct lease_brief brief;
    return m->ops->ready(m->self, l->what.lease_id, l->what.epoch, str_of(l->entry.image_digest),
                         &brief, err);
}

static enum link_result say_cannot_start(struct lease *l, struct err *err)
{
    const struct link *m = &l->agent->market;
    const struct refusal why = { l->entry.reason, l->entry.fault, l->entry.detail };
    return m->ops->cannot_start(m->self, l->what.lease_id, l->what.epoch, &why, err);
}

static enum link_result say_exit(struct lease *l, struct err *err)
{
    const struct link *m = &l->agent->market;
    const enum link_result r = m->ops->exit(m->self, l->what.lease_id, l->what.epoch,
                                            l->entry.receipt, l->entry.receipt_signature, err);
    /* A market that does not like the receipt today may like it tomorrow; nobody else will pay. */
    return r == LINK_REFUSED ? LINK_UNREACHABLE : r;
}

/* ---- the steps ---------------------------------------------------------------------------------
 */

static bool do_taken(struct lease *l)
{
    enum link_result r;
    if (!runner_tell(l, say_accept, &r)) return false;
    return runner_step(l, r == LINK_DONE ? STEP_ACCEPTED : STEP_OVER);
}

static bool do_started(struct lease *l)
{
    enum link_result r;
    if (!runner_tell(l, say_ready, &r)) return false;
    if (r == LINK_GONE) return runner_step(l, STEP_OVER);
    if (r != LINK_DONE) { /* cancelled meanwhile: the market waits for the receipt */
        pthread_mutex_lock(&l->lock);
        lease_stop(l);
        pthread_mutex_unlock(&l->lock);
        kill_poke(l->agent);
    }
    return runner_step(l, STEP_RUNNING);
}

static bool do_running(struct lease *l)
{
    return runner_send_log(l) && runner_note_exit(l);
}

static bool do_signed(struct lease *l)
{
    enum link_result r;
    /* A market that takes no flows gets none: they stay here in a file. */
    return runner_tell(l, lease_tell_flows, &r) && runner_tell(l, say_exit, &r) &&
           runner_step(l, STEP_OVER);
}

/* Try to be rid of the container; the next agent does it if this one cannot. */
static bool remove_container(struct lease *l)
{
    const struct engine *e = &l->agent->engine;
    struct err err;
    for (int tries = 1;; tries++) {
        if (e->ops->container_remove(e->self, l->name, &err) == ENGINE_DONE) return true;
        if (agent_is_stopping(l->agent)) return false;
        log_err(LOG_ERROR, "container.not_removed", &err);
        if (tries == REMOVE_TRIES || !agent_pause(l->agent, SECOND)) return false;
    }
}

static bool do_refused(struct lease *l)
{
    enum link_result r;
    if (!remove_container(l) && !runner_may_go_on(l)) return false;
    if (!runner_tell(l, say_cannot_start, &r)) return false;
    /* Cancelled meanwhile: then the market waits for an end, not for a reason. */
    if (r == LINK_STALE && runner_is_stopping(l)) return runner_note_never_ran(l);
    return runner_step(l, STEP_OVER);
}

/* Container, scratch, journal, in this order: each may be gone already. */
static void clean_up(struct lease *l)
{
    struct err err;
    if (!remove_container(l)) return; /* the journal still knows it */
    lease_close_network(l);
    if (!scratch_remove(l->dir, &err)) log_err(LOG_ERROR, "scratch.not_removed", &err);
    if (!journal_remove(l->agent->dir, l->what.lease_id, &err))
        log_err(LOG_ERROR, "journal.failed", &err);
    LOG(LOG_INFO, "lease.over", LOG_C("lease", l->lease_id));
}

/* One step. False: may not go on, or there is nothing more to do. */
static bool do_step(struct lease *l, enum step step)
{
    switch (step) {
    case STEP_TAKEN: return do_taken(l);
    case STEP_ACCEPTED: return runner_prepare(l);
    case STEP_CREATED: return runner_start(l);
    case STEP_STARTED: return do_started(l);
    case STEP_RUNNING: return do_running(l);
    case STEP_EXITED: return runner_sign(l);
    case STEP_SIGNED: return do_signed(l);
    case STEP_REFUSED: return do_refused(l);
    case STEP_OVER: return false;
    }
    return false;
}

static enum step step_of(struct lease *l)
{
    pthread_mutex_lock(&l->lock);
    const enum step step = l->entry.step;
    pthread_mutex_unlock(&l->lock);
    return step;
}

static bool is_forgotten(struct lease *l)
{
    pthread_mutex_lock(&l->lock);
    const bool forgotten = l->forget;
    pthread_mutex_unlock(&l->lock);
    return forgotten;
}

/* Names of a container that an agent before us has made. */
static void serve_again(struct lease *l, enum step step)
{
    struct net_place place;
    struct err err;
    if (step < STEP_CREATED || step > STEP_RUNNING || !lease_has_network(l)) return;
    if (!lease_open_network(l, &place, &err)) log_err(LOG_ERROR, "egress.not_served", &err);
}

void *runner_main(void *arg)
{
    struct lease *l = arg;
    struct listeners listeners = { .lease = l };
    enum step step = step_of(l);
    bool go_on = runner_may_go_on(l);

    serve_again(l, step);
    while (go_on && step != STEP_OVER) {
        if ((step == STEP_STARTED || step == STEP_RUNNING) && !listeners.waiting) {
            listeners_begin(&listeners, l);
            l->saver = saver_begin(l);
        }
        go_on = do_step(l, step);
        step = step_of(l);
    }
    saver_free(l->saver);
    l->saver = NULL;
    if (step == STEP_OVER || is_forgotten(l)) clean_up(l);
    listeners_end(&listeners);

    pthread_mutex_lock(&l->lock);
    l->over = true;
    pthread_mutex_unlock(&l->lock);
    return NULL;
}
