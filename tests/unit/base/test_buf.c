/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "tests/t.h"

TEST(writes_follow_each_other)
{
    auto_buf struct buf b;
    buf_init(&b, 100);
    buf_add(&b, "ab", 2);
    buf_str(&b, STR("cd"));
    buf_c(&b, "ef");
    buf_char(&b, 'g');
    buf_fmt(&b, "%d-%s", 42, "h");
    CHECK(!b.failed);
    CHECK(str_is(buf_view(&b), "abcdefg42-h"));
}

TEST(nothing_may_be_written)
{
    auto_buf struct buf b;
    buf_init(&b, 0);
    buf_add(&b, NULL, 0);
    buf_str(&b, str_of(NULL));
    buf_c(&b, NULL);
    buf_fmt(&b, "%s", "");
    CHECK(!b.failed);
    CHECK(buf_view(&b).n == 0);
}

TEST(the_maximum_itself_fits_and_one_more_does_not)
{
    auto_buf struct buf b;
    buf_init(&b, 5);
    buf_c(&b, "12345");
    CHECK(!b.failed && b.n == 5);
    buf_char(&b, '6');
    CHECK(b.failed);
    CHECK(str_is(buf_view(&b), "12345"));
}

TEST(a_formatted_text_may_fill_the_buffer_to_its_maximum)
{
    auto_buf struct buf b;
    buf_init(&b, 5);
    buf_fmt(&b, "%05d", 42);
    CHECK(!b.failed);
    CHECK(str_is(buf_view(&b), "00042"));
}

TEST(a_write_that_is_too_large_writes_nothing_of_itself)
{
    auto_buf struct buf b;
    buf_init(&b, 5);
    buf_c(&b, "ab");
    buf_fmt(&b, "%s", "cdef");
    CHECK(b.failed);
    CHECK(str_is(buf_view(&b), "ab"));
}

TEST(after_a_failure_later_writes_do_nothing_even_if_they_would_fit)
{
    auto_buf struct buf b;
    buf_init(&b, 5);
    buf_c(&b, "123456");
    buf_c(&b, "1");
    buf_fmt(&b, "%d", 1);
    buf_char(&b, '1');
    CHECK(b.failed);
    CHECK(buf_view(&b).n == 0);
}

TEST(clear_forgets_bytes_and_failure_and_keeps_memory_and_maximum)
{
    auto_buf struct buf b;
    buf_init(&b, 5);
    buf_c(&b, "12345");
    buf_c(&b, "6");
    const char *memory = b.p;
    buf_clear(&b);
    CHECK(!b.failed && b.n == 0 && b.max == 5 && b.p == memory);
    buf_c(&b, "abcde");
    CHECK(!b.failed);
    CHECK(str_is(buf_view(&b), "abcde"));
}

TEST(done_leaves_it_as_after_init)
{
    struct buf b;
    buf_init(&b, 5);
    buf_c(&b, "123456");
    buf_done(&b);
    CHECK(!b.p && b.n == 0 && b.cap == 0 && b.max == 5 && !b.failed);
    buf_c(&b, "12345");
    CHECK(!b.failed);
    buf_done(&b);
    buf_done(&b);
}

TEST(many_small_writes_grow_it_and_keep_every_byte)
{
    auto_buf struct buf b;
    buf_init(&b, 100000);
    for (int i = 0; i < 100000; i++)
        buf_char(&b, (char)('a' + i % 26));
    CHECK(!b.failed && b.n == 100000);
    for (int i = 0; i < 100000; i++)
        CHECK(b.p[i] == (char)('a' + i % 26));
    buf_char(&b, 'x');
    CHECK(b.failed);
}

TEST(a_length_near_the_end_of_the_address_space_is_refused)
{
    auto_buf struct buf b;
    buf_init(&b, PTRDIFF_MAX - 1);
    buf_char(&b, 'a');
    buf_add(&b, "b", SIZE_MAX);
    CHECK(b.failed && b.n == 1);
}

TEST(bytes_of_any_value_are_kept)
{
    auto_buf struct buf b;
    buf_init(&b, 10);
    buf_add(&b, "\0\xff\0", 3);
    CHECK(str_eq(buf_view(&b), STR("\0\xff\0")));
}

TEST(numbers_are_written_in_decimal)
{
    static const struct {
        int64_t v;
        const char *text;
    } cases[] = { { 0, "0" },
                  { 7, "7" },
                  { -1, "-1" },
                  { 1000000, "1000000" },
                  { INT64_MAX, "9223372036854775807" },
                  { INT64_MIN, "-9223372036854775808" } };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        auto_buf struct buf b;
        buf_init(&b, 20);
        buf_i64(&b, cases[i].v);
        CHECK(str_is(buf_view(&b), cases[i].text));
    }
}

TESTS(T(writes_follow_each_other), T(nothing_may_be_written),
      T(the_maximum_itself_fits_and_one_more_does_not),
      T(a_formatted_text_may_fill_the_buffer_to_its_maximum),
      T(a_write_that_is_too_large_writes_nothing_of_itself),
      T(after_a_failure_later_writes_do_nothing_even_if_they_would_fit),
      T(clear_forgets_bytes_and_failure_and_keeps_memory_and_maximum),
      T(done_leaves_it_as_after_init), T(many_small_writes_grow_it_and_keep_every_byte),
      T(a_length_near_the_end_of_the_address_space_is_refused), T(bytes_of_any_value_are_kept),
      T(numbers_are_written_in_decimal))
