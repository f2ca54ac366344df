/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/plant.h"

#include <assert.h>

#include "tests/sim/chance.h"

#define SLOT_US (PLANT_SLOT_S * INT64_C(1000000))

static const int speeds[PLANT_POOLS] = { 1, 2, 4 };

#define CARD(n, text, speed)                                                                       \
    {                                                                                              \
        .number = (n), .name = (text), .tick = { PLANT_TICK },                                     \
        .throughput = INT64_C(1000) * (speed), .unit = {                                           \
            .cpu_millis = 1000,                                                                    \
            .memory_bytes = INT64_C(1) << 30,                                                      \
            .scratch_bytes = INT64_C(1) << 30                                                      \
        }                                                                                          \
    }
const struct pool plant_pools[PLANT_POOLS] = { CARD(1, "slow", 1), CARD(2, "fast", 2),
                                               CARD(3, "faster", 4) };

int plant_speed(const struct plant_job *j, int pool)
{
    return j->rank == RANK_VALUE ? speeds[pool] / speeds[j->pools[0]] : 1;
}

int32_t plant_slots(const struct plant_job *j, int pool)
{
    return j->slots / plant_speed(j, pool);
}

int64_t plant_value(const struct plant_job *j, int pool)
{
    return j->value * plant_speed(j, pool);
}

int64_t plant_worth(const struct plant_job *j)
{
    return j->value * j->units * j->nodes * j->slots * PLANT_SLOT_S / 3600;
}

#define APART 5760 /* slots between outages of a machine, in the mean: four days */

static void break_down(struct plant_machine *m, struct chance *c, int32_t slots)
{
    int32_t at = 0;

    for (m->outages = 0; m->outages < PLANT_OUTAGES; m->outages++) {
        at += (int32_t)chance_wait(c, APART);
        if (at >= slots) break;
        m->from[m->outages] = at;
        at += (int32_t)chance_between(c, 10, 90);
        m->until[m->outages] = at;
    }
}

static void make_machine(struct plant_machine *m, int pool, int32_t units, struct chance *c)
{
    *m = (struct plant_machine){ .pool = pool, .units = units };
    m->cost = chance_between(c, 50, 80) * speeds[pool] * PLANT_TICK;
}

static void choose_pools(struct plant_job *j, struct chance *c)
{
    const int first = (int)chance_between(c, 0, PLANT_POOLS - 1),
              kind = (int)chance_between(c, 1, 10);

    j->pools[j->pools_n++] = first;
    j->rank = kind > 8 ? RANK_PRICE : RANK_VALUE;
    if (kind <= 5) return;
    for (int pool = first + 1; pool < PLANT_POOLS; pool++)
        j->pools[j->pools_n++] = pool;
}

static void make_job(struct plant_job *j, struct chance *c)
{
    const int size = (int)chance_between(c, 1, 10);

    *j = (struct plant_job){ .nodes = 1 };
    choose_pools(j, c);
    assert(j->pools[0] >= 0 && j->pools[0] < PLANT_POOLS);
    j->value = chance_between(c, 50, 250) * speeds[j->pools[0]] * PLANT_TICK;
    j->units = size <= 6 ? 1 : size <= 9 ? 2 : 4;
    j->slots = 4 * (int32_t)chance_between(c, 3, 15);
    if (chance_in(c, 1, 10))
        j->nodes = (int32_t)chance_between(c, 2, 3);
    else
        j->interruptible = chance_in(c, 1, 4);
    /* Who can be interrupted is in no hurry: it must be able to come back. */
    j->patience_s = PLANT_SLOT_S * (int32_t)(j->interruptible ? chance_between(c, 120, 480)
                                                              : chance_between(c, 5, 40));
}

/* The mean work of a job, in unit-slots; each pool has a third of the machines, and a job of
 * several pools is counted in its first. */
#define WORK_MEAN (1.6 * 36 * 1.15)

void plant_make(struct plant *p, uint64_t seed, int load)
{
    const int32_t day = 960;
    struct chance c = { seed * UINT64_C(0x9e3779b97f4a7c15) };
    int64_t units = 0;

    *p = (struct plant){ .seed = seed, .fails = true, .answer_s = 1, .prepare_s = 20 };
    p->slots = day + 600;
    p->machines_n = PLANT_MACHINES;
    for (int i = 0; i < p->machines_n; i++) {
        make_machine(&p->machines[i], i % PLANT_POOLS, chance_in(&c, 1, 2) ? 8 : 4, &c);
        break_down(&p->machines[i], &c, p->slots);
        units += p->machines[i].units;
    }
    const int64_t wait_ms = (int64_t)(WORK_MEAN * PLANT_SLOT_S * 1000 * 100 / (double)units / load);
    int64_t at_ms = 0;
    for (;;) {
        at_ms += chance_wait(&c, wait_ms);
        if (at_ms >= (int64_t)day * PLANT_SLOT_S * 1000 || p->jobs_n == PLANT_JOBS) break;
        struct plant_job *const j = &p->jobs[p->jobs_n++];
        make_job(j, &c);
        j->at_us = PLANT_START_US + at_ms * 1000;
    }
    assert(p->jobs_n < PLANT_JOBS);
}

/* All times are multiples of twelve minutes, so that few starts need to be tried. */
void plant_make_small(struct plant *p, uint64_t seed)
{
    struct chance c = { seed * UINT64_C(0xd1342543de82ef95) };

    *p = (struct plant){ .seed = seed, .slots = 360, .machines_n = 3, .jobs_n = 8 };
    for (int i = 0; i < p->machines_n; i++)
        make_machine(&p->machines[i], i == 2 ? 1 : 0, (int32_t)chance_between(&c, 2, 4), &c);
    int64_t at = 0;
    for (int i = 0; i < p->jobs_n; i++) {
        struct plant_job *const j = &p->jobs[i];
        make_job(j, &c);
        j->interruptible = false;
        if (j->nodes > 2) j->nodes = 2;
        if (j->units > 2) j->units = 2;
        j->pools_n = j->pools[0] == 0 && j->pools_n > 1 ? 2 : 1;
        if (j->pools[0] > 1) {
            j->pools[0] = 1;
            j->value /= 2;
        }
        j->slots = 24 * (int32_t)chance_between(&c, 1, 3);
        j->patience_s = 12 * PLANT_SLOT_S * (int32_t)chance_between(&c, 0, 3);
        at += (int64_t)chance_between(&c, 0, 2) * 12;
        j->at_us = PLANT_START_US + at * SLOT_US;
    }
}
