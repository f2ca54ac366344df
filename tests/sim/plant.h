/* SPDX-License-Identifier: Apache-2.0 */
/* A day of work for several kinds of cards: machines, jobs that come by chance, and what fails.
 *
 * Made from a seed, and the same for the market that lives it (plant_live) and for the one who
 * knows it all beforehand (optimum.h). Cards of the second and third pool do the same work in a
 * half and a quarter of the time. Time goes in slots of a minute; a job takes a whole number of
 * them in each pool that it accepts. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/command.h"
#include "domain/pool.h"

enum { PLANT_POOLS = 3, PLANT_MACHINES = 24, PLANT_JOBS = 4096, PLANT_OUTAGES = 4 };

#define PLANT_SLOT_S   60
#define PLANT_TICK     INT64_C(1000)
#define PLANT_START_US INT64_C(1000000000000) /* slot 0 */
#define PLANT_GRACE_US                                                                             \
    INT64_C(500000) /* after a job's patience: a trade at its very end counts                      \
                     */

extern const struct pool plant_pools[PLANT_POOLS];

struct plant_machine {
    int pool; /* index */
    int32_t units;
    int64_t cost; /* micro-USD per unit and hour */
    int outages;
    int32_t from[PLANT_OUTAGES], until[PLANT_OUTAGES]; /* slots in which it is away */
};

struct plant_job {
    int64_t at_us;
    int32_t patience_s; /* it starts within that, or is lost */
    int64_t value;      /* micro-USD per unit and hour in its first pool */
    int32_t units, nodes;
    int32_t slots; /* in the slowest pool */
    int pools[PLANT_POOLS], pools_n;
    enum rank rank; /* value: a faster card is worth so much more; price: it is not, and is not
                       faster for this job */
    bool interruptible;
};

struct plant {
    uint64_t seed;
    int machines_n, jobs_n;
    int32_t slots; /* until everything is over */
    bool fails;
    int32_t answer_s, prepare_s;
    struct plant_machine machines[PLANT_MACHINES];
    struct plant_job jobs[PLANT_JOBS];
};

/* 24 machines, sixteen hours, `load` percent of what they can do, with outages and declined offers.
 */
void plant_make(struct plant *p, uint64_t seed, int load);

/* Three machines, eight firm jobs in two hours, nothing fails and nothing takes time to begin. */
void plant_make_small(struct plant *p, uint64_t seed);

/* How often the work of this pool goes into the time of the job's first one. */
int plant_speed(const struct plant_job *j, int pool);
int32_t plant_slots(const struct plant_job *j, int pool); /* that the job takes there */
int64_t plant_value(const struct plant_job *j, int pool); /* per unit and hour there */
int64_t plant_worth(const struct plant_job *j);           /* of the whole job, micro-USD */

/* ---- The market lives it ---- */

enum plant_manners {
    PLANT_TRUTH,    /* limits are values, asks are costs */
    PLANT_DEPLOYED, /* a tenth above the best ask; asks as agents price them */
    PLANT_KEEPERS,  /* as truth, but who is too full for the best bid that waits asks its limit, and
                       so keeps what is free for it */
};

struct plant_result {
    int64_t surplus; /* worth of finished jobs less the cost of all that ran, micro-USD */
    int64_t finished, trades, displaced, lost, declined, gangs;
    int64_t of_job[PLANT_JOBS]; /* the surplus, by job */
};

void plant_live(const struct plant *p, const struct market_rules *rules, enum plant_manners manners,
                struct plant_result *out);
