/* SPDX-License-Identifier: Apache-2.0 */
/* The best that somebody could do with a plant who knew all that is to come: which jobs, when, and
 * where. */
#pragma once

#include "tests/sim/plant.h"

/* No schedule has a greater surplus (micro-USD). The bound of Lagrange: every machine asks a price
 * for each of its slots, each job takes what is best for it at these prices, and what the slots are
 * worth is added. That holds for any prices; `rounds` steps look for those that make it small (150
 * come within a thousandth of the least). Units are taken from the second of the trade on, as in
 * the market. A job that may be interrupted can run in any slots, everywhere, and takes no time to
 * begin; machines are known to fail; several units of a machine need no island.
 *
 * `schedule`, when not NULL, has room for p->jobs_n numbers: what each job gains in a schedule that
 * is possible for who knows all, with the same rules of time, and without interruptions. So the
 * optimum lies between their sum and the bound.
 *
 * Aborts when there is no memory. */
double optimum_bound(const struct plant *p, int rounds, int64_t *schedule);

/* The greatest surplus itself, by trying: branch and bound. For plants of plant_make_small. */
int64_t optimum_exact(const struct plant *p);
