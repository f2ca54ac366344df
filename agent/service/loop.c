/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: see what the market wants, what we promised and what the engine has, let plan() say
 * what is to be done, do it.
 *
 * It runs twice at the start: first on the journal and the engine alone, so that containers are in
 * good hands before the market answers; then, as soon as it does, with all it wants. Journal and
 * engine are looked at again from time to time: what could not be removed, or what others have made
 * under our name, is found while we run, not by the next agent.
 *
 * Only this thread adds leases to the table and takes them out. So a container that the engine
 * lists has its lease in the table, which is read afterwards, or nobody knows it. */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/notify.h"
#include "service/agent.h"
#include "service/auctions.h"
#include "service/disk.h"
#include "service/kill.h"
#include "service/outputs.h"
#include "service/runner.h"

#define WANTED_MAX 256
#define POLL_MEMORY                                                                                \
    (8 << 20) /* WANTED_MAX assignments of usual size; of the largest, some dozen                  \
               */
#define START_MEMORY (64 << 20)

/* Views for plan() and the things that they view. */
struct scene {
    struct agent *agent;
    struct assignment assignments[WANTED_MAX];
    struct wanted wanted[WANTED_MAX];
    struct kept kept[LEASES_MAX];
    char kept_ids[LEASES_MAX][LEASE_ID_SIZE];
    struct container_seen containers[LEASES_MAX];
    struct seen seen[LEASES_MAX];
    struct action actions[WANTED_MAX + 3 * LEASES_MAX];
    struct world world;
};

/* ---- leases ------------------------------------------------------------------------------------
 */

static void begin(struct agent *a, struct lease *l)
{
    pthread_mutex_lock(&l->lock);
    l->started = pthread_create(&l->worker, NULL, runner_main, l) == 0;
    l->over = !l->started; /* the journal has it; the next start goes on */
    pthread_mutex_unlock(&l->lock);
    if (!l->started) LOG(LOG_ERROR, "worker.not_started", LOG_C("lease", l->lease_id));
    kill_poke(a);
}

/* Join the workers that have ended (any: all of them) and forget their leases. */
static void reap(struct agent *a, bool any)
{
    struct lease *l;
    while ((l = leases_take_over(&a->leases, any))) {
        if (l->started) pthread_join(l->worker, NULL);
        lease_free(l);
    }
}

static void take_on(struct agent *a, const struct assignment *what)
{
    struct err err;
    const struct journal_entry entry = { .step = STEP_TAKEN };
    struct lease *l = lease_new(a, what, &entry);
    if (!l) {
        LOG(LOG_ERROR, "lease.no_memory", LOG_STR("lease", what->lease_id));
        return;
    }
    pthread_mutex_lock(&l->lock);
    const bool kept = lease_save(l, &err);
    pthread_mutex_unlock(&l->lock);
    if (!kept) log_err(LOG_ERROR, "journal.failed", &err);
    if (!kept || !leases_add(&a->leases, l)) {
        lease_free(l); /* not promised to anybody yet: the market will ask somebody else */
        return;
    }
    LOG(LOG_INFO, "lease.taken", LOG_C("lease", l->lease_id), LOG_STR("job", l->what.job_id),
        LOG_STR("image", l->what.image), LOG_I64("units", l->what.units));
    agent_count_sale(a);
    begin(a, l);
}

static void decline(struct agent *a, const struct assignment *what)
{
    struct err err = { .code = ERR_NONE };
    const char *why = assignment_beyond_us(what, agent_fitness(a), agent_gives_networks(a));
    if (!why) why = "This machine has not so much left.";
    LOG(LOG_WARN, "lease.declined", LOG_STR("lease", what->lease_id), LOG_C("why", why));
    if (a->market.ops->decline(a->market.self, what->lease_id, what->epoch, str_of(why), &err) ==
        LINK_UNREACHABLE)
        log_err(LOG_WARN, "market.not_reached", &err); /* its offer runs out by itself */
}

/* ---- the scene ---------------------------------------------------------------------------------
 */

static void add_kept(void *arg, struct lease *l)
{
    struct scene *s = arg;
    const size_t i = s->world.kept_n++;
    pthread_mutex_lock(&l->lock);
    memcpy(s->kept_ids[i], l->lease_id, sizeof(s->kept_ids[i]));
    s->kept[i] = (struct kept){
        .lease_id = str_of(s->kept_ids[i]),
        .epoch = l->what.epoch,
        .share = assignment_share(&l->what),
        .step = l->entry.step,
        .busy = l->started,
        .dropping = l->forget,
        .deadline_boot_us = l->deadline_boot_us,
    };
    pthread_mutex_unlock(&l->lock);
}

static void see_containers(struct scene *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        s->seen[i] = (struct seen){ str_of(s->containers[i].lease_id), s->containers[i].epoch,
                                    s->containers[i].running };
    s->world.seen_n = n;
}

static void see_wanted(struct scene *s, const struct assignments_told *told, struct arena *a)
{
    size_t n = 0;
    for (size_t i = 0; i < told->n && n < WANTED_MAX; i++) {
        struct err err;
        struct assignment *what = &s->assignments[n];
        if (!assignment_read(told->v[i].document, told->v[i].signature, &s->agent->id->trust, a,
                             what, &err)) {
            log_err(LOG_ERROR, "assignment.refused", &err);
            continue;
        }
        s->wanted[n++] =
            (struct wanted){ what->lease_id, what->epoch, assignment_share(what),
                             assignment_beyond_us(what, agent_fitness(s->agent),
                                                  agent_gives_networks(s->agent)) == NULL };
    }
    s->world.wanted_n = n;
}

/* ---- carrying out ------------------------------------------------------------------------------
 */

static void remove_stray(struct agent *a, const struct container_seen *c)
{
    struct err err;
    LOG(LOG_WARN, "container.stray", LOG_C("container", c->name), LOG_BOOL("running", c->running));
    if (a->engine.ops->container_remove(a->engine.self, c->name, &err) != ENGINE_DONE)
        log_err(LOG_ERROR, "container.not_removed", &err);
    else if (a->net.ops)
        a->net.ops->close(a->net.self, c->name);
}

static void set_forget(void *arg, struct lease *l)
{
    pthread_mutex_lock(&l->lock);
    l->forget = true;
    lease_poke_locked(l);
    const bool started = l->started;
    pthread_mutex_unlock(&l->lock);
    LOG(LOG_WARN, "lease.forgotten", LOG_C("lease", l->lease_id));
    if (!started) begin(arg, l); /* its worker cleans up */
}

static void resume(void *arg, struct lease *l)
{
    LOG(LOG_INFO, "lease.resumed", LOG_C("lease", l->lease_id),
        LOG_C("step", step_names[l->entry.step]));
    begin(arg, l);
}

static void kill_now(void *arg, struct lease *l)
{
    const struct agent *a = arg;
    struct err err;
    if (a->engine.ops->container_kill(a->engine.self, l->name, SIGKILL, &err) == ENGINE_FAILED)
        log_err(LOG_ERROR, "container.not_killed", &err); /* the executioner goes on with it */
}

static void carry_out(struct scene *s, const struct action *action)
{
    struct agent *a = s->agent;
    const struct kept *k = &s->kept[action->index];
    switch (action->act) {
    case ACT_REMOVE: remove_stray(a, &s->containers[action->index]); break;
    case ACT_KILL: leases_with(&a->leases, k->lease_id, k->epoch, kill_now, a); break;
    case ACT_FORGET: leases_with(&a->leases, k->lease_id, k->epoch, set_forget, a); break;
    case ACT_RESUME: leases_with(&a->leases, k->lease_id, k->epoch, resume, a); break;
    case ACT_DECLINE: decline(a, &s->assignments[action->index]); break;
    case ACT_TAKE: take_on(a, &s->assignments[action->index]); break;
    }
}

static void reconcile(struct scene *s, bool wanted_whole)
{
    struct world *w = &s->world;
    w->wanted = s->wanted;
    w->wanted_whole = wanted_whole;
    w->kept = s->kept;
    w->kept_n = 0;
    w->seen = s->seen;
    w->offered = s->agent->report.inventory.share;
    w->now_boot_us = clock_boot_us();
    leases_each(&s->agent->leases, add_kept, s);
    const size_t n = plan(w, s->actions);
    for (size_t i = 0; i < n; i++)
        carry_out(s, &s->actions[i]);
}

/* ---- the start ---------------------------------------------------------------------------------
 */

/* One lease of the journal back into the table. What cannot be read cannot be kept: its container,
 * if it has one, is a stray. */
static void recall(struct agent *a, struct str lease_id)
{
    struct err err;
    struct arena arena;
    struct journal_entry entry;
    struct assignment what;
    arena_init(&arena, START_MEMORY);
    if (journal_read(a->dir, lease_id, &arena, &entry, &err) &&
        assignment_read(entry.document, entry.signature, &a->id->trust, &arena, &what, &err)) {
        struct lease *l = lease_new(a, &what, &entry);
        if (l && !leases_add(&a->leases, l)) lease_free(l);
    } else {
        log_err(LOG_ERROR, "journal.unreadable", &err);
        if (!journal_remove(a->dir, lease_id, &err)) log_err(LOG_ERROR, "journal.failed", &err);
    }
    arena_done(&arena);
}

static bool is_there(struct agent *a, struct str lease_id)
{
    return leases_with(&a->leases, lease_id, 0, NULL, NULL);
}

/* Scratch that no lease has any more: a crash came between two removals, or a journal was lost. */
static void sweep(struct agent *a, const struct str_list *folders)
{
    for (size_t i = 0; i < folders->n; i++) {
        struct err err;
        char path[PATH_MAX];
        const struct str id = folders->v[i];
        const int n = snprintf(path, sizeof(path), "%s/leases/%.*s", a->dir, (int)id.n, id.p);
        if (n < 0 || n >= PATH_MAX || is_there(a, id)) continue;
        if (!scratch_remove(path, &err)) log_err(LOG_ERROR, "scratch.not_removed", &err);
    }
}

/* Nothing can be said of containers before the engine answers. False: the agent is stopping. */
static bool await_engine(struct agent *a, struct container_seen *out, size_t *n)
{
    const struct engine *e = &a->engine;
    for (int failures = 1;; failures++) {
        struct err err;
        if (e->ops->describe(e->self, &a->report.engine, &err) &&
            e->ops->container_list(e->self, a->id->trust.node_id, out, LEASES_MAX, n, &err) ==
                ENGINE_DONE)
            return true;
        if (!agent_is_stopping(a)) log_err(LOG_ERROR, "engine.not_reached", &err);
        notify_tell("WATCHDOG=1");
        if (!agent_pause(a, agent_backoff_us(a, failures))) return false;
    }
}

/* Entries of the journal that are not in the table. */
static void recall_missing(struct agent *a, const struct str_list *leases)
{
    for (size_t i = 0; i < leases->n; i++)
        if (!is_there(a, leases->v[i])) recall(a, leases->v[i]);
}

/* What the journal and the engine, which shows `n` containers, have without the market. */
static void reconcile_here(struct scene *s, const struct journal_names *names, size_t n)
{
    see_containers(s, n);
    s->world.wanted_n = 0;
    reconcile(s, false);
    s->world.seen_n = 0; /* looked at */
    sweep(s->agent, &names->folders);
}

static void adopt_named(struct agent *a, struct scene *s, const struct journal_names *names)
{
    size_t n = 0;
    recall_missing(a, &names->leases);
    if (!await_engine(a, s->containers, &n)) return;
    LOG(LOG_INFO, "engine.reached", LOG_C("engine", a->report.engine.name),
        LOG_C("version", a->report.engine.version), LOG_I64("containers", (int64_t)n));
    reconcile_here(s, names, n);
}

static bool adopt(struct agent *a, struct scene *s, struct err *err)
{
    struct arena arena;
    struct journal_names names;
    arena_init(&arena, START_MEMORY);
    const bool ok = journal_list(a->dir, &arena, &names, err);
    if (ok) adopt_named(a, s, &names);
    arena_done(&arena);
    return ok;
}

/* Leaves out what is of no lease: the owner may run `doctor` beside us, whose container is none of
 * ours until it is left behind. */
static size_t only_of_leases(struct container_seen *v, size_t n)
{
    struct id unused;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (id_parse("lease_", str_of(v[i].lease_id), &unused)) v[kept++] = v[i];
    return kept;
}

/* Once more, while we run. An engine that does not answer is asked the next time. */
static void look_again(struct agent *a, struct scene *s)
{
    struct err err;
    struct arena arena;
    struct journal_names names;
    size_t n = 0;
    arena_init(&arena, START_MEMORY);
    reap(a, false);
    if (!journal_list(a->dir, &arena, &names, &err)) {
        log_err(LOG_ERROR, "journal.failed", &err);
    } else if (a->engine.ops->container_list(a->engine.self, a->id->trust.node_id, s->containers,
                                             LEASES_MAX, &n, &err) == ENGINE_DONE) {
        recall_missing(a, &names.leases);
        reconcile_here(s, &names, only_of_leases(s->containers, n));
    }
    arena_done(&arena);
}

/* ---- polling -----------------------------------------------------------------------------------
 */

/* Is a lease told again? Then something became of it, and the heartbeat's answer says what. */
static bool is_known(const struct scene *s)
{
    for (size_t i = 0; i < s->world.wanted_n; i++)
        if (is_there(s->agent, s->wanted[i].lease_id)) return true;
    return false;
}

/* One question, one answer. False: the market could not be reached. An answer to after=0 is always
 * the whole, also when it comes late. */
static bool poll_once(struct agent *a, struct scene *s, int64_t wait_s, int64_t *after)
{
    struct err err;
    struct arena arena;
    struct assignments_told told = { .n = 0 };
    arena_init(&arena, POLL_MEMORY);
    const bool heard = a->market.ops->assignments(a->market.self, *after, wait_s, &arena, &told,
                                                  &err) == LINK_DONE;
    reap(a, false);
    if (heard) {
        see_wanted(s, &told, &arena);
        if (*after > 0 && is_known(s)) agent_poke(a, POKE_BEAT);
        auctions_answer(a, told.bids, told.bids_n);
        reconcile(s, *after == 0);
        if (told.next > *after) *after = told.next;
    }
    arena_done(&arena);
    return heard;
}

static void poll_forever(struct agent *a, struct scene *s)
{
    int64_t after = 0, wait_s = 0; /* the first answer is wanted at once */
    int64_t look_us = clock_monotonic_us() + a->settings.look_us;
    int failures = 0;
    while (!agent_is_stopping(a)) {
        if (clock_monotonic_us() >= look_us) {
            look_again(a, s);
            look_us = clock_monotonic_us() + a->settings.look_us;
        }
        failures = poll_once(a, s, wait_s, &after) ? 0 : failures + 1;
        if (failures == 0) wait_s = a->settings.poll_wait_s;
        if (failures > 0 && !agent_pause(a, agent_backoff_us(a, failures))) break;
    }
}

bool agent_run(struct agent *a, struct err *err)
{
    static void *(*const mains[])(void *) = { heartbeat_main, kill_main, watch_main, asks_main };
    pthread_t threads[ARRAY_LEN(mains)];
    size_t n = 0;
    struct scene *s = mem_zalloc(sizeof(*s));
    s->agent = a;
    bool ok = adopt(a, s, err);
    for (; ok && n < ARRAY_LEN(mains); n++)
        if (pthread_create(&threads[n], NULL, mains[n], a) != 0) break;
    if (ok && n < ARRAY_LEN(mains)) {
        ok = FAIL(err, ERR_NO_MEMORY, "A thread of the agent could not be started.");
        agent_stop(a);
    }
    if (ok) agent_test_itself(a); /* the threads look after what runs meanwhile */
    if (ok) poll_forever(a, s);
    if (!ok) agent_stop(a);
    for (size_t i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    reap(a, true);
    mem_free(s);
    return ok;
}
