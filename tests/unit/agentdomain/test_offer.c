/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/offer.h"
#include "tests/t.h"

static const struct offer wanted = { .pool = { "cpu", 3 },
                                     .policy = PRICING_FIXED,
                                     .price_micros = 50000,
                                     .floor_micros = 40000,
                                     .units = 4,
                                     .min_lease_seconds = 60,
                                     .max_lease_seconds = 3600 };

static struct ask_seen as_wanted(void)
{
    return (struct ask_seen){ STR("ask_1"), STR("cpu"), 50000, 40000,         4,
                              60,           3600,       4,     PRICING_FIXED, EGRESS_CLASS_NONE };
}

static const char *planned_for(const struct offer *o, const struct ask_seen *asks, size_t n)
{
    static const char *const names[] = { "cancel", "amend", "place" };
    static char text[256];
    struct ask_action out[16];
    size_t at = 0;
    const size_t k = offer_plan(o, asks, n, out);
    CHECK(k <= n + 1);
    text[0] = '\0';
    for (size_t i = 0; i < k; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s %zu", i > 0 ? "; " : "",
                               names[out[i].act], out[i].index);
    return text;
}

static const char *planned(const struct ask_seen *asks, size_t n)
{
    return planned_for(&wanted, asks, n);
}

TEST(the_first_ask_is_placed)
{
    CHECK_STR(planned(NULL, 0), "place 0");
}

TEST(what_stands_as_wanted_is_left_alone)
{
    const struct ask_seen asks[] = { as_wanted() };
    CHECK_STR(planned(asks, 1), "");
}

TEST(price_and_units_are_amended)
{
    struct ask_seen asks[] = { as_wanted() };
    asks[0].price_micros = 60000;
    CHECK_STR(planned(asks, 1), "amend 0");
    asks[0] = as_wanted();
    asks[0].units = 3;
    CHECK_STR(planned(asks, 1), "amend 0");
}

TEST(a_price_that_a_policy_moves_is_left_to_it)
{
    struct offer moving = wanted;
    struct ask_seen asks[] = { as_wanted() };
    moving.policy = asks[0].policy = PRICING_ADAPTIVE;
    asks[0].price_micros = 60000;
    CHECK_STR(planned_for(&moving, asks, 1), "");
    asks[0].units = 3;
    CHECK_STR(planned_for(&moving, asks, 1), "amend 0");
    asks[0].policy = PRICING_UNDERCUT;
    CHECK_STR(planned_for(&moving, asks, 1), "cancel 0; place 0");
}

TEST(what_cannot_be_amended_is_replaced)
{
    struct ask_seen asks[] = { as_wanted() };
    asks[0].floor_micros = 1;
    CHECK_STR(planned(asks, 1), "cancel 0; place 0");
    asks[0] = as_wanted();
    asks[0].egress = EGRESS_CLASS_OPEN;
    CHECK_STR(planned(asks, 1), "cancel 0; place 0");
    asks[0] = as_wanted();
    asks[0].max_lease_seconds = 7200;
    CHECK_STR(planned(asks, 1), "cancel 0; place 0");
    asks[0] = as_wanted();
    asks[0].pool = STR("h100");
    CHECK_STR(planned(asks, 1), "cancel 0; place 0");
}

TEST(exactly_one_stands_and_the_best_one_is_kept)
{
    struct ask_seen asks[] = { as_wanted(), as_wanted(), as_wanted() };
    CHECK_STR(planned(asks, 3), "cancel 1; cancel 2");
    asks[0].price_micros = asks[1].price_micros = 1000;
    CHECK_STR(planned(asks, 3), "cancel 0; cancel 1");
}

TEST(waiting_doubles_up_to_its_most)
{
    CHECK_I64(backoff_us(0, 10, 600, 0), 0);
    CHECK_I64(backoff_us(1, 10, 600, 0), 10);
    CHECK_I64(backoff_us(2, 10, 600, 0), 20);
    CHECK_I64(backoff_us(3, 10, 600, 0), 40);
    CHECK_I64(backoff_us(7, 10, 600, 0), 600);
    CHECK_I64(backoff_us(2000000000, 10, 600, 0), 600);
}

TEST(waiting_is_shortened_by_at_most_a_quarter)
{
    for (uint64_t dice = 0; dice < 1000; dice++) {
        const int64_t us = backoff_us(5, 1000000, 16000000, dice * UINT64_C(0x9e3779b97f4a7c15));
        CHECK(us >= 12000000 && us <= 16000000);
    }
}

TEST(prices_are_read_exactly)
{
    static const struct {
        const char *text;
        int64_t micros;
    } good[] = { { "0.05", 50000 },
                 { "1", 1000000 },
                 { "0.000001", 1 },
                 { "12.5", 12500000 },
                 { "1000000000", 1000000000000000 },
                 { "007.10", 7100000 } };
    static const char *const bad[] = { "",   ".5",  "5.",    "0",           "0.0",
                                       "-1", "+1",  "1e3",   "0.0000001",   " 1",
                                       "1 ", "1,5", "1.2.3", "12345678901", "1000000000.000001" };
    int64_t micros;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        CHECK(price_parse(str_of(good[i].text), &micros));
        CHECK_I64(micros, good[i].micros);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        micros = 7;
        CHECK(!price_parse(str_of(bad[i]), &micros));
        CHECK_I64(micros, 7);
    }
}

TESTS(T(the_first_ask_is_placed), T(what_stands_as_wanted_is_left_alone),
      T(price_and_units_are_amended), T(a_price_that_a_policy_moves_is_left_to_it),
      T(what_cannot_be_amended_is_replaced), T(exactly_one_stands_and_the_best_one_is_kept),
      T(waiting_doubles_up_to_its_most), T(waiting_is_shortened_by_at_most_a_quarter),
      T(prices_are_read_exactly))
