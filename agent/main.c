/* SPDX-License-Identifier: Apache-2.0 */
/* bourse-agent: sells this machine's units and runs what they are bought for. Here: the command
 * line, which driver goes where, signals. Exit codes: 0 done, 1 failed, 2 not understood. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/notify.h"
#include "config.h"
#include "docker/docker.h"
#include "gpu/nvidia.h"
#include "link/api.h"
#include "net/net.h"
#include "service/agent.h"
#include "service/disk.h"
#include "service/pricing.h"
#include "service/selftest.h"
#include "service/warden.h"
#include "verbs.h"

int verb_fail(const struct err *err)
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

/* Root acts as the user whose the state directory is: it leaves no file there that the agent cannot
 * read, and sees of the machine what the agent sees. */
static bool act_as_owner(const char *dir, struct err *err)
{
    struct stat st;
    if (geteuid() != 0 || stat(dir, &st) != 0 || st.st_uid == 0) return true;
    const struct passwd *who = getpwuid(st.st_uid);
    const char *name = who ? who->pw_name : "nobody";
    if (initgroups(name, st.st_gid) == 0 && setgid(st.st_gid) == 0 && setuid(st.st_uid) == 0)
        return true;
    return FAIL(err, ERR_IO, "This could not go on as the user %s, whose %s is.", name, dir);
}

static bool set_up(struct setting *s, struct args *args, struct err *err)
{
    char socket[SOCKET_PATH_SIZE];
    memset(s, 0, sizeof(*s));
    arena_init(&s->arena, 1 << 20);
    if (!absolute_dir(args->dir, &s->arena, &args->dir, err)) return false;
    if (!act_as_owner(args->dir, err)) return false;
    if (!config_load(args->dir, args->config, &s->arena, &s->config, err)) return false;
    if (args->name) s->config.name = args->name;
    log_open(STDERR_FILENO, config_log_level(&s->config));
    if (!docker_find_socket(s->config.engine, socket, err)) return false;

    s->args = args;
    s->docker = docker_new(socket, USER_AGENT, s->config.runtime);
    s->engine = (struct engine){ &docker_ops, s->docker };
    s->nvidia = nvidia_new(s->config.nvml_library, s->config.kernel_log);
    s->gpus = (struct gpus){ &nvidia_ops, s->nvidia };
    s->report.name = str_of(config_node_name(&s->config, s->host_name));
    s->report.agent_version = STR(BOURSE_VERSION);
    s->report.isolation = ISOLATION_NONE;
    config_inventory(&s->config, args->dir, &s->gpus, &s->report.inventory);
    return true;
}

static void tear_down(struct setting *s)
{
    docker_free(s->docker);
    nvidia_free(s->nvidia);
    arena_done(&s->arena);
}

/* One agent a directory. -1: another has it. */
int verb_lock(const char *dir, struct err *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/lock", dir);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        if (ftruncate(fd, 0) == 0) dprintf(fd, "%d\n", (int)getpid());
        return fd;
    }
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
    auto_close int lock = verb_lock(s->args->dir, err);
    if (lock < 0 || !may_join(s->args, err)) return verb_fail(err);
    struct key *key = identity_key(s->args->dir, s->args->again, err);
    if (!key) return verb_fail(err);
    const bool ok = do_join(s, key, err);
    key_free(key);
    if (!ok) return verb_fail(err);

    if (!identity_load(s->args->dir, &id, err)) return verb_fail(err);
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

/* Networks for leases, if the owner gives any and this machine can; else the offer is without. */
static struct net *open_networks(const struct setting *s, struct offer *offer)
{
    struct err why;
    const struct net_limits limits = { s->config.egress_bytes, s->config.egress_mbps * 125000,
                                       s->config.egress_resolver };
    if (offer->egress == EGRESS_CLASS_NONE) return NULL;
    struct net *net = net_new(s->args->dir, &limits, &why);
    if (net) return net;
    log_err(LOG_ERROR, "egress.not_declared", &why);
    offer->egress = EGRESS_CLASS_NONE;
    return NULL;
}

static bool run_agent(struct setting *s, const struct identity *id, bool *outdated, struct err *err)
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

    struct net *net = open_networks(s, &offer);
    struct agent *a = mem_zalloc(sizeof(*a));
    if (net) a->net = (struct net_port){ &net_ops, net };
    a->engine = s->engine;
    a->gpus = s->gpus;
    a->market = (struct link){ &api_ops, api };
    a->id = id;
    a->dir = s->args->dir;
    a->offer = sells ? &offer : NULL;
    a->report = s->report;
    a->tests_itself = true;
    if (!s->config.name) a->report.name = id->name; /* as it joined */
    a->settings = settings_default;
    a->settings.heartbeat_us = id->heartbeat_seconds * 1000000;
    a->settings.quote_us = s->config.quote_seconds * 1000000;
    a->settings.ask_retry_most_us = s->config.ask_retry_seconds * 1000000;
    if (a->settings.ask_retry_us > a->settings.ask_retry_most_us)
        a->settings.ask_retry_us = a->settings.ask_retry_most_us;
    if (a->settings.quote_us < a->settings.asks_us) a->settings.asks_us = a->settings.quote_us;
    agent_init(a);
    LOG(LOG_INFO, "agent.started", LOG_STR("node", id->trust.node_id), LOG_C("server", server),
        LOG_I64("cpu_millis", s->report.inventory.share.cpu_millis),
        LOG_I64("gpus", (int64_t)s->report.inventory.gpus_n), LOG_BOOL("sells", sells));
    notify_tell("READY=1");
    const bool ok = run_until_signal(a, err);
    notify_tell("STOPPING=1");
    *outdated = a->outdated;
    agent_done(a);
    mem_free(a);
    net_free(net);
    api_free(api);
    return ok;
}

/* A second process, which ends containers in time when this one is gone. Its input closes when we
 * end, however that comes. */
static int start_warden(const struct args *args, struct err *err)
{
    const char *words[] = {
        "bourse-agent", "warden", "--state", args->dir, args->config ? "--config" : NULL,
        args->config,   NULL
    };
    return warden_start(words, err);
}

static int verb_warden(struct setting *s, struct err *err)
{
    struct identity id;
    if (!identity_load(s->args->dir, &id, err)) return verb_fail(err);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN); /* meant for the agent; we end when it has, and nothing runs */
    signal(SIGTERM, SIG_IGN);
    warden_run(STDIN_FILENO, &s->engine, &id, s->args->dir);
    identity_done(&id);
    return DONE;
}

static int verb_run(struct setting *s, struct err *err)
{
    struct identity id;
    auto_close int lock = verb_lock(s->args->dir, err);
    if (lock < 0) return verb_fail(err);
    if (!identity_is_joined(s->args->dir)) {
        FAIL(err, ERR_NOT_FOUND, "%s has not joined a market yet: bourse-agent join.",
             s->args->dir);
        (void)verb_fail(err);
        return NOT_JOINED;
    }
    auto_close int warden = start_warden(s->args, err);
    if (warden < 0) return verb_fail(err);
    bool outdated = false;
    bool ok = identity_load(s->args->dir, &id, err);
    ok = ok && run_agent(s, &id, &outdated, err);
    identity_done(&id);
    if (!ok) return verb_fail(err);
    if (!outdated) return DONE;
    fprintf(stderr,
            "bourse-agent: upgrade needed: the market gives no more work to version %s.\n"
            "              curl -fsSL https://MARKET/install.sh | sudo sh\n",
            BOURSE_VERSION);
    return UPGRADE_NEEDED;
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
    if (!identity_load(s->args->dir, &id, err)) return verb_fail(err);
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
    auto_close int lock = verb_lock(s->args->dir, err);
    printf("agent    %s\n", lock < 0 ? "runs" : "does not run");
    print_leases(s->args->dir);
    identity_done(&id);
    return DONE;
}

/* ---- selftest ----------------------------------------------------------------------------------
 */

/* Every probe and what became of it, parted by tabs; then what follows from it. */
static void print_selftest(const struct selftest *t)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct selftest_row *r = &t->rows[i];
        printf("%s\t%s\t%s\t%s\n", r->name, selftest_verdict_names[r->verdict], r->what, r->detail);
    }
    printf("kernel\t%s\nuid_map\t%s\ndisk\t%s\n", t->kernel, t->uid_map,
           t->disk_bounded ? "of its own" : "watched");
    printf("isolation\t%s\n",
           t->isolation == ISOLATION_NONE ? "none" : isolation_names[t->isolation]);
    if (t->reason[0] != '\0') printf("reason\t%s\n", t->reason);
}

/* What a run would find out at its start, shown; more probes, and what they may not find, if told.
 */
static int verb_selftest(struct setting *s, struct err *err)
{
    int64_t port = 0;
    if (s->args->port && !str_i64(str_of(s->args->port), 1, 65535, &port)) {
        FAIL(err, ERR_VALIDATION_FAILED, "--port must be a number from 1 to 65535.");
        return verb_fail(err);
    }
    const struct selftest_how how = { .engine = &s->engine,
                                      .dir = s->args->dir,
                                      .node_id = STR("selftest"),
                                      .disks = disk_possible(),
                                      .probes = s->args->probes,
                                      .canary = s->args->canary,
                                      .peer = s->args->peer,
                                      .port = port };
    struct selftest *t = mem_zalloc(sizeof(*t));
    const bool ok = selftest_run(&how, t, err);
    const bool fit = ok && t->isolation != ISOLATION_NONE;
    if (ok) print_selftest(t);
    mem_free(t);
    if (!ok) return verb_fail(err);
    return fit ? DONE : FAILED;
}

/* ---- the command line --------------------------------------------------------------------------
 */

static int usage(FILE *to)
{
    fputs(
        "bourse-agent join    --server URL --token brs_join_… [--name N] [--again]\n"
        "bourse-agent run\n"
        "bourse-agent status\n"
        "bourse-agent doctor  [--json] [--brief] [--quiet]   is all well? exit 0 yes, 1 warning, 2 "
        "no\n"
        "bourse-agent selftest [--probes all|heavy|NAME] [--canary FILE] [--peer ADDRESS --port "
        "N]\n"
        "                                                    what a container can reach here\n"
        "bourse-agent drain   [--at TIME] [--now] [--wait]   take nothing new from then on\n"
        "bourse-agent undrain                                and be offered again\n"
        "bourse-agent purge                                  end the agent, remove its containers, "
        "disks and networks\n"
        "bourse-agent help\n"
        "each with [--state DIR] (" STATE_DEFAULT ") and [--config FILE]\n",
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
        { "probes", required_argument, NULL, 'p' },
        { "canary", required_argument, NULL, 'y' },
        { "peer", required_argument, NULL, 'e' },
        { "port", required_argument, NULL, 'o' },
        { "at", required_argument, NULL, 'T' },
        { "json", no_argument, NULL, 'j' },
        { "brief", no_argument, NULL, 'b' },
        { "quiet", no_argument, NULL, 'q' },
        { "now", no_argument, NULL, 'N' },
        { "wait", no_argument, NULL, 'w' },
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
        case 'p': out->probes = optarg; break;
        case 'y': out->canary = optarg; break;
        case 'e': out->peer = optarg; break;
        case 'o': out->port = optarg; break;
        case 'T': out->at = optarg; break;
        case 'j': out->json = true; break;
        case 'b': out->brief = true; break;
        case 'q': out->quiet = true; break;
        case 'N': out->now = true; break;
        case 'w': out->wait = true; break;
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
    } verbs[] = { { "join", verb_join },         { "run", verb_run },
                  { "status", verb_status },     { "doctor", verb_doctor },
                  { "selftest", verb_selftest }, { "warden", verb_warden },
                  { "drain", verb_drain },       { "undrain", verb_undrain },
                  { "purge", verb_purge } };
    struct args args = { .verb = NULL };
    struct setting setting;
    struct err err = { .code = ERR_NONE };

    if (!read_args(argc, argv, &args)) return usage(stderr);
    if (strcmp(args.verb, "help") == 0 || strcmp(args.verb, "--help") == 0) return verb_help();
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (strcmp(args.verb, verbs[i].name) != 0) continue;
        if (!args.dir) args.dir = STATE_DEFAULT;
        if (!args.token) args.token = getenv("BOURSE_AGENT_TOKEN");
        const int code =
            set_up(&setting, &args, &err) ? verbs[i].run(&setting, &err) : verb_fail(&err);
        tear_down(&setting);
        return code;
    }
    return usage(stderr);
}
