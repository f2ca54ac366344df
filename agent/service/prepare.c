/* SPDX-License-Identifier: Apache-2.0 */
/* From an accepted lease to a running container. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "service/agent.h"
#include "service/cards.h"
#include "service/disk.h"
#include "service/kill.h"
#include "service/restore.h"
#include "service/runner.h"

#define SECOND   INT64_C(1000000)
#define TRIES    3             /* of what an engine in trouble may refuse once */
#define CARDS_US (60 * SECOND) /* a card that is being left is free by then */
#define FETCH_US (10 * SECOND) /* look again even if nobody called */

/* Why it cannot start, for the market; to STEP_REFUSED. */
static bool refuse(struct lease *l, const char *reason, const char *fault, const char *detail)
{
    pthread_mutex_lock(&l->lock);
    snprintf(l->entry.reason, sizeof(l->entry.reason), "%s", reason);
    snprintf(l->entry.fault, sizeof(l->entry.fault), "%s", fault);
    const char *copy = arena_copy(&l->arena, str_of(detail));
    l->entry.detail = str_of(copy);
    pthread_mutex_unlock(&l->lock);
    LOG(LOG_WARN, "lease.cannot_start", LOG_C("lease", l->lease_id), LOG_C("reason", reason),
        LOG_C("fault", fault), LOG_C("detail", detail));
    return runner_step(l, STEP_REFUSED);
}

static bool refuse_engine(struct lease *l, enum engine_result r, const struct err *err)
{
    switch (r) {
    case ENGINE_BAD_IMAGE: return refuse(l, "image-invalid", "buyer", err->detail);
    case ENGINE_BAD_COMMAND: return refuse(l, "command-invalid", "buyer", err->detail);
    case ENGINE_NO_SUCH:
    case ENGINE_DIFFERS:
    case ENGINE_FAILED:
    case ENGINE_DONE: break;
    }
    return refuse(l, "engine-failed", "provider", err->detail);
}

static bool refuse_io(struct lease *l, const struct err *err)
{
    log_err(LOG_ERROR, "scratch.failed", err);
    return refuse(l, "engine-failed", "provider", err->detail);
}

/* ---- the image ---------------------------------------------------------------------------------
 */

/* Until the image is there, or refused, or nobody wants it any more (IMAGES_FETCHING). */
static enum images_result await_image(struct lease *l, struct images_answer *answer)
{
    struct images *images = l->agent->images;
    const struct image_wish wish = {
        .ref = l->what.image,
        .lease_id = l->what.registry_login ? str_of(l->lease_id) : STR(""),
        .epoch = l->what.registry_login ? l->what.epoch : 0,
    };
    enum images_result r;
    for (;;) {
        r = images_ask(images, &wish, lease_poke, l, answer);
        if (r != IMAGES_FETCHING || runner_is_stopping(l) || !runner_wait(l, FETCH_US)) break;
    }
    images_leave(images, l);
    return r;
}

/* ---- the container -----------------------------------------------------------------------------
 */

/* A folder that the container's user can write to, whoever that is on this machine; nobody else
 * comes to it, since what is above it is closed to all but us. On a disk of its own where that
 * works. */
static bool make_out(struct lease *l, struct err *err)
{
    if (!dir_make(l->out_dir, err)) return false;
    if (agent_has_disks(l->agent) && !disk_make(l->out_dir, l->what.scratch_bytes, err))
        return false;
    if (chmod(l->out_dir, 0777) == 0) return true;
    return FAIL(err, ERR_IO, "The folder for outputs could not be made writable.");
}

static bool is_ours(struct str name)
{
    return str_is(name, "BOURSE_NODES") || str_is(name, "BOURSE_RANK") ||
           str_is(name, "BOURSE_CHECKPOINT_DIR");
}

/* The job's own, which of how many machines this is, and where to save. */
static bool make_env(struct lease *l, struct str_map *out)
{
    const struct str_map *job = &l->what.env;
    struct str_pair *v = arena_alloc(&l->arena, (job->n + 3) * sizeof(*v));
    const char *nodes = arena_fmt(&l->arena, "%" PRId64, l->what.nodes);
    const char *rank = arena_fmt(&l->arena, "%" PRId64, l->what.rank);
    size_t n = 0;

    if (!v || !nodes || !rank) return false;
    v[n++] = (struct str_pair){ STR("BOURSE_NODES"), str_of(nodes) };
    v[n++] = (struct str_pair){ STR("BOURSE_RANK"), str_of(rank) };
    v[n++] = (struct str_pair){ STR("BOURSE_CHECKPOINT_DIR"), STR("/checkpoint") };
    for (size_t i = 0; i < job->n; i++)
        if (!is_ours(job->v[i].name)) v[n++] = job->v[i];
    *out = (struct str_map){ v, n };
    return true;
}

static enum engine_result create(struct lease *l, struct err *err)
{
    const struct engine *e = &l->agent->engine;
    struct gpu_grant gpus[GPUS_MAX];
    size_t gpus_n = 0;
    struct str_map env;
    if (!cards_of(l, gpus, &gpus_n, err)) return ENGINE_FAILED;
    if (!make_env(l, &env)) {
        FAIL(err, ERR_NO_MEMORY, "No memory was left for the container's environment.");
        return ENGINE_FAILED;
    }
    struct net_place place;
    if (lease_has_network(l) && !lease_open_network(l, &place, err)) return ENGINE_FAILED;
    const struct container_spec spec = {
        .netns = lease_has_network(l) ? place.path : NULL,
        .resolver = lease_has_network(l) ? place.resolver : NULL,
        .name = l->name,
        .lease_id = l->what.lease_id,
        .job_id = l->what.job_id,
        .node_id = l->what.node_id,
        .epoch = l->what.epoch,
        .image_id = l->entry.image_id,
        .command = l->what.command,
        .entrypoint = l->what.entrypoint,
        .env = env,
        .workdir = l->what.workdir,
        .cpu_millis = l->what.cpu_millis,
        .memory_bytes = l->what.memory_bytes,
        .scratch_bytes = l->what.scratch_bytes,
        .pids_max = l->what.pids_max,
        .out_dir = l->out_dir,
        .save_dir = l->save_dir,
        .gpus = gpus,
        .gpus_n = gpus_n,
    };
    enum engine_result r;
    for (int tries = 1;; tries++) {
        r = e->ops->container_create(e->self, &spec, err);
        if (r != ENGINE_FAILED || tries == TRIES || !runner_pause(l, l->agent->settings.retry_us))
            return r;
    }
}

/* Its cards; those of a lease that is being forgotten are waited for. False: err, or may not go on.
 */
static bool take_cards(struct lease *l, struct err *err)
{
    const int64_t until = clock_monotonic_us() + CARDS_US;
    while (!cards_take(l, err))
        if (err->code != ERR_WRONG_STATE || clock_monotonic_us() >= until ||
            runner_is_stopping(l) || !runner_pause(l, l->agent->settings.retry_us))
            return false;
    return true;
}

bool runner_prepare(struct lease *l)
{
    struct images_answer answer;
    struct err err;
    if (runner_is_stopping(l)) return runner_note_never_ran(l);

    const enum images_result image = await_image(l, &answer);
    if (!runner_may_go_on(l)) return false;
    if (runner_is_stopping(l)) return runner_note_never_ran(l);
    if (image == IMAGES_REFUSED) return refuse(l, answer.reason, answer.fault, answer.detail);

    pthread_mutex_lock(&l->lock);
    memcpy(l->entry.image_id, answer.image.id, sizeof(l->entry.image_id));
    memcpy(l->entry.image_digest, answer.image.digest, sizeof(l->entry.image_digest));
    pthread_mutex_unlock(&l->lock);

    if (!make_out(l, &err)) return refuse_io(l, &err);
    if (!take_cards(l, &err)) {
        if (!runner_may_go_on(l)) return false;
        if (runner_is_stopping(l)) return runner_note_never_ran(l);
        return refuse_engine(l, ENGINE_FAILED, &err);
    }
    const enum restored restored = runner_restore(l, &err);
    if (!runner_may_go_on(l)) return false;
    if (runner_is_stopping(l)) return runner_note_never_ran(l);
    if (restored != RESTORED) return refuse_io(l, &err);
    const enum engine_result r = create(l, &err);
    if (!runner_may_go_on(l)) return false;
    return r == ENGINE_DONE ? runner_step(l, STEP_CREATED) : refuse_engine(l, r, &err);
}

/* ---- the start ---------------------------------------------------------------------------------
 */

/* The meter starts when the container did, as far as the engine tells, and not before `from_us`.
 * The deadline counts from there: before the market hears of it. */
static bool start_meter(struct lease *l, const struct container_state *state, int64_t from_us)
{
    const int64_t now_boot = clock_boot_us(), now_wall = clock_wall_us();
    int64_t ago = state->started_us > 0 ? now_wall - state->started_us : 0;
    if (ago < 0) ago = 0;
    if (from_us > 0 && ago > now_boot - from_us) ago = now_boot - from_us;

    pthread_mutex_lock(&l->lock);
    l->ready_boot_us = now_boot - ago;
    l->deadline_boot_us = l->ready_boot_us + l->entry.max_seconds * SECOND;
    l->entry.ready_boot_us = l->ready_boot_us;
    l->entry.ready_wall_us = now_wall - ago;
    memcpy(l->entry.boot_id, l->agent->boot_id, sizeof(l->entry.boot_id));
    pthread_mutex_unlock(&l->lock);
    kill_poke(l->agent);
    return runner_step(l, STEP_STARTED);
}

/* *from_us: when we started it; 0: it ran already, an agent before us did. */
static enum engine_result start(struct lease *l, struct container_state *state, int64_t *from_us,
                                struct err *err)
{
    const struct engine *e = &l->agent->engine;
    enum engine_result r = e->ops->container_inspect(e->self, l->name, state, err);
    *from_us = 0;
    for (int tries = 1; r == ENGINE_DONE && state->phase == CONTAINER_CREATED; tries++) {
        *from_us = clock_boot_us();
        r = e->ops->container_start(e->self, l->name, err);
        if (r != ENGINE_DONE && (r != ENGINE_FAILED || tries == TRIES)) break;
        if (r != ENGINE_DONE && !runner_pause(l, l->agent->settings.retry_us)) break;
        r = e->ops->container_inspect(e->self, l->name, state, err);
        if (r == ENGINE_DONE && state->phase == CONTAINER_CREATED && tries == TRIES) {
            FAIL(err, ERR_PROTOCOL, "The engine says that it started the container, and did not.");
            r = ENGINE_FAILED;
        }
    }
    return r;
}

bool runner_start(struct lease *l)
{
    struct container_state state = { .phase = CONTAINER_CREATED };
    struct err err;
    int64_t from_us;
    if (l->what.nodes > 1 && !runner_gather(l)) return false;
    if (runner_is_stopping(l)) return runner_note_never_ran(l);

    const enum engine_result r = start(l, &state, &from_us, &err);
    if (r == ENGINE_DONE) return start_meter(l, &state, from_us);
    if (!runner_may_go_on(l)) return false;
    return refuse_engine(l, r, &err);
}
