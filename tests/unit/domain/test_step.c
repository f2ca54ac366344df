/* SPDX-License-Identifier: Apache-2.0 */
/* How many trades a command makes room for: never fewer than it can make, and not many more. */
#include "domain/step.h"

#include "domain/bounds.h"
#include "tests/t.h"
#include "tests/unit/domain/story.h"

static struct story s;
static int64_t pat, alice, ask;

static void begin(void)
{
    story_begin(&s);
    pat = story_account(&s, CENTS(0));
    alice = story_account(&s, CENTS(100000000));
    ask = story_ask(&s, story_gpu_node(&s, pat, 4), 4, TICKS(900));
}

static int64_t bid(int32_t nodes, struct money limit)
{
    struct command c = story_job_of(&s, alice, STORY_GPU, 1, limit);

    c.u.submit_job.nodes = nodes;
    CHECK(story_do(&s, c));
    return market_last_seq(s.m);
}

static size_t room(int64_t job)
{
    const struct bid_entry *const b = job ? state_bid(s.m, job) : NULL;

    return step_trades_max(state_ask(s.m, ask), 4, b);
}

TEST(as_many_trades_as_bids_rest_or_as_the_ask_has_units)
{
    begin();
    CHECK_I64(room(0), 0);
    bid(1, TICKS(1));
    bid(1, TICKS(2));
    CHECK_I64(room(0), 2);
    for (int i = 0; i < 10; i++)
        bid(1, TICKS(1));
    CHECK_I64(room(0), 4);
    story_end(&s);
}

TEST(one_gang_on_the_shelf_is_room_for_one_gang)
{
    begin();
    for (int i = 0; i < 150; i++)
        bid(1, TICKS(1));
    const int64_t gang = bid(3, TICKS(1));
    CHECK_I64(room(0), 4 + GANG_NODES_MAX);
    bid(2, TICKS(1));
    CHECK_I64(room(0), 4 + 2 * GANG_NODES_MAX);
    /* The gang itself trades once, and is one more on the shelf if it does not. */
    CHECK_I64(room(gang), 3 + 4 + 3 * GANG_NODES_MAX);
    story_end(&s);
}

TEST(an_event_tests_so_many_gangs_and_no_more)
{
    begin();
    for (int i = 0; i < GANGS + 10; i++)
        bid(2, TICKS(1));
    CHECK_I64(room(0), 2 * (GANGS + 10)); /* all that rest are fewer still */
    for (int i = 0; i < 70; i++)
        bid(64, TICKS(1));
    CHECK_I64(room(0), FILLS_MAX);
    story_end(&s);
}

TESTS(T(as_many_trades_as_bids_rest_or_as_the_ask_has_units),
      T(one_gang_on_the_shelf_is_room_for_one_gang), T(an_event_tests_so_many_gangs_and_no_more))
