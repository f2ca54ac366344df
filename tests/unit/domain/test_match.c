/* SPDX-License-Identifier: Apache-2.0 */
/* Who trades with whom, and at what price. */
#include "domain/market.h"

#include "tests/t.h"
#include "tests/unit/domain/story.h"

static struct story s;
static int64_t pat, quinn, alice, bob; /* two providers, two buyers */

static void begin(void)
{
    story_begin(&s);
    pat = story_account(&s, CENTS(0));
    quinn = story_account(&s, CENTS(0));
    alice = story_account(&s, CENTS(100000));
    bob = story_account(&s, CENTS(100000));
}

/* The last command made one trade: this job runs on this ask, at this price. */
static bool traded(int64_t job, int64_t ask, struct money price)
{
    return s.out.trades_n == 1 && s.trades[0].bid == job && s.trades[0].ask == ask &&
           money_cmp(s.trades[0].price, price) == 0;
}

static bool no_trade(void)
{
    return s.out.trades_n == 0;
}

TEST(a_bid_takes_the_cheapest_ask_at_its_price)
{
    begin();
    const int64_t dear = story_ask(&s, story_gpu_node(&s, pat, 8), 8, TICKS(2000));
    const int64_t cheap = story_ask(&s, story_gpu_node(&s, quinn, 8), 8, TICKS(1900));

    const int64_t job = story_job(&s, alice, STORY_GPU, 2, TICKS(2500));
    CHECK(traded(job, cheap, TICKS(1900)));
    CHECK(!s.trades[0].bid_rested);
    CHECK_I64(s.trades[0].units, 2);
    CHECK(s.trades[0].buyer == alice && s.trades[0].provider == quinn);
    CHECK(s.trades[0].trade == job * 4096);
    CHECK_I64(market_ask(s.m, cheap)->free, 6);
    CHECK_I64(market_ask(s.m, dear)->free, 8);
    story_end(&s);
}

TEST(at_one_price_the_smallest_free_set_that_serves_goes_first)
{
    begin();
    const int64_t eight = story_ask(&s, story_gpu_node(&s, pat, 8), 8, TICKS(2000));
    const int64_t one = story_ask(&s, story_gpu_node(&s, pat, 1), 1, TICKS(2000));
    const int64_t four = story_ask(&s, story_gpu_node(&s, quinn, 4), 4, TICKS(2000));

    CHECK(traded(story_job(&s, alice, STORY_GPU, 1, TICKS(2000)), one, TICKS(2000)));
    CHECK(traded(story_job(&s, alice, STORY_GPU, 3, TICKS(2000)), four, TICKS(2000)));
    CHECK(traded(story_job(&s, alice, STORY_GPU, 1, TICKS(2000)), four, TICKS(2000)));
    CHECK(traded(story_job(&s, alice, STORY_GPU, 1, TICKS(2000)), eight, TICKS(2000)));
    story_end(&s);
}

TEST(a_better_price_goes_before_a_better_fit)
{
    begin();
    story_ask(&s, story_gpu_node(&s, pat, 1), 1, TICKS(2000));
    const int64_t big = story_ask(&s, story_gpu_node(&s, quinn, 8), 8, TICKS(1999));

    CHECK(traded(story_job(&s, alice, STORY_GPU, 1, TICKS(2000)), big, TICKS(1999)));
    story_end(&s);
}

TEST(at_one_price_and_fit_the_oldest_ask_goes_first)
{
    begin();
    const int64_t first = story_ask(&s, story_gpu_node(&s, pat, 2), 2, TICKS(2000));
    const int64_t second = story_ask(&s, story_gpu_node(&s, quinn, 2), 2, TICKS(2000));

    CHECK(traded(story_job(&s, alice, STORY_GPU, 2, TICKS(2000)), first, TICKS(2000)));
    CHECK(traded(story_job(&s, alice, STORY_GPU, 2, TICKS(2000)), second, TICKS(2000)));
    story_end(&s);
}

TEST(an_ask_serves_the_highest_limit_at_that_limit)
{
    begin();
    const int64_t low = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    const int64_t high = story_job(&s, bob, STORY_GPU, 1, TICKS(2100));

    const int64_t ask = story_ask(&s, story_gpu_node(&s, pat, 8), 1, TICKS(1500));
    CHECK(traded(high, ask, TICKS(2100)));
    CHECK(s.trades[0].bid_rested);
    CHECK(market_bid(s.m, low)->state == ORDER_OPEN);
    story_end(&s);
}

TEST(at_one_limit_the_oldest_bid_is_served_first)
{
    begin();
    const int64_t first = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    story_job(&s, bob, STORY_GPU, 1, TICKS(2000));

    const int64_t ask = story_ask(&s, story_gpu_node(&s, pat, 1), 1, TICKS(2000));
    CHECK(traded(first, ask, TICKS(2000)));
    story_end(&s);
}

TEST(an_ask_serves_bids_until_its_units_are_gone)
{
    begin();
    const int64_t one = story_job(&s, alice, STORY_GPU, 1, TICKS(2300));
    const int64_t five = story_job(&s, alice, STORY_GPU, 5, TICKS(2200));
    const int64_t three = story_job(&s, bob, STORY_GPU, 3, TICKS(2100));
    const int64_t two = story_job(&s, bob, STORY_GPU, 2, TICKS(2000));

    const int64_t ask = story_ask(&s, story_gpu_node(&s, pat, 8), 8, TICKS(1000));
    CHECK_I64(s.out.trades_n, 3);
    CHECK(s.trades[0].bid == one && s.trades[0].trade == ask * 4096);
    CHECK(s.trades[1].bid == five && s.trades[1].trade == ask * 4096 + 1);
    CHECK(s.trades[2].bid == two && s.trades[2].trade == ask * 4096 + 2); /* three do not fit */
    CHECK(market_bid(s.m, three)->state == ORDER_OPEN);
    CHECK_I64(market_ask(s.m, ask)->free, 0);
    CHECK_I64(s.out.postings_n, 0); /* each pays its limit: nothing is given back */
    story_end(&s);
}

TEST(a_job_gets_all_its_units_from_one_ask_or_rests)
{
    begin();
    story_ask(&s, story_gpu_node(&s, pat, 2), 2, TICKS(2000));
    story_ask(&s, story_gpu_node(&s, quinn, 2), 2, TICKS(2000));

    const int64_t job = story_job(&s, alice, STORY_GPU, 3, TICKS(2000));
    CHECK(no_trade());
    CHECK(market_bid(s.m, job)->state == ORDER_OPEN);
    story_end(&s);
}

TEST(no_one_trades_above_his_limit)
{
    begin();
    story_ask(&s, story_gpu_node(&s, pat, 2), 2, TICKS(2001));
    story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    CHECK(no_trade());
    story_end(&s);
}

TEST(nobody_trades_with_himself_and_stands_in_nobodys_way)
{
    begin();
    const int64_t own = story_ask(&s, story_gpu_node(&s, alice, 1), 1, TICKS(1000));
    const int64_t other = story_ask(&s, story_gpu_node(&s, pat, 1), 1, TICKS(2000));

    struct command c = story_job_of(&s, alice, STORY_GPU, 1, TICKS(2000));
    c.u.submit_job.own = OWN_NEVER;
    CHECK(story_do(&s, c));
    CHECK(traded(market_last_seq(s.m), other, TICKS(2000)));
    CHECK(traded(story_job(&s, bob, STORY_GPU, 1, TICKS(2000)), own, TICKS(1000)));
    story_end(&s);
}

TEST(a_bid_that_cannot_be_served_does_not_block_those_behind_it)
{
    begin();
    const int64_t gang = story_job(&s, alice, STORY_GPU, 8, TICKS(3000));
    struct command c = story_job_of(&s, bob, STORY_GPU, 1, TICKS(2900));
    c.u.submit_job.own = OWN_NEVER;
    CHECK(story_do(&s, c));
    const int64_t own = market_last_seq(s.m);
    const int64_t behind = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));

    const int64_t ask = story_ask(&s, story_gpu_node(&s, bob, 4), 4, TICKS(1000));
    CHECK(traded(behind, ask, TICKS(2000)));
    CHECK(market_bid(s.m, gang)->state == ORDER_OPEN);
    CHECK(market_bid(s.m, own)->state == ORDER_OPEN);
    story_end(&s);
}

TEST(a_gang_that_waits_is_passed_and_keeps_its_place)
{
    begin();
    const int64_t gang = story_job(&s, alice, STORY_GPU, 8, TICKS(3000));
    const int64_t small = story_job(&s, bob, STORY_GPU, 1, TICKS(2000));

    const int64_t four = story_ask(&s, story_gpu_node(&s, pat, 4), 4, TICKS(2000));
    CHECK(traded(small, four, TICKS(2000)));
    const int64_t eight = story_ask(&s, story_gpu_node(&s, quinn, 8), 8, TICKS(2000));
    CHECK(traded(gang, eight, TICKS(3000)));
    story_end(&s);
}

TEST(an_ask_that_is_too_small_does_not_block_those_behind_it)
{
    begin();
    for (int i = 0; i < 5; i++)
        story_ask(&s, story_gpu_node(&s, pat, 1), 1, TICKS(1000 + i));
    const int64_t big = story_ask(&s, story_gpu_node(&s, quinn, 8), 8, TICKS(2000));

    CHECK(traded(story_job(&s, alice, STORY_GPU, 4, TICKS(2000)), big, TICKS(2000)));
    story_end(&s);
}

static int64_t place_job_of(int64_t account, int32_t seconds)
{
    struct command c = story_job_of(&s, account, STORY_GPU, 1, TICKS(2000));

    c.u.submit_job.seconds = seconds;
    CHECK(story_do(&s, c));
    return market_last_seq(s.m);
}

TEST(a_lease_is_neither_shorter_nor_longer_than_the_ask_allows)
{
    begin();
    struct command c = story_ask_of(&s, story_gpu_node(&s, pat, 8), 8, TICKS(2000));
    c.u.place_ask.seconds_min = 600;
    c.u.place_ask.seconds_max = 7200;
    CHECK(story_do(&s, c));

    place_job_of(alice, 599);
    CHECK(no_trade());
    place_job_of(alice, 7201);
    CHECK(no_trade());
    place_job_of(alice, 600);
    CHECK_I64(s.out.trades_n, 1);
    place_job_of(alice, 7200);
    CHECK_I64(s.out.trades_n, 1);
    story_end(&s);
}

TEST(a_run_must_end_before_the_ask_does)
{
    begin();
    struct command c = story_ask_of(&s, story_gpu_node(&s, pat, 8), 8, TICKS(2000));
    c.u.place_ask.until_us = s.now_us + 3600 * INT64_C(1000000);
    CHECK(story_do(&s, c));

    place_job_of(alice, 3601);
    CHECK(no_trade());
    place_job_of(alice, 3600);
    CHECK_I64(s.out.trades_n, 1);
    s.now_us += 1;
    place_job_of(alice, 3600);
    CHECK(no_trade());
    story_end(&s);
}

TEST(pools_do_not_meet)
{
    begin();
    story_ask(&s, story_cpu_node(&s, pat, 8), 8, TICKS(1));
    story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    CHECK(no_trade());
    story_end(&s);
}

TEST(the_buyer_gets_back_what_he_held_above_the_price)
{
    begin();
    story_ask(&s, story_gpu_node(&s, pat, 2), 2, TICKS(1500));
    const int64_t job = story_job(&s, alice, STORY_GPU, 2, TICKS(2000)); /* for an hour */

    CHECK_I64(story_balance(&s, alice)->held.micros, TICKS(3000).micros);
    CHECK_I64(market_bid(s.m, job)->hold.micros, TICKS(3000).micros);
    CHECK_I64(s.out.postings_n, 2);
    CHECK(s.out.postings[0].bucket == BUCKET_AVAILABLE);
    CHECK_I64(s.out.postings[0].amount.micros, -TICKS(3000).micros);
    CHECK_I64(s.out.postings[1].amount.micros, TICKS(3000).micros);
    story_end(&s);
}

TEST(a_small_budget_shortens_the_run)
{
    begin();
    story_ask(&s, story_gpu_node(&s, pat, 1), 1, PER_SECOND(1000));
    struct command c = story_job_of(&s, alice, STORY_GPU, 1, PER_SECOND(2000));
    c.u.submit_job.budget = (struct money){ 1000000 };
    CHECK(story_do(&s, c));

    const struct lease *const l = story_lease_for(&s, market_last_seq(s.m));
    CHECK_I64(l->seconds_max, 1000); /* at the trade price, not 500 at the limit */
    CHECK_I64(l->hold.micros, 1000000);
    story_end(&s);
}

static bool amend_ask(int64_t account, int64_t ask, int32_t units, struct money price)
{
    return story_do(&s, (struct command){ .account = account,
                                          .kind = COMMAND_AMEND_ASK,
                                          .u.amend_ask = { ask, price, units } });
}

static int64_t ask_above_floor(int64_t node, int32_t units, struct money price)
{
    struct command c = story_ask_of(&s, node, units, price);

    c.u.place_ask.floor = TICKS(1);
    CHECK(story_do(&s, c));
    return market_last_seq(s.m);
}

TEST(a_new_price_or_more_units_go_to_the_end_of_the_line_and_fewer_units_stay)
{
    begin();
    const int64_t node = story_gpu_node(&s, pat, 16);
    const int64_t ask = ask_above_floor(node, 4, TICKS(2000));

    CHECK(amend_ask(pat, ask, 3, TICKS(2000)));
    CHECK_I64(market_ask(s.m, ask)->priority, ask);
    CHECK_I64(market_ask(s.m, ask)->free, 3);
    CHECK(amend_ask(pat, ask, 5, TICKS(2000)));
    CHECK_I64(market_ask(s.m, ask)->priority, market_last_seq(s.m));
    CHECK(amend_ask(pat, ask, 5, TICKS(1999)));
    CHECK_I64(market_ask(s.m, ask)->priority, market_last_seq(s.m));

    const int64_t before = market_ask(s.m, ask)->priority;
    CHECK(amend_ask(pat, ask, 5, TICKS(1999))); /* no change at all */
    CHECK_I64(market_ask(s.m, ask)->priority, before);
    story_end(&s);
}

TEST(an_ask_that_becomes_cheaper_meets_the_bids)
{
    begin();
    const int64_t ask = ask_above_floor(story_gpu_node(&s, pat, 4), 4, TICKS(3000));
    const int64_t job = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    CHECK(no_trade());

    CHECK(amend_ask(pat, ask, 4, TICKS(1500)));
    CHECK(traded(job, ask, TICKS(2000))); /* the bid rested: its limit */
    story_end(&s);
}

TEST(an_ask_with_more_units_meets_the_bids)
{
    begin();
    const int64_t ask = story_ask(&s, story_gpu_node(&s, pat, 4), 1, TICKS(2000));
    const int64_t job = story_job(&s, alice, STORY_GPU, 3, TICKS(2000));
    CHECK(no_trade());

    CHECK(amend_ask(pat, ask, 3, TICKS(2000)));
    CHECK(traded(job, ask, TICKS(2000)));
    story_end(&s);
}

static bool amend_bid(int64_t account, int64_t bid, struct money limit)
{
    return story_do(&s, (struct command){ .account = account,
                                          .kind = COMMAND_AMEND_BID,
                                          .u.amend_bid = { bid, limit } });
}

TEST(a_higher_limit_meets_the_asks_and_goes_to_the_end_of_the_line)
{
    begin();
    const int64_t ask = story_ask(&s, story_gpu_node(&s, pat, 4), 4, TICKS(2000));
    const int64_t job = story_job(&s, alice, STORY_GPU, 1, TICKS(1000));

    CHECK(amend_bid(alice, job, TICKS(1500)));
    CHECK(no_trade());
    CHECK_I64(market_bid(s.m, job)->priority, market_last_seq(s.m));
    CHECK(amend_bid(alice, job, TICKS(2500)));
    CHECK(traded(job, ask, TICKS(2000)));
    story_end(&s);
}

TEST(a_lower_limit_too_goes_to_the_end_of_the_line)
{
    begin();
    const int64_t first = story_job(&s, alice, STORY_GPU, 1, TICKS(2500));
    const int64_t other = story_job(&s, bob, STORY_GPU, 1, TICKS(2000));
    CHECK(amend_bid(alice, first, TICKS(2000)));

    const int64_t ask = story_ask(&s, story_gpu_node(&s, pat, 1), 1, TICKS(2000));
    CHECK(traded(other, ask, TICKS(2000)));
    story_end(&s);
}

TEST(an_order_cancelled_in_the_middle_leaves_its_neighbours_in_line)
{
    begin();
    const int64_t first = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    const int64_t middle = story_job(&s, bob, STORY_GPU, 1, TICKS(2000));
    const int64_t last = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    CHECK(story_cancel(&s, bob, middle));

    const int64_t ask = story_ask(&s, story_gpu_node(&s, pat, 8), 8, TICKS(2000));
    CHECK_I64(s.out.trades_n, 2);
    CHECK(s.trades[0].bid == first && s.trades[1].bid == last);
    CHECK_I64(market_ask(s.m, ask)->free, 6);
    story_end(&s);
}

TEST(units_that_come_back_go_to_the_next_bid)
{
    begin();
    const int64_t ask = story_ask(&s, story_gpu_node(&s, pat, 2), 2, TICKS(2000));
    const int64_t first = story_job(&s, alice, STORY_GPU, 2, TICKS(2000));
    const int64_t second = story_job(&s, bob, STORY_GPU, 1, TICKS(2200));
    CHECK(no_trade());

    story_run(&s, first);
    story_wait(&s, 100);
    CHECK(story_exit(&s, first, 100, 0));
    CHECK(traded(second, ask, TICKS(2200)));
    CHECK_I64(market_ask(s.m, ask)->priority, market_last_seq(s.m));
    CHECK_I64(market_ask(s.m, ask)->free, 1);
    story_end(&s);
}

TESTS(T(a_bid_takes_the_cheapest_ask_at_its_price),
      T(at_one_price_the_smallest_free_set_that_serves_goes_first),
      T(a_better_price_goes_before_a_better_fit), T(at_one_price_and_fit_the_oldest_ask_goes_first),
      T(an_ask_serves_the_highest_limit_at_that_limit),
      T(at_one_limit_the_oldest_bid_is_served_first),
      T(an_ask_serves_bids_until_its_units_are_gone),
      T(a_job_gets_all_its_units_from_one_ask_or_rests), T(no_one_trades_above_his_limit),
      T(nobody_trades_with_himself_and_stands_in_nobodys_way),
      T(a_bid_that_cannot_be_served_does_not_block_those_behind_it),
      T(a_gang_that_waits_is_passed_and_keeps_its_place),
      T(an_ask_that_is_too_small_does_not_block_those_behind_it),
      T(a_lease_is_neither_shorter_nor_longer_than_the_ask_allows),
      T(a_run_must_end_before_the_ask_does), T(pools_do_not_meet),
      T(the_buyer_gets_back_what_he_held_above_the_price), T(a_small_budget_shortens_the_run),
      T(a_new_price_or_more_units_go_to_the_end_of_the_line_and_fewer_units_stay),
      T(an_ask_that_becomes_cheaper_meets_the_bids), T(an_ask_with_more_units_meets_the_bids),
      T(a_higher_limit_meets_the_asks_and_goes_to_the_end_of_the_line),
      T(a_lower_limit_too_goes_to_the_end_of_the_line),
      T(an_order_cancelled_in_the_middle_leaves_its_neighbours_in_line),
      T(units_that_come_back_go_to_the_next_bid))
