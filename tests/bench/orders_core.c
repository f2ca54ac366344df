/* SPDX-License-Identifier: Apache-2.0 */
/* Orders through the market thread without HTTP: submissions from one thread, so many in flight.
 *
 *     bench_orders_core CONNINFO IN_FLIGHT ACCOUNTS
 *
 * The database must have the market's schema and no server. Opens and funds the accounts, says
 * "ready", then reads numbers of seconds from its input, one a line: each is a round, answered by
 * one line of JSON. So rounds can alternate with those of something else in the same cluster.
 * Every order is submitted as the server submits one (key, payload, digests) and rests. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/random.h"
#include "service/payload.h"
#include "service/writer.h"
#include "store/load.h"
#include "store/migrate.h"

#define IN_FLIGHT_MAX 4096
#define TIMES_MAX     (4 << 20)
#define ARENA_SIZE    (1 << 16)
#define FUNDS         INT64_C(1000000000000)

struct order {
    struct submission s;
    struct arena arena;
    struct bench *bench;
    int64_t sent_us;
    struct order *next_free;
};

struct bench {
    struct writer *writer;
    struct order *orders;
    int64_t *accounts;
    size_t orders_n, accounts_n, next_account;
    struct str payload;
    pthread_mutex_t lock; /* guards: free, back, the counts */
    pthread_cond_t came;
    struct order *free;
    size_t back;
    int64_t done, refused;
    int32_t *times_us;
    size_t times_n;
};

static void die(const char *what, const struct err *err)
{
    fprintf(stderr, "bench_orders_core: %s: %s %s\n", what, err ? err->detail : "",
            err ? err->internal : "");
    exit(1);
}

static void came_back(void *arg)
{
    struct order *o = arg;
    struct bench *b = o->bench;

    pthread_mutex_lock(&b->lock);
    if (o->s.result == SUBMIT_DONE) {
        b->done++;
        if (b->times_n < TIMES_MAX)
            b->times_us[b->times_n++] = (int32_t)(clock_monotonic_us() - o->sent_us);
    } else if (b->refused++ == 0) {
        fprintf(stderr, "bench_orders_core: result %d %s\n", (int)o->s.result, o->s.outcome.why);
    }
    o->next_free = b->free;
    b->free = o;
    b->back++;
    pthread_cond_signal(&b->came);
    pthread_mutex_unlock(&b->lock);
}

static struct command job_of(int64_t account)
{
    return (struct command){
        .kind = COMMAND_SUBMIT_JOB,
        .account = account,
        .u.submit_job = { .wants = { { 1, 1 } },
                          .wants_n = 1,
                          .limit = { 1000 },
                          .budget = { 10000 },
                          .nodes = 1,
                          .seconds = 600,
                          .checkpoint_seconds = 600,
                          .expires_us = clock_wall_us() + INT64_C(86400000000),
                          .attempts_max = 3 },
    };
}

static void send_order(struct bench *b, struct order *o)
{
    o->s = (struct submission){ .command = job_of(b->accounts[b->next_account]),
                                .keyed = true,
                                .payload = b->payload,
                                .arena = &o->arena,
                                .done = came_back,
                                .arg = o };
    b->next_account = (b->next_account + 1) % b->accounts_n;
    random_bytes(o->s.key, sizeof(o->s.key));
    memcpy(o->s.body.b, o->s.key, sizeof(o->s.key));
    o->sent_us = clock_monotonic_us();
    writer_submit(b->writer, &o->s);
}

/* Everything that has come back; waits until there is something. */
static struct order *take_back(struct bench *b)
{
    pthread_mutex_lock(&b->lock);
    while (!b->free)
        pthread_cond_wait(&b->came, &b->lock);
    struct order *all = b->free;
    b->free = NULL;
    pthread_mutex_unlock(&b->lock);
    return all;
}

static int by_value(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static void run_round(struct bench *b, int64_t seconds)
{
    struct writer_stats before, after;
    b->done = b->refused = 0;
    b->times_n = 0;
    writer_stats(b->writer, &before);
    const int64_t start = clock_monotonic_us(), until = start + seconds * 1000000;

    b->back = 0;
    for (size_t i = 0; i < b->orders_n; i++)
        send_order(b, &b->orders[i]);
    size_t in_flight = b->orders_n;
    while (in_flight > 0) {
        struct order *o = take_back(b);
        const bool more = clock_monotonic_us() < until;
        while (o) {
            struct order *next = o->next_free;
            if (more)
                send_order(b, o);
            else
                in_flight--;
            o = next;
        }
    }
    const double took = (double)(clock_monotonic_us() - start) / 1e6;
    writer_stats(b->writer, &after);
    const int64_t groups = after.groups - before.groups;
    qsort(b->times_us, b->times_n, sizeof(*b->times_us), by_value);
    const size_t n = b->times_n;
    printf("{\"bench\":\"orders-core\",\"in_flight\":%zu,\"orders\":%" PRId64 ",\"failed\":%" PRId64
           ",\"orders_per_second\":%.1f,\"group\":%.1f,\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"max_ms\":%"
           ".2f}\n",
           b->orders_n, b->done, b->refused, (double)b->done / took,
           groups > 0 ? (double)b->done / (double)groups : 0, n ? b->times_us[n / 2] / 1e3 : 0,
           n ? b->times_us[n * 99 / 100] / 1e3 : 0, n ? b->times_us[n - 1] / 1e3 : 0);
    fflush(stdout);
}

static int64_t submit(struct bench *b, struct command c)
{
    struct arena a;
    struct submission s = { .command = c, .keyed = true, .arena = &a };

    arena_init(&a, ARENA_SIZE);
    random_bytes(s.key, sizeof(s.key));
    s.payload = payload_make(&c, NULL, &a);
    writer_submit_wait(b->writer, &s);
    if (s.result != SUBMIT_DONE) die("an account was refused", &s.err);
    arena_done(&a);
    return s.command.seq;
}

static void open_accounts(struct bench *b)
{
    for (size_t i = 0; i < b->accounts_n; i++) {
        b->accounts[i] =
            submit(b, (struct command){ .kind = COMMAND_OPEN_ACCOUNT, .account = ACCOUNT_WORLD });
        submit(b, (struct command){ .kind = COMMAND_CREDIT,
                                    .account = ACCOUNT_WORLD,
                                    .u.credit = { b->accounts[i], { FUNDS } } });
    }
}

/* A leading writer on the database, which it migrates. */
static struct writer *start(const char *conninfo, struct hub *hub, struct arena *arena)
{
    static const uint8_t log_key[32] = { 1 };
    struct writer_options options = { .conninfo = conninfo,
                                      .name = "bench",
                                      .hub = hub,
                                      .log_key = log_key,
                                      .rules = &market_rules_default };
    struct pool *pools = NULL;
    struct err err = { 0 };
    int applied = 0;

    struct db *db = db_open(conninfo, DB_OWNER, &err);
    if (!db || !store_migrate(db, &applied, &err) ||
        !store_load_pools(db, arena, &pools, &options.pools_n, &err))
        die("database", &err);
    db_close(db);
    options.pools = pools;
    struct writer *writer = writer_start(&options, &err);
    if (!writer) die("writer", &err);
    for (int i = 0; i < 1000 && !writer_ready(writer); i++)
        clock_sleep_us(10000);
    return writer;
}

static void make_orders(struct bench *b, size_t in_flight, size_t accounts)
{
    b->orders_n = in_flight;
    b->accounts_n = accounts;
    b->orders = mem_zalloc(in_flight * sizeof(*b->orders));
    b->accounts = mem_zalloc(accounts * sizeof(*b->accounts));
    b->times_us = mem_zalloc(TIMES_MAX * sizeof(*b->times_us));
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->came, NULL);
    for (size_t i = 0; i < in_flight; i++) {
        b->orders[i].bench = b;
        arena_init(&b->orders[i].arena, ARENA_SIZE);
    }
}

/* What a job of the API would have with it. */
static struct str job_payload(const struct command *job, struct arena *arena)
{
    json_t *blueprint =
        json_pack("{s:n, s:s, s:[s], s:[], s:{}, s:n, s:[], s:i, s:i, s:i, s:s, s:s, s:s}", "name",
                  "image", "localhost/bench:1", "command", "/bin/true", "entrypoint", "env",
                  "workdir", "outputs", "cpu_millis", 1000, "memory_bytes", 0, "scratch_bytes", 0,
                  "level", "signed", "kind", "batch", "egress", "none");
    const struct str payload = payload_make(job, blueprint, arena);

    if (!payload.p) die("payload", NULL);
    return payload;
}

static void done(struct bench *b)
{
    for (size_t i = 0; i < b->orders_n; i++)
        arena_done(&b->orders[i].arena);
    pthread_cond_destroy(&b->came);
    pthread_mutex_destroy(&b->lock);
    mem_free(b->orders);
    mem_free(b->accounts);
    mem_free(b->times_us);
}

int main(int argc, char **argv)
{
    struct bench b = { .next_account = 0 };
    int64_t in_flight = 0, accounts = 0, seconds = 0;
    struct arena a;
    char line[32];

    if (argc != 4 || !str_i64(str_of(argv[2]), 1, IN_FLIGHT_MAX, &in_flight) ||
        !str_i64(str_of(argv[3]), 1, 1000000, &accounts)) {
        fprintf(stderr, "bench_orders_core CONNINFO IN_FLIGHT ACCOUNTS\n");
        return 2;
    }
    arena_init(&a, 1 << 20);
    struct hub *hub = hub_new();
    b.writer = start(argv[1], hub, &a);
    make_orders(&b, (size_t)in_flight, (size_t)accounts);
    open_accounts(&b);
    const struct command sample = job_of(b.accounts[0]);
    b.payload = job_payload(&sample, &a);

    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (!str_i64(str_of(line), 1, 3600, &seconds)) die("not a number of seconds", NULL);
        run_round(&b, seconds);
    }
    writer_stop(b.writer);
    writer_free(b.writer);
    hub_free(hub);
    done(&b);
    arena_done(&a);
    return 0;
}
