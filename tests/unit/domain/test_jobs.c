/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs and their bids: what may be asked for, what is held, how it ends without a run. */
#include "domain/market.h"

#include "base/limits.h"
#include "tests/t.h"
#include "tests/unit/domain/story.h"

static struct story s;
static int64_t pat, quinn, alice, bob;

static void begin(void)
{
    story_begin(&s);
    pat = story_account(&s, CENTS(0));
    quinn = story_account(&s, CENTS(0));
    alice = story_account(&s, CENTS(10000));
    bob = story_account(&s, CENTS(10000));
}

static bool refused(enum err_code code)
{
    return s.out.refused == code;
}

static bool amend(int64_t account, int64_t bid, struct money limit)
{
    return story_do(&s, (struct command){ .account = account,
                                          .kind = COMMAND_AMEND_BID,
                                          .u.amend_bid = { bid, limit } });
}

static bool holds(int64_t account, struct money held, struct money available)
{
    const struct balance *const b = story_balance(&s, account);

    return money_cmp(b->held, held) == 0 && money_cmp(b->available, available) == 0;
}

struct change {
    void (*make)(struct bid_spec *b);
    enum err_code code;
};

static void no_pool(struct bid_spec *b)
{
    b->wants[0].pool = 99;
}
static void off_tick(struct bid_spec *b)
{
    b->limit.micros += 1;
}
static void zero(struct bid_spec *b)
{
    b->limit.micros = 0;
}
static void units_none(struct bid_spec *b)
{
    b->wants[0].units = 0;
}
static void units_many(struct bid_spec *b)
{
    b->wants[0].units = UNITS_MAX + 1;
}
static void too_short(struct bid_spec *b)
{
    b->seconds = 59;
}
static void too_long(struct bid_spec *b)
{
    b->seconds = 30 * STORY_DAY + 1;
}
static void expired(struct bid_spec *b)
{
    b->expires_us = STORY_START;
}
static void too_late(struct bid_spec *b)
{
    b->expires_us = STORY_START + 30 * STORY_DAY * INT64_C(1000000) + 1;
}
static void no_attempt(struct bid_spec *b)
{
    b->attempts_max = 0;
}
static void many_attempts(struct bid_spec *b)
{
    b->attempts_max = 11;
}
static void no_budget(struct bid_spec *b)
{
    b->budget.micros = 0;
}
static void big_budget(struct bid_spec *b)
{
    b->budget.micros = MONEY_INPUT_MAX.micros + 1;
}
static void below_least(struct bid_spec *b)
{
    b->budget.micros = TICKS(2000).micros / 60 - 1;
}
static void dear(struct bid_spec *b)
{
    b->limit = TICKS(100001);
}
static void overflowing(struct bid_spec *b)
{
    b->limit.micros = INT64_MAX / 1000 * 1000;
    b->wants[0].units = UNITS_MAX;
}

TEST(a_job_asks_for_something_sensible_that_the_buyer_can_pay)
{
    static const struct change changes[] = {
        { no_pool, ERR_NOT_FOUND },
        { off_tick, ERR_VALIDATION_FAILED },
        { zero, ERR_VALIDATION_FAILED },
        { units_none, ERR_VALIDATION_FAILED },
        { units_many, ERR_VALIDATION_FAILED },
        { too_short, ERR_VALIDATION_FAILED },
        { too_long, ERR_VALIDATION_FAILED },
        { expired, ERR_VALIDATION_FAILED },
        { too_late, ERR_VALIDATION_FAILED },
        { no_attempt, ERR_VALIDATION_FAILED },
        { many_attempts, ERR_VALIDATION_FAILED },
        { no_budget, ERR_VALIDATION_FAILED },
        { big_budget, ERR_VALIDATION_FAILED },
        { below_least, ERR_VALIDATION_FAILED },
        { overflowing, ERR_VALIDATION_FAILED },
        { dear, ERR_INSUFFICIENT_FUNDS },
    };

    story_begin(&s);
    alice = story_account(&s, CENTS(10000));
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        struct command c = story_job_of(&s, alice, STORY_GPU, 1, TICKS(2000));
        changes[i].make(&c.u.submit_job);
        CHECK(!story_do(&s, c));
        CHECK_I64(s.out.refused, changes[i].code);
    }
    CHECK(!story_do(&s, story_job_of(&s, alice + 99, STORY_GPU, 1, TICKS(2000))));
    CHECK(refused(ERR_NOT_FOUND));

    struct command c = story_job_of(&s, alice, STORY_GPU, 1, TICKS(2000));
    c.u.submit_job.budget.micros = 33334; /* just the minute that is billed at least */
    c.u.submit_job.seconds = 30 * STORY_DAY;
    c.u.submit_job.expires_us = s.now_us + 30 * STORY_DAY * INT64_C(1000000);
    c.u.submit_job.attempts_max = 10;
    CHECK(story_do(&s, c));
    CHECK(holds(alice, (struct money){ 33334 }, (struct money){ CENTS(10000).micros - 33334 }));
    CHECK(story_do(&s, story_job_of(&s, alice, STORY_CPU, UNITS_MAX, TICKS(1))));
    story_end(&s);
}

TEST(a_resting_bid_holds_what_its_longest_run_costs_at_the_limit)
{
    begin();
    const int64_t job = story_job(&s, alice, STORY_GPU, 3, TICKS(2000));

    CHECK_I64(market_bid(s.m, job)->hold.micros, TICKS(6000).micros);
    CHECK_I64(market_bid(s.m, job)->job, JOB_OPEN);
    CHECK(holds(alice, TICKS(6000), TICKS(94000)));
    story_end(&s);
}

TEST(a_hold_is_rounded_up)
{
    begin();
    struct command c = story_job_of(&s, alice, STORY_CPU, 1, (struct money){ 7 });
    c.u.submit_job.seconds = 3601;
    CHECK(story_do(&s, c));
    CHECK(holds(alice, (struct money){ 8 }, (struct money){ CENTS(10000).micros - 8 }));
    story_end(&s);
}

TEST(no_one_holds_more_than_he_has)
{
    begin();
    story_job(&s, alice, STORY_GPU, 10, TICKS(6000));
    CHECK(!story_do(&s, story_job_of(&s, alice, STORY_GPU, 10, TICKS(4001))));
    CHECK(refused(ERR_INSUFFICIENT_FUNDS));
    story_job(&s, alice, STORY_GPU, 10, TICKS(4000));
    CHECK(holds(alice, CENTS(10000), CENTS(0)));
    story_end(&s);
}

TEST(an_amended_limit_moves_the_hold)
{
    begin();
    const int64_t job = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));

    CHECK(amend(alice, job, TICKS(3000)));
    CHECK(holds(alice, TICKS(3000), TICKS(97000)));
    CHECK(amend(alice, job, TICKS(1000)));
    CHECK(holds(alice, TICKS(1000), TICKS(99000)));
    CHECK(amend(alice, job, TICKS(1000)));
    CHECK_I64(s.out.postings_n, 0);
    story_end(&s);
}

TEST(an_amended_limit_is_checked_as_a_new_one)
{
    begin();
    struct command c = story_job_of(&s, alice, STORY_GPU, 1, TICKS(2000));
    c.u.submit_job.budget = CENTS(100);
    CHECK(story_do(&s, c));
    const int64_t job = market_last_seq(s.m);

    CHECK(!amend(bob, job, TICKS(3000)) && refused(ERR_NOT_FOUND));
    CHECK(!amend(alice, job + 99, TICKS(3000)) && refused(ERR_NOT_FOUND));
    CHECK(!amend(alice, job, (struct money){ 1 }) && refused(ERR_VALIDATION_FAILED));
    CHECK(!amend(alice, job, TICKS(60001)) && refused(ERR_VALIDATION_FAILED)); /* a minute of it */
    CHECK(amend(alice, job, TICKS(60000)));

    const int64_t rich = story_job(&s, bob, STORY_GPU, 1, TICKS(99999));
    CHECK(!amend(bob, rich, TICKS(100001)) && refused(ERR_INSUFFICIENT_FUNDS));
    CHECK(amend(bob, rich, TICKS(100000)));
    story_end(&s);
}

TEST(a_placed_bid_is_amended_no_more)
{
    begin();
    story_ask(&s, story_gpu_node(&s, pat, 1), 1, TICKS(2000));
    const int64_t job = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));

    CHECK(!amend(alice, job, TICKS(3000)) && refused(ERR_WRONG_STATE));
    story_end(&s);
}

TEST(a_job_cancelled_while_it_rests_gets_everything_back)
{
    begin();
    const int64_t job = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));

    CHECK(!story_cancel(&s, bob, job) && refused(ERR_NOT_FOUND));
    CHECK(!story_cancel(&s, ACCOUNT_WORLD, job) && refused(ERR_NOT_FOUND));
    CHECK(story_cancel(&s, alice, job));
    CHECK(holds(alice, CENTS(0), CENTS(10000)));
    const struct bid *const b = story_kept_bid(&s, job);
    CHECK(b->state == ORDER_CANCELLED && b->job == JOB_CANCELLED && b->reason == REASON_CANCELLED);
    story_end(&s);
}

TEST(a_job_cancelled_before_the_provider_answers_costs_nothing)
{
    begin();
    const int64_t ask = story_ask(&s, story_gpu_node(&s, pat, 1), 1, TICKS(1500));
    const int64_t job = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    const int64_t next = story_job(&s, bob, STORY_GPU, 1, TICKS(1800));

    CHECK(story_cancel(&s, alice, job));
    CHECK(holds(alice, CENTS(0), CENTS(10000)));
    const struct lease *const l = story_lease_for(&s, job);
    CHECK(l->state == LEASE_VOID && l->reason == REASON_CANCELLED && l->fault == WHOSE_NOBODY);
    CHECK_I64(l->ended_us, s.now_us);
    CHECK(story_kept_bid(&s, job)->state == ORDER_CANCELLED);

    CHECK_I64(s.out.trades_n, 1); /* the ask serves who waits */
    CHECK(s.trades[0].bid == next && s.trades[0].ask == ask);
    story_end(&s);
}

TEST(a_job_cancelled_while_it_is_prepared_stops_and_costs_nothing)
{
    begin();
    story_ask(&s, story_gpu_node(&s, pat, 1), 1, PER_SECOND(1000));
    const int64_t job = story_job(&s, alice, STORY_GPU, 1, PER_SECOND(1000));
    CHECK(story_lease(&s, job, COMMAND_ACCEPT_LEASE));

    story_wait(&s, 10);
    CHECK(story_cancel(&s, alice, job));
    CHECK_I64(story_lease_for(&s, job)->state, LEASE_STOPPING);
    CHECK_I64(story_lease_for(&s, job)->stopping_us, s.now_us);
    CHECK_I64(market_bid(s.m, job)->job, JOB_PLACED);
    CHECK(!story_lease(&s, job, COMMAND_LEASE_READY) && refused(ERR_WRONG_STATE));

    story_wait(&s, 10);
    CHECK(story_exit(&s, job, 10, 137));
    CHECK_I64(story_lease_for(&s, job)->seconds_billed, 0); /* it never was ready */
    CHECK_I64(story_kept_bid(&s, job)->job, JOB_CANCELLED);
    CHECK(holds(alice, CENTS(0), CENTS(10000)));
    story_end(&s);
}

TEST(a_job_cancelled_while_it_runs_stops_and_pays_what_it_used)
{
    begin();
    story_ask(&s, story_gpu_node(&s, pat, 1), 1, PER_SECOND(1000));
    const int64_t job = story_job(&s, alice, STORY_GPU, 1, PER_SECOND(1000));
    story_run(&s, job);

    story_wait(&s, 100);
    CHECK(story_cancel(&s, alice, job));
    CHECK_I64(story_lease_for(&s, job)->state, LEASE_STOPPING);
    CHECK_I64(story_lease_for(&s, job)->reason, REASON_CANCELLED);
    CHECK(story_cancel(&s, alice, job)); /* once more changes nothing */

    story_wait(&s, 5);
    CHECK(story_exit(&s, job, 103, 137));
    const struct bid *const b = story_kept_bid(&s, job);
    CHECK(b->job == JOB_CANCELLED && b->state == ORDER_CANCELLED && b->reason == REASON_CANCELLED);
    CHECK_I64(b->exit_code, 137);
    CHECK_I64(b->spent.micros, 103000);
    CHECK(holds(alice, CENTS(0), (struct money){ CENTS(10000).micros - 103000 }));
    CHECK(holds(pat, CENTS(0), (struct money){ 101970 }));
    CHECK(holds(ACCOUNT_FEES, CENTS(0), (struct money){ 1030 }));
    story_end(&s);
}

TEST(a_cancel_outweighs_the_reason_of_a_stop_under_way)
{
    begin();
    story_ask(&s, story_gpu_node(&s, pat, 1), 1, PER_SECOND(1000));
    const int64_t job = story_job(&s, alice, STORY_GPU, 1, PER_SECOND(1000));
    story_run(&s, job);
    story_wait(&s, STORY_HOUR);
    CHECK(story_lease(&s, job, COMMAND_LEASE_SPENT));
    const int64_t stopping_us = s.now_us;

    story_wait(&s, 1);
    CHECK(story_cancel(&s, alice, job));
    CHECK_I64(story_lease_for(&s, job)->reason, REASON_CANCELLED);
    CHECK_I64(story_lease_for(&s, job)->stopping_us, stopping_us);
    CHECK(story_exit(&s, job, STORY_HOUR, 0));
    CHECK_I64(story_kept_bid(&s, job)->job, JOB_CANCELLED);
    story_end(&s);
}

/* The answer may not depend on whether the group has been stored in between. */
TEST(a_job_that_is_over_is_unknown)
{
    for (int one_group = 0; one_group < 2; one_group++) {
        begin();
        s.one_group = one_group;
        const int64_t job = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
        CHECK(story_cancel(&s, alice, job));
        CHECK((market_bid(s.m, job) != NULL) == s.one_group); /* to be looked at */
        CHECK(!story_cancel(&s, alice, job) && refused(ERR_NOT_FOUND));
        CHECK(!amend(alice, job, TICKS(2000)) && refused(ERR_NOT_FOUND));
        story_end(&s);
    }
}

TEST(a_bid_expires_when_its_time_has_come_and_not_before)
{
    begin();
    const int64_t job = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    const struct command c = { .account = ACCOUNT_WORLD,
                               .kind = COMMAND_EXPIRE_ORDER,
                               .u.order = { job } };

    story_wait(&s, STORY_DAY);
    s.now_us--;
    CHECK(!story_do(&s, c) && refused(ERR_WRONG_STATE));
    s.now_us++;
    CHECK(story_do(&s, c));
    const struct bid *const b = story_kept_bid(&s, job);
    CHECK(b->state == ORDER_EXPIRED && b->job == JOB_EXPIRED && b->reason == REASON_EXPIRED);
    CHECK(holds(alice, CENTS(0), CENTS(10000)));
    story_end(&s);
}

TEST(a_placed_bid_does_not_expire)
{
    begin();
    story_ask(&s, story_gpu_node(&s, pat, 1), 1, TICKS(2000));
    const int64_t job = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));

    story_wait(&s, STORY_DAY);
    CHECK(!story_do(&s, (struct command){ .account = ACCOUNT_WORLD,
                                          .kind = COMMAND_EXPIRE_ORDER,
                                          .u.order = { job } }));
    CHECK(refused(ERR_WRONG_STATE));
    story_end(&s);
}

TEST(an_account_rests_only_so_many_bids)
{
    static struct bid many[1];
    struct money held = { 0 };
    const struct mem mem = mem_heap;
    const struct pool pool = {
        .number = STORY_CPU, .name = "cpu", .unit = { .cpu_millis = 1000 }, .tick = { 1 }
    };
    struct market *const m = market_new(&mem, &market_rules_default, &pool, 1);
    struct outcome out;

    CHECK(m);
    for (int64_t i = 0; i < OPEN_ORDERS_MAX; i++) {
        many[0] = (struct bid){
            .bid = 100 + i,
            .account = 16,
            .priority = 100 + i,
            .spec = { .wants = { { STORY_CPU, 1 } },
                      .wants_n = 1,
                      .limit = { 60 },
                      .budget = { 60 },
                      .nodes = 1,
                      .seconds = 3600,
                      .checkpoint_seconds = 60,
                      .expires_us = STORY_START + 1000000,
                      .attempts_max = 1 },
            .state = ORDER_OPEN,
            .job = JOB_OPEN,
            .hold = { 60 },
        };
        held.micros += 60;
        CHECK(market_load_bid(m, &many[0]));
    }
    CHECK(market_load_balance(
        m, &(struct balance){ .account = 16, .available = { 600 }, .held = held }));
    CHECK(market_load_balance(
        m, &(struct balance){ .account = ACCOUNT_WORLD, .available = { -600 - held.micros } }));
    CHECK(market_load_end(m, 20000, STORY_START));

    struct command c = { .seq = 20001,
                         .at_us = STORY_START,
                         .account = 16,
                         .kind = COMMAND_SUBMIT_JOB,
                         .u.submit_job = many[0].spec };
    market_apply(m, &c, &out);
    CHECK_I64(out.refused, ERR_QUOTA_EXCEEDED);

    market_apply(m,
                 &(struct command){ .seq = 20001,
                                    .at_us = STORY_START,
                                    .account = 16,
                                    .kind = COMMAND_CANCEL_JOB,
                                    .u.order = { 100 } },
                 &out);
    CHECK_I64(out.refused, ERR_NONE);
    c.seq = 20002;
    market_apply(m, &c, &out);
    CHECK_I64(out.refused, ERR_NONE);
    market_free(m);
}

TESTS(T(a_job_asks_for_something_sensible_that_the_buyer_can_pay),
      T(a_resting_bid_holds_what_its_longest_run_costs_at_the_limit), T(a_hold_is_rounded_up),
      T(no_one_holds_more_than_he_has), T(an_amended_limit_moves_the_hold),
      T(an_amended_limit_is_checked_as_a_new_one), T(a_placed_bid_is_amended_no_more),
      T(a_job_cancelled_while_it_rests_gets_everything_back),
      T(a_job_cancelled_before_the_provider_answers_costs_nothing),
      T(a_job_cancelled_while_it_is_prepared_stops_and_costs_nothing),
      T(a_job_cancelled_while_it_runs_stops_and_pays_what_it_used),
      T(a_cancel_outweighs_the_reason_of_a_stop_under_way), T(a_job_that_is_over_is_unknown),
      T(a_bid_expires_when_its_time_has_come_and_not_before), T(a_placed_bid_does_not_expire),
      T(an_account_rests_only_so_many_bids))
