/* SPDX-License-Identifier: Apache-2.0 */
/* The welfare table of docs/auction.md: what the market makes of days with gangs, mixed cards and
 * failures, in percent of the best that could be done by who knows all beforehand.
 *
 *     bench_welfare [DAYS [SMALL [FIRST_SEED [LOAD]]]]      default 10 days and 400 small plants,
 * from seed 1
 *
 * The table goes to stderr, one line of JSON to stdout. Exits with 1 when a row misses its target,
 * which is for small plants and for days that are not too busy.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "domain/market.h"
#include "tests/sim/optimum.h"

#define WAYS         4    /* two price rules, two manners */
#define TARGET       92.0 /* percent: days; */
#define TARGET_SMALL 90.0 /* small plants, where eight jobs are a lottery */
#define ROUNDS       150
#define BUSY         60 /* percent: up to this load the target is for days, too */

static const char *const rule_names[] = { "resting", "runner_up" };
static const char *const manner_names[] = { "truth", "deployed" };

struct row {
    const char *what;
    int load; /* 0: small plants */
    double sum, squares, bound_sum, least;
    struct plant_result all;
    int64_t n;
};

static void add(struct row *r, const struct plant_result *one, double best)
{
    const double part = best > 0 ? 100 * (double)one->surplus / best : 100;

    if (r->n++ == 0 || part < r->least) r->least = part;
    r->sum += part;
    r->squares += part * part;
    r->all.finished += one->finished;
    r->all.displaced += one->displaced;
    r->all.lost += one->lost;
    r->all.declined += one->declined;
    r->all.gangs += one->gangs;
}

static bool say(const struct row *r, int rule, int manners, bool *comma)
{
    const double n = (double)r->n, mean = r->sum / n;
    const double error = sqrt(fmax(0, r->squares / n - mean * mean) / fmax(1, n - 1));
    const bool judged = r->load <= BUSY,
               good = !judged || mean >= (r->load > 0 ? TARGET : TARGET_SMALL);

    fprintf(stderr,
            "%-9s %-8s %-6s %4d %6" PRId64 " %7.2f %6.2f %7.2f %7.0f %6.0f %6.1f %6.1f %6.1f %s\n",
            rule_names[rule], manner_names[manners], r->what, r->load, r->n, mean, error, r->least,
            (double)r->all.finished / n, (double)r->all.gangs / n, (double)r->all.displaced / n,
            (double)r->all.lost / n, (double)r->all.declined / n,
            !good    ? "BELOW"
            : judged ? ""
                     : "no target");
    printf("%s{\"pricing\":\"%s\",\"manners\":\"%s\",\"plants\":\"%s\",\"load\":%d,\"n\":%" PRId64
           ",\"percent\":%.3f,\"standard_error\":%.3f,\"least\":%.2f,\"ok\":%s}",
           *comma ? "," : "", rule_names[rule], manner_names[manners], r->what, r->load, r->n, mean,
           error, r->least, good ? "true" : "false");
    *comma = true;
    return good;
}

struct table {
    struct plant *plant;
    int64_t first;
    bool good, comma;
    double gap;      /* percent by which the bound is above the optimum of small plants, summed */
    double possible; /* percent of the bound that a schedule reaches, summed over a load's days */
};

static int64_t schedule[PLANT_JOBS];

/* The same plant by all rules and manners, and the best that could be. */
static void measure_one(struct table *t, int64_t seed, int load, struct row *rows)
{
    struct plant *const p = t->plant;
    struct plant_result results[WAYS];

    if (load > 0)
        plant_make(p, (uint64_t)seed, load);
    else
        plant_make_small(p, (uint64_t)seed);
    for (int k = 0; k < WAYS; k++) {
        struct market_rules rules = market_rules_default;
        rules.pricing = k / 2;
        plant_live(p, &rules, (enum plant_manners)(k % 2), &results[k]);
    }
    double best = optimum_bound(p, ROUNDS, schedule);
    for (int i = 0; i < p->jobs_n && best > 0; i++)
        t->possible += 100 * (double)schedule[i] / best;
    if (load == 0) {
        const double exact = (double)optimum_exact(p);
        if (exact > 0) t->gap += 100 * (best / exact - 1);
        best = exact;
    }
    for (int k = 0; k < WAYS; k++)
        add(&rows[k], &results[k], best);
}

static void measure(struct table *t, int64_t n, int load)
{
    struct row rows[WAYS] = { 0 };

    t->possible = 0;
    for (int64_t seed = t->first; seed < t->first + n; seed++)
        measure_one(t, seed, load, rows);
    for (int k = 0; k < WAYS; k++) {
        rows[k].what = load > 0 ? "day" : "small";
        rows[k].load = load;
        t->good = say(&rows[k], k / 2, k % 2, &t->comma) && t->good;
    }
    fprintf(stderr, "a schedule with %.2f %% of the bound is possible\n", t->possible / (double)n);
}

int main(int argc, char **argv)
{
    static const int loads[] = { 40, 60, 80, 110 };
    int64_t days = 10, small = 400, first = 1, only = 0;
    if (argc > 1 && !str_i64(str_of(argv[1]), 1, 100000, &days)) return 2;
    if (argc > 2 && !str_i64(str_of(argv[2]), 1, 1000000, &small)) return 2;
    if (argc > 3 && !str_i64(str_of(argv[3]), 0, INT64_MAX / 2, &first)) return 2;
    if (argc > 4 && !str_i64(str_of(argv[4]), 1, 1000, &only)) return 2;
    struct table t = { .first = first, .good = true };
    const int64_t start = clock_monotonic_us();

    t.plant = mem_heap.resize(mem_heap.arg, NULL, sizeof(*t.plant));
    if (t.plant == NULL) {
        fprintf(stderr, "no memory\n");
        return 1;
    }
    fprintf(stderr, "%-9s %-8s %-6s %4s %6s %7s %6s %7s %7s %6s %6s %6s %6s\n", "pricing",
            "manners", "plants", "load", "n", "mean %", "+-", "least", "jobs", "gangs", "moved",
            "lost", "decl.");
    printf("{\"bench\":\"market\",\"part\":\"welfare\",\"first_seed\":%" PRId64 ",\"rows\":[",
           first);
    measure(&t, small, 0);
    for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
        if (only == 0 || loads[i] == only) measure(&t, days, loads[i]);
    const double gap = t.gap / (double)small;
    fprintf(stderr, "the bound is %.2f %% above the optimum of small plants\n", gap);
    printf("],\"bound_above_exact_percent\":%.3f,\"seconds\":%.1f,\"ok\":%s}\n", gap,
           (double)(clock_monotonic_us() - start) / 1e6, t.good ? "true" : "false");
    (void)mem_heap.resize(mem_heap.arg, t.plant, 0);
    return t.good ? 0 : 1;
}
