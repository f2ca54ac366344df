/* SPDX-License-Identifier: Apache-2.0 */
/* Closed-loop clients that submit jobs to a running market.
 *
 *     bench_load URL CLIENTS SECONDS API_KEY…
 *
 * Each client has a connection of its own, takes its turn of the keys, and submits a job, with a
 * key of its own, as soon as the one before is answered. Prints one line of JSON. What the figures
 * are compared with is the business of tools/bench.sh. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "client/http.h"

#define CLIENTS_MAX 512
#define TIMES_MAX   65536 /* of one client; later ones are counted, not kept */
#define ARENA_SIZE  (1 << 20)

struct worker {
    pthread_t thread;
    const char *url, *key;
    int64_t number, until_us;
    int64_t done, refused;
    int64_t *times_us;
    size_t times_n;
};

static const char body[] =
    "{\"image\":\"localhost/bench:1\",\"command\":[\"/bin/"
    "true\"],\"pool\":\"cpu\",\"cpu_millis\":1000,"
    "\"budget\":{\"amount\":\"0.01\",\"currency\":\"USD\"},"
    "\"limit_price_per_unit_hour\":{\"amount\":\"0.001000\",\"currency\":\"USD\"},"
    "\"max_duration_seconds\":600}";

static bool submit(struct worker *w, struct client *client, struct arena *a)
{
    char key[64];
    snprintf(key, sizeof(key), "Idempotency-Key: %" PRId64 "-%" PRId64 "-%" PRId64, w->number,
             w->done + w->refused, clock_wall_us());
    const char *const headers[] = { key, NULL };
    struct call call = call_defaults;
    struct answer answer;
    struct err err = { 0 };
    call.method = "POST";
    call.path = "/v1/jobs";
    call.content_type = "application/json";
    call.body = STR(body);
    call.headers = headers;
    if (!client_call(client, &call, a, &answer, &err)) return false;
    return answer.status == 201;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct client *client = client_new(
        &(struct client_options){ .base_url = w->url, .bearer = w->key, .user_agent = "bench" });
    while (client != NULL && clock_monotonic_us() < w->until_us) {
        struct arena a;
        arena_init(&a, ARENA_SIZE);
        const int64_t start = clock_monotonic_us();
        if (submit(w, client, &a)) {
            w->done++;
            if (w->times_n < TIMES_MAX) w->times_us[w->times_n++] = clock_monotonic_us() - start;
        } else {
            w->refused++;
        }
        arena_done(&a);
    }
    client_free(client);
    return NULL;
}

static int by_value(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The times of all clients in one sorted array; NULL when there is none. */
static int64_t *gather(const struct worker *workers, int64_t clients, size_t *n)
{
    *n = 0;
    for (int64_t i = 0; i < clients; i++)
        *n += workers[i].times_n;
    if (*n == 0) return NULL;
    int64_t *all = malloc(*n * sizeof(*all));
    if (all == NULL) exit(1);
    size_t at = 0;
    for (int64_t i = 0; i < clients; i++)
        for (size_t j = 0; j < workers[i].times_n; j++)
            all[at++] = workers[i].times_us[j];
    qsort(all, *n, sizeof(*all), by_value);
    return all;
}

int main(int argc, char **argv)
{
    static struct worker workers[CLIENTS_MAX];
    int64_t clients, seconds, done = 0, refused = 0;
    if (argc < 5 || !str_i64(str_of(argv[2]), 1, CLIENTS_MAX, &clients) ||
        !str_i64(str_of(argv[3]), 1, 3600, &seconds)) {
        fprintf(stderr, "bench_load URL CLIENTS SECONDS API_KEY...\n");
        return 2;
    }
    const int64_t start = clock_monotonic_us();
    for (int64_t i = 0; i < clients; i++) {
        struct worker *w = &workers[i];
        *w = (struct worker){ .url = argv[1],
                              .key = argv[4 + i % (argc - 4)],
                              .number = i,
                              .until_us = start + seconds * 1000000 };
        w->times_us = malloc(TIMES_MAX * sizeof(*w->times_us));
        if (w->times_us == NULL || pthread_create(&w->thread, NULL, work, w) != 0) return 1;
    }
    for (int64_t i = 0; i < clients; i++) {
        pthread_join(workers[i].thread, NULL);
        done += workers[i].done;
        refused += workers[i].refused;
    }
    const double took = (double)(clock_monotonic_us() - start) / 1e6;
    size_t n;
    int64_t *times = gather(workers, clients, &n);
    printf("{\"bench\":\"jobs\",\"clients\":%" PRId64 ",\"jobs\":%" PRId64 ",\"failed\":%" PRId64
           ",\"jobs_per_second\":%.1f,\"p50_ms\":%.2f,\"p99_ms\":%.2f}\n",
           clients, done, refused, (double)done / took, n ? (double)times[n / 2] / 1e3 : 0,
           n ? (double)times[n * 99 / 100] / 1e3 : 0);
    free(times);
    for (int64_t i = 0; i < clients; i++)
        free(workers[i].times_us);
    return done == 0;
}
