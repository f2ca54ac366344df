/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/sealed.h"

#include "tests/t.h"

static struct sealed_bid bid_of(const char *pool, int64_t units)
{
    return (struct sealed_bid){ .bid_id = STR("bid_1"),
                                .wants = { { str_of(pool), units } },
                                .wants_n = 1,
                                .max_seconds = 3600 };
}

static struct ask_seen ask_of(const char *pool, int64_t price, int64_t floor, int64_t free)
{
    return (struct ask_seen){ .pool = str_of(pool),
                              .price_micros = price,
                              .floor_micros = floor,
                              .units = 8,
                              .units_free = free,
                              .min_lease_seconds = 60,
                              .max_lease_seconds = 86400,
                              .policy = PRICING_ADAPTIVE };
}

static struct sealed_offer got;

TEST(the_floor_is_what_a_machine_is_worth)
{
    const struct sealed_bid bid = bid_of("cpu", 2);
    const struct ask_seen ask = ask_of("cpu", 20000, 5000, 2);

    CHECK(sealed_answer(&bid, &ask, 1, &got));
    CHECK_I64(got.ask, 0);
    CHECK_I64(got.price_micros, 5000);
}

TEST(a_fixed_price_is_what_it_says)
{
    const struct sealed_bid bid = bid_of("cpu", 2);
    struct ask_seen ask = ask_of("cpu", 20000, 5000, 2);

    ask.policy = PRICING_FIXED;
    CHECK(sealed_answer(&bid, &ask, 1, &got));
    CHECK_I64(got.price_micros, 20000);
}

TEST(the_cheapest_ask_that_serves_answers)
{
    const struct sealed_bid bid = bid_of("cpu", 2);
    const struct ask_seen asks[] = { ask_of("gpu", 1, 1, 8), ask_of("cpu", 9000, 9000, 8),
                                     ask_of("cpu", 8000, 7000, 8), ask_of("cpu", 9000, 1000, 1) };

    CHECK(sealed_answer(&bid, asks, ARRAY_LEN(asks), &got));
    CHECK_I64(got.ask, 2);
    CHECK_I64(got.price_micros, 7000);
}

TEST(of_equal_ones_the_first_answers)
{
    const struct sealed_bid bid = bid_of("cpu", 1);
    const struct ask_seen asks[] = { ask_of("cpu", 9000, 9000, 8), ask_of("cpu", 9500, 9000, 8) };

    CHECK(sealed_answer(&bid, asks, 2, &got));
    CHECK_I64(got.ask, 0);
}

TEST(any_of_its_pools_will_do)
{
    struct sealed_bid bid = bid_of("h100", 1);
    const struct ask_seen ask = ask_of("a100", 9000, 8000, 4);

    CHECK(!sealed_answer(&bid, &ask, 1, &got));
    bid.wants[bid.wants_n++] = (struct sealed_want){ STR("a100"), 4 };
    CHECK(sealed_answer(&bid, &ask, 1, &got));
    bid.wants[1].units = 5;
    CHECK(!sealed_answer(&bid, &ask, 1, &got));
}

TEST(a_run_that_is_too_short_or_too_long_is_not_answered)
{
    struct sealed_bid bid = bid_of("cpu", 1);
    const struct ask_seen ask = ask_of("cpu", 9000, 8000, 4);

    got = (struct sealed_offer){ 7, 7 };
    bid.max_seconds = 59;
    CHECK(!sealed_answer(&bid, &ask, 1, &got));
    bid.max_seconds = 86401;
    CHECK(!sealed_answer(&bid, &ask, 1, &got));
    CHECK_I64(got.ask, 7); /* untouched */
    bid.max_seconds = 86400;
    CHECK(sealed_answer(&bid, &ask, 1, &got));
}

TEST(without_asks_there_is_no_offer)
{
    const struct sealed_bid bid = bid_of("cpu", 1);

    CHECK(!sealed_answer(&bid, NULL, 0, &got));
}

TESTS(T(the_floor_is_what_a_machine_is_worth), T(a_fixed_price_is_what_it_says),
      T(the_cheapest_ask_that_serves_answers), T(of_equal_ones_the_first_answers),
      T(any_of_its_pools_will_do), T(a_run_that_is_too_short_or_too_long_is_not_answered),
      T(without_asks_there_is_no_offer))
