/* SPDX-License-Identifier: Apache-2.0 */
#include "http/metrics.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/mem.h"
#include "http/http.h"

/* Everything we answer, and what is none of it under 0. */
static const unsigned statuses[] = { 200, 201, 202, 204, 206, 304, 400, 401, 403, 404, 405, 408,
                                     409, 412, 413, 415, 422, 429, 431, 500, 502, 503, 0 };
static const int64_t bounds_us[] = { 500,    1000,   2500,   5000,    10000,   25000,    50000,
                                     100000, 250000, 500000, 1000000, 2500000, 10000000, 60000000 };

struct counted {
    atomic_llong by_status[ARRAY_LEN(statuses)];
    atomic_llong within[ARRAY_LEN(bounds_us) + 1]; /* not cumulative; the last: longer */
    atomic_llong us;
};

struct table {
    const char *daemon;
    const struct route *routes;
    size_t n;
    struct counted *counted;
};

struct metrics {
    struct table tables[METRICS_TABLES];
    atomic_size_t tables_n;
    struct counted no_route;
    atomic_llong totals[METRICS];
};

struct metrics *metrics_new(void)
{
    return mem_zalloc(sizeof(struct metrics));
}

void metrics_free(struct metrics *m)
{
    if (!m) return;
    for (size_t i = 0; i < atomic_load(&m->tables_n); i++)
        mem_free(m->tables[i].counted);
    mem_free(m);
}

void metrics_add_table(struct metrics *m, const char *daemon, const struct route *routes, size_t n)
{
    if (!m) return;
    const size_t at = atomic_load(&m->tables_n);
    assert(at < METRICS_TABLES);
    m->tables[at] = (struct table){ daemon, routes, n, mem_zalloc(n * sizeof(struct counted)) };
    atomic_store(&m->tables_n, at + 1); /* who reads sees a whole table or none */
}

static struct counted *counted_of(struct metrics *m, const struct route *r)
{
    for (size_t i = 0; r && i < atomic_load(&m->tables_n); i++) {
        const struct table *t = &m->tables[i];
        if (r >= t->routes && r < t->routes + t->n) return &t->counted[r - t->routes];
    }
    return &m->no_route;
}

static void add(atomic_llong *counter, long long n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static int64_t get(atomic_llong *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void metrics_count(struct metrics *m, enum metric which, int64_t n)
{
    if (m && n != 0) add(&m->totals[which], n);
}

int64_t metrics_get(struct metrics *m, enum metric which)
{
    return get(&m->totals[which]);
}

void metrics_answered(struct metrics *m, const struct route *route, unsigned status, int64_t us)
{
    struct counted *c = counted_of(m, route);
    size_t s = 0, b = 0;
    while (s + 1 < ARRAY_LEN(statuses) && statuses[s] != status)
        s++;
    while (b < ARRAY_LEN(bounds_us) && bounds_us[b] < us)
        b++;
    add(&c->by_status[s], 1);
    add(&c->within[b], 1);
    add(&c->us, us);
}

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_fmt(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Seconds without a double: 2.5e-3 as 0.002500. */
static void seconds(struct buf *out, int64_t us)
{
    buf_fmt(out, "%lld.%06lld", (long long)(us / 1000000), (long long)(us % 1000000));
}

/* Called for each route that has answered something. */
typedef void each_fn(struct buf *out, const char *labels, struct counted *c);

static bool is_used(struct counted *c)
{
    for (size_t b = 0; b <= ARRAY_LEN(bounds_us); b++)
        if (get(&c->within[b]) > 0) return true;
    return false;
}

static void visit(struct buf *out, const char *daemon, const struct route *r, struct counted *c,
                  each_fn *fn)
{
    char labels[256];
    if (!is_used(c)) return;
    snprintf(labels, sizeof(labels), "daemon=\"%s\",route=\"%s\",method=\"%s\"", daemon,
             r ? r->path : "", r ? r->method : "");
    fn(out, labels, c);
}

static void each(struct metrics *m, struct buf *out, each_fn *fn)
{
    for (size_t i = 0; i < atomic_load(&m->tables_n); i++) {
        const struct table *t = &m->tables[i];
        for (size_t j = 0; j < t->n; j++)
            visit(out, t->daemon, &t->routes[j], &t->counted[j], fn);
    }
    visit(out, "", NULL, &m->no_route, fn);
}

static void write_counters(struct buf *out, const char *labels, struct counted *c)
{
    for (size_t s = 0; s < ARRAY_LEN(statuses); s++) {
        const int64_t n = get(&c->by_status[s]);
        if (n == 0) continue;
        buf_fmt(out, "bourse_http_requests_total{%s,code=\"%u\"} %lld\n", labels, statuses[s],
                (long long)n);
    }
}

#define DURATION "bourse_http_request_duration_seconds"

static void write_histogram(struct buf *out, const char *labels, struct counted *c)
{
    int64_t sum = 0;
    for (size_t b = 0; b <= ARRAY_LEN(bounds_us); b++) {
        sum += get(&c->within[b]);
        buf_fmt(out, DURATION "_bucket{%s,le=\"", labels);
        if (b < ARRAY_LEN(bounds_us))
            seconds(out, bounds_us[b]);
        else
            buf_c(out, "+Inf");
        buf_fmt(out, "\"} %lld\n", (long long)sum);
    }
    buf_fmt(out, DURATION "_sum{%s} ", labels);
    seconds(out, get(&c->us));
    buf_fmt(out, "\n" DURATION "_count{%s} %lld\n", labels, (long long)sum);
}

void metrics_write(struct metrics *m, struct buf *out)
{
    head(out, "bourse_http_requests_total", "counter", "Requests answered.");
    each(m, out, write_counters);
    head(out, DURATION, "histogram", "From the request line to the answer, waiting included.");
    each(m, out, write_histogram);
}

void metrics_line(struct buf *out, const char *name, const char *type, const char *help,
                  const char *label, int64_t value)
{
    if (help) head(out, name, type, help);
    buf_fmt(out, "%s%s%s%s %lld\n", name, label ? "{" : "", label ? label : "", label ? "}" : "",
            (long long)value);
}
