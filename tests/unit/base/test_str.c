/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "tests/t.h"

static bool reads(const char *text, int64_t want)
{
    int64_t value = ~want;
    return str_i64(str_of(text), INT64_MIN, INT64_MAX, &value) && value == want;
}

static bool refuses(struct str text, int64_t min, int64_t max)
{
    int64_t value = 77;
    return !str_i64(text, min, max, &value) && value == 77;
}

TEST(a_null_c_string_is_the_empty_str)
{
    CHECK(str_of(NULL).n == 0);
    CHECK(str_is(str_of(NULL), ""));
    CHECK(str_eq(str_of(NULL), STR("")));
}

TEST(equal_means_same_length_and_bytes)
{
    CHECK(str_eq(STR("abc"), STR("abc")));
    CHECK(!str_eq(STR("abc"), STR("abd")));
    CHECK(!str_eq(STR("abc"), STR("ab")));
    CHECK(!str_eq(STR("ab\0c"), STR("ab\0d")));
    CHECK(str_eq(STR("ab\0c"), STR("ab\0c")));
    CHECK(str_is(STR("abc"), "abc"));
    CHECK(!str_is(STR("abc"), "ABC"));
    CHECK(!str_is(STR("ab\0c"), "ab"));
}

TEST(each_str_starts_with_itself_and_with_nothing)
{
    CHECK(str_starts(STR("lease_1"), STR("lease_")));
    CHECK(str_starts(STR("lease_"), STR("lease_")));
    CHECK(str_starts(STR("x"), STR("")));
    CHECK(str_starts(str_of(NULL), str_of(NULL)));
    CHECK(!str_starts(STR("lease"), STR("lease_")));
    CHECK(!str_starts(STR("Lease_"), STR("lease_")));
}

TEST(trim_takes_blanks_and_tabs_from_both_ends_only)
{
    CHECK(str_is(str_trim(STR(" \t a b \t")), "a b"));
    CHECK(str_is(str_trim(STR("a")), "a"));
    CHECK(str_is(str_trim(STR(" \t ")), ""));
    CHECK(str_is(str_trim(STR("")), ""));
    CHECK(str_is(str_trim(str_of(NULL)), ""));
    CHECK(str_is(str_trim(STR("\na\r")), "\na\r"));
}

TEST(cut_parts_at_the_first_separator)
{
    struct str head, tail;
    CHECK(str_cut(STR("a=b=c"), '=', &head, &tail));
    CHECK(str_is(head, "a") && str_is(tail, "b=c"));
    CHECK(str_cut(STR("="), '=', &head, &tail));
    CHECK(head.n == 0 && tail.n == 0);
    CHECK(str_cut(STR("a="), '=', &head, &tail));
    CHECK(str_is(head, "a") && tail.n == 0);
}

TEST(cut_may_write_into_the_str_it_cuts)
{
    struct str word, rest = STR("one two three");
    CHECK(str_cut(rest, ' ', &word, &rest));
    CHECK(str_is(word, "one") && str_is(rest, "two three"));
}

TEST(cut_without_a_separator_leaves_both_alone)
{
    struct str head = STR("h"), tail = STR("t");
    CHECK(!str_cut(STR("abc"), '=', &head, &tail));
    CHECK(!str_cut(STR(""), '=', &head, &tail));
    CHECK(!str_cut(str_of(NULL), '=', &head, &tail));
    CHECK(str_is(head, "h") && str_is(tail, "t"));
}

TEST(whole_numbers_are_read_to_the_ends_of_their_range)
{
    CHECK(reads("0", 0));
    CHECK(reads("7", 7));
    CHECK(reads("-1", -1));
    CHECK(reads("10", 10));
    CHECK(reads("9223372036854775807", INT64_MAX));
    CHECK(reads("-9223372036854775808", INT64_MIN));
}

TEST(anything_but_a_plain_number_is_refused)
{
    static const char *const wrong[] = {
        "",
        "-",
        "--1",
        "+1",
        "-0",
        "00",
        "01",
        "-01",
        " 1",
        "1 ",
        "1.0",
        "1e3",
        "0x1",
        "1_0",
        "a",
        "1a",
        "/",
        ":",
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551616",
        "99999999999999999999999999999999999999999",
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        CHECK(refuses(str_of(wrong[i]), INT64_MIN, INT64_MAX));
    CHECK(refuses(STR("1\0"), INT64_MIN, INT64_MAX));
    CHECK(refuses(str_of(NULL), INT64_MIN, INT64_MAX));
}

TEST(a_number_outside_the_asked_range_is_refused)
{
    int64_t value = 0;
    CHECK(refuses(STR("0"), 1, 10));
    CHECK(refuses(STR("11"), 1, 10));
    CHECK(refuses(STR("-1"), 0, 10));
    CHECK(str_i64(STR("1"), 1, 10, &value) && value == 1);
    CHECK(str_i64(STR("10"), 1, 10, &value) && value == 10);
    CHECK(str_i64(STR("-5"), -5, -5, &value) && value == -5);
}

TEST(a_number_ends_where_the_str_ends)
{
    int64_t value = 0;
    CHECK(str_i64((struct str){ "123456", 3 }, 0, 1000, &value) && value == 123);
}

TEST(hex_goes_out_and_comes_back)
{
    const uint8_t bytes[] = { 0x00, 0x19, 0x7f, 0x80, 0xab, 0xff };
    char text[2 * sizeof(bytes) + 1];
    uint8_t back[sizeof(bytes)] = { 0 };

    hex_encode(bytes, sizeof(bytes), text);
    CHECK_STR(text, "00197f80abff");
    CHECK(str_hex(str_of(text), back, sizeof(back)));
    CHECK(memcmp(bytes, back, sizeof(bytes)) == 0);
}

TEST(no_bytes_are_no_digits)
{
    char text[1] = { 'x' };
    hex_encode(NULL, 0, text);
    CHECK_STR(text, "");
    CHECK(str_hex(STR(""), NULL, 0));
}

TEST(hex_of_another_length_or_alphabet_is_refused_untouched)
{
    static const char *const wrong[] = { "",     "a",    "abc",  "abcde", "ABCD", "abcg",
                                         "ab d", "0xab", "/bcd", "ab:d",  "`bcd" };
    uint8_t out[2] = { 1, 2 };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        CHECK(!str_hex(str_of(wrong[i]), out, 2));
    CHECK(!str_hex(STR("abcd"), out, SIZE_MAX / 2 + 3)); /* twice that wraps to 4 */
    CHECK(out[0] == 1 && out[1] == 2);
}

TESTS(T(a_null_c_string_is_the_empty_str), T(equal_means_same_length_and_bytes),
      T(each_str_starts_with_itself_and_with_nothing),
      T(trim_takes_blanks_and_tabs_from_both_ends_only), T(cut_parts_at_the_first_separator),
      T(cut_may_write_into_the_str_it_cuts), T(cut_without_a_separator_leaves_both_alone),
      T(whole_numbers_are_read_to_the_ends_of_their_range),
      T(anything_but_a_plain_number_is_refused), T(a_number_outside_the_asked_range_is_refused),
      T(a_number_ends_where_the_str_ends), T(hex_goes_out_and_comes_back),
      T(no_bytes_are_no_digits), T(hex_of_another_length_or_alphabet_is_refused_untouched))
