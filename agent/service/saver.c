/* SPDX-License-Identifier: Apache-2.0 */
#include "service/saver.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/agent.h"
#include "service/outputs.h"
#include "service/runner.h"
#include "service/saved.h"
#include "sign/checkpoint.h"

#define SECOND        INT64_C(1000000)
#define SECOND_NS     INT64_C(1000000000)
#define NS_PER_US     1000
#define QUICK         3    /* a change is looked at after this part of the time between two looks */
#define ROUNDS        4096 /* of naming what is missing and sending it */
#define ANSWER_MEMORY ((size_t)1 << 20)

struct saver {
    struct lease *lease;
    pthread_t thread;
    bool started;
    struct snapshot kept; /* the last that the market has */
    bool any;             /* there is one */
    int64_t kept_seconds; /* of the run, that it is good for */
    int64_t looked_boot_us;
    bool ending; /* the lease's lock guards it */
};

/* ---- telling ---- */

static const char *staged(const struct lease *l, struct str digest, char path[PATH_MAX])
{
    const int n = snprintf(path, PATH_MAX, "%s/%.*s", l->stage_dir, (int)digest.n, digest.p);

    return n > 0 && n < PATH_MAX ? path : NULL;
}

static enum link_result send_piece(struct lease *l, struct str digest, struct err *err)
{
    const struct link *m = &l->agent->market;
    char path[PATH_MAX], name[65];
    struct stat st;
    auto_close int fd =
        digest.n == 64 && staged(l, digest, path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    if (fd < 0 || fstat(fd, &st) != 0) { /* the market has forgotten what it had: all over again */
        FAIL(err, ERR_NOT_FOUND, "A piece of a checkpoint is not here any more.");
        return LINK_GONE;
    }
    snprintf(name, sizeof(name), "%.*s", (int)digest.n, digest.p);
    return m->ops->blob_put(m->self, name, fd, (int64_t)st.st_size, err);
}

static enum link_result send_missing(struct lease *l, const struct str_list *missing,
                                     struct err *err)
{
    for (size_t i = 0; i < missing->n; i++) {
        const enum link_result r = send_piece(l, missing->v[i], err);
        if (r != LINK_DONE) return r;
        if (!runner_may_go_on(l)) return LINK_UNREACHABLE;
    }
    return LINK_DONE;
}

/* Say it, send what is missing, say it again. LINK_DONE: the market has it. */
static enum link_result tell(struct lease *l, struct str document, struct str signature,
                             struct err *err)
{
    const struct link *m = &l->agent->market;
    enum link_result r = LINK_DONE;
    bool kept = false;

    for (int round = 0; r == LINK_DONE && !kept && round < ROUNDS; round++) {
        struct arena a;
        struct str_list missing = { NULL, 0 };
        arena_init(&a, ANSWER_MEMORY);
        r = m->ops->checkpoint(m->self, l->what.lease_id, document, signature, &a, &kept, &missing,
                               err);
        if (r == LINK_DONE && !kept) r = send_missing(l, &missing, err);
        arena_done(&a);
    }
    return kept ? LINK_DONE : r;
}

static enum link_result tell_signed(struct saver *s, const char *sha256, int64_t seconds,
                                    int64_t looked, struct err *err)
{
    struct lease *l = s->lease;
    struct arena a;
    char text[89];
    const struct checkpoint c = { .lease_id = l->what.lease_id,
                                  .epoch = l->what.epoch,
                                  .manifest_sha256 = str_of(sha256),
                                  .seconds = seconds,
                                  .looked_seconds = looked,
                                  .at_us = clock_wall_us() };
    enum link_result r = LINK_REFUSED;

    arena_init(&a, BODY_MAX);
    const struct str document = checkpoint_text(&c, &a);
    if (document.p) {
        const struct signature sig = key_sign_tagged(l->agent->id->key, TAG_CHECKPOINT, document);
        signature_text(&sig, text);
        r = tell(l, document, str_of(text), err);
    } else {
        FAIL(err, ERR_NO_MEMORY, "No memory was left for a checkpoint.");
    }
    arena_done(&a);
    return r;
}

/* ---- looking ---- */

/* The second of the run at which the newest file was written; files that were put back are older
 * than it. `now_us`: when the folder was read, by the boot clock. */
static int64_t newest_seconds(const struct lease *l, const struct snapshot *shot, int64_t now_us)
{
    if (shot->newest_ns == 0) return 0;
    const int64_t age_us = (shot->now_ns - shot->newest_ns) / NS_PER_US;
    const int64_t at_us = now_us - (age_us > 0 ? age_us : 0);
    return at_us > l->ready_boot_us ? (at_us - l->ready_boot_us) / SECOND : 0;
}

/* Up to when the container ran, at most. */
static int64_t looking_at_us(struct lease *l)
{
    int64_t now = clock_boot_us();

    pthread_mutex_lock(&l->lock);
    if (l->ended_boot_us != 0 && l->ended_boot_us < now) now = l->ended_boot_us;
    if (l->deadline_boot_us < now) now = l->deadline_boot_us;
    pthread_mutex_unlock(&l->lock);
    return now;
}

static void keep(struct saver *s, struct snapshot *shot, int64_t seconds)
{
    snapshot_done(&s->kept);
    s->kept = *shot;
    snapshot_init(shot);
    s->any = true;
    s->kept_seconds = seconds;
}

static void clear_stage(const struct lease *l)
{
    struct err err;

    if (!tree_remove(l->stage_dir, &err)) log_err(LOG_WARN, "checkpoint.stage", &err);
}

static void forget_kept(struct saver *s)
{
    snapshot_done(&s->kept);
    snapshot_init(&s->kept);
    s->any = false;
}

/* What there is to tell of a look: a new reading, or that there is none, in which case the last one
 * still stands. False: nothing at all. */
static bool read_folder(struct saver *s, struct snapshot *shot, int64_t *seconds, struct err *err)
{
    struct lease *l = s->lease;
    const int64_t now_us = clock_boot_us();
    const enum shot got = saved_take(l->save_dir, l->stage_dir, s->any ? &s->kept : NULL,
                                     l->what.scratch_bytes, shot, err);

    if (got == SHOT_TAKEN) {
        *seconds = newest_seconds(l, shot, now_us);
        return true;
    }
    if (got == SHOT_FAILED)
        log_err(LOG_ERROR, "checkpoint.failed", err);
    else
        LOG(LOG_WARN, "checkpoint.not_taken", LOG_C("lease", l->lease_id),
            LOG_C("why",
                  got == SHOT_RESTLESS ? "it is written to all the time" : "it is too much"));
    *seconds = s->kept_seconds;
    return got != SHOT_FAILED && s->any;
}

/* One look. The result of telling; LINK_REFUSED also when there is nothing to tell. */
static enum link_result look(struct saver *s)
{
    struct lease *l = s->lease;
    struct snapshot shot;
    struct err err = { .code = ERR_NONE };
    int64_t seconds = 0;
    enum link_result r = LINK_REFUSED;

    const int64_t looked = (looking_at_us(l) - l->ready_boot_us) / SECOND;
    snapshot_init(&shot);
    if (read_folder(s, &shot, &seconds, &err)) {
        const bool fresh = shot.text.n > 0;
        if (seconds > looked) seconds = looked;
        r = tell_signed(s, fresh ? shot.sha256 : s->kept.sha256, seconds, looked, &err);
        if (r == LINK_DONE) {
            LOG(LOG_INFO, "checkpoint.kept", LOG_C("lease", l->lease_id),
                LOG_I64("seconds", seconds), LOG_I64("looked", looked));
            if (fresh) keep(s, &shot, seconds);
            clear_stage(l);
        } else {
            log_err(LOG_WARN, "checkpoint.not_kept", &err);
            if (r == LINK_GONE) forget_kept(s);
        }
    }
    snapshot_done(&shot);
    return r;
}

/* ---- the thread ---- */

static bool take_wish(struct lease *l)
{
    pthread_mutex_lock(&l->lock);
    const bool wanted = l->save_wanted;
    l->save_wanted = false;
    pthread_mutex_unlock(&l->lock);
    return wanted;
}

static bool is_ending(struct saver *s)
{
    pthread_mutex_lock(&s->lease->lock);
    const bool ending = s->ending || s->lease->ended_boot_us != 0 ||
                        s->lease->entry.step != STEP_RUNNING || s->lease->forget;
    pthread_mutex_unlock(&s->lease->lock);
    return ending;
}

static bool is_due(struct saver *s)
{
    const struct lease *l = s->lease;
    const int64_t period_us = l->what.checkpoint_seconds * SECOND / CHECKPOINT_LOOKS;
    const int64_t since_us = clock_boot_us() - s->looked_boot_us;

    if (take_wish(s->lease) || since_us >= period_us) return true;
    return since_us >= period_us / QUICK &&
           (s->any ? saved_has_changed(l->save_dir, &s->kept) : true);
}

static bool is_over(struct saver *s)
{
    pthread_mutex_lock(&s->lease->lock);
    const bool over = s->ending || s->lease->ended_boot_us != 0 || s->lease->forget;
    pthread_mutex_unlock(&s->lease->lock);
    return over;
}

static void *saver_main(void *arg)
{
    struct saver *s = arg;

    while (!is_over(s) && agent_pause(s->lease->agent, s->lease->agent->settings.watch_us)) {
        if (is_ending(s) || !is_due(s)) continue; /* the market does not know yet that it runs */
        s->looked_boot_us = clock_boot_us();
        (void)look(s); /* what was not heard is told with the next look */
    }
    return NULL;
}

struct saver *saver_begin(struct lease *l)
{
    if (l->what.nodes > 1) return NULL;
    struct saver *s = mem_zalloc(sizeof(*s));
    s->lease = l;
    s->looked_boot_us = clock_boot_us();
    snapshot_init(&s->kept);
    s->started = pthread_create(&s->thread, NULL, saver_main, s) == 0;
    return s;
}

static void end_thread(struct saver *s)
{
    pthread_mutex_lock(&s->lease->lock);
    s->ending = true;
    pthread_mutex_unlock(&s->lease->lock);
    if (s->started) pthread_join(s->thread, NULL);
    s->started = false;
}

bool saver_finish(struct saver *s, bool last)
{
    if (!s) return true;
    end_thread(s);
    for (int failures = 1; last && runner_may_go_on(s->lease); failures++) {
        const enum link_result r = look(s);
        if (r != LINK_UNREACHABLE && r != LINK_GONE) break;
        if (!runner_pause(s->lease, agent_backoff_us(s->lease->agent, failures))) break;
    }
    return runner_may_go_on(s->lease);
}

void saver_free(struct saver *s)
{
    if (!s) return;
    end_thread(s);
    snapshot_done(&s->kept);
    mem_free(s);
}
