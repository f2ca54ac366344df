/* SPDX-License-Identifier: Apache-2.0 */
#include "service/selftest.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/disk.h"
#include "service/outputs.h"
#include "service/probe_image.h"

#define NOBODY_ID  65534
#define STDERR_MAX 8192
#define BURSTS_MAX 8
#define OUTPUT_MAX (1 << 20)
#define WORDS      12
#define WORD_SIZE  (PATH_MAX + 16)

const char *const selftest_verdict_names[3] = { "broken", "contained", "ESCAPED" };

struct run {
    const struct selftest_how *how;
    struct selftest *out;
    char name[ENGINE_ID_SIZE], dir[PATH_MAX], out_dir[PATH_MAX];
    char words[WORDS][WORD_SIZE];
    struct str list[WORDS];
    size_t words_n;
    struct buf text;              /* what it printed */
    char bomb[32], bomb_what[80]; /* the last that was begun, as far as nothing came after it */
    bool disk, over;
    pthread_mutex_t lock; /* guards: ended */
    pthread_cond_t changed;
    bool ended;
};

/* ---- what it printed ---------------------------------------------------------------------------
 */

static void copy_text(char *out, size_t room, struct str s)
{
    snprintf(out, room, "%.*s", (int)s.n, s.p);
}

static void take_fact(struct selftest *t, struct str rest)
{
    struct str name, value;
    if (!str_cut(rest, '\t', &name, &value)) return;
    if (str_is(name, "kernel")) copy_text(t->kernel, sizeof(t->kernel), value);
    if (str_is(name, "uid_map")) copy_text(t->uid_map, sizeof(t->uid_map), value);
    if (str_is(name, "gvisor")) t->gvisor = str_is(value, "1");
}

static void take_row(struct selftest *t, struct str name, struct str rest)
{
    struct str verdict, what, detail;
    if (t->n == SELFTEST_ROWS_MAX || !str_cut(rest, '\t', &verdict, &rest) ||
        !str_cut(rest, '\t', &what, &detail))
        return;
    struct selftest_row *r = &t->rows[t->n++];
    copy_text(r->name, sizeof(r->name), name);
    copy_text(r->what, sizeof(r->what), what);
    copy_text(r->detail, sizeof(r->detail), detail);
    for (int i = 0; i < 3; i++)
        if (str_is(verdict, selftest_verdict_names[i])) r->verdict = (enum selftest_verdict)i;
}

static void take_bomb(struct run *run, struct str rest)
{
    struct str name, what;
    if (!str_cut(rest, '\t', &name, &what)) return;
    copy_text(run->bomb, sizeof(run->bomb), name);
    copy_text(run->bomb_what, sizeof(run->bomb_what), what);
}

/* False: it did not come to its end. */
static bool parse(struct run *run)
{
    struct str line, name, rest, text = buf_view(&run->text);
    bool whole = false;
    while (str_cut(text, '\n', &line, &text)) {
        whole = whole || str_is(line, "end");
        if (!str_cut(line, '\t', &name, &rest)) continue;
        run->bomb[0] = '\0';
        if (str_is(name, "fact"))
            take_fact(run->out, rest);
        else if (str_is(name, "bomb"))
            take_bomb(run, rest);
        else
            take_row(run->out, name, rest);
    }
    return whole;
}

/* The kernel ended the whole container for what the bomb took: the runtime keeps all in one
 * process. */
static void take_burst(struct run *run)
{
    struct selftest *t = run->out;
    if (t->n == SELFTEST_ROWS_MAX) return;
    struct selftest_row *r = &t->rows[t->n++];
    memcpy(r->name, run->bomb, sizeof(r->name));
    memcpy(r->what, run->bomb_what, sizeof(r->what));
    snprintf(r->detail, sizeof(r->detail), "%s", "the whole container was ended");
    r->verdict = PROBE_CONTAINED;
}

/* ---- the verdict -------------------------------------------------------------------------------
 */

static const struct selftest_row *first_bad(const struct selftest *t)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->rows[i].verdict != PROBE_CONTAINED) return &t->rows[i];
    return NULL;
}

/* The disk's size is the agent's own business: where it does not hold, the watch does. */
static void judge_disk(struct run *run)
{
    struct selftest *t = run->out;
    for (size_t i = 0; i < t->n; i++) {
        struct selftest_row *r = &t->rows[i];
        if (strcmp(r->name, "out-size") != 0) continue;
        t->disk_bounded = run->disk && r->verdict == PROBE_CONTAINED;
        if (!run->disk || r->verdict != PROBE_ESCAPED) continue;
        r->verdict = PROBE_CONTAINED;
        snprintf(r->detail, sizeof(r->detail), "%s",
                 "the engine does not see our disk; bounded by the agent's watch");
    }
}

static void judge(struct run *run)
{
    struct selftest *t = run->out;
    judge_disk(run);
    for (size_t i = 0; i < t->n; i++) {
        t->escaped += t->rows[i].verdict == PROBE_ESCAPED;
        t->broken += t->rows[i].verdict == PROBE_BROKEN;
    }
    const struct isolation_facts facts = { .gvisor = t->gvisor,
                                           .uid_map = str_of(t->uid_map),
                                           .user = NOBODY_ID,
                                           .escaped = (int64_t)t->escaped,
                                           .broken = (int64_t)t->broken,
                                           .n = (int64_t)t->n };
    t->isolation = isolation_judge(&facts);
    const struct selftest_row *bad = first_bad(t);
    if (bad)
        snprintf(t->reason, sizeof(t->reason), "The probe %s (%s) was not contained: %.150s.",
                 bad->name, bad->what, bad->detail);
    else if (t->isolation == ISOLATION_NONE)
        snprintf(t->reason, sizeof(t->reason), "The container's user has no place in the map %s.",
                 t->uid_map);
}

/* ---- the container -----------------------------------------------------------------------------
 */

static void PRINTF_LIKE(2, 3) word(struct run *run, const char *format, ...)
{
    va_list list;
    if (run->words_n == WORDS) return;
    char *text = run->words[run->words_n];
    va_start(list, format);
    vsnprintf(text, WORD_SIZE, format, list);
    va_end(list);
    run->list[run->words_n++] = str_of(text);
}

static void make_words(struct run *run)
{
    const struct selftest_how *how = run->how;
    run->words_n = 0;
    word(run, "memory=%" PRId64, SELFTEST_MEMORY);
    word(run, "scratch=%" PRId64, SELFTEST_SCRATCH);
    word(run, "pids=%d", SELFTEST_PIDS);
    word(run, "cpu=%d", SELFTEST_CPU);
    if (run->disk) word(run, "out=%" PRId64, disk_size(SELFTEST_SCRATCH));
    if (how->canary) word(run, "canary=%s", how->canary);
    if (how->peer) word(run, "peer=%s", how->peer);
    if (run->bomb[0] != '\0') word(run, "after=%s", run->bomb);
    if (how->port > 0) word(run, "port=%" PRId64, how->port);
    word(run, "%s", how->probes ? how->probes : "all");
}

static bool load_image(const struct engine *e, struct engine_image *image, struct err *err)
{
    const size_t size = (size_t)(probe_image_end - probe_image);
    auto_close int fd = memfd_create("probe", MFD_CLOEXEC);
    size_t done = 0;
    while (fd >= 0 && done < size) {
        const ssize_t n = write(fd, probe_image + done, size - done);
        if (n <= 0) return FAIL(err, ERR_IO, "The image of the self-test could not be written.");
        done += (size_t)n;
    }
    if (fd < 0 || lseek(fd, 0, SEEK_SET) != 0)
        return FAIL(err, ERR_IO, "The image of the self-test could not be written.");
    return e->ops->image_load(e->self, fd, (int64_t)size, image, err) == ENGINE_DONE;
}

static bool make_folders(struct run *run, struct err *err)
{
    struct err why;
    snprintf(run->dir, sizeof(run->dir), "%s/selftest", run->how->dir);
    if (snprintf(run->out_dir, sizeof(run->out_dir), "%s/selftest/out", run->how->dir) >= PATH_MAX)
        return FAIL(err, ERR_IO, "The state directory's path is too long.");
    if (!disk_remove(run->out_dir, err) || !tree_remove(run->dir, err) ||
        !dir_make(run->out_dir, err))
        return false;
    run->disk = run->how->disks && disk_make(run->out_dir, SELFTEST_SCRATCH, &why);
    if (run->how->disks && !run->disk) log_err(LOG_WARN, "disk.not_made", &why);
    return chmod(run->out_dir, 0777) == 0 ||
           FAIL(err, ERR_IO, "The folder for outputs could not be made writable.");
}

static bool keep(void *arg, enum log_stream stream, const void *p, size_t n)
{
    struct run *run = arg;
    const bool few = run->text.n < STDERR_MAX; /* enough to say why it ended early */
    if (stream == LOG_STDOUT || few) buf_add(&run->text, p, n);
    return !run->text.failed;
}

/* Kills a container that goes on for too long, so that the wait for it ends. */
static void *guard_main(void *arg)
{
    struct run *run = arg;
    const struct engine *e = run->how->engine;
    const int64_t until_us = clock_monotonic_us() + INT64_C(1000000) * SELFTEST_SECONDS;
    const struct timespec until = { until_us / 1000000, (until_us % 1000000) * 1000 };
    struct err err;
    int r = 0;
    pthread_mutex_lock(&run->lock);
    while (!run->ended && r == 0)
        r = pthread_cond_timedwait(&run->changed, &run->lock, &until);
    run->over = !run->ended;
    pthread_mutex_unlock(&run->lock);
    if (run->over) (void)e->ops->container_kill(e->self, run->name, SIGKILL, &err);
    return NULL;
}

static bool wait_for_end(struct run *run, struct err *err)
{
    const struct engine *e = run->how->engine;
    pthread_t guard;
    if (pthread_create(&guard, NULL, guard_main, run) != 0)
        return FAIL(err, ERR_NO_MEMORY, "A thread could not be started.");
    const bool ok = e->ops->container_wait(e->self, run->name, err) == ENGINE_DONE;
    pthread_mutex_lock(&run->lock);
    run->ended = true;
    pthread_cond_broadcast(&run->changed);
    pthread_mutex_unlock(&run->lock);
    pthread_join(guard, NULL);
    if (ok && run->over)
        return FAIL(err, ERR_IO, "The self-test did not end within %d seconds.", SELFTEST_SECONDS);
    return ok;
}

static bool run_container(struct run *run, const struct engine_image *image, struct err *err)
{
    const struct engine *e = run->how->engine;
    const struct log_sink sink = { keep, run };
    const struct container_spec spec = {
        .name = run->name,
        .lease_id = STR("selftest"),
        .job_id = STR("selftest"),
        .node_id = run->how->node_id,
        .image_id = image->id,
        .command = { run->list, run->words_n },
        .cpu_millis = SELFTEST_CPU,
        .memory_bytes = SELFTEST_MEMORY,
        .scratch_bytes = SELFTEST_SCRATCH,
        .pids_max = SELFTEST_PIDS,
        .out_dir = run->out_dir,
    };
    return e->ops->container_create(e->self, &spec, err) == ENGINE_DONE &&
           e->ops->container_start(e->self, run->name, err) == ENGINE_DONE &&
           wait_for_end(run, err) &&
           e->ops->logs_read(e->self, run->name, false, &sink, err) == ENGINE_DONE;
}

static bool early_end(const struct run *run, struct err *err)
{
    FAIL(err, ERR_PROTOCOL, "The self-test's container ended before its probes did.");
    const size_t n = run->text.n < 200 ? run->text.n : 200;
    err_internal(err, "it said %zu bytes, at last: %.*s", run->text.n, (int)n,
                 run->text.p + run->text.n - n);
    return false;
}

/* Podman may still be about to unmount what it wants to remove. */
static void remove_container(const struct run *run)
{
    const struct engine *e = run->how->engine;
    struct err err;
    for (int tries = 0; tries < 5; tries++) {
        if (e->ops->container_remove(e->self, run->name, &err) == ENGINE_DONE) return;
        (void)usleep(200000);
    }
    log_err(LOG_WARN, "selftest.not_removed", &err);
}

/* One container, and another behind each bomb that took its container with it. */
static bool run_all(struct run *run, const struct engine_image *image, struct err *err)
{
    for (int i = 0; i < BURSTS_MAX; i++) {
        make_words(run);
        buf_clear(&run->text);
        run->ended = false;
        const bool ok = run_container(run, image, err);
        remove_container(run);
        if (!ok || parse(run)) return ok;
        if (run->bomb[0] == '\0') break;
        take_burst(run);
    }
    return early_end(run, err);
}

static void open_run(struct run *run, const struct selftest_how *how, struct selftest *out)
{
    pthread_condattr_t monotonic;
    *out = (struct selftest){ .isolation = ISOLATION_NONE };
    run->how = how;
    run->out = out;
    buf_init(&run->text, OUTPUT_MAX);
    pthread_mutex_init(&run->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&run->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    snprintf(run->name, sizeof(run->name), "bourse-selftest-%d", (int)getpid());
}

static void close_run(struct run *run)
{
    struct err err;
    if (!disk_remove(run->out_dir, &err) || !tree_remove(run->dir, &err))
        log_err(LOG_WARN, "selftest.not_removed", &err);
    buf_done(&run->text);
    pthread_cond_destroy(&run->changed);
    pthread_mutex_destroy(&run->lock);
}

bool selftest_run(const struct selftest_how *how, struct selftest *out, struct err *err)
{
    const int64_t from_us = clock_monotonic_us();
    struct engine_image image;
    struct run *run = mem_zalloc(sizeof(*run));
    open_run(run, how, out);
    bool ok = make_folders(run, err);
    ok = ok && load_image(how->engine, &image, err) && run_all(run, &image, err);
    if (ok) judge(run);
    out->took_us = clock_monotonic_us() - from_us;
    close_run(run);
    mem_free(run);
    return ok;
}
