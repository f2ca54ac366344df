/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/depth.h"

#include "tests/t.h"
#include "tests/unit/domain/story.h"

static struct story s;
static struct depth_side depth;
static int64_t pat, alice;

static void begin(void)
{
    story_begin(&s);
    pat = story_account(&s, CENTS(0));
    alice = story_account(&s, CENTS(1000000));
}

static bool level(size_t i, int64_t ticks, int64_t units, int64_t orders)
{
    const struct depth_level *const l = &depth.levels[i];

    return i < depth.n && l->price.micros == TICKS(ticks).micros && l->units == units &&
           l->orders == orders;
}

TEST(orders_of_one_price_are_one_level_and_the_best_comes_first)
{
    begin();
    const int64_t node = story_gpu_node(&s, pat, 16);
    story_ask(&s, node, 2, TICKS(2000));
    story_ask(&s, node, 3, TICKS(1900));
    story_ask(&s, node, 4, TICKS(2000));
    story_job(&s, alice, STORY_GPU, 1, TICKS(1000));
    story_job(&s, alice, STORY_GPU, 8, TICKS(1100));
    story_job(&s, alice, STORY_GPU, 2, TICKS(1000));

    CHECK(market_depth(s.m, STORY_GPU, SIDE_ASKS, 100, &depth) && depth.n == 2);
    CHECK(level(0, 1900, 3, 1) && level(1, 2000, 6, 2));
    CHECK(market_depth(s.m, STORY_GPU, SIDE_BIDS, 100, &depth) && depth.n == 2);
    CHECK(level(0, 1100, 8, 1) && level(1, 1000, 3, 2));
    CHECK(market_depth(s.m, STORY_CPU, SIDE_ASKS, 100, &depth) && depth.n == 0);
    CHECK(!market_depth(s.m, 99, SIDE_ASKS, 100, &depth));
    story_end(&s);
}

TEST(units_under_a_lease_are_not_offered)
{
    begin();
    story_ask(&s, story_gpu_node(&s, pat, 4), 4, TICKS(2000));
    story_job(&s, alice, STORY_GPU, 3, TICKS(2000));

    CHECK(market_depth(s.m, STORY_GPU, SIDE_ASKS, 100, &depth));
    CHECK(depth.n == 1 && level(0, 2000, 1, 1));
    story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    CHECK(market_depth(s.m, STORY_GPU, SIDE_ASKS, 100, &depth) && depth.n == 0);
    story_end(&s);
}

TEST(a_level_is_whole_or_left_out)
{
    begin();
    story_job(&s, alice, STORY_GPU, 1, TICKS(1200));
    for (int i = 0; i < 3; i++)
        story_job(&s, alice, STORY_GPU, 1, TICKS(1100));
    story_job(&s, alice, STORY_GPU, 1, TICKS(1000));

    CHECK(market_depth(s.m, STORY_GPU, SIDE_BIDS, 0, &depth) && depth.n == 0);
    CHECK(market_depth(s.m, STORY_GPU, SIDE_BIDS, 1, &depth) && depth.n == 1);
    CHECK(market_depth(s.m, STORY_GPU, SIDE_BIDS, 3, &depth) && depth.n == 1);
    CHECK(market_depth(s.m, STORY_GPU, SIDE_BIDS, 4, &depth) && depth.n == 2);
    CHECK(level(1, 1100, 3, 3));
    CHECK(market_depth(s.m, STORY_GPU, SIDE_BIDS, 5, &depth) && depth.n == 3);
    story_end(&s);
}

TEST(there_are_only_so_many_levels)
{
    begin();
    s.rebuild = false;
    for (int i = 0; i < DEPTH_LEVELS + 5; i++)
        story_job(&s, alice, STORY_GPU, 1, TICKS(1000 + i));

    CHECK(market_depth(s.m, STORY_GPU, SIDE_BIDS, 1000, &depth));
    CHECK_I64(depth.n, DEPTH_LEVELS);
    CHECK(level(0, 1000 + DEPTH_LEVELS + 4, 1, 1));
    story_end(&s);
}

TESTS(T(orders_of_one_price_are_one_level_and_the_best_comes_first),
      T(units_under_a_lease_are_not_offered), T(a_level_is_whole_or_left_out),
      T(there_are_only_so_many_levels))
