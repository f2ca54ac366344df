/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/agent/fake_ports.h"

#include <dirent.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "service/outputs.h"

#define CRASHED   9
#define TIMED_OUT 1
#define NODE_ID   "node_00000000000000000000000001"

static atomic_bool interrupted; /* of this process */

const struct settings fake_settings = {
    .heartbeat_us = 40000,
    .poll_wait_s = 1,
    .log_flush_us = 20000,
    .watch_us = 30000,
    .look_us = 200000,
    .stop_grace_us = 150000,
    .kill_retry_us = 50000,
    .retry_us = 10000,
    .retry_most_us = 40000,
    .asks_us = 50000,
    .quote_us = 100000,
    .ask_retry_us = 100000,
    .ask_retry_most_us = 1000000,
};

/* ---- calls -------------------------------------------------------------------------------------
 */

/* With the lock held, so that nothing more happens in the world; fake_run() makes it anew. */
static void count(struct fake_world *w)
{
    if (++w->calls != w->crash_at) return;
    kill(getpid(), SIGKILL);
    for (;;) /* it does not come back from here, but for an instant */
        pause();
}

void fake_enter(struct fake_world *w)
{
    pthread_mutex_lock(&w->lock);
    count(w);
}

void fake_leave(struct fake_world *w)
{
    count(w);
    pthread_mutex_unlock(&w->lock);
}

bool fake_is_interrupted(void)
{
    return atomic_load(&interrupted);
}

void fake_interrupt(void *world)
{
    (void)world;
    atomic_store(&interrupted, true);
}

void fake_break(struct fake_world *w, const char *fmt, ...)
{
    va_list args;
    if (w->market.broken[0] != '\0') return;
    va_start(args, fmt);
    vsnprintf(w->market.broken, sizeof(w->market.broken), fmt, args);
    va_end(args);
}

/* ---- the world ---------------------------------------------------------------------------------
 */

static void write_tar_header(char *block, const char *name, size_t size)
{
    unsigned sum = 0;
    snprintf(block, 100, "%s", name);
    memcpy(block + 100, "0000644\0", 8);
    snprintf(block + 124, 12, "%011o", (unsigned)size);
    memset(block + 148, ' ', 8);
    block[156] = '0';
    for (size_t i = 0; i < 512; i++)
        sum += (unsigned char)block[i];
    snprintf(block + 148, 8, "%06o", sum);
}

struct str fake_archive(void)
{
    static char tar[2048];
    static const char manifest[] =
        "[{\"Config\":\"c.json\",\"RepoTags\":[\"python:3\"],\"Layers\":[]}]";
    if (tar[0] == '\0') {
        write_tar_header(tar, "manifest.json", sizeof(manifest) - 1);
        memcpy(tar + 512, manifest, sizeof(manifest) - 1);
    }
    return (struct str){ tar, sizeof(tar) };
}

static void make_identity(struct fake_world *w)
{
    w->key = key_new();
    w->market_key = key_new();
    w->identity = (struct identity){ .key = w->key, .lease_seconds = 90, .heartbeat_seconds = 20 };
    w->identity.trust =
        (struct trust){ key_public(w->market_key), STR("market_test"), STR(NODE_ID) };
}

static void make_lock(struct fake_world *w)
{
    pthread_mutexattr_t shared;
    pthread_mutexattr_init(&shared);
    pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&w->lock, &shared);
    pthread_mutexattr_destroy(&shared);
}

struct fake_world *fake_world_new(void)
{
    struct fake_world *w =
        mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (w == MAP_FAILED) abort();
    make_lock(w);
    snprintf(w->dir, sizeof(w->dir), "/tmp/bourse-test-agent-XXXXXX");
    if (!mkdtemp(w->dir)) abort();
    make_identity(w);
    sha256_hex(fake_archive(), w->market.image_sha);
    w->market.pool.tick_micros = 1000;
    w->engine.script = (struct fake_script){
        .run_ms = 60, .out = "hello\n", .err = "oh\n", .file = "result.txt", .content = "42\n"
    };
    return w;
}

void fake_world_free(struct fake_world *w)
{
    struct err err;
    if (!tree_remove(w->dir, &err)) abort();
    key_free(w->key);
    key_free(w->market_key);
    pthread_mutex_destroy(&w->lock);
    munmap(w, sizeof(*w));
}

void fake_sign(struct fake_world *w, struct fake_lease *l)
{
    const struct signature s = key_sign_tagged(w->market_key, TAG_ASSIGNMENT, str_of(l->document));
    char text[89];
    signature_text(&s, text);
    snprintf(l->signature, sizeof(l->signature), "%s", text);
}

size_t fake_offer(struct fake_world *w, const char *image, int64_t max_seconds)
{
    const size_t i = w->market.leases_n;
    struct fake_lease *l = &w->market.leases[i];
    char blob[96], id[ID_TEXT_MAX];
    snprintf(blob, sizeof(blob), "blob:sha256:%s", w->market.image_sha);
    l->epoch = 1;
    l->sequence = (int64_t)i + 1;
    l->state = LEASE_OFFERED;
    id_format("lease_", id_make(1000, l->sequence, 0), id);
    snprintf(l->lease_id, sizeof(l->lease_id), "%s", id);
    snprintf(l->document, sizeof(l->document),
             "{\"command\":[\"run\"],\"cpu_millis\":500,\"egress\":\"none\",\"entrypoint\":[],"
             "\"env\":{\"A\":\"b\"},\"epoch\":1,\"image\":\"%s\","
             "\"issued_at\":\"2026-11-24T09:00:00.000Z\",\"job_id\":\"job_1\",\"lease_id\":\"%s\","
             "\"market_id\":\"market_test\",\"max_seconds\":%d,\"memory_bytes\":1000000,"
             "\"node_id\":\"" NODE_ID "\",\"outputs\":[],\"pids_max\":64,\"pool\":\"cpu\","
             "\"scratch_bytes\":1000000,\"sequence\":%d,\"units\":1,\"workdir\":null}",
             image ? image : blob, id, (int)max_seconds, (int)l->sequence);
    fake_sign(w, l);
    w->market.leases_n++;
    return i;
}

void fake_use_login(struct fake_world *w, size_t lease)
{
    struct fake_lease *l = &w->market.leases[lease];
    char rest[sizeof(l->document)];
    snprintf(rest, sizeof(rest), "%s", l->document + 1);
    snprintf(l->document, sizeof(l->document), "{\"registry_login\":true,%.*s",
             (int)sizeof(rest) - 32, rest);
    fake_sign(w, l);
}

void fake_make_gang(struct fake_world *w, size_t lease)
{
    struct fake_lease *l = &w->market.leases[lease];
    char rest[sizeof(l->document)];
    snprintf(rest, sizeof(rest), "%s", l->document + 1);
    snprintf(l->document, sizeof(l->document), "{\"nodes\":2,\"rank\":1,%.*s",
             (int)sizeof(rest) - 32, rest);
    fake_sign(w, l);
    l->nodes = 2;
}

bool fake_journal_is_empty(const struct fake_world *w)
{
    char path[300];
    bool empty = true;
    snprintf(path, sizeof(path), "%s/leases", w->dir);
    DIR *d = opendir(path);
    for (const struct dirent *e; d && (e = readdir(d));)
        empty = empty && e->d_name[0] == '.';
    if (d) closedir(d);
    return empty;
}

/* ---- an agent in a child -----------------------------------------------------------------------
 */

struct run {
    struct fake_world *world;
    struct agent agent;
    struct offer offer;
    fake_done *done;
    int64_t most_ms;
    bool in_time;
};

static void *watch_world(void *arg)
{
    struct run *r = arg;
    const int64_t until = clock_monotonic_us() + r->most_ms * 1000;
    while (!r->in_time && clock_monotonic_us() < until) {
        pthread_mutex_lock(&r->world->lock);
        r->in_time = r->done(r->world);
        pthread_mutex_unlock(&r->world->lock);
        clock_sleep_us(2000);
    }
    agent_stop(&r->agent);
    return NULL;
}

static void fill_agent(struct run *r)
{
    struct fake_world *w = r->world;
    struct agent *a = &r->agent;
    a->engine = (struct engine){ &fake_engine_ops, w };
    a->market = (struct link){ &fake_link_ops, w };
    a->id = &w->identity;
    a->dir = w->dir;
    a->settings = fake_settings;
    a->report.name = STR("test");
    a->report.agent_version = STR("1");
    a->report.inventory.share = (struct share){ 1000, 4000000, 4000000, 0 };
    r->offer =
        (struct offer){ .pool = STR("cpu"),
                        .policy = w->policy,
                        .price_micros = w->price_micros,
                        .floor_micros = w->floor_micros > 0 ? w->floor_micros : w->price_micros,
                        .units = 1,
                        .min_lease_seconds = 60,
                        .max_lease_seconds = 86400 };
    a->offer = w->sells ? &r->offer : NULL;
}

static int child(struct run *r)
{
    struct err err;
    pthread_t watcher;
    if (!getenv("BOURSE_TEST_LOG")) log_open(STDERR_FILENO, (enum log_level)(LOG_ERROR + 1));
    fill_agent(r);
    agent_init(&r->agent);
    if (pthread_create(&watcher, NULL, watch_world, r) != 0) return 2;
    const bool ok = agent_run(&r->agent, &err);
    pthread_join(watcher, NULL);
    agent_done(&r->agent);
    return !ok ? 3 : r->in_time ? 0 : TIMED_OUT;
}

int fake_run(struct fake_world *w, fake_done *done, int64_t most_ms)
{
    int status = 0;
    fflush(NULL);
    make_lock(w);
    const pid_t pid = fork();
    if (pid < 0) abort();
    if (pid == 0) {
        static struct run r;
        r = (struct run){ .world = w, .done = done, .most_ms = most_ms };
        _exit(child(&r));
    }
    if (waitpid(pid, &status, 0) != pid) abort();
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return CRASHED;
    if (!WIFEXITED(status)) {
        fprintf(stderr, "the agent was killed by signal %d\n", WTERMSIG(status));
        return 99;
    }
    return WEXITSTATUS(status);
}
