/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/money.h"

#include "base/attr.h"
#include "tests/t.h"

#define M(n) ((struct money){ n })

static bool parses(const char *text, int64_t micros)
{
    struct money m = { -1 };
    return money_parse((struct str){ text, strlen(text) }, &m) && m.micros == micros;
}

static bool refuses(const char *text)
{
    struct money m = { -1 };
    return !money_parse((struct str){ text, strlen(text) }, &m) && m.micros == -1;
}

TEST(text_is_read_exactly)
{
    CHECK(parses("0", 0));
    CHECK(parses("00", 0));
    CHECK(parses("12.50", 12500000));
    CHECK(parses("0.000001", 1));
    CHECK(parses("0.1", 100000));
    CHECK(parses("999999999.999999", MONEY_INPUT_MAX.micros - 1));
    CHECK(parses("1000000000", MONEY_INPUT_MAX.micros));
    CHECK(parses("1000000000.000000", MONEY_INPUT_MAX.micros));
}

TEST(anything_else_is_refused_and_leaves_the_result_alone)
{
    /* clang-format off */
    static const char *const wrong[] = {
        "", ".", "1.", ".5", "-1", "+1", "1e3", "1.2.3", "1..2", "0x1", " 1", "1 ", "1,5", "0.0000001",
        "1000000000.000001", "1000000001", "99999999999999999999999999999999999999999",
        "18446744073709551616", /* 2^64: the digits would wrap to 0 */
        "18446744073710",       /* in millionths, would wrap to 0.448384 */
        "9223372036854775808", "1/2", "1:2", "\xC2\xBD",
    };
    /* clang-format on */

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        CHECK(refuses(wrong[i]));
}

TEST(a_nul_within_the_text_is_no_end)
{
    struct money m = { -1 };

    CHECK(!money_parse((struct str){ "1\0"
                                     "2",
                                     3 },
                       &m) &&
          m.micros == -1);
}

TEST(text_has_always_six_decimals)
{
    char text[MONEY_TEXT_SIZE];

    money_format(M(12500000), text);
    CHECK_STR(text, "12.500000");
    money_format(M(0), text);
    CHECK_STR(text, "0.000000");
    money_format(M(1), text);
    CHECK_STR(text, "0.000001");
    money_format(M(-1), text);
    CHECK_STR(text, "-0.000001");
    money_format(M(999999), text);
    CHECK_STR(text, "0.999999");
    money_format(M(INT64_MAX), text);
    CHECK_STR(text, "9223372036854.775807");
    money_format(M(INT64_MIN), text);
    CHECK_STR(text, "-9223372036854.775808");
    CHECK_I64(strlen(text) + 1, MONEY_TEXT_SIZE);
}

TEST(what_is_written_is_read_again)
{
    static const int64_t micros[] = { 0, 1, 10, 999999, 1000000, 1000001, 123456789012345 };
    char text[MONEY_TEXT_SIZE];

    for (size_t i = 0; i < ARRAY_LEN(micros); i++) {
        money_format(M(micros[i]), text);
        CHECK(parses(text, micros[i]));
    }
}

TEST(amounts_are_compared)
{
    CHECK(money_cmp(M(1), M(2)) < 0);
    CHECK(money_cmp(M(2), M(1)) > 0);
    CHECK(money_cmp(M(2), M(2)) == 0);
    CHECK(money_cmp(M(INT64_MIN), M(INT64_MAX)) < 0); /* the difference would not fit */
    CHECK(money_min(M(1), M(2)).micros == 1);
    CHECK(money_min(M(2), M(1)).micros == 1);
    CHECK(money_min(M(-3), M(-3)).micros == -3);
}

TEST(sums_that_do_not_fit_are_refused)
{
    struct money m = { 7 };

    CHECK(!money_add(M(INT64_MAX), M(1), &m) && m.micros == 7);
    CHECK(!money_add(M(INT64_MIN), M(-1), &m) && m.micros == 7);
    CHECK(!money_sub(M(INT64_MIN), M(1), &m) && m.micros == 7);
    CHECK(!money_sub(M(0), M(INT64_MIN), &m) && m.micros == 7);
    CHECK(money_add(M(1), M(1), &m) && m.micros == 2);
    CHECK(money_sub(M(1), m, &m) && m.micros == -1);
    CHECK(money_add(M(INT64_MAX), M(INT64_MIN), &m) && m.micros == -1);
}

TEST(a_charge_is_rounded_down_and_a_cover_up)
{
    struct money m = { -1 };

    CHECK(money_charge_floor(M(1), 1, 3599, &m) && m.micros == 0);
    CHECK(money_charge_floor(M(1), 1, 3600, &m) && m.micros == 1);
    CHECK(money_charge_floor(M(1), 2, 1800, &m) && m.micros == 1);
    CHECK(money_charge_floor(M(1), 1, 7199, &m) && m.micros == 1);
    CHECK(money_charge_ceil(M(1), 1, 1, &m) && m.micros == 1);
    CHECK(money_charge_ceil(M(1), 1, 3600, &m) && m.micros == 1);
    CHECK(money_charge_ceil(M(1), 1, 3601, &m) && m.micros == 2);
    CHECK(money_charge_ceil(M(1), 2, 1801, &m) && m.micros == 2);
}

TEST(nothing_costs_nothing)
{
    struct money m = { -1 };

    CHECK(money_charge_floor(M(0), 4096, INT64_MAX, &m) && m.micros == 0);
    CHECK(money_charge_floor(M(INT64_MAX), 0, INT64_MAX, &m) && m.micros == 0);
    CHECK(money_charge_floor(M(INT64_MAX), INT64_MAX, 0, &m) && m.micros == 0);
    CHECK(money_charge_ceil(M(INT64_MAX), INT64_MAX, 0, &m) && m.micros == 0);
}

TEST(a_charge_never_wraps)
{
    struct money m = { -1 };

    CHECK(money_charge_floor(M(INT64_MAX), 1, 3600, &m) && m.micros == INT64_MAX);
    CHECK(money_charge_floor(M(INT64_MAX), 2, 1800, &m) && m.micros == INT64_MAX);
    m.micros = -1;
    CHECK(!money_charge_floor(M(INT64_MAX), 1, 3601, &m));
    CHECK(!money_charge_floor(M(INT64_MAX), 2, 1801, &m));
    CHECK(!money_charge_floor(M(INT64_MAX), INT64_MAX, 1, &m));
    CHECK(!money_charge_floor(M(INT64_MAX), INT64_MAX, INT64_MAX, &m)); /* 189 bits */
    CHECK(!money_charge_floor(M(1), INT64_MAX, INT64_MAX, &m));
    CHECK(!money_charge_floor(M(1), INT64_C(1) << 61, 14400, &m)); /* 2^63 to the micro */
    CHECK(m.micros == -1);
}

TEST(a_cover_never_wraps)
{
    struct money m = { -1 };

    CHECK(money_charge_ceil(M(INT64_MAX), 1, 3600, &m) && m.micros == INT64_MAX);
    m.micros = -1;
    CHECK(!money_charge_ceil(M(INT64_MAX), 1, 3601, &m));
    CHECK(!money_charge_ceil(M(INT64_MAX), INT64_MAX, INT64_MAX, &m));
    CHECK(m.micros == -1);
    CHECK(money_charge_floor(M(INT64_MAX / 2), 3, 2400, &m) && m.micros == INT64_MAX - 1);
    CHECK(money_charge_ceil(M(INT64_MAX / 2), 3, 2400, &m) && m.micros == INT64_MAX - 1);
}

/* 17,219 × 1,928,343,070,600,917,179 = 3600 × INT64_MAX + 1: the remainder decides. */
TEST(the_largest_charge_that_fits_has_no_cover)
{
    const struct money price = { INT64_C(1928343070600917179) };
    struct money m = { -1 };

    CHECK(!money_charge_ceil(price, 1, 17219, &m) && m.micros == -1);
    CHECK(money_charge_floor(price, 1, 17219, &m) && m.micros == INT64_MAX);
    CHECK(money_charge_ceil(M(INT64_MAX / 7), 7, 3600, &m) && m.micros == INT64_MAX);
}

static bool pays_for(int64_t amount, int64_t price, int64_t units, int64_t seconds)
{
    struct money cost;
    return money_charge_floor(M(price), units, seconds, &cost) && cost.micros <= amount;
}

TEST(seconds_for_is_really_the_largest)
{
    static const int64_t amounts[] = { 0, 1, 2, 59, 3599, 3600, 3601, 1000000, 999999999 };
    static const int64_t prices[] = { 1, 2, 7, 3599, 3600, 3601, 1000000, 123456789 };
    static const int64_t units[] = { 1, 2, 3, 8, 4096 };

    for (size_t a = 0; a < ARRAY_LEN(amounts); a++) {
        for (size_t p = 0; p < ARRAY_LEN(prices); p++) {
            for (size_t u = 0; u < ARRAY_LEN(units); u++) {
                const int64_t s =
                    money_seconds_for(M(amounts[a]), M(prices[p]), units[u], INT64_MAX);
                CHECK(pays_for(amounts[a], prices[p], units[u], s));
                CHECK(!pays_for(amounts[a], prices[p], units[u], s + 1));
            }
        }
    }
}

TEST(seconds_for_stops_at_its_maximum)
{
    CHECK_I64(money_seconds_for(M(1000), M(3600), 1, 1001), 1000);
    CHECK_I64(money_seconds_for(M(1000), M(3600), 1, 1000), 1000);
    CHECK_I64(money_seconds_for(M(1000), M(3600), 1, 999), 999);
    CHECK_I64(money_seconds_for(M(1000), M(3600), 1, 0), 0);
    CHECK_I64(money_seconds_for(M(INT64_MAX), M(1), 1, INT64_MAX), INT64_MAX);
    CHECK_I64(money_seconds_for(M(INT64_MAX), M(INT64_MAX), INT64_MAX, INT64_MAX), 0);
}

TEST(a_cover_pays_for_the_seconds_that_it_covers)
{
    static const int64_t prices[] = { 1, 7, 3601, 999983 };

    for (size_t p = 0; p < ARRAY_LEN(prices); p++) {
        for (int64_t s = 60; s < 7300; s += 97) {
            struct money hold;
            CHECK(money_charge_ceil(M(prices[p]), 3, s, &hold));
            CHECK_I64(money_seconds_for(hold, M(prices[p]), 3, s), s);
        }
    }
}

TEST(a_share_is_rounded_down)
{
    CHECK_I64(money_share_floor(M(9999), 100).micros, 99);
    CHECK_I64(money_share_floor(M(10000), 100).micros, 100);
    CHECK_I64(money_share_floor(M(99), 100).micros, 0);
    CHECK_I64(money_share_floor(M(12345), 0).micros, 0);
    CHECK_I64(money_share_floor(M(0), 10000).micros, 0);
    CHECK_I64(money_share_floor(M(INT64_MAX), 10000).micros, INT64_MAX);
    CHECK_I64(money_share_floor(M(INT64_MAX), 9999).micros, INT64_C(9222449699651090329));
}

TESTS(T(text_is_read_exactly), T(anything_else_is_refused_and_leaves_the_result_alone),
      T(a_nul_within_the_text_is_no_end), T(text_has_always_six_decimals),
      T(what_is_written_is_read_again), T(amounts_are_compared),
      T(sums_that_do_not_fit_are_refused), T(a_charge_is_rounded_down_and_a_cover_up),
      T(nothing_costs_nothing), T(a_charge_never_wraps), T(a_cover_never_wraps),
      T(the_largest_charge_that_fits_has_no_cover), T(seconds_for_is_really_the_largest),
      T(seconds_for_stops_at_its_maximum), T(a_cover_pays_for_the_seconds_that_it_covers),
      T(a_share_is_rounded_down))
