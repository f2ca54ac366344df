/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/optimum.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define SLOT_US (PLANT_SLOT_S * INT64_C(1000000))
#define WINDOW  640 /* slots in which an interruptible job may run, at most */
#define BEGUN_S 30  /* between a trade in time and the start */

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

/* What `n` slots from `from` on cost there, for one unit. Infinite when the machine is away. */
static double stay(const struct prices *q, int k, int32_t from, int32_t n)
{
    const size_t at = (size_t)k * ((size_t)q->slots + 1) + (size_t)from;

    if (q->away[at + (size_t)n] > q->away[at]) return INFINITY;
    return q->sums[at + (size_t)n] - q->sums[at] + cost_of(&q->plant->machines[k]) * n;
}

static void prices_find_lowest(struct prices *q)
{
    for (size_t i = 0; i < PLANT_POOLS * (size_t)q->slots; i++)
        q->lowest[i].price = INFINITY;
    for (int k = 0; k < q->plant->machines_n; k++) {
        struct lowest *const of_pool =
            q->lowest + (size_t)q->plant->machines[k].pool * (size_t)q->slots;
        for (int32_t t = 0; t < q->slots; t++) {
            const double price = stay(q, k, t, 1);
            if (price < of_pool[t].price) of_pool[t] = (struct lowest){ price, k };
        }
    }
}

/* ---- What a job takes at these prices ---- */

struct choice {
    double gain;
    int32_t from, slots;
    int machines[PLANT_MACHINES], n; /* from the cheapest on */
};

static void window_of(const struct plant *p, const struct plant_job *j, int32_t *first,
                      int32_t *last)
{
    const int64_t from_us = j->at_us - PLANT_START_US;
    const int64_t slack_us = (int64_t)(j->patience_s + BEGUN_S) * 1000000;

    *first = (int32_t)(from_us / SLOT_US);
    /* A start between two slots is the middle of a start in each. */
    *last = (int32_t)((from_us + (p->prepare_s > 0 ? slack_us : (int64_t)j->patience_s * 1000000)) /
                      SLOT_US) +
            (p->prepare_s > 0 ? 1 : 0);
}

static void try_start(const struct prices *q, const struct plant_job *j, int pool, int32_t from,
                      struct choice *best)
{
    const struct plant *const p = q->plant;
    const int32_t n = plant_slots(j, pool);
    double costs[PLANT_MACHINES] = { 0 };
    struct choice c = { .gain = (double)plant_worth(j), .from = from, .slots = n };

    assert(j->nodes >= 1 && j->nodes <= PLANT_MACHINES);
    if (from + n > q->slots) return;
    for (int k = 0; k < p->machines_n; k++) {
        if (p->machines[k].pool != pool || p->machines[k].units < j->units) continue;
        const double cost = stay(q, k, from, n) * j->units;
        int at = c.n < j->nodes ? c.n++ : c.n;
        if (at == j->nodes && cost >= costs[--at]) continue;
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

static double take_firm(struct prices *q, const struct plant_job *j)
{
    struct choice best = { 0 };
    int32_t first, last;

    window_of(q->plant, j, &first, &last);
    for (int w = 0; w < j->pools_n; w++) {
        for (int32_t from = first; from <= last; from++)
            try_start(q, j, j->pools[w], from, &best);
    }
    for (int i = 0; i < best.n; i++) {
        double *const used = q->used + (size_t)best.machines[i] * (size_t)q->slots;
        for (int32_t t = 0; t < best.slots; t++)
            used[best.from + t] += j->units;
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

    window_of(q->plant, j, &first, &last);
    last += j->slots;
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

static double distance(const struct prices *q)
{
    double sum = 0;

    for (int k = 0; k < q->plant->machines_n; k++) {
        for (int32_t t = 0; t < q->slots; t++) {
            const size_t at = (size_t)k * (size_t)q->slots + (size_t)t;
            const double over = q->used[at] - q->plant->machines[k].units;
            if (over > 0 || q->price[at] > 0) sum += over * over;
        }
    }
    return sum;
}

static void move(struct prices *q, double step)
{
    for (int k = 0; k < q->plant->machines_n; k++) {
        for (int32_t t = 0; t < q->slots; t++) {
            const size_t at = (size_t)k * (size_t)q->slots + (size_t)t;
            q->price[at] += step * (q->used[at] - q->plant->machines[k].units);
            if (q->price[at] < 0) q->price[at] = 0;
        }
    }
}

double optimum_bound(const struct plant *p, double reached, int rounds)
{
    struct prices q;
    double best = INFINITY, pace = 1;
    int idle = 0;

    prices_begin(&q, p);
    for (int i = 0; i < rounds; i++) {
        const double bound = answer(&q);
        if (bound < best * (1 - 1e-5)) {
            idle = 0;
        } else if (++idle == 8) {
            idle = 0;
            pace /= 2;
        }
        if (bound < best) best = bound;
        const double far = distance(&q);
        if (far == 0 || best <= reached) break;
        move(&q, pace * (bound - reached) / far);
    }
    prices_end(&q);
    return best;
}
