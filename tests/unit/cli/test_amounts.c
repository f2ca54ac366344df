/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/amounts.h"

#include "tests/t.h"

static int64_t size_of(const char *text)
{
    int64_t out = -1;
    const bool ok = size_parse(str_of(text), &out);
    CHECK(ok || out == -1); /* untouched on failure */
    return out;
}

static int64_t seconds_of(const char *text)
{
    int64_t out = -1;
    const bool ok = duration_parse(str_of(text), &out);
    CHECK(ok || out == -1);
    return out;
}

static int64_t millis_of(const char *text)
{
    int64_t out = -1;
    const bool ok = millis_parse(str_of(text), &out);
    CHECK(ok || out == -1);
    return out;
}

TEST(sizes_of_both_families)
{
    CHECK_I64(size_of("0"), 0);
    CHECK_I64(size_of("123"), 123);
    CHECK_I64(size_of("123B"), 123);
    CHECK_I64(size_of("2kB"), 2000);
    CHECK_I64(size_of("2KiB"), 2048);
    CHECK_I64(size_of("512MiB"), 512 << 20);
    CHECK_I64(size_of("512Mi"), 512 << 20);
    CHECK_I64(size_of("3GB"), INT64_C(3000000000));
    CHECK_I64(size_of("1.5GiB"), INT64_C(3) << 29);
    CHECK_I64(size_of("1.5 GiB"), INT64_C(3) << 29);
    CHECK_I64(size_of("2TiB"), INT64_C(2) << 40);
    CHECK_I64(size_of("1000000000000000"), INT64_C(1000000000000000));
}

TEST(sizes_that_are_ambiguous_or_not_whole_are_refused)
{
    const char *const bad[] = {
        "",          "M",       "5M",    "5m",    "5G",          "-1",
        "+1",        "1.5",     "1,5MB", "0x10",  "1e3",         "MiB",
        "1MiBs",     "1 MiB x", ".5GiB", "5.GiB", "1.0000001MB", "9223372036854775808",
        "8388608TiB"
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CHECK_I64(size_of(bad[i]), -1);
    }
}

TEST(durations)
{
    CHECK_I64(seconds_of("90"), 90);
    CHECK_I64(seconds_of("90s"), 90);
    CHECK_I64(seconds_of("10m"), 600);
    CHECK_I64(seconds_of("1h30m"), 5400);
    CHECK_I64(seconds_of("1h00m05s"), -1); /* "00" is no number of ours */
    CHECK_I64(seconds_of("1h0m5s"), 3605);
    CHECK_I64(seconds_of("2d"), 172800);
    CHECK_I64(seconds_of("1d1h1m1s"), 90061);
}

TEST(durations_that_are_none_are_refused)
{
    const char *const bad[] = { "",    "0",   "0s", "m",  "1m1h", "1m1m", "1.5h",
                                "-5m", "5 m", "5w", "h1", "1h30", "1hh",  "9223372036854775807d" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CHECK_I64(seconds_of(bad[i]), -1);
    }
}

TEST(thousandths)
{
    CHECK_I64(millis_of("1"), 1000);
    CHECK_I64(millis_of("1.5"), 1500);
    CHECK_I64(millis_of("0.001"), 1);
    CHECK_I64(millis_of("0.0005"), -1);
    CHECK_I64(millis_of("0"), -1);
    CHECK_I64(millis_of("500m"), -1);
    CHECK_I64(millis_of("-1"), -1);
}

TEST(amounts)
{
    CHECK(amount_ok(STR("0")));
    CHECK(amount_ok(STR("25.00")));
    CHECK(amount_ok(STR("0.000001")));
    CHECK(!amount_ok(STR("")));
    CHECK(!amount_ok(STR("-1")));
    CHECK(!amount_ok(STR(".5")));
    CHECK(!amount_ok(STR("5.")));
    CHECK(!amount_ok(STR("1.0000001")));
    CHECK(!amount_ok(STR("1e6")));
    CHECK(!amount_ok(STR("1 ")));
}

TEST(amounts_lose_only_zeros_behind_the_second_decimal)
{
    CHECK(str_is(amount_short(STR("25.000000")), "25.00"));
    CHECK(str_is(amount_short(STR("0.050000")), "0.05"));
    CHECK(str_is(amount_short(STR("0.055500")), "0.0555"));
    CHECK(str_is(amount_short(STR("0.000001")), "0.000001"));
    CHECK(str_is(amount_short(STR("-3.100000")), "-3.10"));
    CHECK(str_is(amount_short(STR("100")), "100"));
    CHECK(str_is(amount_short(STR("-")), "-"));
}

TEST(sizes_and_durations_are_written_for_people)
{
    char text[SIZE_TEXT_SIZE];
    size_format(1023, text);
    CHECK_STR(text, "1023 B");
    size_format(1024, text);
    CHECK_STR(text, "1.0 KiB");
    size_format(INT64_C(3) << 29, text);
    CHECK_STR(text, "1.5 GiB");
    size_format(INT64_MAX, text);
    CHECK_STR(text, "8388607.9 TiB");
    duration_format(12, text);
    CHECK_STR(text, "12s");
    duration_format(65, text);
    CHECK_STR(text, "1m 05s");
    duration_format(3723, text);
    CHECK_STR(text, "1h 02m 03s");
}

TESTS(T(sizes_of_both_families), T(sizes_that_are_ambiguous_or_not_whole_are_refused), T(durations),
      T(durations_that_are_none_are_refused), T(thousandths), T(amounts),
      T(amounts_lose_only_zeros_behind_the_second_decimal),
      T(sizes_and_durations_are_written_for_people))
