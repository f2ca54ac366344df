/* SPDX-License-Identifier: Apache-2.0 */
/* bourse-agent: sells this machine's units and runs what they are bought for. Here: the command
 * line, which driver goes where, signals. Exit codes: 0 done, 1 failed, 2 not understood. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "config.h"
#include "docker/docker.h"
#include "gpu/none.h"
#include "link/api.h"
#include "service/agent.h"
#include "service/pricing.h"

#ifndef BOURSE_VERSION
#define BOURSE_VERSION "0.1.0"
#endif
#define USER_AGENT "bourse-agent/" BOURSE_VERSION

enum { DONE = 0, FAILED = 1, NOT_UNDERSTOOD = 2 };

struct args {
    const char *verb, *server, *token, *dir, *name, *config;
    bool again;
};

/* All that a verb needs of the world. */
struct setting {
    const struct args *args;
    struct arena arena;
    struct config config;
    struct docker *docker;
    struct engine engine;
    struct gpus gpus;
    struct node_report report;
    char host_name[128];
};

static int fail(const struct err *err)
{
    fprintf(stderr, "bourse-agent: %s\n", err->detail);
    if (err->internal[0] != '\0') fprintf(stderr, "              (%s)\n", err->internal);
    return FAILED;
}

/* An absolute path: the engine is told it, and stands elsewhere. */
static bool absolute_dir(const char *dir, struct arena *a, const char **out, struct err *err)
{
    char path[PATH_MAX];
    if (!dir_make(dir, err)) return false;
    if (!realpath(dir, path)) return FAIL(err, ERR_IO, "The state directory cannot be found.");
    if (strpbrk(path, ":,\n"))
        return FAIL(err, ERR_VALIDATION_FAILED,
                    "The state directory's path may not hold ':' or ',': engines cut there.");
    *out = arena_copy(a, str_of(path));
    return *out || FAIL(err, ERR_NO_MEMORY, "No memory was left.");
}

static bool set_up(struct setting *s, struct args *args, struct err *err)
{
    char socket[SOCKET_PATH_SIZE];
    memset(s, 0, sizeof(*s));
    arena_init(&s->arena, 1 << 20);
    if (!absolute_dir(args->dir, &s->arena, &args->dir, err)) return false;
    if (!config_load(args->dir, args->config, &s->arena, &s->config, err)) return false;
    if (args->name) s->config.name = args->name;
    log_open(STDERR_FILENO, config_log_level(&s->config));
    if (!docker_find_socket(s->config.engine, socket, err)) return false;

    s->args = args;
    s->docker = docker_new(socket, USER_AGENT);
    s->engine = (struct engine){ &docker_ops, s->docker };
    s->gpus = (struct gpus){ &gpu_none, NULL };
    s->report.name = str_of(config_node_name(&s->config, s->host_name));
    s->report.agent_version = STR(BOURSE_VERSION);
    config_inventory(&s->config, args->dir, &s->gpus, &s->report.inventory);
    return true;
}

static void tear_down(struct setting *s)
{
    docker_free(s->docker);
    arena_done(&s->arena);
}

/* One agent a directory. -1: another has it. */
static int lock_dir(const char *dir, struct err *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/lock", dir);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
    FAIL(err, ERR_WRONG_STATE, "Another agent runs in %s.", dir);
    if (fd >= 0) close(fd);
    return -1;
}

/* ---- join --------------------------------------------------------------------------------------
 */

/* They belong to the node that this machine is now. */
static bool has_no_leases(const char *dir, struct err *err)
{
    struct arena a;
    struct journal_names names;
    arena_init(&a, 1 << 20);
    bool ok = journal_list(dir, &a, &names, err);
    if (ok && names.leases.n > 0)
        ok = FAIL(err, ERR_WRONG_STATE, "%zu leases are not over yet; let the agent finish them.",
                  names.leases.n);
    arena_done(&a);
    return ok;
}

static bool may_join(const struct args *args, struct err *err)
{
    if (!args->server || !args->token)
        return FAIL(err, ERR_VALIDATION_FAILED, "join needs --server URL and --token brs_join_….");
    if (!identity_is_joined(args->dir)) return true;
    if (!args->again)
        return FAIL(err, ERR_WRONG_STATE,
                    "%s has joined a market already. To join as another node, with a new key: "
                    "--again.",
                    args->dir);
    return has_no_leases(args->dir, err);
}

static bool do_join(struct setting *s, const struct key *key, struct err *err)
{
    char keyid[45];
    const struct public_key public = key_public(key);
    public_key_text(&public, keyid);
    struct api *api = api_new(&(const struct api_options){
        .server = s->args->server, .key = key, .keyid = keyid, .user_agent = USER_AGENT });
    const struct link market = { &api_ops, api };
    struct err no_engine;
    if (!s->engine.ops->describe(s->engine.self, &s->report.engine, &no_engine))
        fprintf(stderr, "bourse-agent: no container engine answers yet: %s\n", no_engine.detail);
    const bool ok = identity_join(s->args->dir, str_of(s->args->server), str_of(s->args->token),
                                  key, &s->report, &market, err);
    api_free(api);
    return ok;
}

static int verb_join(struct setting *s, struct err *err)
{
    struct identity id;
    auto_close int lock = lock_dir(s->args->dir, err);
    if (lock < 0 || !may_join(s->args, err)) return fail(err);
    struct key *key = identity_key(s->args->dir, s->args->again, err);
    if (!key) return fail(err);
    const bool ok = do_join(s, key, err);
    key_free(key);
    if (!ok) return fail(err);

    if (!identity_load(s->args->dir, &id, err)) return fail(err);
    printf("Joined market %.*s as %.*s.\n", (int)id.trust.market_id.n, id.trust.market_id.p,
           (int)id.trust.node_id.n, id.trust.node_id.p);
    printf("Nothing is for sale before price_per_unit_hour is set in %s/agent.conf.\n",
           s->args->dir);
    identity_done(&id);
    return DONE;
}

/* ---- run ---------------------------------------------------------------------------------------
 */

struct signals {
    sigset_t set;
    struct agent *agent;
};

static void *signal_main(void *arg)
{
    const struct signals *s = arg;
    int got;
    while (sigwait(&s->set, &got) != 0)
        ;
    LOG(LOG_INFO, "agent.stopping", LOG_I64("signal", got));
    agent_stop(s->agent);
    return NULL;
}

/* Signals are for one thread; the others inherit that they are blocked. */
static bool run_until_signal(struct agent *a, struct err *err)
{
    pthread_t thread;
    struct signals signals = { .agent = a };
    sigemptyset(&signals.set);
    sigaddset(&signals.set, SIGTERM);
    sigaddset(&signals.set, SIGINT);
    sigaddset(&signals.set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &signals.set, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (pthread_create(&thread, NULL, signal_main, &signals) != 0)
        return FAIL(err, ERR_NO_MEMORY, "A thread could not be started.");
    const bool ok = agent_run(a, err);
    pthread_kill(thread, SIGUSR1); /* in case it ended by itself */
    pthread_join(thread, NULL);
    return ok;
}

static bool run_agent(struct setting *s, const struct identity *id, struct err *err)
{
    char node_id[64];
    bool sells;
    struct offer offer;
    if (!config_offer(&s->config, &s->report.inventory, &offer, &sells, err)) return false;
    const char *server = s->config.server;
    if (!server) server = arena_copy(&s->arena, id->server);
    snprintf(node_id, sizeof(node_id), "%.*s", (int)id->trust.node_id.n, id->trust.node_id.p);
    struct api *api = api_new(&(const struct api_options){
        .server = server, .key = id->key, .keyid = node_id, .user_agent = USER_AGENT });

    struct agent *a = mem_zalloc(sizeof(*a));
    a->engine = s->engine;
    a->market = (struct link){ &api_ops, api };
    a->id = id;
    a->dir = s->args->dir;
    a->offer = sells ? &offer : NULL;
    a->report = s->report;
    if (!s->config.name) a->report.name = id->name; /* as it joined */
    a->settings = settings_default;
    a->settings.heartbeat_us = id->heartbeat_seconds * 1000000;
    a->settings.quote_us = s->config.quote_seconds * 1000000;
    if (a->settings.quote_us < a->settings.asks_us) a->settings.asks_us = a->settings.quote_us;
    agent_init(a);
    LOG(LOG_INFO, "agent.started", LOG_STR("node", id->trust.node_id), LOG_C("server", server),
        LOG_I64("cpu_millis", s->report.inventory.share.cpu_millis), LOG_BOOL("sells", sells));
    const bool ok = run_until_signal(a, err);
    agent_done(a);
    mem_free(a);
    api_free(api);
    return ok;
}

static int verb_run(struct setting *s, struct err *err)
{
    struct identity id;
    auto_close int lock = lock_dir(s->args->dir, err);
    if (lock < 0) return fail(err);
    if (!identity_is_joined(s->args->dir)) {
        FAIL(err, ERR_NOT_FOUND, "%s has not joined a market yet: bourse-agent join.",
             s->args->dir);
        return fail(err);
    }
    bool ok = identity_load(s->args->dir, &id, err);
    ok = ok && run_agent(s, &id, err);
    identity_done(&id);
    return ok ? DONE : fail(err);
}

/* ---- status ------------------------------------------------------------------------------------
 */

static void print_leases(const char *dir)
{
    struct err err;
    struct arena a;
    struct journal_names names;
    arena_init(&a, 64 << 20);
    if (journal_list(dir, &a, &names, &err)) {
        const struct str_list ids = names.leases;
        printf("leases   %zu\n", ids.n);
        for (size_t i = 0; i < ids.n; i++) {
            struct journal_entry e;
            if (!journal_read(dir, ids.v[i], &a, &e, &err)) continue;
            printf("         %.*s %s\n", (int)ids.v[i].n, ids.v[i].p, step_names[e.step]);
        }
    }
    arena_done(&a);
}

static int verb_status(struct setting *s, struct err *err)
{
    struct identity id;
    struct engine_info engine;
    if (!identity_is_joined(s->args->dir)) {
        printf("%s has not joined a market.\n", s->args->dir);
        return FAILED;
    }
    if (!identity_load(s->args->dir, &id, err)) return fail(err);
    printf("market   %.*s at %.*s\n", (int)id.trust.market_id.n, id.trust.market_id.p,
           (int)id.server.n, id.server.p);
    printf("node     %.*s\n", (int)id.trust.node_id.n, id.trust.node_id.p);
    if (s->engine.ops->describe(s->engine.self, &engine, err))
        printf("engine   %s %s\n", engine.name, engine.version);
    else
        printf("engine   none answers: %s\n", err->detail);
    printf("price    %s\n", s->config.price_per_unit_hour ? s->config.price_per_unit_hour
                                                          : "not set: nothing is for sale");
    pricer_print(s->args->dir);
    auto_close int lock = lock_dir(s->args->dir, err);
    printf("agent    %s\n", lock < 0 ? "runs" : "does not run");
    print_leases(s->args->dir);
    identity_done(&id);
    return DONE;
}

/* ---- the command line --------------------------------------------------------------------------
 */

static int usage(FILE *to)
{
    fputs("bourse-agent join   --server URL --token brs_join_… --state DIR [--name N] [--again]\n"
          "bourse-agent run    --state DIR [--config FILE]\n"
          "bourse-agent status --state DIR [--config FILE]\n"
          "bourse-agent help\n",
          to);
    return to == stdout ? DONE : NOT_UNDERSTOOD;
}

static int verb_help(void)
{
    usage(stdout);
    puts("\nKeys of DIR/agent.conf; each also as BOURSE_AGENT_… in the environment:\n");
    config_print_keys();
    return DONE;
}

static bool read_args(int argc, char **argv, struct args *out)
{
    static const struct option options[] = {
        { "server", required_argument, NULL, 's' },
        { "token", required_argument, NULL, 't' },
        { "state", required_argument, NULL, 'd' },
        { "name", required_argument, NULL, 'n' },
        { "config", required_argument, NULL, 'c' },
        { "again", no_argument, NULL, 'a' },
        { NULL, 0, NULL, 0 },
    };
    if (argc < 2) return false;
    out->verb = argv[1];
    for (int c; (c = getopt_long(argc - 1, argv + 1, "", options, NULL)) != -1;) {
        switch (c) {
        case 's': out->server = optarg; break;
        case 't': out->token = optarg; break;
        case 'd': out->dir = optarg; break;
        case 'n': out->name = optarg; break;
        case 'c': out->config = optarg; break;
        case 'a': out->again = true; break;
        default: return false;
        }
    }
    return optind == argc - 1;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(struct setting *s, struct err *err);
    } verbs[] = { { "join", verb_join }, { "run", verb_run }, { "status", verb_status } };
    struct args args = { .verb = NULL };
    struct setting setting;
    struct err err = { .code = ERR_NONE };

    if (!read_args(argc, argv, &args)) return usage(stderr);
    if (strcmp(args.verb, "help") == 0 || strcmp(args.verb, "--help") == 0) return verb_help();
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (strcmp(args.verb, verbs[i].name) != 0) continue;
        if (!args.dir) return usage(stderr);
        const int code = set_up(&setting, &args, &err) ? verbs[i].run(&setting, &err) : fail(&err);
        tear_down(&setting);
        return code;
    }
    return usage(stderr);
}
