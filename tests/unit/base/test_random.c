/* SPDX-License-Identifier: Apache-2.0 */
#include "base/random.h"
#include "tests/t.h"

TEST(bytes_are_filled_to_their_end_and_not_beyond)
{
    static const uint8_t zeros[300];
    uint8_t out[301];
    memset(out, 0, sizeof(out));
    random_bytes(out, 300);
    CHECK(memcmp(out, zeros, 300) != 0);
    CHECK(memcmp(out + 270, zeros, 30) != 0);
    CHECK(out[300] == 0);
    random_bytes(NULL, 0);
}

TEST(two_draws_differ)
{
    CHECK(random_u64() != random_u64());
}

TEST(both_ends_are_drawn_and_nothing_beyond)
{
    int seen[3] = { 0 };
    for (int i = 0; i < 300; i++) {
        const int64_t x = random_between(-1, 1);
        CHECK(x >= -1 && x <= 1);
        seen[x + 1]++;
    }
    CHECK(seen[0] > 0 && seen[1] > 0 && seen[2] > 0);
}

TEST(a_range_may_be_one_number_or_all)
{
    CHECK_I64(random_between(7, 7), 7);
    CHECK_I64(random_between(INT64_MIN, INT64_MIN), INT64_MIN);
    CHECK_I64(random_between(INT64_MAX, INT64_MAX), INT64_MAX);
    CHECK(random_between(INT64_MIN, INT64_MAX) != random_between(INT64_MIN, INT64_MAX));
    CHECK(random_between(INT64_MIN, INT64_MAX - 1) < INT64_MAX);
}

TESTS(T(bytes_are_filled_to_their_end_and_not_beyond), T(two_draws_differ),
      T(both_ends_are_drawn_and_nothing_beyond), T(a_range_may_be_one_number_or_all))
