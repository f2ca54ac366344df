/* SPDX-License-Identifier: Apache-2.0 */
/* Money that enters and leaves. */
#include "domain/market.h"

#include "tests/t.h"
#include "tests/unit/domain/story.h"

static struct story s;

static bool credit(int64_t account, int64_t micros)
{
    return story_do(&s, (struct command){ .account = ACCOUNT_WORLD,
                                          .kind = COMMAND_CREDIT,
                                          .u.credit = { account, { micros } } });
}

static bool request(int64_t account, int64_t micros)
{
    return story_do(&s, (struct command){ .account = account,
                                          .kind = COMMAND_REQUEST_PAYOUT,
                                          .u.request_payout = { { micros } } });
}

static bool end(enum command_kind kind, int64_t payout)
{
    return story_do(
        &s, (struct command){ .account = ACCOUNT_WORLD, .kind = kind, .u.payout = { payout } });
}

static bool has(int64_t account, int64_t available, int64_t held)
{
    const struct balance *const b = story_balance(&s, account);

    return b->available.micros == available && b->held.micros == held;
}

TEST(a_new_account_has_nothing_and_the_number_of_its_command)
{
    story_begin(&s);
    const int64_t account = story_account(&s, CENTS(0));
    CHECK_I64(account, ACCOUNT_FIRST); /* the first command of a market */
    CHECK(has(account, 0, 0));
    CHECK(!market_balance(s.m, ACCOUNT_FIRST + 1));
    story_end(&s);
}

TEST(an_account_is_told_to_the_store_with_its_standing)
{
    story_begin(&s);
    s.one_group = true;
    const int64_t account = story_account(&s, CENTS(0));
    struct touched t;
    market_touched(s.m, &t);
    CHECK(t.balances_n == 1 && t.balances[0]->account == account && t.balances[0]->touch.fresh);
    CHECK(t.standings_n == 1 && t.standings[0]->account == account && t.standings[0]->touch.fresh);
    story_end(&s);
}

TEST(money_that_comes_in_is_owed_by_the_world)
{
    story_begin(&s);
    const int64_t account = story_account(&s, CENTS(0));

    CHECK(credit(account, 5));
    CHECK(has(account, 5, 0));
    CHECK(has(ACCOUNT_WORLD, -5, 0));
    CHECK_I64(s.out.postings_n, 2);
    CHECK(s.out.postings[0].account == ACCOUNT_WORLD && s.out.postings[0].amount.micros == -5);
    CHECK(s.out.postings[1].account == account && s.out.postings[1].amount.micros == 5);
    story_end(&s);
}

TEST(a_credit_names_an_account_and_a_sane_amount)
{
    story_begin(&s);
    const int64_t account = story_account(&s, CENTS(0));

    CHECK(!credit(account + 1, 5) && s.out.refused == ERR_NOT_FOUND);
    CHECK(!credit(ACCOUNT_WORLD, 5) && s.out.refused == ERR_NOT_FOUND);
    CHECK(!credit(account, 0) && s.out.refused == ERR_VALIDATION_FAILED);
    CHECK(!credit(account, -5) && s.out.refused == ERR_VALIDATION_FAILED);
    CHECK(!credit(account, MONEY_INPUT_MAX.micros + 1) && s.out.refused == ERR_VALIDATION_FAILED);
    CHECK(credit(account, MONEY_INPUT_MAX.micros));
    CHECK(credit(ACCOUNT_FEES, 1));
    story_end(&s);
}

TEST(no_more_comes_in_than_one_balance_can_count)
{
    story_begin(&s);
    s.rebuild = false;
    const int64_t a = story_account(&s, CENTS(0)), b = story_account(&s, CENTS(0));

    for (int i = 0; i < 9223; i++)
        CHECK(credit(i % 2 ? a : b, MONEY_INPUT_MAX.micros));
    const int64_t room = INT64_MAX - 9223 * MONEY_INPUT_MAX.micros;
    CHECK(!credit(a, room + 1) && s.out.refused == ERR_VALIDATION_FAILED);
    CHECK(credit(a, room));
    CHECK(!credit(b, 1) && s.out.refused == ERR_VALIDATION_FAILED);
    CHECK_I64(story_balance(&s, ACCOUNT_WORLD)->available.micros, -INT64_MAX);
    story_end(&s);
}

TEST(a_payout_is_held_until_the_rail_has_done_it)
{
    story_begin(&s);
    const int64_t account = story_account(&s, (struct money){ 100 });

    CHECK(request(account, 30));
    const int64_t payout = market_last_seq(s.m);
    CHECK(has(account, 70, 30));
    CHECK(has(ACCOUNT_WORLD, -100, 0));
    CHECK_I64(s.kept.payouts[0].state, PAYOUT_REQUESTED);
    CHECK_I64(s.kept.payouts[0].at_us, s.now_us);

    CHECK(end(COMMAND_COMPLETE_PAYOUT, payout));
    CHECK(has(account, 70, 0));
    CHECK(has(ACCOUNT_WORLD, -70, 0));
    CHECK_I64(s.kept.payouts[0].state, PAYOUT_PAID);
    story_end(&s);
}

TEST(a_payout_that_the_rail_cannot_do_comes_back)
{
    story_begin(&s);
    const int64_t account = story_account(&s, (struct money){ 100 });

    CHECK(request(account, 100));
    CHECK(has(account, 0, 100));
    CHECK(end(COMMAND_FAIL_PAYOUT, market_last_seq(s.m)));
    CHECK(has(account, 100, 0));
    CHECK(has(ACCOUNT_WORLD, -100, 0));
    CHECK_I64(s.kept.payouts[0].state, PAYOUT_FAILED);
    story_end(&s);
}

TEST(nobody_takes_out_more_than_he_has)
{
    story_begin(&s);
    const int64_t account = story_account(&s, (struct money){ 100 });

    CHECK(!request(account, 101) && s.out.refused == ERR_INSUFFICIENT_FUNDS);
    CHECK(!request(account, 0) && s.out.refused == ERR_VALIDATION_FAILED);
    CHECK(!request(account, -1) && s.out.refused == ERR_VALIDATION_FAILED);
    CHECK(!request(account + 100, 1) && s.out.refused == ERR_NOT_FOUND);
    CHECK(!request(ACCOUNT_WORLD, 1) && s.out.refused == ERR_INSUFFICIENT_FUNDS);
    CHECK(request(account, 60));
    CHECK(!request(account, 41) && s.out.refused == ERR_INSUFFICIENT_FUNDS);
    CHECK(request(account, 40));
    story_end(&s);
}

/* The answer may not depend on whether the group has been stored in between. */
TEST(a_payout_ends_once)
{
    for (int one_group = 0; one_group < 2; one_group++) {
        story_begin(&s);
        s.one_group = one_group;
        const int64_t account = story_account(&s, (struct money){ 100 });
        CHECK(request(account, 100));
        const int64_t payout = market_last_seq(s.m);
        CHECK(end(COMMAND_COMPLETE_PAYOUT, payout));
        CHECK(!end(COMMAND_COMPLETE_PAYOUT, payout) && s.out.refused == ERR_NOT_FOUND);
        CHECK(!end(COMMAND_FAIL_PAYOUT, payout) && s.out.refused == ERR_NOT_FOUND);
        CHECK(!end(COMMAND_FAIL_PAYOUT, account) && s.out.refused == ERR_NOT_FOUND);
        story_end(&s);
    }
}

/* ---- teams ---- */

static bool invite(int64_t leader, int64_t account)
{
    return story_do(&s, (struct command){ .account = leader,
                                          .kind = COMMAND_INVITE,
                                          .u.invite = { .account = account, .quota = 3 } });
}

static bool join(int64_t account, int64_t team)
{
    return story_do(&s, (struct command){ .account = account,
                                          .kind = COMMAND_JOIN_TEAM,
                                          .u.team = { .account = team } });
}

TEST(who_is_not_invited_joins_nothing)
{
    story_begin(&s);
    const int64_t leader = story_account(&s, CENTS(0)), mate = story_account(&s, CENTS(0));

    CHECK(!join(mate, leader) && s.out.refused == ERR_NOT_FOUND);
    CHECK(!join(mate, 0) && s.out.refused == ERR_NOT_FOUND); /* a team that nobody leads */
    CHECK(!join(mate + 1, 0) && s.out.refused == ERR_NOT_FOUND);
    CHECK(!join(mate + 1, leader) && s.out.refused == ERR_NOT_FOUND);
    CHECK(invite(leader, mate));
    CHECK(!join(mate, mate) && s.out.refused == ERR_NOT_FOUND);
    CHECK(join(mate, leader));
    CHECK_I64(market_standing(s.m, mate)->team, leader);
    CHECK_I64(market_standing(s.m, mate)->quota, 3);
    CHECK_I64(market_standing(s.m, mate)->invited_by, 0);
    CHECK(!join(mate, leader) && s.out.refused == ERR_NOT_FOUND); /* it is used up */
    story_end(&s);
}

TEST(nobody_joins_a_member)
{
    story_begin(&s);
    const int64_t leader = story_account(&s, CENTS(0)), mate = story_account(&s, CENTS(0));
    const int64_t third = story_account(&s, CENTS(0));

    CHECK(invite(mate, third));
    CHECK(invite(leader, mate) && join(mate, leader));
    CHECK(!join(third, mate) && s.out.refused == ERR_WRONG_STATE);
    CHECK(!invite(mate, third) && s.out.refused == ERR_WRONG_STATE);
    CHECK(invite(third, leader));
    CHECK(!join(leader, third) && s.out.refused == ERR_WRONG_STATE); /* he leads a team */
    story_end(&s);
}

TESTS(T(a_new_account_has_nothing_and_the_number_of_its_command),
      T(an_account_is_told_to_the_store_with_its_standing), T(who_is_not_invited_joins_nothing),
      T(nobody_joins_a_member), T(money_that_comes_in_is_owed_by_the_world),
      T(a_credit_names_an_account_and_a_sane_amount),
      T(no_more_comes_in_than_one_balance_can_count),
      T(a_payout_is_held_until_the_rail_has_done_it),
      T(a_payout_that_the_rail_cannot_do_comes_back), T(nobody_takes_out_more_than_he_has),
      T(a_payout_ends_once))
