/* SPDX-License-Identifier: Apache-2.0 */
#include "service/stranded.h"
#include "tests/t.h"

#define SECOND   INT64_C(1000000)
#define PATIENCE (90 * SECOND)

TEST(a_lease_that_heartbeats_leave_out_for_a_lease_time_is_lost_once)
{
    struct stranded *s = stranded_new(PATIENCE);
    int64_t now = 1000 * SECOND;
    for (int i = 0; i <= 4; i++, now += 20 * SECOND)
        CHECK(!stranded_note(s, 7, false, now));
    CHECK(stranded_note(s, 7, false, now));
    CHECK(!stranded_note(s, 7, false, now + SECOND)); /* counted anew */
    stranded_free(s);
}

TEST(a_lease_that_is_named_in_between_is_not_lost)
{
    struct stranded *s = stranded_new(PATIENCE);
    int64_t now = 1000 * SECOND;
    for (int i = 0; i < 30; i++, now += 20 * SECOND)
        CHECK(!stranded_note(s, 7, i % 4 == 3, now));
    stranded_free(s);
}

TEST(silence_and_a_clock_that_jumps_do_not_count)
{
    struct stranded *s = stranded_new(PATIENCE);
    CHECK(!stranded_note(s, 7, false, 1000 * SECOND));
    CHECK(
        !stranded_note(s, 7, false, 1000 * SECOND + PATIENCE + 1)); /* nothing was heard between */
    CHECK(!stranded_note(s, 7, false, 900 * SECOND));
    CHECK(!stranded_note(s, 7, false, 900 * SECOND + PATIENCE - 1));
    CHECK(stranded_note(s, 7, false, 900 * SECOND + PATIENCE));
    stranded_free(s);
}

TESTS(T(a_lease_that_heartbeats_leave_out_for_a_lease_time_is_lost_once),
      T(a_lease_that_is_named_in_between_is_not_lost),
      T(silence_and_a_clock_that_jumps_do_not_count))
