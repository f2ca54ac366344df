/* SPDX-License-Identifier: Apache-2.0 */
/* From a bid to its assignment: jobs come at a fixed rate, whatever becomes of those before, to
 * agents that hold their polls.
 *
 *     bench_dispatch HOST API_PORT AGENT_PORT AGENTS JOBS_PER_SECOND SECONDS KEYS
 *
 * KEYS is a file of API keys, one a line. Each agent offers as many units as its share of the jobs,
 * and one. A job is counted from the moment at which it was due to be sent, so that a client that
 * cannot keep up tells so, to the moment at which an agent has read the assignment with its id. The
 * first second is not counted. Prints one line of JSON; 1 when a job was refused or not told within
 * ten seconds. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/random.h"
#include "fleet.h"
#include "json/json.h"

#define BUYERS    64
#define KEYS_MAX  1024
#define KEY_SIZE  128
#define SEQ_MAX   (1 << 22)
#define LATEST_US INT64_C(10000000)
#define WARM_US   INT64_C(1000000)

struct buyer {
    struct wire wire;
    int64_t due_us; /* of the job that is on its way; 0: none */
};

struct bench {
    struct fleet fleet;
    const char *host;
    int api_port, buyers_fd;
    struct buyer buyers[BUYERS];
    char keys[KEYS_MAX][KEY_SIZE];
    size_t keys_n;
    uint64_t job;
    int64_t *due_us, *told_us; /* by the number in the job's id; 0: not yet */
    int64_t sent, answered, told;
};

/* The number of a job's id, which is below SEQ_MAX in a market made for this. */
static size_t number_of(struct str job_id)
{
    struct id id;

    if (!id_parse("job_", job_id, &id) || id_seq(id) >= SEQ_MAX) wire_die("a job's id");
    return (size_t)id_seq(id);
}

static void told(void *arg, const json_t *data, int64_t now_us)
{
    struct bench *b = arg;

    for (size_t i = 0; i < json_array_size(data); i++) {
        struct err err = { 0 };
        const struct str text = json_get_text(json_array_get(data, i), "document");
        auto_json json_t *document = json_parse(text, &err);
        int64_t *at = &b->told_us[number_of(json_get_text(document, "job_id"))];
        if (*at != 0) continue; /* it was told before, and asks again for all */
        *at = now_us;
        b->told++;
    }
}

static void submit(struct bench *b, struct buyer *buyer, int64_t due_us)
{
    static const char body[] =
        "{\"image\":\"localhost/bench:1\",\"command\":[\"/bin/true\"],\"pool\":\"cpu\",\"units\":1,"
        "\"budget\":{\"amount\":\"10\",\"currency\":\"USD\"},\"limit_price_per_unit_hour\":"
        "{\"amount\":\"5.000000\",\"currency\":\"USD\"},\"max_duration_seconds\":600}";
    char request[1024];
    const int n = snprintf(request, sizeof(request),
                           "POST /v1/jobs HTTP/1.1\r\nHost: %s:%d\r\nAuthorization: Bearer %s\r\n"
                           "Content-Type: application/json\r\nContent-Length: %zu\r\n"
                           "Idempotency-Key: %016" PRIx64 "\r\n\r\n%s",
                           b->host, b->api_port, b->keys[(size_t)b->sent % b->keys_n],
                           sizeof(body) - 1, b->job++, body);

    if (n < 0 || (size_t)n >= sizeof(request) ||
        !wire_send(&buyer->wire, (struct str){ request, (size_t)n }))
        wire_die("submit");
    buyer->due_us = due_us;
    b->sent++;
}

static void look(struct bench *b, struct buyer *buyer)
{
    struct err err = { 0 };
    struct str body;
    const int status = wire_take(&buyer->wire, &body);

    if (status == 0) return;
    if (status != 201) {
        fprintf(stderr, "a job was refused: %d %.*s\n", status, status < 0 ? 0 : (int)body.n,
                body.p);
        exit(1);
    }
    auto_json json_t *o = json_parse(body, &err);
    const json_t *job = json_object_get(o, "job");
    b->due_us[number_of(json_get_text(job, "job_id"))] = buyer->due_us;
    buyer->due_us = 0;
    b->answered++;
}

static struct buyer *free_buyer(struct bench *b)
{
    for (size_t i = 0; i < BUYERS; i++)
        if (b->buyers[i].due_us == 0) return &b->buyers[i];
    return NULL;
}

/* Look after all connections for a while. */
static void serve(struct bench *b, int timeout_ms)
{
    struct epoll_event events[BUYERS];

    (void)fleet_wait(&b->fleet, timeout_ms);
    const int n = epoll_wait(b->buyers_fd, events, BUYERS, 0);
    for (int i = 0; i < n; i++)
        look(b, events[i].data.ptr);
}

static void run(struct bench *b, int64_t rate, int64_t seconds)
{
    const int64_t jobs = rate * seconds, began_us = clock_monotonic_us();

    while (b->told < jobs) {
        const int64_t now_us = clock_monotonic_us();
        const int64_t due_us = began_us + b->sent * 1000000 / rate;
        struct buyer *buyer = b->sent < jobs && due_us <= now_us ? free_buyer(b) : NULL;
        if (buyer)
            submit(b, buyer, due_us);
        else
            serve(b, 1);
        if (now_us > began_us + seconds * 1000000 + LATEST_US) wire_die("not every job was told");
    }
}

static int by_value(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void report(const struct bench *b, int64_t rate, int64_t seconds)
{
    int64_t *us = calloc((size_t)b->sent, sizeof(*us)), first_us = INT64_MAX, last_us = 0;
    size_t n = 0;

    if (!us) wire_die("report");
    for (size_t i = 0; i < SEQ_MAX; i++)
        if (b->due_us[i] != 0 && b->due_us[i] < first_us) first_us = b->due_us[i];
    for (size_t i = 0; i < SEQ_MAX; i++) {
        if (b->due_us[i] == 0) continue;
        if (b->told_us[i] > last_us) last_us = b->told_us[i];
        if (b->due_us[i] >= first_us + WARM_US) us[n++] = b->told_us[i] - b->due_us[i];
    }
    qsort(us, n, sizeof(*us), by_value);
    printf("{\"bench\":\"dispatch\",\"agents\":%zu,\"rate\":%" PRId64 ",\"seconds\":%" PRId64
           ",\"jobs\":%" PRId64 ",\"jobs_per_second\":%.1f,\"p50_ms\":%.2f,\"p99_ms\":%.2f,"
           "\"max_ms\":%.2f}\n",
           b->fleet.n, rate, seconds, b->told, (double)b->told * 1e6 / (double)(last_us - first_us),
           (double)us[n / 2] / 1e3, (double)us[n * 99 / 100] / 1e3, (double)us[n - 1] / 1e3);
    free(us);
}

static void read_keys(struct bench *b, const char *path)
{
    FILE *f = fopen(path, "re");

    if (!f) wire_die(path);
    while (b->keys_n < KEYS_MAX && fgets(b->keys[b->keys_n], KEY_SIZE, f)) {
        b->keys[b->keys_n][strcspn(b->keys[b->keys_n], "\n")] = '\0';
        b->keys_n++;
    }
    (void)fclose(f);
    if (b->keys_n == 0) wire_die("no keys");
}

static void watch(int set, int fd, void *arg)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = arg };

    if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) != 0) wire_die("epoll");
}

int main(int argc, char **argv)
{
    static struct bench b;
    int64_t api = 0, agent = 0, agents = 0, rate = 0, seconds = 0;

    if (argc != 8 || !str_i64(str_of(argv[2]), 1, 65535, &api) ||
        !str_i64(str_of(argv[3]), 1, 65535, &agent) ||
        !str_i64(str_of(argv[4]), 1, 60000, &agents) ||
        !str_i64(str_of(argv[5]), 1, 100000, &rate) ||
        !str_i64(str_of(argv[6]), 2, 600, &seconds)) {
        fprintf(stderr,
                "bench_dispatch HOST API_PORT AGENT_PORT AGENTS JOBS_PER_SECOND SECONDS KEYS\n");
        return 2;
    }
    b.host = argv[1];
    b.api_port = (int)api;
    b.job = random_u64();
    b.buyers_fd = epoll_create1(EPOLL_CLOEXEC);
    b.due_us = calloc(SEQ_MAX, sizeof(*b.due_us));
    b.told_us = calloc(SEQ_MAX, sizeof(*b.told_us));
    if (!b.due_us || !b.told_us || b.buyers_fd < 0) wire_die("start");
    read_keys(&b, argv[7]);
    fleet_init(&b.fleet, b.host, (int)agent, (size_t)agents, rate * seconds / agents + 2);
    b.fleet.told = told;
    b.fleet.told_arg = &b;
    fleet_join(&b.fleet);
    fleet_poll(&b.fleet);
    for (int i = 0; i < 20; i++) /* until the polls are there */
        (void)fleet_wait(&b.fleet, 100);
    for (size_t i = 0; i < BUYERS; i++) {
        wire_open(&b.buyers[i].wire, b.host, b.api_port);
        watch(b.buyers_fd, b.buyers[i].wire.fd, &b.buyers[i]);
    }
    watch(b.fleet.epoll_fd, b.buyers_fd, NULL);
    run(&b, rate, seconds);
    while (b.answered < b.sent)
        serve(&b, 1);
    report(&b, rate, seconds);
    return 0;
}
