/* SPDX-License-Identifier: Apache-2.0 */
/* Two threads for a running container: the waiter learns at once that it has ended, the follower
 * brings its output as it comes. Some engines end a followed log half a second late; so the waiter
 * reads what is missing by itself, and the follower's end is of no importance. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "service/agent.h"
#include "service/kill.h"
#include "service/runner.h"

#define SECOND     INT64_C(1000000)
#define READ_TRIES 5

static bool has_ended(struct lease *l)
{
    pthread_mutex_lock(&l->lock);
    const bool ended = l->ended_boot_us != 0;
    pthread_mutex_unlock(&l->lock);
    return ended;
}

static void note_end(struct lease *l)
{
    pthread_mutex_lock(&l->lock);
    l->ended_boot_us = clock_boot_us();
    lease_poke_locked(l);
    pthread_mutex_unlock(&l->lock);
}

/* False: nobody wants to know any more. */
static bool await_end(struct lease *l)
{
    const struct engine *e = &l->agent->engine;
    struct err err;
    for (;;) {
        const enum engine_result r = e->ops->container_wait(e->self, l->name, &err);
        if (r == ENGINE_DONE || r == ENGINE_NO_SUCH) return true;
        if (agent_is_stopping(l->agent)) return false;
        log_err(LOG_WARN, "container.not_watched", &err);
        if (!agent_pause(l->agent, SECOND)) return false;
    }
}

/* All that the engine has of the output, now that there comes no more. */
static void read_rest(struct lease *l)
{
    const struct engine *e = &l->agent->engine;
    struct err err;
    for (int tries = 1; tries <= READ_TRIES; tries++) {
        struct pump_reader reader = { .pump = l->pump };
        const struct log_sink sink = { pump_take, &reader };
        const enum engine_result r = e->ops->logs_read(e->self, l->name, false, &sink, &err);
        if (r == ENGINE_DONE || r == ENGINE_NO_SUCH || agent_is_stopping(l->agent)) return;
        log_err(LOG_WARN, "container.log_not_read", &err);
        if (!agent_pause(l->agent, SECOND)) return;
    }
}

/* The last line of a log whose container broke a limit that the engine does not know. It is part of
 * the log as if the container had written it: after a restart it is written again at the same
 * place. */
static void add_notice(struct lease *l)
{
    char text[128];
    pthread_mutex_lock(&l->lock);
    const bool over_quota = l->entry.over_quota, over_bytes = l->entry.over_bytes;
    pthread_mutex_unlock(&l->lock);
    if (!over_quota && !over_bytes) return;
    const int n =
        over_quota
            ? snprintf(text, sizeof(text),
                       "bourse: stopped, for the files in /out take more than %" PRId64 " bytes\n",
                       l->what.scratch_bytes)
            : snprintf(text, sizeof(text),
                       "bourse: stopped, for its network has carried all that it may\n");
    struct pump_reader reader = { .pump = l->pump };
    pthread_mutex_lock(&l->pump->lock);
    reader.at = l->pump->high;
    pthread_mutex_unlock(&l->pump->lock);
    pump_take(&reader, LOG_STDERR, text, (size_t)n);
}

static void *waiter_main(void *arg)
{
    struct lease *l = arg;
    if (!await_end(l)) return NULL;
    note_end(l);
    kill_poke(l->agent);
    read_rest(l);
    add_notice(l);
    if (agent_is_stopping(l->agent)) return NULL; /* it may have been cut short */
    pump_end(l->pump);
    return NULL;
}

static void *follower_main(void *arg)
{
    struct lease *l = arg;
    const struct engine *e = &l->agent->engine;
    while (!has_ended(l) && !agent_is_stopping(l->agent)) {
        struct err err;
        struct pump_reader reader = { .pump = l->pump };
        const struct log_sink sink = { pump_take, &reader };
        if (e->ops->logs_read(e->self, l->name, true, &sink, &err) == ENGINE_NO_SUCH) break;
        /* The end of the output is the waiter's to tell; else the engine hung up, and is asked
         * again. */
        if (!has_ended(l) && !agent_pause(l->agent, l->agent->settings.log_flush_us)) break;
    }
    return NULL;
}

void listeners_begin(struct listeners *ls, struct lease *l)
{
    l->pump = pump_new(l->entry.log_sent, lease_poke, l);
    ls->waiting = pthread_create(&ls->waiter, NULL, waiter_main, l) == 0;
    ls->following = pthread_create(&ls->follower, NULL, follower_main, l) == 0;
}

void listeners_end(struct listeners *ls)
{
    if (ls->lease->pump) pump_close(ls->lease->pump);
    if (ls->waiting) pthread_join(ls->waiter, NULL);
    if (ls->following) pthread_join(ls->follower, NULL);
}
