/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/depth_for.h"

#include "tests/t.h"
#include "tests/unit/domain/story.h"

static struct story s;
static struct depth_side depth;
static struct depth_wish wish;
static int64_t pat, alice;

static void begin(void)
{
    story_begin(&s);
    pat = story_account(&s, CENTS(0));
    alice = story_account(&s, CENTS(1000000));
    wish = (struct depth_wish){ .units = 1, .seconds = 3600, .checkpoint_seconds = 3600 };
}

/* A machine with one vCPU, 1 GiB for each unit, somewhere, with a line. */
static int64_t machine(int32_t region, int32_t mbps, int32_t units)
{
    return story_node(&s, pat,
                      (struct node_spec){ .cpu_millis = units * 1000,
                                          .memory_bytes = units * STORY_GIB,
                                          .scratch_bytes = 4 * STORY_GIB * units,
                                          .traits = { .region = region, .bandwidth_mbps = mbps } });
}

static bool ask(size_t orders_max)
{
    return market_depth_for(s.m, 0, STORY_CPU, &wish, orders_max, s.now_us, &depth);
}

static bool level(size_t i, int64_t ticks, int64_t units, int64_t orders)
{
    const struct depth_level *const l = &depth.levels[i];

    return i < depth.n && l->price.micros == TICKS(ticks).micros && l->units == units &&
           l->orders == orders;
}

TEST(only_what_serves_the_wishes_counts)
{
    begin();
    story_ask(&s, machine(3, 100, 4), 4, TICKS(10));
    story_ask(&s, machine(2, 1000, 3), 3, TICKS(12));
    story_ask(&s, machine(3, 1000, 2), 2, TICKS(12));

    CHECK(ask(100) && depth.n == 2 && level(0, 10, 4, 1) && level(1, 12, 5, 2));
    wish.wish.regions = 1 << 3;
    CHECK(ask(100) && depth.n == 2 && level(0, 10, 4, 1) && level(1, 12, 2, 1));
    wish.wish.bandwidth_min_mbps = 101;
    CHECK(ask(100) && depth.n == 1 && level(0, 12, 2, 1));
    wish.units = 3;
    CHECK(ask(100) && depth.n == 0);
    wish.wish.regions = 0;
    CHECK(ask(100) && depth.n == 1 && level(0, 12, 3, 1));
    wish.seconds = 86401;
    CHECK(ask(100) && depth.n == 0);
    story_end(&s);
}

TEST(a_price_is_no_wish)
{
    begin();
    story_ask(&s, machine(0, 0, 1), 1, (struct money){ MONEY_INPUT_MAX.micros });
    CHECK(ask(100) && depth.n == 1);
    CHECK(depth.levels[0].price.micros == MONEY_INPUT_MAX.micros);
    story_end(&s);
}

TEST(units_under_a_lease_are_not_there)
{
    begin();
    story_ask(&s, machine(0, 0, 4), 4, TICKS(10));
    story_job(&s, alice, STORY_CPU, 3, TICKS(10));
    CHECK(ask(100) && depth.n == 1 && level(0, 10, 1, 1));
    wish.units = 2;
    CHECK(ask(100) && depth.n == 0);
    story_end(&s);
}

TEST(ones_own_are_not_counted_for_oneself)
{
    begin();
    story_ask(&s, machine(0, 0, 1), 1, TICKS(10));
    CHECK(market_depth_for(s.m, alice, STORY_CPU, &wish, 100, s.now_us, &depth) && depth.n == 1);
    CHECK(market_depth_for(s.m, pat, STORY_CPU, &wish, 100, s.now_us, &depth) && depth.n == 0);
    story_end(&s);
}

TEST(a_level_is_whole_or_left_out)
{
    begin();
    for (int i = 0; i < 3; i++)
        story_ask(&s, machine(0, 0, 1), 1, TICKS(i == 0 ? 10 : 11));
    CHECK(ask(0) && depth.n == 0);
    CHECK(ask(1) && depth.n == 1 && level(0, 10, 1, 1));
    CHECK(ask(2) && depth.n == 1);
    CHECK(ask(3) && depth.n == 2 && level(1, 11, 2, 2));
    story_end(&s);
}

TEST(no_more_levels_than_there_is_room_for)
{
    begin();
    for (int i = 0; i < DEPTH_LEVELS + 5; i++)
        story_ask(&s, machine(0, 0, 1), 1, TICKS(10 + i));
    CHECK(ask(1000) && depth.n == DEPTH_LEVELS && level(DEPTH_LEVELS - 1, 9 + DEPTH_LEVELS, 1, 1));
    story_end(&s);
}

TEST(what_makes_no_sense_is_refused_and_nothing_is_changed)
{
    begin();
    story_ask(&s, machine(0, 0, 1), 1, TICKS(10));
    const uint64_t before = market_hash(s.m);
    CHECK(!market_depth_for(s.m, 0, 99, &wish, 100, s.now_us, &depth));
    wish.seconds = 59;
    CHECK(!ask(100));
    wish.seconds = 60;
    wish.units = 0;
    CHECK(!ask(100));
    wish.units = 1;
    wish.wish.tier_min = TIERS;
    CHECK(!ask(100));
    CHECK(market_hash(s.m) == before);
    story_end(&s);
}

int main(void)
{
    only_what_serves_the_wishes_counts();
    a_price_is_no_wish();
    units_under_a_lease_are_not_there();
    ones_own_are_not_counted_for_oneself();
    a_level_is_whole_or_left_out();
    no_more_levels_than_there_is_room_for();
    what_makes_no_sense_is_refused_and_nothing_is_changed();
    return 0;
}
