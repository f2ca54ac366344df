/* SPDX-License-Identifier: Apache-2.0 */
#include "http/cursor.h"
#include "tests/t.h"

static const uint8_t key[32] = { 1, 2, 3 }, other_key[32] = { 1, 2, 4 };

TEST(what_was_written_is_read)
{
    static const int64_t numbers[] = { 1, 255, 256, 1ll << 40, INT64_MAX };
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        char text[CURSOR_SIZE];
        int64_t back = 0;
        cursor_write(key, "get_jobs", numbers[i], text);
        CHECK_I64(strlen(text), CURSOR_SIZE - 1);
        CHECK(cursor_read(key, "get_jobs", str_of(text), &back));
        CHECK_I64(back, numbers[i]);
    }
}

TEST(a_cursor_is_of_one_list_and_one_key)
{
    char text[CURSOR_SIZE];
    int64_t back = 7;
    cursor_write(key, "get_jobs", 42, text);
    CHECK(!cursor_read(key, "get_bids", str_of(text), &back));
    CHECK(!cursor_read(other_key, "get_jobs", str_of(text), &back));
    CHECK_I64(back, 7);
}

TEST(no_changed_letter_passes)
{
    char text[CURSOR_SIZE];
    int64_t back = 7;
    cursor_write(key, "get_jobs", 42, text);
    for (size_t i = 0; i + 1 < CURSOR_SIZE; i++) {
        char changed[CURSOR_SIZE];
        memcpy(changed, text, sizeof(text));
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        CHECK(!cursor_read(key, "get_jobs", str_of(changed), &back));
    }
    CHECK(!cursor_read(key, "get_jobs", (struct str){ text, CURSOR_SIZE - 2 }, &back));
    CHECK(!cursor_read(key, "get_jobs", STR(""), &back));
    CHECK_I64(back, 7);
}

TEST(numbers_below_one_are_no_rows)
{
    char text[CURSOR_SIZE];
    int64_t back = 7;
    cursor_write(key, "get_jobs", 0, text);
    CHECK(!cursor_read(key, "get_jobs", str_of(text), &back));
    cursor_write(key, "get_jobs", -5, text);
    CHECK(!cursor_read(key, "get_jobs", str_of(text), &back));
}

/* HMAC-SHA256 computed elsewhere (Python's hmac): number ‖ "get_jobs" under `key`. */
TEST(the_signature_is_hmac_sha256)
{
    char text[CURSOR_SIZE];
    cursor_write(key, "get_jobs", 42, text);
    CHECK_STR(text, "AAAAAAAAACqfb58YB9F7tw");
}

TESTS(T(what_was_written_is_read), T(a_cursor_is_of_one_list_and_one_key),
      T(no_changed_letter_passes), T(numbers_below_one_are_no_rows),
      T(the_signature_is_hmac_sha256))
