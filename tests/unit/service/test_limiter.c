/* SPDX-License-Identifier: Apache-2.0 */
#include "service/limiter.h"

#include "tests/t.h"

#define SECOND INT64_C(1000000)
#define START  (1000 * SECOND)

static struct limit_left left;

static int taken(struct limiter *l, uint64_t who, int64_t now_us, int tries)
{
    int n = 0;

    for (int i = 0; i < tries; i++)
        n += limiter_take(l, who, now_us, &left);
    return n;
}

TEST(a_burst_passes_and_no_more)
{
    struct limiter *l = limiter_new(100, 500);

    CHECK_I64(taken(l, 16, START, 1000), 500);
    CHECK_I64(left.left, 0);
    CHECK_I64(left.wait_us, SECOND / 100);
    limiter_free(l);
}

TEST(afterwards_the_rate_passes)
{
    struct limiter *l = limiter_new(100, 500);

    CHECK_I64(taken(l, 16, START, 1000), 500);
    CHECK_I64(taken(l, 16, START + SECOND / 2, 1000), 50);
    CHECK_I64(taken(l, 16, START + 2 * SECOND, 1000), 150);
    limiter_free(l);
}

TEST(a_bucket_never_holds_more_than_its_burst)
{
    struct limiter *l = limiter_new(100, 500);

    CHECK_I64(taken(l, 16, START, 1), 1);
    CHECK_I64(left.left, 499);
    CHECK_I64(left.full_us, SECOND / 100);
    CHECK_I64(taken(l, 16, START + 3600 * SECOND, 1000), 500);
    limiter_free(l);
}

TEST(one_does_not_take_from_another)
{
    struct limiter *l = limiter_new(1, 2);

    CHECK_I64(taken(l, 16, START, 5), 2);
    CHECK_I64(taken(l, 17, START, 5), 2);
    CHECK_I64(taken(l, 16, START, 5), 0);
    limiter_free(l);
}

/* A million others pass by: who was refused before them still is, or has been forgotten only for
 * somebody who needed his place as much. */
TEST(strangers_take_no_memory)
{
    struct limiter *l = limiter_new(20, 200);
    int all = 0;

    for (uint64_t who = 1; who <= 1000000; who++)
        all += taken(l, who, START, 1);
    CHECK_I64(all, 1000000);
    limiter_free(l);
}

TESTS(T(a_burst_passes_and_no_more), T(afterwards_the_rate_passes),
      T(a_bucket_never_holds_more_than_its_burst), T(one_does_not_take_from_another),
      T(strangers_take_no_memory))
