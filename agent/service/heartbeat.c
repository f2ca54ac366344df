/* SPDX-License-Identifier: Apache-2.0 */
/* The heartbeat: each round tells the market which leases are here, with a signed tick for each
 * that runs, and obeys what comes back. It waits for nobody: not for pulls, not for workers. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/notify.h"
#include "service/agent.h"
#include "service/kill.h"
#include "service/upgrade.h"
#include "sign/receipt.h"

#define ROUND_MEMORY ((size_t)4 * BODY_MAX)
#define SECOND       INT64_C(1000000)

struct round {
    struct agent *agent;
    struct arena arena;
    struct lease_pulse v[LEASES_MAX];
    size_t n;
    struct gpu_state gpus[GPUS_MAX];
    size_t gpus_n;
};

/* The lease's next tick, under its lock. Its number is on disk before it leaves the house: n never
 * falls back. False: no tick this time. */
static bool sign_tick(struct round *r, struct lease *l, struct lease_pulse *out)
{
    struct err err;
    char text[89];
    const int64_t now = clock_boot_us();
    const int64_t end = now < l->deadline_boot_us ? now : l->deadline_boot_us;
    const int64_t ran = end > l->ready_boot_us ? (end - l->ready_boot_us) / SECOND : 0;

    l->entry.ticks++;
    if (!lease_save(l, &err)) {
        log_err(LOG_ERROR, "journal.failed", &err);
        return false;
    }
    const struct tick tick = { .lease_id = str_of(l->lease_id),
                               .epoch = l->what.epoch,
                               .n = l->entry.ticks,
                               .seconds = ran,
                               .at_us = clock_wall_us() };
    const struct str document = tick_text(&tick, &r->arena);
    if (!document.p) return false;
    const struct signature s = key_sign_tagged(r->agent->id->key, TAG_TICK, document);
    signature_text(&s, text);
    const char *copy = arena_copy(&r->arena, str_of(text));
    if (!copy) return false;
    out->tick_document = document;
    out->tick_signature = str_of(copy);
    return true;
}

static void add_pulse(void *arg, struct lease *l)
{
    struct round *r = arg;
    struct image_progress image = { .total_bytes = -1 };
    const bool fetches = images_progress(r->agent->images, l, &image);
    pthread_mutex_lock(&l->lock);
    const enum step step = l->entry.step;
    if (!l->over && !l->forget && step != STEP_TAKEN && step != STEP_OVER) {
        struct lease_pulse *p = &r->v[r->n];
        *p = (struct lease_pulse){
            .epoch = l->what.epoch,
            .state = lease_state_names[lease_state_of(step, l->stopping, l->displacing)],
            .fetches = fetches,
            .image = image,
        };
        health_note_lease(r->gpus, r->gpus_n, l->entry.gpus, l->lease_id);
        const char *id = arena_copy(&r->arena, str_of(l->lease_id));
        p->lease_id = str_of(id);
        if (step == STEP_RUNNING && l->ended_boot_us == 0) (void)sign_tick(r, l, p);
        if (id) r->n++;
    }
    pthread_mutex_unlock(&l->lock);
}

static const char *const command_words[] = { "stop", "forget", "save" };

static void obey_one(void *arg, struct lease *l)
{
    const struct command *c = arg;
    pthread_mutex_lock(&l->lock);
    switch (c->what) {
    case COMMAND_STOP:
        if (strcmp(c->reason, "displaced") == 0 || strcmp(c->reason, "drained") == 0)
            lease_displace(l, c->notice_seconds * SECOND);
        else
            lease_stop(l);
        break;
    case COMMAND_FORGET: l->forget = true; break;
    case COMMAND_SAVE: l->save_wanted = true; break;
    }
    lease_poke_locked(l);
    pthread_mutex_unlock(&l->lock);
}

static void obey(struct agent *a, const struct pulse_answer *answer)
{
    for (size_t i = 0; i < answer->commands_n; i++) {
        struct command *c = &answer->commands[i];
        if (!leases_with(&a->leases, str_of(c->lease_id), c->epoch, obey_one, c)) continue;
        LOG(LOG_INFO, "lease.command", LOG_C("lease", c->lease_id),
            LOG_C("do", command_words[c->what]), LOG_C("reason", c->reason));
    }
    if (answer->commands_n > 0) kill_poke(a);
    agent_set_drains(a, answer->drains);
    upgrade_heed(a, answer);
    if (answer->asks_changed) agent_poke(a, POKE_ASKS);
}

static void beat(struct agent *a, bool *was_heard)
{
    struct err err;
    struct round r = { .agent = a };
    struct pulse_answer answer = { .commands_n = 0 };
    arena_init(&r.arena, ROUND_MEMORY);
    health_look(a);
    r.gpus_n = health_copy(&a->health, r.gpus);
    leases_each(&a->leases, add_pulse, &r);
    const struct node_pulse pulse = { r.v, r.n, r.gpus, r.gpus_n };
    const bool heard =
        a->market.ops->heartbeat(a->market.self, &pulse, &r.arena, &answer, &err) == LINK_DONE;
    if (heard) obey(a, &answer);
    if (heard != *was_heard && heard)
        LOG(LOG_INFO, "market.reached", LOG_I64("leases", (int64_t)r.n));
    if (heard != *was_heard && !heard && !agent_is_stopping(a))
        log_err(LOG_WARN, "market.not_reached", &err);
    *was_heard = heard;
    arena_done(&r.arena);
}

void *heartbeat_main(void *arg)
{
    struct agent *a = arg;
    bool heard = true;
    do {
        beat(a, &heard);
        notify_tell("WATCHDOG=1"); /* it waits for nobody: so long as it comes round we live */
    } while (agent_wait_poked(a, POKE_BEAT, a->settings.heartbeat_us));
    return NULL;
}
