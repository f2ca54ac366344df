/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/optimum.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define SECOND_US INT64_C(1000000)
#define WINDOW    640 /* slots in which an interruptible job may run, at most */

struct lowest { /* what a unit costs in a pool and slot where it is cheapest */
    double price;
    int machine;
};

struct prices {
    const struct plant *plant;
    int32_t slots;
    double *price; /* per unit of machine and slot, */
    double *sums;  /* summed from slot 0 to before this one; slots + 1 for each machine */
    double *used;
    double *way;           /* that the price took last */
    struct lowest *lowest; /* by pool and slot */
    int32_t *away;         /* slots before this one in which the machine is away */
};

static void *room(size_t n, size_t size)
{
    void *const p = mem_heap.resize(mem_heap.arg, NULL, n * size);

    if (p == NULL) {
        fprintf(stderr, "no memory\n");
        exit(1);
    }
    memset(p, 0, n * size);
    return p;
}

static bool is_away(const struct plant_machine *m, int32_t slot)
{
    for (int i = 0; i < m->outages; i++) {
        if (slot >= m->from[i] && slot < m->until[i]) return true;
    }
    return false;
}

static double cost_of(const struct plant_machine *m)
{
    return (double)m->cost * PLANT_SLOT_S / 3600; /* per unit and slot */
}

static void prices_begin(struct prices *q, const struct plant *p)
{
    const size_t n = (size_t)p->machines_n, slots = (size_t)p->slots;

    *q = (struct prices){ .plant = p, .slots = p->slots };
    q->price = room(n * slots, sizeof(*q->price));
    q->used = room(n * slots, sizeof(*q->used));
    q->way = room(n * slots, sizeof(*q->way));
    q->sums = room(n * (slots + 1), sizeof(*q->sums));
    q->lowest = room(PLANT_POOLS * slots, sizeof(*q->lowest));
    q->away = room(n * (slots + 1), sizeof(*q->away));
    for (size_t k = 0; k < n; k++) {
        int32_t *const away = q->away + k * (slots + 1);
        for (size_t t = 0; t < slots; t++)
            away[t + 1] = away[t] + (is_away(&p->machines[k], (int32_t)t) ? 1 : 0);
    }
}

static void prices_end(struct prices *q)
{
    (void)mem_heap.resize(mem_heap.arg, q->price, 0);
    (void)mem_heap.resize(mem_heap.arg, q->used, 0);
    (void)mem_heap.resize(mem_heap.arg, q->way, 0);
    (void)mem_heap.resize(mem_heap.arg, q->sums, 0);
    (void)mem_heap.resize(mem_heap.arg, q->lowest, 0);
    (void)mem_heap.resize(mem_heap.arg, q->away, 0);
}

static void prices_sum(struct prices *q)
{
    for (int k = 0; k < q->plant->machines_n; k++) {
        const double *const price = q->price + (size_t)k * (size_t)q->slots;
        double *const sums = q->sums + (size_t)k * ((size_t)q->slots + 1);
        for (int32_t t = 0; t < q->slots; t++)
            sums[t + 1] = sums[t] + price[t];
    }
}

/* What machine k asks for a unit from the beginning up to that second. */
static double asked_until(const struct prices *q, int k, int32_t second)
{
    const size_t slot = (size_t)(second / PLANT_SLOT_S), rest = (size_t)(second % PLANT_SLOT_S);
    const double whole = q->sums[(size_t)k * ((size_t)q->slots + 1) + slot];

    if (rest == 0) return whole;
    return whole + q->price[(size_t)k * (size_t)q->slots + slot] * (double)rest / PLANT_SLOT_S;
}

static bool is_there(const struct prices *q, int k, int32_t from, int32_t until)
{
    const int32_t *const away = q->away + (size_t)k * ((size_t)q->slots + 1);

    return away[(until + PLANT_SLOT_S - 1) / PLANT_SLOT_S] == away[from / PLANT_SLOT_S];
}

/* From a trade to the start: the units are taken, but do not run yet. */
static int32_t begin_s(const struct plant *p)
{
    return p->answer_s + p->prepare_s;
}

/* What a unit costs that is traded in second `from` and then runs for `n` slots. Infinite when the
 * machine is away. */
static double stay(const struct prices *q, int k, int32_t from, int32_t n)
{
    const int32_t until = from + begin_s(q->plant) + n * PLANT_SLOT_S;

    if (!is_there(q, k, from, until)) return INFINITY;
    return asked_until(q, k, until) - asked_until(q, k, from) + cost_of(&q->plant->machines[k]) * n;
}

static void prices_find_lowest(struct prices *q)
{
    for (size_t i = 0; i < PLANT_POOLS * (size_t)q->slots; i++)
        q->lowest[i].price = INFINITY;
    for (int k = 0; k < q->plant->machines_n; k++) {
        struct lowest *const of_pool =
            q->lowest + (size_t)q->plant->machines[k].pool * (size_t)q->slots;
        for (int32_t t = 0; t < q->slots; t++) {
            if (!is_there(q, k, t * PLANT_SLOT_S, (t + 1) * PLANT_SLOT_S)) continue;
            const double price = q->price[(size_t)k * (size_t)q->slots + (size_t)t] +
                                 cost_of(&q->plant->machines[k]);
            if (price < of_pool[t].price) of_pool[t] = (struct lowest){ price, k };
        }
    }
}

/* ---- What a job takes at these prices ---- */

struct choice {
    double gain;
    int32_t from, until;             /* seconds */
    int machines[PLANT_MACHINES], n; /* from the cheapest on */
};

/* The seconds in which it may be traded, rounded outwards. */
static void window_of(const struct plant_job *j, int32_t *first, int32_t *last)
{
    const int64_t from_us = j->at_us - PLANT_START_US;
    const int64_t until_us = from_us + j->patience_s * SECOND_US + PLANT_GRACE_US;

    *first = (int32_t)(from_us / SECOND_US);
    *last = (int32_t)((until_us + SECOND_US - 1) / SECOND_US);
}

struct filling;
static bool has_room(const struct filling *f, int k, const struct choice *c, int32_t units);

/* With `f`, only where there is room. */
static void try_start(const struct prices *q, const struct filling *f, const struct plant_job *j,
                      int pool, int32_t from, struct choice *best)
{
    const struct plant *const p = q->plant;
    const int32_t n = plant_slots(j, pool);
    double costs[PLANT_MACHINES] = { 0 };
    struct choice c = { .gain = (double)plant_worth(j),
                        .from = from,
                        .until = from + begin_s(p) + n * PLANT_SLOT_S };

    assert(j->nodes >= 1 && j->nodes <= PLANT_MACHINES);
    if (c.until > q->slots * PLANT_SLOT_S) return;
    for (int k = 0; k < p->machines_n; k++) {
        if (p->machines[k].pool != pool || p->machines[k].units < j->units) continue;
        const double cost = stay(q, k, from, n) * j->units;
        if (c.n == j->nodes && cost >= costs[c.n - 1]) continue;
        if (f && !has_room(f, k, &c, j->units)) continue;
        int at = c.n < j->nodes ? c.n++ : c.n - 1;
        for (; at > 0 && cost < costs[at - 1]; at--) {
            costs[at] = costs[at - 1];
            c.machines[at] = c.machines[at - 1];
        }
        costs[at] = cost;
        c.machines[at] = k;
    }
    if (c.n < j->nodes) return;
    for (int i = 0; i < c.n; i++)
        c.gain -= costs[i];
    if (c.gain > best->gain) *best = c;
}

/* Between two seconds in which neither its trade nor its end passes from one slot into the next,
 * what it costs changes evenly: so only these need to be tried, and the ends of the window. */
static int32_t next_start(const struct plant *p, int32_t from)
{
    const int32_t past = from % PLANT_SLOT_S, past_end = (from + begin_s(p)) % PLANT_SLOT_S;

    return from + PLANT_SLOT_S - (past > past_end ? past : past_end);
}

static double take_firm(struct prices *q, const struct plant_job *j)
{
    struct choice best = { 0 };
    int32_t first, last;

    window_of(j, &first, &last);
    for (int w = 0; w < j->pools_n; w++) {
        for (int32_t from = first; from < last; from = next_start(q->plant, from))
            try_start(q, NULL, j, j->pools[w], from, &best);
        try_start(q, NULL, j, j->pools[w], last, &best);
    }
    for (int i = 0; i < best.n; i++) {
        double *const used = q->used + (size_t)best.machines[i] * (size_t)q->slots;
        for (int32_t at = best.from, next; at < best.until; at = next) {
            next = (at / PLANT_SLOT_S + 1) * PLANT_SLOT_S;
            if (next > best.until) next = best.until;
            used[at / PLANT_SLOT_S] += (double)j->units * (next - at) / PLANT_SLOT_S;
        }
    }
    return best.gain;
}

struct piece { /* a slot, at the machine where work is cheapest in it */
    double per_work;
    int32_t slot;
    int machine, speed;
};

static int cheaper(const void *a, const void *b)
{
    const double x = ((const struct piece *)a)->per_work, y = ((const struct piece *)b)->per_work;
    return (x > y) - (x < y);
}

static bool best_piece(const struct prices *q, const struct plant_job *j, int32_t slot,
                       struct piece *out)
{
    *out = (struct piece){ .per_work = INFINITY, .slot = slot };
    for (int w = 0; w < j->pools_n; w++) {
        const struct lowest *const l =
            &q->lowest[(size_t)j->pools[w] * (size_t)q->slots + (size_t)slot];
        const int speed = plant_speed(j, j->pools[w]);
        const double cost = l->price * j->units / speed;
        if (cost < out->per_work) *out = (struct piece){ cost, slot, l->machine, speed };
    }
    return isfinite(out->per_work);
}

/* It runs in the cheapest slots between its coming and the last end that it can have. */
static double take_pieces(struct prices *q, const struct plant_job *j)
{
    struct piece pieces[WINDOW];
    int32_t first, last, n = 0;
    double gain = (double)plant_worth(j), left = j->slots;

    window_of(j, &first, &last);
    first /= PLANT_SLOT_S;
    last = (last + begin_s(q->plant)) / PLANT_SLOT_S + j->slots;
    assert(last - first < WINDOW);
    for (int32_t t = first; t <= last && t < q->slots; t++)
        n += best_piece(q, j, t, &pieces[n]) ? 1 : 0;
    qsort(pieces, (size_t)n, sizeof(pieces[0]), cheaper);
    int32_t used = 0;
    for (; used < n && left > 0; used++) {
        const double work = fmin(left, pieces[used].speed);
        gain -= work * pieces[used].per_work;
        left -= work;
    }
    if (left > 0 || gain <= 0) return 0;
    left = j->slots;
    for (int32_t i = 0; i < used; i++) {
        const double work = fmin(left, pieces[i].speed);
        q->used[(size_t)pieces[i].machine * (size_t)q->slots + (size_t)pieces[i].slot] +=
            j->units * work / pieces[i].speed;
        left -= work;
    }
    return gain;
}

/* ---- The prices ---- */

static double answer(struct prices *q)
{
    const struct plant *const p = q->plant;
    double sum = 0;

    memset(q->used, 0, (size_t)p->machines_n * (size_t)q->slots * sizeof(*q->used));
    prices_sum(q);
    prices_find_lowest(q);
    for (int k = 0; k < p->machines_n; k++)
        sum +=
            q->sums[(size_t)k * ((size_t)q->slots + 1) + (size_t)q->slots] * p->machines[k].units;
    for (int i = 0; i < p->jobs_n; i++)
        sum += p->jobs[i].interruptible ? take_pieces(q, &p->jobs[i]) : take_firm(q, &p->jobs[i]);
    return sum;
}

/* ---- A schedule that is possible ---- */

/* Jobs one by one, those first that gain most at the prices, each where it gains most of what is
 * still free. In steps of three seconds; nobody is interrupted. */
#define STEP_S 3
#define TRY_S  15 /* between starts that are tried */

struct filling {
    const struct prices *q;
    int32_t steps;
    int32_t *room; /* free units by machine and step */
};

static void filling_begin(struct filling *f, const struct prices *q)
{
    const struct plant *const p = q->plant;

    *f = (struct filling){ .q = q, .steps = q->slots * PLANT_SLOT_S / STEP_S };
    f->room = room((size_t)p->machines_n * (size_t)f->steps, sizeof(*f->room));
    for (int k = 0; k < p->machines_n; k++) {
        for (int32_t t = 0; t < f->steps; t++) {
            const bool away = is_away(&p->machines[k], t * STEP_S / PLANT_SLOT_S);
            f->room[(size_t)k * (size_t)f->steps + (size_t)t] = away ? 0 : p->machines[k].units;
        }
    }
}

static bool has_room(const struct filling *f, int k, const struct choice *c, int32_t units)
{
    const int32_t *const free = f->room + (size_t)k * (size_t)f->steps;

    for (int32_t t = c->from / STEP_S; t < c->until / STEP_S; t++) {
        if (free[t] < units) return false;
    }
    return true;
}

static void occupy(struct filling *f, const struct choice *c, int32_t units)
{
    for (int i = 0; i < c->n; i++) {
        int32_t *const free = f->room + (size_t)c->machines[i] * (size_t)f->steps;
        for (int32_t t = c->from / STEP_S; t < c->until / STEP_S; t++)
            free[t] -= units;
    }
}

/* The best place of the job that there is room for; none: its n is 0. */
static struct choice find_room(const struct filling *f, const struct plant_job *j)
{
    struct choice best = { .gain = -INFINITY };
    int32_t first, last;

    window_of(j, &first, &last);
    /* Not before it has come, and on a step. */
    first = (int32_t)((j->at_us - PLANT_START_US + STEP_S * SECOND_US - 1) / (STEP_S * SECOND_US)) *
            STEP_S;
    for (int w = 0; w < j->pools_n; w++) {
        for (int32_t from = first; from < last; from += TRY_S)
            try_start(f->q, f, j, j->pools[w], from, &best);
    }
    return best;
}

/* What the chosen place is worth, less what the running costs. */
static int64_t gain_of(const struct plant *p, const struct plant_job *j, const struct choice *c)
{
    double gain = (double)plant_worth(j);

    for (int i = 0; i < c->n; i++)
        gain -= cost_of(&p->machines[c->machines[i]]) * j->units *
                plant_slots(j, p->machines[c->machines[i]].pool);
    return (int64_t)gain;
}

struct queued {
    double gain;
    int job;
};

static int more(const void *a, const void *b)
{
    const double x = ((const struct queued *)a)->gain, y = ((const struct queued *)b)->gain;
    return (x < y) - (x > y);
}

static void plan_by(struct prices *q, int64_t *schedule)
{
    const struct plant *const p = q->plant;
    struct queued turns[PLANT_JOBS];
    struct filling f;

    filling_begin(&f, q);
    for (int i = 0; i < p->jobs_n; i++)
        turns[i] = (struct queued){ take_firm(q, &p->jobs[i]) / p->jobs[i].slots, i };
    qsort(turns, (size_t)p->jobs_n, sizeof(turns[0]), more);
    for (int i = 0; i < p->jobs_n; i++) {
        const struct plant_job *const j = &p->jobs[turns[i].job];
        const struct choice c = find_room(&f, j);
        const int64_t gain = c.n > 0 ? gain_of(p, j, &c) : 0;

        schedule[turns[i].job] = gain > 0 ? gain : 0;
        if (gain > 0) occupy(&f, &c, j->units);
    }
    (void)mem_heap.resize(mem_heap.arg, f.room, 0);
}

/* ---- The steps ---- */

/* The direction of a step: where more is used than there is, the price goes up. The direction
 * before it counts for DRAG, so that the prices do not swing. The square of its length. */
#define DRAG 0.7
static double turn(struct prices *q)
{
    double far = 0;

    for (int k = 0; k < q->plant->machines_n; k++) {
        for (int32_t t = 0; t < q->slots; t++) {
            const size_t at = (size_t)k * (size_t)q->slots + (size_t)t;
            double way = DRAG * q->way[at] + q->used[at] - q->plant->machines[k].units;
            if (q->price[at] <= 0 && way < 0) way = 0;
            q->way[at] = way;
            far += way * way;
        }
    }
    return far;
}

static void move(struct prices *q, double step)
{
    const size_t n = (size_t)q->plant->machines_n * (size_t)q->slots;

    for (size_t at = 0; at < n; at++) {
        q->price[at] += step * q->way[at];
        if (q->price[at] < 0) q->price[at] = 0;
    }
}

#define PACE 0.05 /* of the bound: the first step; */
#define CALM 0.97 /* each is so much of the one before */

double optimum_bound(const struct plant *p, int rounds, int64_t *schedule)
{
    struct prices q;
    double best = INFINITY, pace = PACE;

    prices_begin(&q, p);
    for (int i = 0; i < rounds; i++) {
        best = fmin(best, answer(&q));
        const double far = turn(&q);
        if (far == 0) break;
        move(&q, pace * best / far);
        pace *= CALM;
    }
    if (schedule) {
        prices_sum(&q);
        plan_by(&q, schedule);
    }
    prices_end(&q);
    return best;
}
