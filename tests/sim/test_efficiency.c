/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of the market as a double auction: the deals of a plain reference book, shout by shout,
 * and the efficiency that it is known to reach. The whole table: ./dev bench market. */
#include <math.h>

#include "tests/sim/efficiency.h"
#include "tests/sim/exchange.h"
#include "tests/t.h"

static struct efficiency measured_by(enum price_rule rule, size_t schedule, struct trial_plan plan)
{
    const struct market_rules rules = exchange_rules(rule);
    struct schedule s;
    struct efficiency e;

    plan.rules = &rules;
    schedule_make(schedule, &s);
    efficiency_measure(&plan, &s, &e);
    CHECK_I64(e.identical, plan.markets);
    return e;
}

static struct efficiency measured(size_t schedule, struct trial_plan plan)
{
    return measured_by(PRICE_RESTING, schedule, plan);
}

static void deals_are_those(enum price_rule rule)
{
    for (size_t i = 0; i < SCHEDULES; i++) {
        for (int kind = 0; kind < 3; kind++)
            (void)measured_by(rule, i,
                              (struct trial_plan){ .traders = (enum traders)kind,
                                                   .seed = 71 + (int64_t)i,
                                                   .markets = 30,
                                                   .shouts = SHOUTS });
    }
}

TEST(deals_are_those_of_the_reference_book)
{
    deals_are_those(PRICE_RESTING);
}

TEST(also_when_the_runner_up_sets_the_price)
{
    deals_are_those(PRICE_RUNNER_UP);
}

TEST(also_when_quotes_that_cannot_deal_are_sent)
{
    for (size_t i = 0; i < SCHEDULES; i++)
        (void)measured(
            i,
            (struct trial_plan){
                .traders = TRADERS_ZI_C, .seed = 5, .markets = 1, .shouts = 1000, .every = true });
}

TEST(flat_supply_and_boxes_lose_nothing)
{
    for (size_t i = 1; i <= 3; i++) {
        const struct efficiency e =
            measured(i, (struct trial_plan){
                            .traders = TRADERS_ZI_C, .seed = 9, .markets = 40, .shouts = SHOUTS });
        CHECK(e.mean == 100 && e.sd == 0);
    }
}

TEST(simple_traders_lose_what_they_are_known_to_lose)
{
    /* Six standard errors of 150 markets; the table is exact on 2,000. */
    static const struct {
        size_t schedule;
        double mean, sd;
    } known[] = { { 0, 96.25, 4.36 }, { 4, 99.20, 0.69 }, { 5, 95.45, 4.27 } };

    for (size_t k = 0; k < 3; k++) {
        const struct efficiency e =
            measured(known[k].schedule,
                     (struct trial_plan){
                         .traders = TRADERS_ZI_C, .seed = 4711, .markets = 150, .shouts = SHOUTS });
        CHECK(fabs(e.mean - known[k].mean) < 6 * known[k].sd / sqrt(150));
    }
}

TEST(adaptive_traders_learn_to_lose_less)
{
    static const struct {
        size_t schedule;
        double zi_c;
    } known[] = { { 0, 96.25 }, { 1, 100 }, { 3, 100 }, { 5, 95.45 } };

    for (size_t k = 0; k < 4; k++) {
        const struct efficiency e =
            measured(known[k].schedule, (struct trial_plan){ .traders = TRADERS_ADAPTIVE,
                                                             .seed = 8,
                                                             .markets = 12,
                                                             .shouts = SHOUTS,
                                                             .days = 10 });
        CHECK(e.mean >= known[k].zi_c);
    }
}

TESTS(T(deals_are_those_of_the_reference_book), T(also_when_the_runner_up_sets_the_price),
      T(also_when_quotes_that_cannot_deal_are_sent), T(flat_supply_and_boxes_lose_nothing),
      T(simple_traders_lose_what_they_are_known_to_lose), T(adaptive_traders_learn_to_lose_less))
