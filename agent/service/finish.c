/* SPDX-License-Identifier: Apache-2.0 */
/* From the end of a container to a signed receipt. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "domain/ending.h"
#include "service/agent.h"
#include "service/cards.h"
#include "service/outputs.h"
#include "service/runner.h"
#include "service/saver.h"

#define SECOND       INT64_C(1000000)
#define EXIT_UNKNOWN 255
#define INSPECT_WAIT 20000 /* between two looks at an engine that still tidies up */

/* ---- how it ended ------------------------------------------------------------------------------
 */

static enum engine_result inspect_ended(struct lease *l, struct container_state *state)
{
    const struct engine *e = &l->agent->engine;
    struct err err;
    for (int failures = 1;;) {
        const enum engine_result r = e->ops->container_inspect(e->self, l->name, state, &err);
        if (r == ENGINE_NO_SUCH || (r == ENGINE_DONE && state->phase == CONTAINER_EXITED)) return r;
        if (r != ENGINE_DONE) log_err(LOG_WARN, "container.not_inspected", &err);
        const int64_t us = r == ENGINE_DONE ? INSPECT_WAIT : agent_backoff_us(l->agent, failures++);
        if (!runner_pause(l, us)) return ENGINE_FAILED;
    }
}

/* When it ended on our boot clock: what the engine says, but not after we saw it, nor before it
 * began. */
static int64_t ended_boot_us(const struct lease *l, const struct container_state *state)
{
    int64_t ended = l->ended_boot_us;
    if (state->finished_us > 0) {
        const int64_t told = clock_boot_us() - (clock_wall_us() - state->finished_us);
        if (told < ended) ended = told;
    }
    return ended > l->ready_boot_us ? ended : l->ready_boot_us;
}

/* Under the lock. */
static void fill_exit(struct lease *l, const struct container_state *state)
{
    const struct exit_facts facts = {
        .exit_code = state->exit_code,
        .ready_boot_us = l->ready_boot_us,
        .ended_boot_us = ended_boot_us(l, state),
        .deadline_boot_us = l->deadline_boot_us,
        .told_to_stop = l->stopping,
        .killed_by_us = l->killed,
        .out_of_memory = state->out_of_memory,
        .over_quota = l->entry.over_quota,
        .over_bytes = l->entry.over_bytes,
        .displaced = l->entry.displaced,
    };
    l->entry.exit_code = state->exit_code;
    l->entry.seconds = exit_seconds(&facts);
    l->entry.ended_wall_us = l->entry.ready_wall_us + (facts.ended_boot_us - facts.ready_boot_us);
    snprintf(l->entry.reason, sizeof(l->entry.reason), "%s", exit_reason(&facts));
}

/* Somebody took the container from the engine: how it ended nobody can say, but whose fault it is.
 * Under the lock. */
static void vanished(struct lease *l)
{
    LOG(LOG_ERROR, "container.vanished", LOG_C("container", l->name));
    snprintf(l->entry.reason, sizeof(l->entry.reason), "engine-failed");
}

static bool was_displaced(struct lease *l)
{
    pthread_mutex_lock(&l->lock);
    const bool displaced = l->entry.displaced;
    pthread_mutex_unlock(&l->lock);
    return displaced;
}

bool runner_note_exit(struct lease *l)
{
    struct container_state state = { .phase = CONTAINER_EXITED };
    char log_sha256[SHA_TEXT_SIZE];
    int64_t dropped = 0;
    const enum engine_result r = inspect_ended(l, &state);
    if (r == ENGINE_FAILED) return false;
    lease_keep_flows(l);
    /* What another run would go on from is saved before this one is told to be over. */
    if (!saver_finish(l->saver, r == ENGINE_NO_SUCH || was_displaced(l))) return false;
    pump_sha256(l->pump, log_sha256, &dropped);
    pthread_mutex_lock(&l->lock);
    if (r == ENGINE_NO_SUCH) state.exit_code = EXIT_UNKNOWN;
    fill_exit(l, &state);
    if (r == ENGINE_NO_SUCH) vanished(l);
    memcpy(l->entry.log_sha256, log_sha256, sizeof(log_sha256));
    pthread_mutex_unlock(&l->lock);
    if (dropped > 0)
        LOG(LOG_INFO, "log.capped", LOG_C("lease", l->lease_id), LOG_I64("bytes", dropped));
    return runner_step(l, STEP_EXITED);
}

bool runner_note_never_ran(struct lease *l)
{
    pthread_mutex_lock(&l->lock);
    l->entry.ready_wall_us = 0;
    l->entry.ended_wall_us = clock_wall_us();
    l->entry.seconds = 0;
    l->entry.exit_code = 0;
    sha256_hex(STR(""), l->entry.log_sha256);
    snprintf(l->entry.reason, sizeof(l->entry.reason), "done");
    pthread_mutex_unlock(&l->lock);
    return runner_step(l, STEP_EXITED);
}

/* ---- outputs -----------------------------------------------------------------------------------
 */

enum sent { SENT, SENT_NOT, SENT_STOP };

/* Put one file into the market's store. SENT_NOT: the market does not take it. */
static enum sent upload(struct lease *l, const struct output *o)
{
    const struct link *m = &l->agent->market;
    auto_close int fd = outputs_open(l->out_dir, o->path);
    if (fd < 0) return SENT_NOT;
    for (int failures = 1;; failures++) {
        struct err err;
        const enum link_result r = m->ops->blob_put(m->self, o->sha256, fd, o->size_bytes, &err);
        if (r == LINK_DONE) return SENT;
        if (r != LINK_UNREACHABLE) {
            log_err(LOG_WARN, "output.refused", &err);
            return SENT_NOT;
        }
        if (!runner_pause(l, agent_backoff_us(l->agent, failures))) return SENT_STOP;
    }
}

/* All of them; those that cannot be kept are taken off the list. False: may not go on. */
static bool upload_all(struct lease *l, struct outputs *outputs)
{
    size_t kept = 0;
    for (size_t i = 0; i < outputs->n; i++) {
        const enum sent sent = upload(l, &outputs->v[i]);
        if (sent == SENT_STOP) return false;
        if (sent == SENT) outputs->v[kept++] = outputs->v[i];
    }
    outputs->passed_over += (int64_t)(outputs->n - kept);
    outputs->n = kept;
    if (outputs->passed_over > 0)
        LOG(LOG_WARN, "outputs.passed_over", LOG_C("lease", l->lease_id),
            LOG_I64("files", outputs->passed_over));
    return true;
}

/* ---- the receipt -------------------------------------------------------------------------------
 */

static struct str write_receipt(struct lease *l, const struct outputs *outputs)
{
    const struct identity *id = l->agent->id;
    const struct public_key key = key_public(id->key);
    char key_text[45], command_sha256[65];
    public_key_text(&key, key_text);
    assignment_command_sha256(&l->what, command_sha256);
    const struct receipt r = {
        .market_id = id->trust.market_id,
        .lease_id = l->what.lease_id,
        .job_id = l->what.job_id,
        .node_id = id->trust.node_id,
        .node_public_key = str_of(key_text),
        .epoch = l->what.epoch,
        .image = l->what.image,
        .image_digest = str_of(l->entry.image_digest),
        .command_sha256 = str_of(command_sha256),
        .pool = l->what.pool,
        .reason = str_of(l->entry.reason),
        .units = l->what.units,
        .seconds = l->entry.seconds,
        .exit_code = l->entry.exit_code,
        .ticks = l->entry.ticks,
        .ready_at_us = l->entry.ready_wall_us,
        .ended_at_us = l->entry.ended_wall_us,
        .log_sha256 = str_of(l->entry.log_sha256),
        .outputs = outputs->v,
        .outputs_n = outputs->n,
        .gpus = cards_digests(l),
    };
    return receipt_text(&r, &l->arena);
}

static bool sign(struct lease *l, const struct outputs *outputs)
{
    char text[89];
    pthread_mutex_lock(&l->lock);
    const struct str receipt = write_receipt(l, outputs);
    const struct signature s = key_sign_tagged(l->agent->id->key, TAG_RECEIPT, receipt);
    signature_text(&s, text);
    const char *signature = arena_copy(&l->arena, str_of(text));
    const bool made = receipt.p && signature;
    if (made) {
        l->entry.receipt = receipt;
        l->entry.receipt_signature = str_of(signature);
    }
    pthread_mutex_unlock(&l->lock);
    return made;
}

bool runner_sign(struct lease *l)
{
    struct arena a;
    struct err err;
    struct outputs outputs = { .n = 0 };
    arena_init(&a, 1 << 20);
    if (l->entry.ready_wall_us != 0 &&
        !outputs_collect(l->out_dir, &l->what.outputs, l->what.scratch_bytes, &a, &outputs, &err))
        log_err(LOG_ERROR, "outputs.failed", &err);

    bool go_on = upload_all(l, &outputs);
    if (go_on && !sign(l, &outputs)) {
        /* Too long for a receipt: its outputs are what makes it long. */
        LOG(LOG_ERROR, "receipt.too_long", LOG_C("lease", l->lease_id));
        outputs.n = 0;
        go_on = sign(l, &outputs);
    }
    arena_done(&a);
    return go_on && runner_step(l, STEP_SIGNED);
}
