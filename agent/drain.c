/* SPDX-License-Identifier: Apache-2.0 */
/* bourse-agent drain, undrain, purge: how a machine leaves, for an hour or for good. */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "base/clock.h"
#include "base/fd.h"
#include "net/net.h"
#include "service/disk.h"
#include "service/journal.h"
#include "json/json.h"
#include "json/parse.h"

#define SECOND      INT64_C(1000000)
#define LOOK_US     SECOND
#define QUIET_LOOKS 3   /* so often in a row there is no lease: none is on its way either */
#define NOW_MAX_S   600 /* what was told to leave at once has left by then */
#define STOP_MAX_S  35
#define LISTED_MAX  256

static size_t leases_here(const char *dir)
{
    struct arena a;
    struct err err;
    struct journal_names names;
    arena_init(&a, 1 << 20);
    const size_t n = journal_list(dir, &a, &names, &err) ? names.leases.n : 0;
    arena_done(&a);
    return n;
}

/* ---- waiting ----------------------------------------------------------------------------------
 */

static bool agent_runs(const char *dir)
{
    struct err err;
    auto_close int lock = verb_lock(dir, &err);
    return lock < 0;
}

/* Until no lease is here. False: nobody is there who would end them, or it takes too long. */
static bool wait_until_empty(const struct args *args, struct err *err)
{
    const int64_t begun_us = clock_monotonic_us();
    size_t told = SIZE_MAX;
    for (int quiet = 0; quiet < QUIET_LOOKS;) {
        const size_t n = leases_here(args->dir);
        quiet = n == 0 ? quiet + 1 : 0;
        if (n > 0 && n != told) printf("%zu leases are not over yet.\n", told = n);
        fflush(stdout);
        if (n > 0 && !agent_runs(args->dir))
            return FAIL(err, ERR_WRONG_STATE,
                        "%zu leases are not over, and no agent runs that could end them: "
                        "bourse-agent run.",
                        n);
        if (args->now && clock_monotonic_us() - begun_us > NOW_MAX_S * SECOND)
            return FAIL(err, ERR_WRONG_STATE, "%zu leases have not left after %d s.", n, NOW_MAX_S);
        if (quiet < QUIET_LOOKS) clock_sleep_us(LOOK_US);
    }
    return true;
}

/* ---- drain, undrain ----------------------------------------------------------------------------
 */

static bool drain_body(const struct args *args, json_t **out, struct err *err)
{
    int64_t at_us;
    json_t *body = json_pack("{s:s}", "running", args->now || args->at ? "stop" : "finish");
    if (args->at && !rfc3339_parse(str_of(args->at), &at_us)) {
        json_decref(body);
        return FAIL(err, ERR_VALIDATION_FAILED, "--at wants a time as 2030-01-31T18:00:00Z.");
    }
    if (args->at) json_object_set_new(body, "at", json_time(at_us));
    *out = body;
    return true;
}

static void say_drained(const struct args *args, const json_t *node)
{
    const struct str at = json_get_text(node, "drain_at");
    printf("From %.*s on nothing new is placed here; what runs then %s.\n", (int)at.n, at.p,
           args->now || args->at ? "has to leave" : "runs to its end");
    fflush(stdout);
}

static bool drain(struct setting *s, const struct identity *id, struct err *err)
{
    json_t *body;
    auto_json json_t *node = NULL;
    if (!drain_body(s->args, &body, err)) return false;
    if (!ask_market(s, id, "POST", "/v1/agent/drain", body, &node, err)) return false;
    say_drained(s->args, node);
    if (!s->args->wait) return true;
    if (!wait_until_empty(s->args, err)) return false;
    printf("The machine is empty.\n");
    return true;
}

static bool undrain(struct setting *s, const struct identity *id, struct err *err)
{
    if (!ask_market(s, id, "POST", "/v1/agent/undrain", NULL, NULL, err)) return false;
    printf("The machine may be offered again.\n");
    return true;
}

static int with_identity(struct setting *s,
                         bool (*what)(struct setting *s, const struct identity *id,
                                      struct err *err),
                         struct err *err)
{
    struct identity id;
    const bool ok = identity_load(s->args->dir, &id, err) && what(s, &id, err);
    identity_done(&id);
    return ok ? DONE : verb_fail(err);
}

int verb_drain(struct setting *s, struct err *err)
{
    return with_identity(s, drain, err);
}

int verb_undrain(struct setting *s, struct err *err)
{
    return with_identity(s, undrain, err);
}

/* ---- purge -------------------------------------------------------------------------------------
 */

/* Is this process an agent of ours, and not one that has its number by chance? */
static bool is_agent(pid_t pid)
{
    char path[64];
    struct err ignored;
    auto_buf struct buf name = { .max = 64 };
    snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
    return file_read(path, 64, &name, &ignored) && str_starts(buf_view(&name), STR("bourse-agent"));
}

/* The number that the agent that runs has left in its lock; 0: none. */
static pid_t holder(const char *dir)
{
    char path[PATH_MAX];
    struct err ignored;
    int64_t pid;
    auto_buf struct buf text = { .max = 64 };
    snprintf(path, sizeof(path), "%s/lock", dir);
    if (!file_read(path, 64, &text, &ignored)) return 0;
    struct str digits = buf_view(&text), rest;
    if (!str_cut(digits, '\n', &digits, &rest)) return 0;
    return str_i64(digits, 1, INT32_MAX, &pid) ? (pid_t)pid : 0;
}

/* The lock, with whoever has it told to end. -1: err. */
static int lock_from_agent(const char *dir, struct err *err)
{
    int lock = verb_lock(dir, err);
    const pid_t pid = lock < 0 ? holder(dir) : 0;
    if (lock >= 0 || pid == 0 || !is_agent(pid) || kill(pid, SIGTERM) != 0) return lock;
    printf("Ending the agent that runs (%d).\n", (int)pid);
    for (int i = 0; i < STOP_MAX_S && lock < 0; i++) {
        clock_sleep_us(SECOND);
        lock = verb_lock(dir, err);
    }
    return lock;
}

static bool remove_containers(struct setting *s, const struct identity *id, struct err *err)
{
    static struct container_seen seen[LISTED_MAX];
    const struct engine *e = &s->engine;
    size_t n = 0;
    const enum engine_result listed =
        e->ops->container_list(e->self, id->trust.node_id, seen, LISTED_MAX, &n, err);
    if (listed != ENGINE_DONE && leases_here(s->args->dir) == 0) return true; /* it has none */
    if (listed != ENGINE_DONE) return false;
    for (size_t i = 0; i < n; i++)
        if (e->ops->container_remove(e->self, seen[i].name, err) != ENGINE_DONE) return false;
    printf("%zu containers were removed.\n", n);
    return true;
}

/* What is mounted below the state folder, and would keep its space when the folder is gone. */
static bool remove_disks(const char *dir, struct err *err)
{
    struct arena a;
    struct journal_names names;
    arena_init(&a, 1 << 20);
    bool ok = journal_list(dir, &a, &names, err);
    for (size_t i = 0; ok && i < names.folders.n; i++) {
        const struct str id = names.folders.v[i];
        const char *out = arena_fmt(&a, "%s/leases/%.*s/out", dir, (int)id.n, id.p);
        ok = out ? disk_remove(out, err) : FAIL(err, ERR_NO_MEMORY, "No memory for a path.");
    }
    arena_done(&a);
    return ok;
}

static bool purge(struct setting *s, const struct identity *id, struct err *err)
{
    const char *dir = s->args->dir;
    auto_close int lock = lock_from_agent(dir, err);
    if (lock < 0 || !remove_containers(s, id, err)) return false;
    net_purge(dir);
    return remove_disks(dir, err);
}

int verb_purge(struct setting *s, struct err *err)
{
    return with_identity(s, purge, err);
}
