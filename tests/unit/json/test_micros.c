/* SPDX-License-Identifier: Apache-2.0 */
#include "json/micros.h"

#include "tests/t.h"

static void reads(const char *text, int64_t want)
{
    int64_t got = -7;
    CHECK(micros_parse(str_of(text), &got) == MICROS_OK);
    CHECK_I64(got, want);
}

static void refuses(const char *text, enum micros_read want)
{
    int64_t got = -7;
    if (micros_parse(str_of(text), &got) != want)
        CHECK_STR("accepted, or for another reason", text);
    CHECK_I64(got, -7);
}

TEST(text_is_read_exactly)
{
    reads("0", 0);
    reads("1", 1000000);
    reads("12.50", 12500000);
    reads("0.000001", 1);
    reads("0.1", 100000);
    reads("007.5", 7500000);
    reads("-0.000001", -1);
    reads("-12.5", -12500000);
    reads("9223372036854.775807", INT64_MAX);
    reads("-9223372036854.775808", INT64_MIN);
}

TEST(anything_else_is_refused_for_its_reason)
{
    static const char *const wrong[] = { "",      "-",   ".",    "1.",  ".5",    "-.5",
                                         "+1",    "1e3", "0x1",  " 1",  "1 ",    "1,5",
                                         "1.2.3", "--1", "1.-5", "NaN", "1.5\n", "\xd9\xa1" };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        refuses(wrong[i], MICROS_NOT_DECIMAL);
    refuses("0.0000001", MICROS_TOO_PRECISE);
    refuses("0.1000000", MICROS_TOO_PRECISE);
    refuses("9223372036854.775808", MICROS_TOO_LARGE);
    refuses("-9223372036854.775809", MICROS_TOO_LARGE);
    refuses("18446744073709.551616", MICROS_TOO_LARGE); /* 2^64 millionths would wrap to 0 */
    refuses("99999999999999999999999999999999", MICROS_TOO_LARGE);

    int64_t got = -7;
    CHECK(micros_parse((struct str){ "1\0", 2 }, &got) == MICROS_NOT_DECIMAL);
    CHECK(micros_parse((struct str){ NULL, 0 }, &got) == MICROS_NOT_DECIMAL);
}

static void writes(int64_t micros, const char *want)
{
    char text[MICROS_TEXT_SIZE];
    micros_format(micros, text);
    CHECK_STR(text, want);
    reads(text, micros);
}

TEST(text_is_written_with_six_decimals_and_read_back)
{
    writes(0, "0.000000");
    writes(1, "0.000001");
    writes(-1, "-0.000001");
    writes(12500000, "12.500000");
    writes(-999999, "-0.999999");
    writes(INT64_MAX, "9223372036854.775807");
    writes(INT64_MIN, "-9223372036854.775808");
}

TESTS(T(text_is_read_exactly), T(anything_else_is_refused_for_its_reason),
      T(text_is_written_with_six_decimals_and_read_back))
