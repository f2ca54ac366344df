/* SPDX-License-Identifier: Apache-2.0 */
/* Supply and demand of the auction experiments: what each unit is worth to each buyer and costs
 * each seller, in ticks. The six schedules are those of the reference table in docs/auction.md. */
#pragma once

#include <stddef.h>

enum { TRADERS_MAX = 12, TRADER_UNITS = 4, SCHEDULES = 6 };

struct schedule {
    const char *name; /* for programs: no blanks */
    const char *title;
    int buyers, sellers;
    int units;     /* per trader, traded in order */
    int max_price; /* prices are 1 … max_price */
    int equilibrium;
    int value[TRADERS_MAX][TRADER_UNITS];
    int cost[TRADERS_MAX][TRADER_UNITS];
};

void schedule_make(size_t i, struct schedule *out); /* i < SCHEDULES */

/* The greatest surplus that any trades can reach. */
int schedule_possible(const struct schedule *s);
