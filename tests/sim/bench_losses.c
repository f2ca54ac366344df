/* SPDX-License-Identifier: Apache-2.0 */
/* Where the welfare goes that the market does not reach: the tables of docs/auction.md, "What is
 * lost". Each line leaves out one thing that costs, in the market and in the bound alike; and one
 * table says whose jobs the rest is.
 *
 *     bench_losses [DAYS [FIRST_SEED]]      default 10 days from seed 1, for each load
 *
 * Tables on stdout; price rule `resting`. */
#include <math.h>
#include <stdio.h>

#include "base/str.h"
#include "domain/market.h"
#include "tests/sim/optimum.h"

#define ROUNDS  150
#define MANNERS 3
#define KINDS   9

static const char *const manner_names[MANNERS] = { "truth", "deployed", "keepers" };

struct without {
    const char *what;
    bool failures, costs, beginning, collar;
};
static const struct without all[] = {
    { .what = "as it is" },
    { .what = "nothing fails", .failures = true },
    { .what = "machines of a pool cost the same", .costs = true },
    { .what = "nothing takes time to begin", .beginning = true },
    { .what = "no collar", .collar = true },
};

static const char *const kind_names[KINDS] = {
    "1 unit",
    "2 units",
    "4 units",
    "1 unit, interruptible",
    "2 units, interruptible",
    "4 units, interruptible",
    "gangs of 1 unit a node",
    "gangs of 2 units a node",
    "gangs of 4 units a node",
};

static int kind_of(const struct plant_job *j)
{
    const int size = j->units == 1 ? 0 : j->units == 2 ? 1 : 2;

    return (j->nodes > 1 ? 6 : j->interruptible ? 3 : 0) + size;
}

struct mean {
    double sum, squares;
    int64_t n;
};

static void add(struct mean *m, double x)
{
    m->sum += x;
    m->squares += x * x;
    m->n++;
}

static void say(const char *what, const struct mean *m)
{
    const double n = (double)m->n, mean = m->sum / n;

    printf("  %s %6.2f +- %.2f", what, mean,
           sqrt(fmax(0, m->squares / n - mean * mean) / fmax(1, n - 1)));
}

struct parts { /* of the bound, in percent, by kind of job */
    double planned[KINDS], reached[MANNERS][KINDS];
    double jobs[KINDS];
};

static void take_away(struct plant *p, const struct without *w)
{
    if (w->failures) {
        p->fails = false;
        for (int k = 0; k < p->machines_n; k++)
            p->machines[k].outages = 0;
    }
    for (int k = 0; k < p->machines_n && w->costs; k++) /* the mean of all of its pool */
        p->machines[k].cost = 65 * PLANT_TICK * plant_pools[p->machines[k].pool].throughput /
                              plant_pools[0].throughput;
    if (w->beginning) p->answer_s = p->prepare_s = 0;
}

static void live_day(uint64_t seed, int load, const struct without *w, struct mean *means,
                     struct mean *planned, struct parts *parts)
{
    static struct plant p;
    static struct plant_result r;
    static int64_t schedule[PLANT_JOBS];
    struct market_rules rules = market_rules_default;
    double sum = 0;

    plant_make(&p, seed, load);
    take_away(&p, w);
    if (w->collar) rules.collar_bps = 0;
    const double percent = 100 / optimum_bound(&p, ROUNDS, schedule);
    for (int i = 0; i < p.jobs_n; i++) {
        sum += (double)schedule[i] * percent;
        parts->planned[kind_of(&p.jobs[i])] += (double)schedule[i] * percent;
        parts->jobs[kind_of(&p.jobs[i])]++;
    }
    add(planned, sum);
    for (int m = 0; m < MANNERS; m++) {
        plant_live(&p, &rules, (enum plant_manners)m, &r);
        add(&means[m], (double)r.surplus * percent);
        for (int i = 0; i < p.jobs_n; i++)
            parts->reached[m][kind_of(&p.jobs[i])] += (double)r.of_job[i] * percent;
    }
}

static void say_parts(const struct parts *parts, double days)
{
    printf("  %-26s %8s %9s %9s %9s %9s\n", "whose surplus, % of the bound", "jobs", "possible",
           manner_names[0], manner_names[1], manner_names[2]);
    for (int k = 0; k < KINDS; k++)
        printf("  %-26s %8.0f %9.2f %9.2f %9.2f %9.2f\n", kind_names[k], parts->jobs[k] / days,
               parts->planned[k] / days, parts->reached[0][k] / days, parts->reached[1][k] / days,
               parts->reached[2][k] / days);
}

int main(int argc, char **argv)
{
    static const int loads[] = { 60, 80, 110 };
    int64_t days = 10, first = 1;
    if (argc > 1 && !str_i64(str_of(argv[1]), 1, 100000, &days)) return 2;
    if (argc > 2 && !str_i64(str_of(argv[2]), 0, INT64_MAX / 2, &first)) return 2;

    for (size_t l = 0; l < sizeof(loads) / sizeof(loads[0]); l++) {
        for (size_t w = 0; w < sizeof(all) / sizeof(all[0]); w++) {
            struct mean means[MANNERS] = { 0 }, planned = { 0 };
            struct parts parts = { 0 };

            for (int64_t seed = first; seed < first + days; seed++)
                live_day((uint64_t)seed, loads[l], &all[w], means, &planned, &parts);
            printf("load %3d %%, %-34s", loads[l], all[w].what);
            for (int m = 0; m < MANNERS; m++)
                say(manner_names[m], &means[m]);
            say("possible", &planned);
            printf("\n");
            if (w == 0) say_parts(&parts, (double)days);
            (void)fflush(stdout);
        }
    }
    return 0;
}
