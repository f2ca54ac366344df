/* SPDX-License-Identifier: Apache-2.0 */
/* What the market makes of work with gangs, mixed cards and failures: never more than could be, and
 * not much less. The whole table: ./dev bench market. */
#include "domain/market.h"
#include "tests/sim/optimum.h"
#include "tests/t.h"

static struct plant plant;

static int64_t lived(enum price_rule rule, enum plant_manners manners, struct plant_result *out)
{
    struct market_rules rules = market_rules_default;

    rules.pricing = (int32_t)rule;
    plant_live(&plant, &rules, manners, out);
    return out->surplus;
}

TEST(no_market_is_better_than_the_optimum_and_no_optimum_than_the_bound)
{
    double all_planned = 0, all_exact = 0;

    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct plant_result r;
        int64_t schedule[PLANT_JOBS];

        plant_make_small(&plant, seed);
        const int64_t exact = optimum_exact(&plant);
        const double bound = optimum_bound(&plant, 120, schedule);
        CHECK(bound >= (double)exact * (1 - 1e-9));
        int64_t planned = 0;
        for (int i = 0; i < plant.jobs_n; i++)
            planned += schedule[i];
        CHECK(planned <= exact + 100);
        all_planned += (double)planned;
        all_exact += (double)exact;
        /* Seconds are cut off at the end of each sum. */
        for (int k = 0; k < 4; k++)
            CHECK(lived((enum price_rule)(k / 2), (enum plant_manners)(k % 2), &r) <= exact + 100);
    }
    CHECK(all_planned >= 0.9 * all_exact); /* and what is said to be possible is nearly all */
}

TEST(small_plants_lose_a_tenth_at_most)
{
    double sum = 0, most = 0;

    for (uint64_t seed = 1; seed <= 80; seed++) {
        struct plant_result r;

        plant_make_small(&plant, seed);
        sum += (double)lived(PRICE_RESTING, PLANT_DEPLOYED, &r);
        most += (double)optimum_exact(&plant);
    }
    printf("small plants: %.2f %%\n", 100 * sum / most);
    CHECK(sum >= 0.9 * most);
}

TEST(a_day_with_failures_loses_a_tenth_at_most)
{
    for (int rule = 0; rule < 2; rule++) {
        struct plant_result r;

        plant_make(&plant, 3, 40);
        const double reached = (double)lived((enum price_rule)rule, PLANT_DEPLOYED, &r);
        const double bound = optimum_bound(&plant, 60, NULL);
        printf("a day: %.2f %%, %d of %d jobs, %d displaced, %d lost\n", 100 * reached / bound,
               (int)r.finished, plant.jobs_n, (int)r.displaced, (int)r.lost);
        CHECK(reached <= bound && reached >= 0.9 * bound);
        CHECK(r.gangs > 0 && r.lost > 0);
    }
}

TEST(the_same_seed_is_the_same_day)
{
    struct plant_result a, b;

    plant_make(&plant, 7, 80);
    (void)lived(PRICE_RUNNER_UP, PLANT_TRUTH, &a);
    (void)lived(PRICE_RUNNER_UP, PLANT_TRUTH, &b);
    CHECK(memcmp(&a, &b, sizeof(a)) == 0);
    int64_t sum = 0;
    for (int i = 0; i < plant.jobs_n; i++)
        sum += a.of_job[i];
    CHECK_I64(sum, a.surplus);
    CHECK(a.displaced > 0 && a.declined > 0);
}

TESTS(T(no_market_is_better_than_the_optimum_and_no_optimum_than_the_bound),
      T(small_plants_lose_a_tenth_at_most), T(a_day_with_failures_loses_a_tenth_at_most),
      T(the_same_seed_is_the_same_day))
