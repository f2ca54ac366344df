/* SPDX-License-Identifier: Apache-2.0 */
/* In an optimal schedule each job can start when it comes or when another ends (else it starts
 * earlier); in a small plant these are all multiples of twelve minutes. So every start and every
 * choice of machines is tried, but where the jobs that are left cannot make up for what is missing,
 * each alone in what is still free. */
#include <assert.h>

#include "tests/sim/optimum.h"

#define STEP  12 /* slots */
#define STEPS 30
#define SMALL 8

#define STEP_US (INT64_C(1000000) * STEP * PLANT_SLOT_S)

struct search {
    const struct plant *plant;
    int32_t room[3][STEPS];
    int order[SMALL]; /* jobs, the most valuable first */
    int64_t best;
};

static bool fits(const struct search *s, int machine, int32_t from, int32_t n, int32_t units)
{
    for (int32_t t = from; t < from + n; t++) {
        if (s->room[machine][t] < units) return false;
    }
    return true;
}

static void fill(struct search *s, int machine, int32_t from, int32_t n, int32_t units)
{
    for (int32_t t = from; t < from + n; t++)
        s->room[machine][t] -= units;
}

/* A start of a job on one machine, or on two. */
struct place {
    int64_t gain;
    int32_t from, n;
    int machines[2];
};

static int64_t cost_of(const struct plant *p, int machine, int32_t units, int32_t n)
{
    return p->machines[machine].cost * units * n * STEP * PLANT_SLOT_S / 3600;
}

static int place_at(const struct search *s, const struct plant_job *j, int32_t from, int a, int b,
                    struct place *out)
{
    const struct plant *const p = s->plant;
    const int pool = p->machines[a].pool;
    const int32_t n = plant_slots(j, pool) / STEP;
    int64_t gain = plant_worth(j) - cost_of(p, a, j->units, n);

    assert(from + n <= STEPS);
    if (b >= 0) gain -= cost_of(p, b, j->units, n);
    if (gain <= 0 || !fits(s, a, from, n, j->units)) return 0;
    if (b >= 0 && (p->machines[b].pool != pool || !fits(s, b, from, n, j->units))) return 0;
    *out = (struct place){ gain, from, n, { a, b } };
    return 1;
}

static bool accepts(const struct plant_job *j, int pool)
{
    for (int w = 0; w < j->pools_n; w++) {
        if (j->pools[w] == pool) return true;
    }
    return false;
}

#define PLACES 64
static int places_of(const struct search *s, const struct plant_job *j, struct place *out)
{
    const int32_t first = (int32_t)((j->at_us - PLANT_START_US) / STEP_US);
    const int32_t last = first + j->patience_s / (STEP * PLANT_SLOT_S);
    int n = 0;

    for (int32_t from = first; from <= last; from++) {
        for (int a = 0; a < s->plant->machines_n; a++) {
            if (!accepts(j, s->plant->machines[a].pool)) continue;
            if (j->nodes == 1) n += place_at(s, j, from, a, -1, &out[n]);
            for (int b = a + 1; j->nodes == 2 && b < s->plant->machines_n; b++)
                n += place_at(s, j, from, a, b, &out[n]);
        }
    }
    assert(n <= PLACES);
    return n;
}

static int64_t alone(const struct search *s, const struct plant_job *j)
{
    struct place places[PLACES];
    const int n = places_of(s, j, places);
    int64_t best = 0;

    for (int i = 0; i < n; i++) {
        if (places[i].gain > best) best = places[i].gain;
    }
    return best;
}

static void search(struct search *s, int depth, int64_t gain) /* NOLINT(misc-no-recursion) */
{
    const struct plant *const p = s->plant;
    struct place places[PLACES];
    int64_t hope = gain;

    if (gain > s->best) s->best = gain;
    if (depth == p->jobs_n) return;
    for (int i = depth; i < p->jobs_n; i++)
        hope += alone(s, &p->jobs[s->order[i]]);
    if (hope <= s->best) return;

    const struct plant_job *const j = &p->jobs[s->order[depth]];
    const int n = places_of(s, j, places);
    for (int i = 0; i < n; i++) {
        const struct place *const at = &places[i];
        for (int k = 0; k < j->nodes; k++)
            fill(s, at->machines[k], at->from, at->n, j->units);
        search(s, depth + 1, gain + at->gain);
        for (int k = 0; k < j->nodes; k++)
            fill(s, at->machines[k], at->from, at->n, -j->units);
    }
    search(s, depth + 1, gain);
}

int64_t optimum_exact(const struct plant *p)
{
    struct search s = { .plant = p };

    assert(p->jobs_n <= SMALL && p->machines_n <= 3);
    for (int k = 0; k < p->machines_n; k++) {
        for (int32_t t = 0; t < STEPS; t++)
            s.room[k][t] = p->machines[k].units;
    }
    for (int i = 0; i < p->jobs_n; i++) {
        int at = i;
        for (; at > 0 && plant_worth(&p->jobs[i]) > plant_worth(&p->jobs[s.order[at - 1]]); at--)
            s.order[at] = s.order[at - 1];
        s.order[at] = i;
    }
    search(&s, 0, 0);
    return s.best;
}
