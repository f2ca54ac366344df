/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "tests/t.h"

static bool reads(const char *text, int64_t want)
{
    int64_t at = ~want;
    return rfc3339_parse(str_of(text), &at) && at == want;
}

static bool refuses(struct str text)
{
    int64_t at = 77;
    return !rfc3339_parse(text, &at) && at == 77;
}

static const char *formatted(int64_t at_us)
{
    static char text[RFC3339_SIZE];
    rfc3339_format(at_us, text);
    return text;
}

TEST(times_are_written_in_utc_with_milliseconds)
{
    CHECK_STR(formatted(0), "1970-01-01T00:00:00.000Z");
    CHECK_STR(formatted(1795510028123000), "2026-11-24T08:47:08.123Z");
    CHECK_STR(formatted(946684799000000), "1999-12-31T23:59:59.000Z");
    CHECK_STR(formatted(951782400000000), "2000-02-29T00:00:00.000Z");
    CHECK_STR(formatted(1709251199999000), "2024-02-29T23:59:59.999Z");
    CHECK_STR(formatted(4107542400000000), "2100-03-01T00:00:00.000Z");
    CHECK_STR(formatted(253402300799999999), "9999-12-31T23:59:59.999Z");
}

TEST(microseconds_are_cut_and_not_rounded)
{
    CHECK_STR(formatted(999), "1970-01-01T00:00:00.000Z");
    CHECK_STR(formatted(1000), "1970-01-01T00:00:00.001Z");
    CHECK_STR(formatted(1999), "1970-01-01T00:00:00.001Z");
}

TEST(what_is_written_is_read_on_each_day_of_four_centuries)
{
    for (int64_t day = 0; day < 146097; day++) {
        const int64_t at = day * 86400000000 + (day % 86400) * 1000000 + day % 1000 * 1000;
        if (!reads(formatted(at), at)) CHECK_STR(formatted(at), "itself");
    }
}

TEST(offsets_are_taken_into_account)
{
    const int64_t at = 1795510028123000;
    CHECK(reads("2026-11-24T08:47:08.123Z", at));
    CHECK(reads("2026-11-24T09:47:08.123+01:00", at));
    CHECK(reads("2026-11-23T23:17:08.123-09:30", at));
    CHECK(reads("2026-11-25T08:46:08.123+23:59", at));
    CHECK(reads("2026-11-24T08:47:08.123+00:00", at));
    CHECK(reads("2026-11-24T08:47:08.123-00:00", at));
    CHECK(reads("2026-12-31T23:30:00-00:30", 1798761600000000));
    CHECK(reads("2027-01-01T00:30:00+00:30", 1798761600000000));
}

TEST(letters_may_be_small)
{
    CHECK(reads("1970-01-01t00:00:01z", 1000000));
}

TEST(up_to_nine_decimals_are_read_and_cut_to_microseconds)
{
    CHECK(reads("1970-01-01T00:00:00.1Z", 100000));
    CHECK(reads("1970-01-01T00:00:00.000001Z", 1));
    CHECK(reads("1970-01-01T00:00:00.0000019Z", 1));
    CHECK(reads("1970-01-01T00:00:00.999999999Z", 999999));
    CHECK(refuses(STR("1970-01-01T00:00:00.0000000001Z")));
    CHECK(refuses(STR("1970-01-01T00:00:00.Z")));
    CHECK(refuses(STR("1970-01-01T00:00:00,5Z")));
}

TEST(the_29th_of_february_is_there_in_leap_years_only)
{
    CHECK(reads("2024-02-29T00:00:00Z", 1709164800000000));
    CHECK(reads("2000-02-29T00:00:00Z", 951782400000000));
    CHECK(refuses(STR("2023-02-29T00:00:00Z")));
    CHECK(refuses(STR("2100-02-29T00:00:00Z")));
    CHECK(refuses(STR("2024-02-30T00:00:00Z")));
}

TEST(dates_that_no_calendar_has_are_refused)
{
    CHECK(refuses(STR("2024-00-01T00:00:00Z")));
    CHECK(refuses(STR("2024-13-01T00:00:00Z")));
    CHECK(refuses(STR("2024-01-00T00:00:00Z")));
    CHECK(refuses(STR("2024-01-32T00:00:00Z")));
    CHECK(refuses(STR("2024-04-31T00:00:00Z")));
    CHECK(refuses(STR("2024-99-99T00:00:00Z")));
}

TEST(times_that_no_clock_shows_are_refused)
{
    CHECK(refuses(STR("2024-01-01T24:00:00Z")));
    CHECK(refuses(STR("2024-01-01T00:60:00Z")));
    CHECK(refuses(STR("2024-01-01T00:00:60Z")));
    CHECK(refuses(STR("2016-12-31T23:59:60Z"))); /* there was one, our clock cannot say it */
    CHECK(refuses(STR("2024-01-01T00:00:00+24:00")));
    CHECK(refuses(STR("2024-01-01T00:00:00+00:60")));
}

TEST(what_could_not_be_written_again_is_refused)
{
    CHECK(refuses(STR("1969-12-31T23:59:59.999999Z")));
    CHECK(refuses(STR("1970-01-01T00:00:00+00:01")));
    CHECK(refuses(STR("0000-01-01T00:00:00Z")));
    CHECK(refuses(STR("0001-01-01T00:00:00Z")));
    CHECK(refuses(STR("9999-12-31T23:59:59-00:01")));
    CHECK(refuses(STR("9999-12-31T23:59:00-00:01"))); /* the year 10000 itself */
    CHECK(reads("1969-12-31T23:59:00-00:01", 0));
    CHECK(reads("9999-12-31T23:59:59.999999Z", 253402300799999999));
}

TEST(other_shapes_are_refused)
{
    static const char *const wrong[] = {
        "",
        "2024",
        "2024-01-01",
        "2024-01-01T00:00:00",
        "2024-01-01T00:00Z",
        "2024-01-01 00:00:00Z",
        "2024-1-01T00:00:00Z",
        "2024-01-01T0:00:00Z",
        "24-01-01T00:00:00Z",
        "+2024-01-01T00:00:00Z",
        "-024-01-01T00:00:00Z",
        "12024-01-01T00:00:00Z",
        "20240101T000000Z",
        "2024/01/01T00:00:00Z",
        " 2024-01-01T00:00:00Z",
        "2024-01-01T00:00:00Z ",
        "2024-01-01T00:00:00ZZ",
        "2024-01-01T00:00:00+0100",
        "2024-01-01T00:00:00+01",
        "2024-01-01T00:00:00+01:",
        "2024-01-01T00:00:00+01:0",
        "2024-01-01T00:00:00+01:00Z",
        "2024-01-01T00:00:00\u221201:00",
        "2024-01-01T-1:00:00Z",
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        CHECK(refuses(str_of(wrong[i])));
    CHECK(refuses(STR("2024-01-01T00:00:00\0")));
    CHECK(refuses(STR("2024-01-01T00:00:00Z\0")));
    CHECK(refuses(str_of(NULL)));
}

TEST(the_wall_clock_is_past_the_writing_of_this_test)
{
    CHECK(clock_wall_us() > 1700000000000000);
    CHECK(clock_wall_us() < 253402300800000000);
}

TEST(a_sleep_lasts_at_least_as_long_as_asked)
{
    const int64_t mono = clock_monotonic_us(), boot = clock_boot_us();
    clock_sleep_us(5000);
    CHECK(clock_monotonic_us() - mono >= 5000);
    CHECK(clock_boot_us() - boot >= 4999);
}

TEST(a_sleep_of_nothing_or_less_returns_at_once)
{
    const int64_t before = clock_monotonic_us();
    clock_sleep_us(0);
    clock_sleep_us(-1);
    clock_sleep_us(INT64_MIN);
    CHECK(clock_monotonic_us() - before < 1000000);
}

TESTS(T(times_are_written_in_utc_with_milliseconds), T(microseconds_are_cut_and_not_rounded),
      T(what_is_written_is_read_on_each_day_of_four_centuries), T(offsets_are_taken_into_account),
      T(letters_may_be_small), T(up_to_nine_decimals_are_read_and_cut_to_microseconds),
      T(the_29th_of_february_is_there_in_leap_years_only),
      T(dates_that_no_calendar_has_are_refused), T(times_that_no_clock_shows_are_refused),
      T(what_could_not_be_written_again_is_refused), T(other_shapes_are_refused),
      T(the_wall_clock_is_past_the_writing_of_this_test),
      T(a_sleep_lasts_at_least_as_long_as_asked), T(a_sleep_of_nothing_or_less_returns_at_once))
