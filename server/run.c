/* SPDX-License-Identifier: Apache-2.0 */
/* bourse-server run: everything the process has, made in order, torn down in reverse. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/notify.h"
#include "http/downloads.h"
#include "http/listen.h"
#include "http/metrics.h"
#include "http/statics.h"
#include "http/workers.h"
#include "identity.h"
#include "service/blobs.h"
#include "service/feed.h"
#include "service/limiter.h"
#include "service/operator.h"
#include "service/publog.h"
#include "service/reaper.h"
#include "service/stranded.h"
#include "service/sweeper.h"
#include "service/uploads.h"
#include "store/load.h"
#include "store/migrate.h"
#include "store/publog.h"
#include "verbs.h"

#define CONNECTIONS_API   (STREAMS_MAX + 2000)
#define WORK_QUEUE        2000
#define CONNECTIONS_AGENT 15000
#define CONNECTIONS_OTHER 64
#define DRAIN_US          INT64_C(5000000)
#define ORDERS_BURST      5 /* seconds' worth at once */
#define REQUESTS_BURST    10
#define LOOKS_BURST       6

struct process {
    const struct options *o;
    struct arena *a;
    struct identity id;
    struct market_info info;
    struct services svc;
    struct writer *writer;
    struct operator_desk *desk;
    struct reaper *reaper;
    struct sweeper *sweeper;
    struct listener *api, *agents, *metrics;
    const char *tmp_dir;
};

/* Is `address` reachable from this machine alone? */
static bool is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strncmp(address, "[::1]", 5) == 0 ||
           strncmp(address, "localhost:", 10) == 0;
}

/* The url given, without a slash at its end; else the one that a loopback address makes. */
static bool url_of(struct process *p, const char *given, const char *address, const char *option,
                   const char **out, struct err *err)
{
    if (!given && !is_loopback(address))
        return FAIL(
            err, ERR_VALIDATION_FAILED,
            "--%s is needed when the address is not on loopback: signatures and links use it.",
            option);
    char *url = given ? arena_fmt(p->a, "%s", given) : arena_fmt(p->a, "http://%s", address);
    if (!url) return FAIL(err, ERR_NO_MEMORY, "No memory for the addresses.");
    const size_t n = strlen(url);
    if (n > 0 && url[n - 1] == '/') url[n - 1] = '\0';
    *out = url;
    return true;
}

static struct market_rules rules_of(const struct options *o)
{
    struct market_rules r = market_rules_default;

    r.fee_bps = (int32_t)o->fee_bps;
    r.offer_seconds = (int32_t)o->offer_seconds;
    r.prepare_seconds = (int32_t)o->prepare_seconds;
    r.stop_seconds = (int32_t)o->stop_seconds;
    r.quote_seconds = (int32_t)o->quote_seconds;
    r.backoff_seconds = (int32_t)o->backoff_seconds;
    r.backoff_max_seconds = (int32_t)o->backoff_max_seconds;
    r.min_run_seconds = (int32_t)o->min_run_seconds;
    r.notice_seconds = (int32_t)o->notice_seconds;
    r.displace_bps = (int32_t)o->displace_bps;
    r.pricing = strcmp(o->price_rule, "runner-up") == 0 ? PRICE_RUNNER_UP : PRICE_RESTING;
    r.collar_bps = (int32_t)o->collar_bps;
    r.collar_trades = (int32_t)o->collar_trades;
    r.call_seconds = (int32_t)o->call_seconds;
    return r;
}

/* Name and key of the log, which init has set. */
static bool check_log(struct process *p, struct db *db, struct err *err)
{
    const struct public_key k = key_public(p->id.note_key);
    struct publog_identity_row row;

    if (!db_found(store_publog_identity(db, p->a, &row, err), err) || !note_name_ok(row.origin))
        return FAIL(err, ERR_WRONG_STATE, "The log has no name yet: run bourse-server init.");
    if (!str_eq(row.public_key, (struct str){ (const char *)k.b, sizeof(k.b) }))
        return FAIL(err, ERR_WRONG_STATE, "The log of the database has another key than note.key.");
    p->info.log = note_key_of(row.origin, NOTE_ED25519, &k);
    return true;
}

/* Is this our database, as we know it? And its pools. */
static bool check_db(struct process *p, struct db *db, struct err *err)
{
    const struct public_key k = key_public(p->id.key);
    struct identity_row row;
    struct pool *pools = NULL;

    if (!store_migrations_check(db, err)) return false;
    if (!db_found(store_identity(db, p->a, &row, err), err))
        return FAIL(err, ERR_WRONG_STATE,
                    "The database belongs to no market: run bourse-server init.");
    if (!str_eq(row.public_key, (struct str){ (const char *)k.b, sizeof(k.b) }))
        return FAIL(err, ERR_WRONG_STATE, "The database belongs to market %.*s, the keys to %s.",
                    (int)row.market_id.n, row.market_id.p, p->id.market_id);
    if (!check_log(p, db, err)) return false;
    if (!store_load_pools(db, p->a, &pools, &p->info.pools_n, err)) return false;
    p->info.pools = pools;
    return true;
}

static bool make_info(struct process *p, struct err *err)
{
    const struct options *o = p->o;
    struct market_info *i = &p->info;

    memcpy(i->market_id, p->id.market_id, sizeof(i->market_id));
    i->key = p->id.key;
    i->seal = &p->id.seal;
    i->version = BOURSE_VERSION;
    i->min_agent_version = o->min_agent_version;
    if (strcmp(o->price_rule, "runner-up") != 0 && strcmp(o->price_rule, "resting") != 0)
        return FAIL(err, ERR_VALIDATION_FAILED, "--price-rule is resting or runner-up.");
    i->rules = rules_of(o);
    i->lease_seconds = (int32_t)o->lease_seconds;
    i->heartbeat_seconds = (int32_t)o->heartbeat_seconds;
    if (!url_of(p, o->public_url, o->listen, "public-url", &i->public_url, err)) return false;
    if (!url_of(p, o->agent_url, o->agent_listen, "agent-url", &i->agent_url, err)) return false;
    struct db *db = db_open(o->db, DB_APP, err);
    const bool ok = db && check_db(p, db, err);
    db_close(db);
    p->svc.migrations_ok = ok;
    return ok;
}

static bool make_blobs(struct process *p, struct err *err)
{
    const struct blobs_options bo = {
        .state_dir = p->o->state,
        .where = p->o->blobs,
        .s3_endpoint = p->o->s3_endpoint,
        .s3_region = p->o->s3_region,
        .s3_credentials = p->o->s3_credentials,
    };

    return (p->svc.blobs = blobs_new(&bo, err)) != NULL;
}

static bool make_downloads(struct process *p, struct err *err)
{
    const struct downloads_options o = {
        .folder = p->o->downloads,
        .packaging = p->o->packaging,
        .public_url = p->info.public_url,
        .agent_url = p->info.agent_url,
        .version = p->info.version,
    };

    if (!o.folder) return true;
    return (p->svc.downloads = downloads_new(&o, err)) != NULL;
}

static bool make_services(struct process *p, struct err *err)
{
    const struct auth_options ao = {
        .state_dir = p->o->state,
        .market_id = p->info.market_id,
        .public_url = p->info.public_url,
        .agent_url = p->info.agent_url,
    };

    p->svc.info = &p->info;
    p->svc.hub = hub_new();
    p->svc.metrics = metrics_new();
    p->tmp_dir = arena_fmt(p->a, "%s/tmp", p->o->state);
    if (!p->svc.hub || !p->svc.metrics || !p->tmp_dir)
        return FAIL(err, ERR_NO_MEMORY, "No memory for the services.");
    if (!dir_make(p->tmp_dir, err)) return false;
    if (!(p->svc.auth = auth_new(&ao, err))) return false;
    if (!make_blobs(p, err)) return false;
    if (!(p->svc.uploads = uploads_new(p->tmp_dir, err))) return false;
    p->svc.orders = limiter_new(p->o->orders_per_second, p->o->orders_per_second * ORDERS_BURST);
    p->svc.strangers =
        limiter_new(p->o->requests_per_second, p->o->requests_per_second * REQUESTS_BURST);
    p->svc.looks = limiter_new(p->o->looks_per_second, p->o->looks_per_second * LOOKS_BURST);
    p->svc.statics = statics_new(p->o->static_dir, p->o->openapi, err);
    return p->svc.statics && make_downloads(p, err);
}

/* Whoever led before may have seen requests that were signed before now. */
static void led(void *arg)
{
    const struct process *p = arg;
    auth_begin(p->svc.auth, clock_wall_us());
}

static bool overlap_of(const char *word, enum overlap *out, struct err *err)
{
    static const char *const words[] = {
        [OVERLAP_AUTO] = "auto", [OVERLAP_ON] = "on", [OVERLAP_OFF] = "off"
    };

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(word, words[i]) != 0) continue;
        *out = (enum overlap)i;
        return true;
    }
    return FAIL(err, ERR_VALIDATION_FAILED, "--overlap-flush is auto, on or off.");
}

static bool start_market(struct process *p, struct err *err)
{
    struct writer_options wo = {
        .conninfo = p->o->db,
        .name = p->o->name,
        .hub = p->svc.hub,
        .log_key = p->id.log_key,
        .market_id = p->info.market_id,
        .key = p->info.key,
        .rules = &p->info.rules,
        .amnesty_us = (int64_t)p->info.lease_seconds * 1000000,
        .pools = p->info.pools,
        .pools_n = p->info.pools_n,
        .led = led,
        .led_arg = p,
    };

    if (!overlap_of(p->o->overlap_flush, &wo.overlap, err)) return false;
    if (!(p->writer = writer_start(&wo, err))) return false;
    p->svc.writer = p->writer;
    if (!(p->svc.liveness = liveness_new(&p->info, p->writer)))
        return FAIL(err, ERR_NO_MEMORY, "No memory for liveness.");
    p->svc.stranded = stranded_new((int64_t)p->info.lease_seconds * 1000000);
    const struct feed_options fo = { p->o->db, p->svc.hub, p->writer, &p->info };
    if (!(p->svc.feed = feed_start(&fo, err))) return false;
    const struct publog_options lo = { p->o->db,       p->writer,    p->id.log_key,
                                       p->id.note_key, &p->info.log, p->o->witnesses };
    if (!(p->svc.publog = publog_start(&lo, err))) return false;
    if (!(p->desk = operator_start(p->o->db, p->writer, err))) return false;
    const struct sweep_terms terms = { { p->o->keep_uploads_days, p->o->keep_outputs_days },
                                       p->o->keep_flows_days };
    if (!(p->sweeper = sweeper_start(p->o->db, p->svc.blobs, &terms, err))) return false;
    return (p->reaper = reaper_start(p->o->db, p->svc.liveness, err)) != NULL;
}

static bool start_listeners(struct process *p, struct err *err)
{
    struct workers_options wo = {
        .n = (int)p->o->workers,
        .conninfo = p->o->db,
        .queue = WORK_QUEUE,
        .promised = CONNECTIONS_API + CONNECTIONS_AGENT,
    };
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct listener_options lo = {
        .name = "api",
        .address = p->o->listen,
        .routes = api_routes,
        .routes_n = api_routes_n,
        .svc = &p->svc,
        .threads = cores > 0 ? (int)cores : 1,
        .connection_memory = 32768,
        .connections = CONNECTIONS_API,
        .connections_per_ip = (int)p->o->connections_per_address,
        .tmp_dir = p->tmp_dir,
    };

    if (!(p->svc.workers = workers_start(&wo, err))) return false;
    wo.n = (int)p->o->blob_workers;
    if (!(p->svc.movers = workers_start(&wo, err))) return false;
    if (!(p->api = listener_start(&lo, err))) return false;
    lo.name = "agent";
    lo.address = p->o->agent_listen;
    lo.routes = agent_routes;
    lo.routes_n = agent_routes_n;
    lo.connection_memory = 6144;
    lo.connections_per_ip = 0; /* a farm of machines comes from one address */
    lo.connections = CONNECTIONS_AGENT;
    if (!(p->agents = listener_start(&lo, err))) return false;
    lo.name = "metrics";
    lo.address = p->o->metrics_listen;
    lo.routes = metrics_routes;
    lo.routes_n = metrics_routes_n;
    lo.threads = 1;
    lo.connections = CONNECTIONS_OTHER;
    return (p->metrics = listener_start(&lo, err)) != NULL;
}

/* In reverse; takes whatever has been made. */
static void tear_down(struct process *p)
{
    if (p->svc.hub) hub_close(p->svc.hub);
    if (p->agents) (void)listener_drain(p->agents, DRAIN_US);
    if (p->api) (void)listener_drain(p->api, DRAIN_US);
    writer_stop(p->writer); /* whoever waits for it has his answer now */
    listener_stop(p->metrics);
    listener_stop(p->agents);
    listener_stop(p->api);
    workers_stop(p->svc.movers);
    workers_stop(p->svc.workers);
    operator_stop(p->desk);
    feed_stop(p->svc.feed);
    publog_stop(p->svc.publog);
    reaper_stop(p->reaper);
    sweeper_stop(p->sweeper);
    feed_free(p->svc.feed);
    publog_free(p->svc.publog);
    writer_free(p->writer);
    stranded_free(p->svc.stranded);
    liveness_free(p->svc.liveness);
    downloads_free(p->svc.downloads);
    statics_free(p->svc.statics);
    limiter_free(p->svc.strangers);
    limiter_free(p->svc.looks);
    limiter_free(p->svc.orders);
    uploads_free(p->svc.uploads);
    blobs_free(p->svc.blobs);
    auth_free(p->svc.auth);
    metrics_free(p->svc.metrics);
    hub_free(p->svc.hub);
    identity_done(&p->id);
}

static bool start(struct process *p, struct err *err)
{
    return identity_load(p->o->state, p->a, &p->id, err) && make_info(p, err) &&
           make_services(p, err) && start_market(p, err) && start_listeners(p, err);
}

static void wait_for_end(void)
{
    sigset_t ends;
    int which = 0;

    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    const int64_t beat_us = notify_watchdog_us();
    notify_tell("READY=1");
    if (beat_us == 0) {
        (void)sigwait(&ends, &which);
    } else {
        const struct timespec beat = { beat_us / 1000000, beat_us % 1000000 * 1000 };
        while ((which = sigtimedwait(&ends, NULL, &beat)) < 0)
            notify_tell("WATCHDOG=1");
    }
    notify_tell("STOPPING=1");
    LOG(LOG_INFO, "server.stopping", LOG_I64("signal", which));
}

/* Before any thread starts, so that they all inherit it: signals come to main alone. */
static void block_signals(void)
{
    sigset_t ends;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &ends, NULL);
}

bool verb_run(const struct options *o, struct arena *a, struct err *err)
{
    struct process p = { .o = o, .a = a };

    umask(0077);
    if (o->debug) log_open(STDERR_FILENO, LOG_DEBUG);
    block_signals();
    const bool ok = start(&p, err);
    if (ok) {
        LOG(LOG_INFO, "server.listening", LOG_C("market", p.info.market_id),
            LOG_C("api", o->listen), LOG_C("agents", o->agent_listen),
            LOG_C("metrics", o->metrics_listen));
        wait_for_end();
    }
    tear_down(&p);
    return ok;
}
