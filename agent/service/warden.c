/* SPDX-License-Identifier: Apache-2.0 */
#include "service/warden.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/agent.h"
#include "service/assignment.h"
#include "service/grip.h"
#include "service/journal.h"

#define SECOND     INT64_C(1000000)
#define LOOK_MS    1000
#define SLACK_US   (2 * SECOND) /* after the deadline: the agent itself comes first */
#define RETRY_US   (600 * SECOND)
#define MEMORY_MAX ((size_t)64 << 20)
#define PID_SIZE   24

/* execv() takes words that it does not write as if it might. */
static void become(const char *path, const char *const *words)
{
    union {
        const char *const *given;
        char *const *taken;
    } both = { words };

    execv(path, both.taken);
}

int warden_start(const char *const *arguments, struct err *err)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0) return FAIL(err, ERR_IO, "The warden got no pipe."), -1;
    const pid_t child = fork();
    if (child == 0) {
        (void)setsid();
        if (dup2(ends[0], STDIN_FILENO) == STDIN_FILENO) become("/proc/self/exe", arguments);
        _exit(127);
    }
    close(ends[0]);
    if (child > 0) return ends[1];
    close(ends[1]);
    return FAIL(err, ERR_IO, "The warden could not be started."), -1;
}

/* Does the agent live, after this pause? Nobody holds the other end when it does not. */
static bool is_alive(int input)
{
    struct pollfd end = { .fd = input, .events = POLLIN };

    return poll(&end, 1, LOOK_MS) == 0 || (end.revents & (POLLIN | POLLHUP | POLLERR)) == 0;
}

/* When the container of this entry is to be dead; INT64_MAX: it does not run. */
static int64_t deadline_us(const struct journal_entry *e, const struct assignment *what,
                           const char *boot_id)
{
    if (e->step != STEP_STARTED && e->step != STEP_RUNNING) return INT64_MAX;
    const int64_t seconds = e->max_seconds > 0 ? e->max_seconds : what->max_seconds;
    return journal_ready_boot_us(e, boot_id, clock_boot_us(), clock_wall_us()) + seconds * SECOND;
}

/* What it knows of a container that runs. */
struct guarded {
    char name[ENGINE_ID_SIZE];
    int grip;  /* -1: none */
    bool seen; /* in this look */
};

struct warden {
    const struct engine *engine;
    const struct identity *id;
    const char *dir;
    struct guarded v[LEASES_MAX];
    size_t n;
};

/* NULL: there are too many, or the engine does not answer. */
static struct guarded *guard(struct warden *w, const char *name)
{
    struct err err;
    struct container_state state;

    for (size_t i = 0; i < w->n; i++)
        if (strcmp(w->v[i].name, name) == 0) return &w->v[i];
    if (w->n == LEASES_MAX ||
        w->engine->ops->container_inspect(w->engine->self, name, &state, &err) != ENGINE_DONE)
        return NULL;
    struct guarded *g = &w->v[w->n++];
    snprintf(g->name, sizeof(g->name), "%s", name);
    g->grip = grip_take(&state);
    return g;
}

/* Let go of those that do not run any more. */
static void let_go(struct warden *w)
{
    for (size_t i = 0; i < w->n;) {
        struct guarded *g = &w->v[i];
        if (g->seen) {
            g->seen = false;
            i++;
            continue;
        }
        if (g->grip >= 0) close(g->grip);
        *g = w->v[--w->n];
    }
}

static void end_container(const struct warden *w, const char *name, const struct guarded *g)
{
    struct err err;
    const bool by_engine =
        w->engine->ops->container_kill(w->engine->self, name, SIGKILL, &err) != ENGINE_FAILED;

    if (by_engine || (g && grip_kill(g->grip)))
        LOG(LOG_WARN, "warden.killed", LOG_C("container", name), LOG_BOOL("by_engine", by_engine));
    else
        log_err(LOG_ERROR, "warden.not_killed", &err);
}

/* One lease. True: its container may still run. */
static bool look_at(struct warden *w, struct str lease_id, struct arena *a)
{
    struct err err;
    char boot_id[BOOT_ID_SIZE], name[ENGINE_ID_SIZE];
    struct journal_entry e;
    struct assignment what;

    boot_id_read(boot_id);
    if (!journal_read(w->dir, lease_id, a, &e, &err) ||
        !assignment_read(e.document, e.signature, &w->id->trust, a, &what, &err))
        return false;
    const int64_t deadline = deadline_us(&e, &what, boot_id);
    if (deadline == INT64_MAX) return false;
    snprintf(name, sizeof(name), "bourse-%.*s-%" PRId64, (int)what.lease_id.n, what.lease_id.p,
             what.epoch);
    struct guarded *g = guard(w, name);
    if (g) g->seen = true;
    if (clock_boot_us() < deadline + SLACK_US) return true;
    end_container(w, name, g);
    /* The engine may be away: it is asked again for a while, as an ended one does not mind. */
    return clock_boot_us() < deadline + RETRY_US;
}

/* "lease_….json" is an entry; what a write has not finished is not. */
static bool is_entry(struct str name, struct str *lease_id)
{
    const struct str end = STR(".json");

    if (name.n <= end.n || !str_starts(name, STR("lease_"))) return false;
    *lease_id = (struct str){ name.p, name.n - end.n };
    return memcmp(name.p + lease_id->n, end.p, end.n) == 0;
}

/* All leases of the journal, which may be another agent's by now: it is only read. True: one of
 * them may still run. */
static bool look(struct warden *w)
{
    char path[PATH_MAX];
    bool any = false;
    struct str lease_id;

    snprintf(path, sizeof(path), "%s/leases", w->dir);
    DIR *d = opendir(path);
    if (!d) return false;
    for (const struct dirent *e; (e = readdir(d));) {
        struct arena a;
        if (!is_entry(str_of(e->d_name), &lease_id)) continue;
        arena_init(&a, MEMORY_MAX);
        any = look_at(w, lease_id, &a) || any;
        arena_done(&a);
    }
    closedir(d);
    let_go(w);
    return any;
}

static void pid_text(char out[PID_SIZE])
{
    snprintf(out, PID_SIZE, "%ld\n", (long)getpid());
}

static void sign_on(const char *path)
{
    struct err err;
    char pid[PID_SIZE];

    pid_text(pid);
    if (!file_write(path, str_of(pid), 0600, &err)) log_err(LOG_WARN, "warden.not_noted", &err);
}

/* Has another agent come, with a warden of its own? */
static bool is_relieved(const char *path)
{
    struct err err;
    char pid[PID_SIZE];
    auto_buf struct buf said = { .max = PID_SIZE };

    pid_text(pid);
    return file_read(path, PID_SIZE, &said, &err) && !str_is(buf_view(&said), pid);
}

void warden_run(int input, const struct engine *engine, const struct identity *id, const char *dir)
{
    char path[PATH_MAX];
    struct warden *w = mem_zalloc(sizeof(*w));

    w->engine = engine;
    w->id = id;
    w->dir = dir;
    snprintf(path, sizeof(path), "%s/warden", dir);
    sign_on(path);
    while (is_alive(input))
        (void)look(w);
    while (!is_relieved(path) && look(w))
        clock_sleep_us(INT64_C(1000) * LOOK_MS);
    let_go(w);
    mem_free(w);
}
