/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/schedule.h"

#include <assert.h>
#include <stdlib.h>

/* One unit each: trader i has first + i × step. */
struct lines {
    int first_value, value_step, first_cost, cost_step;
};

static const struct {
    struct schedule base;
    struct lines lines;
} straight[SCHEDULES] = {
    { { "smith", "Smith chart 1", 11, 11, 1, 400, 200, { { 0 } }, { { 0 } } },
      { 325, -25, 75, 25 } },
    { { "flat", "flat supply", 11, 11, 1, 400, 200, { { 0 } }, { { 0 } } }, { 325, -25, 200, 0 } },
    { { "box-demand", "box, excess demand", 11, 6, 1, 400, 325, { { 0 } }, { { 0 } } },
      { 325, 0, 200, 0 } },
    { { "box-supply", "box, excess supply", 6, 11, 1, 400, 200, { { 0 } }, { { 0 } } },
      { 325, 0, 200, 0 } },
    { { "gode-sunder", "in the manner of GS 1", 6, 6, 4, 200, 66, { { 0 } }, { { 0 } } },
      { 0, 0, 0, 0 } },
    { { "linear", "linear", 12, 12, 1, 200, 100, { { 0 } }, { { 0 } } }, { 155, -10, 45, 10 } },
};

/* Six against six with four units each, in the manner of Gode and Sunder's first market. */
static void fill_gode_sunder(struct schedule *s)
{
    static const int costs[6][TRADER_UNITS] = {
        { 10, 45, 65, 95 },  { 15, 50, 67, 100 }, { 20, 55, 69, 105 },
        { 25, 60, 71, 110 }, { 30, 62, 73, 115 }, { 35, 64, 75, 120 },
    };

    for (int i = 0; i < 6; i++) {
        const int values[TRADER_UNITS] = { 150 - 5 * i, 100 - 5 * i, 70 - 2 * i, 50 - 5 * i };

        for (int u = 0; u < TRADER_UNITS; u++) {
            s->value[i][u] = values[u];
            s->cost[i][u] = costs[i][u];
        }
    }
}

void schedule_make(size_t i, struct schedule *out)
{
    assert(i < SCHEDULES);
    const struct lines l = straight[i].lines;
    *out = straight[i].base;
    if (out->units == TRADER_UNITS) {
        fill_gode_sunder(out);
        return;
    }
    for (int k = 0; k < out->buyers; k++)
        out->value[k][0] = l.first_value + k * l.value_step;
    for (int k = 0; k < out->sellers; k++)
        out->cost[k][0] = l.first_cost + k * l.cost_step;
}

static int ascending(const void *a, const void *b)
{
    const int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

int schedule_possible(const struct schedule *s)
{
    int values[TRADERS_MAX * TRADER_UNITS], costs[TRADERS_MAX * TRADER_UNITS];
    int values_n = 0, costs_n = 0, sum = 0;

    for (int u = 0; u < s->units; u++) {
        for (int i = 0; i < s->buyers; i++)
            values[values_n++] = s->value[i][u];
        for (int i = 0; i < s->sellers; i++)
            costs[costs_n++] = s->cost[i][u];
    }
    qsort(values, (size_t)values_n, sizeof(values[0]), ascending);
    qsort(costs, (size_t)costs_n, sizeof(costs[0]), ascending);
    for (int n = 0; n < values_n && n < costs_n; n++) {
        const int gain = values[values_n - 1 - n] - costs[n];
        if (gain <= 0) break;
        sum += gain;
    }
    return sum;
}
