/* SPDX-License-Identifier: Apache-2.0 */
/* From trade to money: what leases do, what is billed, and what happens when they fail. */
#include "domain/market.h"

#include "tests/t.h"
#include "tests/unit/domain/story.h"

#define START CENTS(1000000)

static struct story s;
static int64_t pat, quinn, alice, bob;

/* Alice's job of one GPU at 1000 micros a second runs for an hour at most; pat's ask serves it. */
static int64_t ask, job;

static void begin(void)
{
    story_begin(&s);
    pat = story_account(&s, CENTS(0));
    quinn = story_account(&s, CENTS(0));
    alice = story_account(&s, START);
    bob = story_account(&s, START);
    ask = story_ask(&s, story_gpu_node(&s, pat, 4), 1, PER_SECOND(1000));
    job = story_job(&s, alice, STORY_GPU, 1, PER_SECOND(1000));
    CHECK_I64(s.out.trades_n, 1);
}

static bool refused(enum err_code code)
{
    return s.out.refused == code;
}

static const struct lease *lease(void)
{
    return story_lease_for(&s, job);
}

static const struct bid *bid(void)
{
    return story_kept_bid(&s, job);
}

static int64_t available(int64_t account)
{
    return story_balance(&s, account)->available.micros;
}

static bool exit_with(int64_t seconds, int32_t exit_code, enum reason reason)
{
    struct command c = story_lease_of(&s, job, COMMAND_LEASE_EXIT);

    c.u.lease.seconds = seconds;
    c.u.lease.exit_code = exit_code;
    c.u.lease.reason = reason;
    return story_do(&s, c);
}

static bool cannot_start(enum reason reason, enum fault fault)
{
    struct command c = story_lease_of(&s, job, COMMAND_LEASE_CANNOT_START);

    c.u.lease.reason = reason;
    c.u.lease.fault = fault;
    return story_do(&s, c);
}

/* Nothing was charged and the job waits for another node. */
static bool waits_again(void)
{
    return bid()->state == ORDER_OPEN && bid()->job == JOB_OPEN && bid()->lease == 0 &&
           bid()->reason == REASON_NONE && bid()->spent.micros == 0 &&
           bid()->hold.micros == 3600000 && bid()->priority == market_last_seq(s.m) &&
           bid()->excluded_n == 1 && bid()->excluded[0] == story_kept_ask(&s, ask)->spec.node;
}

TEST(a_job_runs_is_billed_by_the_second_and_settled)
{
    begin();
    CHECK_I64(lease()->state, LEASE_OFFERED);
    CHECK_I64(lease()->lease, job * 4096);
    CHECK_I64(lease()->epoch, 1);
    CHECK_I64(lease()->seconds_max, 3600);
    CHECK(bid()->job == JOB_PLACED && bid()->state == ORDER_FILLED && bid()->attempts == 1);

    story_wait(&s, 5);
    CHECK(story_lease(&s, job, COMMAND_ACCEPT_LEASE));
    CHECK(lease()->state == LEASE_PREPARING && lease()->accepted_us == s.now_us);
    story_wait(&s, 40);
    CHECK(story_lease(&s, job, COMMAND_LEASE_READY));
    CHECK(lease()->state == LEASE_RUNNING && lease()->ready_us == s.now_us);
    CHECK_I64(bid()->job, JOB_RUNNING);

    story_wait(&s, 1234);
    s.now_us += 999999;
    CHECK(exit_with(1300, 0, REASON_DONE));
    CHECK(lease()->state == LEASE_SETTLED && lease()->ended_us == s.now_us);
    CHECK(lease()->reason == REASON_DONE && lease()->fault == WHOSE_NOBODY);
    CHECK_I64(lease()->seconds_signed, 1300);
    CHECK_I64(lease()->seconds_observed, 1234);
    CHECK_I64(lease()->seconds_billed, 1234); /* the smaller one, in whole seconds */
    CHECK_I64(lease()->charge.micros, 1234000);
    CHECK_I64(lease()->fee.micros, 12340);
    CHECK_I64(lease()->payout.micros, 1221660);
    CHECK_I64(lease()->hold.micros, 3600000); /* a record */

    CHECK(bid()->job == JOB_SETTLED && bid()->state == ORDER_FILLED && bid()->lease == 0);
    CHECK_I64(bid()->spent.micros, 1234000);
    CHECK_I64(bid()->hold.micros, 0);
    CHECK_I64(available(alice), START.micros - 1234000);
    CHECK_I64(available(pat), 1221660);
    CHECK_I64(available(ACCOUNT_FEES), 12340);
    CHECK(!market_lease(s.m, lease()->lease) && !market_bid(s.m, job));
    CHECK_I64(market_ask(s.m, ask)->free, 1);
    story_end(&s);
}

TEST(the_lines_of_a_settlement_are_in_order_and_sum_to_zero)
{
    begin();
    story_run(&s, job);
    story_wait(&s, 100);
    CHECK(exit_with(100, 0, REASON_DONE));

    const struct posting *const p = s.out.postings;
    CHECK_I64(s.out.postings_n, 4);
    CHECK(p[0].account == ACCOUNT_FEES && p[0].amount.micros == 1000);
    CHECK(p[1].account == pat && p[1].amount.micros == 99000);
    CHECK(p[2].account == alice && p[2].bucket == BUCKET_AVAILABLE &&
          p[2].amount.micros == 3500000);
    CHECK(p[3].account == alice && p[3].bucket == BUCKET_HELD && p[3].amount.micros == -3600000);
    story_end(&s);
}

TEST(a_start_is_billed_for_at_least_a_minute)
{
    begin();
    story_run(&s, job);
    story_wait(&s, 3);
    CHECK(exit_with(3, 0, REASON_DONE));
    CHECK_I64(lease()->seconds_observed, 3);
    CHECK_I64(lease()->seconds_billed, 60);
    CHECK_I64(lease()->charge.micros, 60000);
    story_end(&s);
}

TEST(what_the_agent_signed_is_billed_when_it_is_less_than_what_we_saw)
{
    begin();
    story_run(&s, job);
    story_wait(&s, 500);
    CHECK(exit_with(450, 0, REASON_DONE));
    CHECK_I64(lease()->seconds_billed, 450);
    story_end(&s);
}

TEST(no_more_is_billed_than_was_held)
{
    begin();
    story_run(&s, job);
    story_wait(&s, 5000);
    CHECK(exit_with(INT64_MAX, 0, REASON_DONE));
    CHECK_I64(lease()->seconds_observed, 5000);
    CHECK_I64(lease()->seconds_billed, 3600);
    CHECK_I64(lease()->charge.micros, 3600000);
    CHECK_I64(available(alice), START.micros - 3600000);
    story_end(&s);
}

TEST(a_bad_exit_code_is_paid_and_the_job_has_failed)
{
    begin();
    story_run(&s, job);
    story_wait(&s, 100);
    CHECK(exit_with(100, 1, REASON_DONE));
    CHECK(bid()->job == JOB_FAILED && bid()->reason == REASON_DONE && bid()->exit_code == 1);
    CHECK_I64(lease()->charge.micros, 100000);
    story_end(&s);
}

TEST(a_job_that_takes_too_much_memory_pays_and_has_failed)
{
    begin();
    story_run(&s, job);
    story_wait(&s, 100);
    CHECK(exit_with(100, 137, REASON_OUT_OF_MEMORY));
    CHECK(bid()->job == JOB_FAILED && bid()->reason == REASON_OUT_OF_MEMORY);
    CHECK(lease()->fault == WHOSE_BUYER);
    CHECK_I64(lease()->charge.micros, 100000);
    story_end(&s);
}

TEST(a_job_that_sends_more_than_it_may_pays_and_has_failed)
{
    begin();
    story_run(&s, job);
    story_wait(&s, 100);
    CHECK(exit_with(100, 137, REASON_EGRESS_SPENT));
    CHECK(bid()->job == JOB_FAILED && bid()->reason == REASON_EGRESS_SPENT);
    CHECK(lease()->fault == WHOSE_BUYER);
    CHECK_I64(lease()->charge.micros, 100000);
    story_end(&s);
}

TEST(an_engine_that_fails_is_not_paid_and_the_job_tries_again_elsewhere)
{
    begin();
    story_run(&s, job);
    story_wait(&s, 100);
    CHECK(exit_with(100, 255, REASON_ENGINE_FAILED));
    CHECK(lease()->state == LEASE_SETTLED && lease()->fault == WHOSE_PROVIDER);
    CHECK_I64(lease()->seconds_billed, 0);
    CHECK_I64(lease()->charge.micros, 0);
    CHECK_I64(s.out.postings_n, 0); /* held as before */
    CHECK(waits_again());
    CHECK_I64(market_ask(s.m, ask)->state, ORDER_OPEN);
    story_end(&s);
}

TEST(an_exit_has_a_reason_and_a_time_that_exits_have)
{
    begin();
    CHECK(!exit_with(1, 0, REASON_DONE) && refused(ERR_WRONG_STATE));
    CHECK(story_lease(&s, job, COMMAND_ACCEPT_LEASE));
    CHECK(!exit_with(1, 0, REASON_DONE) && refused(ERR_WRONG_STATE));
    CHECK(story_lease(&s, job, COMMAND_LEASE_READY));

    static const enum reason others[] = {
        REASON_NONE,          REASON_CANCELLED,      REASON_EXPIRED,         REASON_DECLINED,
        REASON_OFFER_TIMEOUT, REASON_NODE_LOST,      REASON_BUDGET_SPENT,    REASON_NO_FUNDS,
        REASON_IMAGE_INVALID, REASON_ATTEMPTS_SPENT, REASON_PREPARE_TIMEOUT, REASON_NODE_CHANGED,
    };
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        CHECK(!exit_with(1, 0, others[i]) && refused(ERR_VALIDATION_FAILED));
    CHECK(!exit_with(-1, 0, REASON_DONE) && refused(ERR_VALIDATION_FAILED));
    CHECK(exit_with(0, 0, REASON_DONE));
    story_end(&s);
}

TEST(a_run_that_has_used_its_time_is_stopped)
{
    begin();
    story_run(&s, job);
    story_wait(&s, 3600);
    s.now_us--;
    CHECK(!story_lease(&s, job, COMMAND_LEASE_SPENT) && refused(ERR_WRONG_STATE));
    s.now_us++;
    CHECK(story_lease(&s, job, COMMAND_LEASE_SPENT));
    CHECK(lease()->state == LEASE_STOPPING && lease()->reason == REASON_TIME_SPENT);
    CHECK_I64(lease()->stopping_us, s.now_us);
    CHECK_I64(bid()->job, JOB_RUNNING);

    CHECK(exit_with(3600, 0, REASON_DONE)); /* the reason of the stop stays */
    CHECK(bid()->job == JOB_FAILED && bid()->reason == REASON_TIME_SPENT);
    story_end(&s);
}

TEST(a_run_that_has_used_its_budget_says_so)
{
    story_begin(&s);
    pat = story_account(&s, CENTS(0));
    alice = story_account(&s, START);
    ask = story_ask(&s, story_gpu_node(&s, pat, 4), 1, PER_SECOND(1000));
    struct command c = story_job_of(&s, alice, STORY_GPU, 1, PER_SECOND(1000));
    c.u.submit_job.budget.micros = 500999;
    CHECK(story_do(&s, c));
    job = market_last_seq(s.m);
    CHECK_I64(lease()->seconds_max, 500);

    story_run(&s, job);
    story_wait(&s, 500);
    CHECK(story_lease(&s, job, COMMAND_LEASE_SPENT));
    CHECK_I64(lease()->reason, REASON_BUDGET_SPENT);
    CHECK(exit_with(501, 137, REASON_DONE));
    CHECK(bid()->job == JOB_FAILED && bid()->reason == REASON_BUDGET_SPENT);
    CHECK_I64(lease()->seconds_billed, 500);
    story_end(&s);
}

TEST(an_agent_whose_own_clock_ends_the_run_says_time_or_budget_alike)
{
    begin();
    story_run(&s, job);
    story_wait(&s, 3600);
    CHECK(exit_with(3600, 137, REASON_TIME_SPENT));
    CHECK(bid()->job == JOB_FAILED && bid()->reason == REASON_TIME_SPENT);
    story_end(&s);
}

TEST(a_declined_offer_costs_the_provider_his_ask)
{
    begin();
    CHECK(story_lease(&s, job, COMMAND_DECLINE_LEASE));
    CHECK(lease()->state == LEASE_VOID && lease()->reason == REASON_DECLINED);
    CHECK(lease()->fault == WHOSE_PROVIDER && lease()->ended_us == s.now_us);
    CHECK(story_kept_ask(&s, ask)->state == ORDER_CANCELLED);
    CHECK(story_kept_ask(&s, ask)->reason == REASON_DECLINED);
    CHECK(waits_again());
    story_end(&s);
}

TEST(an_offer_without_answer_runs_out)
{
    begin();
    story_wait(&s, 30);
    s.now_us--;
    CHECK(!story_lease(&s, job, COMMAND_LEASE_TIMEOUT) && refused(ERR_WRONG_STATE));
    s.now_us++;
    CHECK(story_lease(&s, job, COMMAND_LEASE_TIMEOUT));
    CHECK(lease()->state == LEASE_VOID && lease()->reason == REASON_OFFER_TIMEOUT);
    CHECK(story_kept_ask(&s, ask)->reason == REASON_OFFER_TIMEOUT);
    CHECK(waits_again());
    story_end(&s);
}

TEST(a_container_that_is_not_ready_in_time_frees_the_job_and_keeps_the_ask)
{
    begin();
    CHECK(story_lease(&s, job, COMMAND_ACCEPT_LEASE));
    story_wait(&s, 900);
    s.now_us--;
    CHECK(!story_lease(&s, job, COMMAND_LEASE_TIMEOUT) && refused(ERR_WRONG_STATE));
    s.now_us++;
    CHECK(story_lease(&s, job, COMMAND_LEASE_TIMEOUT));
    CHECK(lease()->state == LEASE_VOID && lease()->reason == REASON_PREPARE_TIMEOUT);
    CHECK(lease()->fault == WHOSE_PROVIDER);
    CHECK(market_ask(s.m, ask)->state == ORDER_OPEN && market_ask(s.m, ask)->free == 1);
    CHECK(waits_again());
    story_end(&s);
}

TEST(after_an_outage_no_agents_silence_is_due_before_he_could_be_heard)
{
    struct command due;
    int64_t next;
    begin();
    story_wait(&s, 3600); /* the market was away, and the offer ran out meanwhile */
    const int64_t until = s.now_us + 90000000;
    market_grant_amnesty(s.m, until);
    CHECK(!market_due(s.m, until - 1, &due, &next));
    CHECK_I64(next, until);
    CHECK(market_due(s.m, until, &due, &next));
    CHECK_I64(due.kind, COMMAND_LEASE_TIMEOUT);
    market_grant_amnesty(s.m, 0);
    CHECK(market_due(s.m, s.now_us, &due, &next));
    story_end(&s);
}

TEST(a_running_lease_has_no_timeout)
{
    begin();
    story_run(&s, job);
    story_wait(&s, STORY_DAY);
    CHECK(!story_lease(&s, job, COMMAND_LEASE_TIMEOUT) && refused(ERR_WRONG_STATE));
    story_end(&s);
}

TEST(a_start_that_fails_by_the_providers_fault_is_free)
{
    begin();
    CHECK(story_lease(&s, job, COMMAND_ACCEPT_LEASE));
    story_wait(&s, 100);
    CHECK(cannot_start(REASON_ENGINE_FAILED, WHOSE_PROVIDER));
    CHECK(lease()->state == LEASE_VOID && lease()->reason == REASON_ENGINE_FAILED);
    CHECK_I64(s.out.postings_n, 0);
    CHECK(waits_again());
    CHECK(market_ask(s.m, ask)->state == ORDER_OPEN && market_ask(s.m, ask)->free == 1);
    story_end(&s);
}

TEST(a_start_that_fails_by_the_buyers_fault_pays_the_preparation)
{
    begin();
    CHECK(story_lease(&s, job, COMMAND_ACCEPT_LEASE));
    story_wait(&s, 42);
    s.now_us += 999999;
    CHECK(cannot_start(REASON_IMAGE_UNAVAILABLE, WHOSE_BUYER));
    CHECK(lease()->state == LEASE_VOID && lease()->fault == WHOSE_BUYER);
    CHECK_I64(lease()->seconds_billed, 42); /* no minimum */
    CHECK_I64(lease()->charge.micros, 42000);
    CHECK_I64(available(pat), 41580);
    CHECK_I64(available(ACCOUNT_FEES), 420);
    CHECK_I64(available(alice), START.micros - 42000);
    CHECK(bid()->job == JOB_FAILED && bid()->reason == REASON_IMAGE_UNAVAILABLE);
    CHECK(bid()->state == ORDER_FILLED && bid()->spent.micros == 42000);
    story_end(&s);
}

TEST(a_preparation_is_paid_for_a_quarter_of_an_hour_at_most)
{
    begin();
    CHECK(story_lease(&s, job, COMMAND_ACCEPT_LEASE));
    story_wait(&s, 2000);
    CHECK(cannot_start(REASON_COMMAND_INVALID, WHOSE_BUYER));
    CHECK_I64(lease()->seconds_billed, 900);
    CHECK_I64(lease()->charge.micros, 900000);
    story_end(&s);
}

TEST(a_preparation_never_costs_more_than_is_held)
{
    story_begin(&s);
    pat = story_account(&s, CENTS(0));
    alice = story_account(&s, START);
    story_ask(&s, story_gpu_node(&s, pat, 4), 1, PER_SECOND(1000));
    struct command c = story_job_of(&s, alice, STORY_GPU, 1, PER_SECOND(1000));
    c.u.submit_job.budget.micros = 100000;
    CHECK(story_do(&s, c));
    job = market_last_seq(s.m);

    CHECK(story_lease(&s, job, COMMAND_ACCEPT_LEASE));
    story_wait(&s, 500);
    CHECK(cannot_start(REASON_IMAGE_INVALID, WHOSE_BUYER));
    CHECK_I64(lease()->seconds_billed, 500);
    CHECK_I64(lease()->charge.micros, 100000);
    story_end(&s);
}

TEST(a_failed_start_has_a_reason_and_a_fault_that_fit)
{
    begin();
    CHECK(!cannot_start(REASON_IMAGE_INVALID, WHOSE_BUYER) && refused(ERR_WRONG_STATE));
    CHECK(story_lease(&s, job, COMMAND_ACCEPT_LEASE));
    for (enum reason r = 0; r < REASONS; r++) {
        const bool buyers = r == REASON_IMAGE_UNAVAILABLE || r == REASON_IMAGE_INVALID ||
                            r == REASON_COMMAND_INVALID;
        if (!buyers) CHECK(!cannot_start(r, WHOSE_BUYER) && refused(ERR_VALIDATION_FAILED));
        if (!buyers && r != REASON_ENGINE_FAILED) {
            CHECK(!cannot_start(r, WHOSE_PROVIDER) && refused(ERR_VALIDATION_FAILED));
            CHECK(!cannot_start(r, WHOSE_NOBODY) && refused(ERR_VALIDATION_FAILED));
        }
    }
    CHECK(!cannot_start(REASON_IMAGE_INVALID, 3) && refused(ERR_VALIDATION_FAILED));
    CHECK(cannot_start(REASON_IMAGE_INVALID, WHOSE_NOBODY));
    CHECK(waits_again());
    story_end(&s);
}

TEST(a_lost_node_is_not_paid_and_the_job_goes_elsewhere)
{
    begin();
    const int64_t other = story_ask(&s, story_gpu_node(&s, quinn, 4), 1, PER_SECOND(900));
    story_run(&s, job);
    story_wait(&s, 1000);
    CHECK(story_lease(&s, job, COMMAND_LEASE_LOST));

    const struct lease *const lost = story_kept_lease(&s, job * 4096);
    CHECK(lost->state == LEASE_SETTLED && lost->reason == REASON_NODE_LOST);
    CHECK(lost->fault == WHOSE_PROVIDER && lost->charge.micros == 0);
    CHECK_I64(available(pat), 0);
    CHECK(story_kept_ask(&s, ask)->reason == REASON_NODE_LOST);

    CHECK_I64(s.out.trades_n, 1);
    CHECK(s.trades[0].ask == other && !s.trades[0].bid_rested);
    CHECK(lease()->ask == other && lease()->lease == market_last_seq(s.m) * 4096);
    CHECK(bid()->attempts == 2 && bid()->lease == lease()->lease && bid()->job == JOB_PLACED);
    CHECK_I64(bid()->hold.micros, 3240000);
    story_end(&s);
}

TEST(an_offer_to_a_lost_node_is_void)
{
    begin();
    CHECK(story_lease(&s, job, COMMAND_LEASE_LOST));
    CHECK(lease()->state == LEASE_VOID && lease()->reason == REASON_NODE_LOST);
    CHECK(waits_again());
    story_end(&s);
}

TEST(a_cancelled_job_whose_node_is_lost_is_free)
{
    begin();
    story_run(&s, job);
    story_wait(&s, 100);
    CHECK(story_cancel(&s, alice, job));
    story_wait(&s, 60);
    CHECK(story_lease(&s, job, COMMAND_LEASE_LOST));
    CHECK(lease()->state == LEASE_SETTLED && lease()->reason == REASON_NODE_LOST);
    CHECK(bid()->state == ORDER_CANCELLED && bid()->job == JOB_CANCELLED);
    CHECK(bid()->reason == REASON_CANCELLED && bid()->hold.micros == 0);
    CHECK_I64(available(alice), START.micros);
    CHECK(story_kept_ask(&s, ask)->reason == REASON_NODE_LOST);
    story_end(&s);
}

TEST(a_lease_that_stopped_for_its_time_and_is_lost_tries_again)
{
    begin();
    story_run(&s, job);
    story_wait(&s, 3600);
    CHECK(story_lease(&s, job, COMMAND_LEASE_SPENT));
    story_wait(&s, 60);
    CHECK(story_lease(&s, job, COMMAND_LEASE_LOST));
    CHECK(waits_again());
    story_end(&s);
}

TEST(a_node_that_failed_a_job_is_not_taken_again_for_it)
{
    begin();
    const int64_t node = story_kept_ask(&s, ask)->spec.node;
    CHECK(story_lease(&s, job, COMMAND_ACCEPT_LEASE));
    CHECK(cannot_start(REASON_ENGINE_FAILED, WHOSE_PROVIDER));
    CHECK(waits_again());

    story_ask(&s, node, 1, PER_SECOND(500)); /* a second ask of the same node */
    CHECK_I64(s.out.trades_n, 0);
    story_job(&s, bob, STORY_GPU, 1, PER_SECOND(1000)); /* another's job has nothing against it */
    CHECK_I64(s.out.trades_n, 1);
    story_ask(&s, story_gpu_node(&s, quinn, 1), 1, PER_SECOND(1000));
    CHECK_I64(s.out.trades_n, 1);
    CHECK_I64(s.trades[0].bid, job);
    story_end(&s);
}

/* What the trade gave back is held again; where another trade gives it back, no line is left. */
TEST(a_job_that_tries_again_holds_what_its_limit_asks)
{
    begin();
    const int64_t other = story_job(&s, bob, STORY_GPU, 1, PER_SECOND(3000));
    story_ask(&s, story_gpu_node(&s, pat, 1), 1, PER_SECOND(1000));
    CHECK_I64(s.trades[0].price.micros, PER_SECOND(3000).micros); /* its own limit */
    CHECK(story_cancel(&s, bob, other));
    job = story_job(&s, bob, STORY_GPU, 1, PER_SECOND(3000));
    CHECK_I64(bid()->hold.micros, 3600000);

    story_ask(&s, story_gpu_node(&s, quinn, 1), 1, PER_SECOND(1000));
    CHECK(story_lease(&s, job, COMMAND_DECLINE_LEASE));
    CHECK(s.out.trades_n == 1 && s.out.postings_n == 0);
    CHECK_I64(bid()->hold.micros, 3600000);
    CHECK(story_lease(&s, job, COMMAND_DECLINE_LEASE));
    CHECK(s.out.trades_n == 0 && s.out.postings_n == 2);
    CHECK_I64(bid()->hold.micros, 10800000);
    CHECK_I64(available(bob), START.micros - 10800000);
    story_end(&s);
}

TEST(a_job_is_tried_only_so_often)
{
    begin();
    for (int i = 0; i < 2; i++) {
        CHECK(story_lease(&s, job, COMMAND_DECLINE_LEASE));
        CHECK(bid()->state == ORDER_OPEN);
        story_ask(&s, story_gpu_node(&s, quinn, 1), 1, PER_SECOND(1000));
        CHECK_I64(s.out.trades_n, 1);
    }
    CHECK_I64(bid()->attempts, 3);
    CHECK(story_lease(&s, job, COMMAND_DECLINE_LEASE));
    CHECK(bid()->state == ORDER_FAILED && bid()->job == JOB_FAILED);
    CHECK_I64(bid()->reason, REASON_ATTEMPTS_SPENT);
    CHECK_I64(bid()->excluded_n, 3);
    CHECK_I64(available(alice), START.micros);
    story_end(&s);
}

TEST(a_job_that_is_too_late_to_try_again_expires)
{
    begin();
    story_run(&s, job);
    story_wait(&s, STORY_DAY);
    CHECK(story_lease(&s, job, COMMAND_LEASE_LOST));
    CHECK(bid()->state == ORDER_EXPIRED && bid()->job == JOB_EXPIRED);
    CHECK_I64(bid()->reason, REASON_EXPIRED);
    CHECK_I64(available(alice), START.micros);
    story_end(&s);
}

TEST(a_job_whose_money_is_gone_cannot_try_again)
{
    story_begin(&s);
    pat = story_account(&s, CENTS(0));
    alice = story_account(&s, (struct money){ 7200000 });
    ask = story_ask(&s, story_gpu_node(&s, pat, 4), 1, PER_SECOND(1000));
    job = story_job(&s, alice, STORY_GPU, 1, PER_SECOND(2000)); /* holds twice the price */
    story_job(&s, alice, STORY_GPU, 1, PER_SECOND(1000));       /* which this one takes */
    CHECK_I64(available(alice), 0);

    CHECK(story_lease(&s, job, COMMAND_DECLINE_LEASE));
    CHECK(bid()->state == ORDER_FAILED && bid()->reason == REASON_NO_FUNDS);
    CHECK_I64(available(alice), 3600000);
    story_end(&s);
}

/* A bid that has spent something already, as after a loss that was paid up to a checkpoint. */
static struct market *with_spent(int64_t spent)
{
    const struct pool pool = {
        .number = 1, .name = "cpu", .unit = { .cpu_millis = 1000 }, .tick = { 1 }
    };
    struct market *const m = market_new(&mem_heap, &market_rules_default, &pool, 1);
    struct bid b = {
        .bid = 20,
        .account = 17,
        .priority = 20,
        .spec = { .wants = { { 1, 1 } },
                  .wants_n = 1,
                  .limit = PER_SECOND(10),
                  .budget = { 36000 },
                  .nodes = 1,
                  .seconds = 3600,
                  .checkpoint_seconds = 60,
                  .expires_us = STORY_START + 1000000,
                  .attempts_max = 3 },
        .state = ORDER_FILLED,
        .job = JOB_RUNNING,
        .spent = { spent },
        .hold = { 36000 - spent },
        .lease = INT64_C(21) * 4096,
        .leases_n = 1,
        .live = 1,
        .attempts = 2,
        .excluded = { 7 },
        .excluded_n = 1,
    };
    const struct node node = { .node = 18, .account = 16, .spec = { .cpu_millis = 4000 } };
    const struct ask a = {
        .ask = 19,
        .account = 16,
        .priority = 19,
        .traits.site = 18,
        .spec = { .node = 18,
                  .pool = 1,
                  .price = PER_SECOND(10),
                  .floor = PER_SECOND(10),
                  .units = 4,
                  .until_us = INT64_MAX,
                  .seconds_min = 60,
                  .seconds_max = 86400,
                  .egress_max = 2,
                  .risk_seconds = 60 },
        .free = 3,
        .state = ORDER_OPEN,
    };
    const struct lease l = {
        .lease = INT64_C(21) * 4096,
        .bid = 20,
        .ask = 19,
        .node = 18,
        .buyer = 17,
        .provider = 16,
        .pool = 1,
        .units = 1,
        .price = PER_SECOND(10),
        .seconds_max = (int32_t)((36000 - spent) / 10),
        .hold = { (36000 - spent) / 10 * 10 },
        .state = LEASE_RUNNING,
        .epoch = 1,
        .traded_us = STORY_START,
        .accepted_us = STORY_START,
        .ready_us = STORY_START,
    };

    CHECK(m);
    CHECK(market_load_node(m, &node) && market_load_ask(m, &a) && market_load_bid(m, &b));
    CHECK(market_load_lease(m, &l));
    CHECK(market_load_balance(m, &(struct balance){ .account = 17, .held = { 36000 - spent } }));
    CHECK(market_load_balance(m, &(struct balance){ .account = 16 }));
    CHECK(market_load_balance(
        m, &(struct balance){ .account = ACCOUNT_WORLD, .available = { spent - 36000 } }));
    CHECK(market_load_end(m, 30, STORY_START));
    return m;
}

static const struct command lose = {
    .seq = 31,
    .at_us = STORY_START + 999999,
    .account = ACCOUNT_WORLD,
    .kind = COMMAND_LEASE_LOST,
    .u.lease = { .lease = INT64_C(21) * 4096, .epoch = 1 },
};

TEST(a_job_tries_again_with_what_is_left_of_its_budget)
{
    struct outcome out;
    struct market *const m = with_spent(35400);

    market_apply(m, &lose, &out);
    market_check(m);
    CHECK_I64(out.refused, ERR_NONE);
    CHECK_I64(market_bid(m, 20)->state, ORDER_OPEN);
    CHECK_I64(market_bid(m, 20)->hold.micros, 600); /* a minute is left */
    CHECK_I64(market_bid(m, 20)->excluded_n, 2);
    CHECK_I64(market_bid(m, 20)->excluded[1], 18);
    market_free(m);
}

TEST(a_job_whose_budget_is_spent_does_not_try_again)
{
    struct outcome out;
    struct market *const m = with_spent(35401);

    market_apply(m, &lose, &out);
    market_check(m);
    CHECK_I64(out.refused, ERR_NONE);
    CHECK_I64(market_bid(m, 20)->state, ORDER_FAILED);
    CHECK_I64(market_bid(m, 20)->reason, REASON_BUDGET_SPENT);
    CHECK_I64(market_balance(m, 17)->held.micros, 0);
    CHECK_I64(market_balance(m, 17)->available.micros, 599);
    market_free(m);
}

TEST(only_the_provider_and_the_market_speak_about_a_lease)
{
    begin();
    struct command c = story_lease_of(&s, job, COMMAND_ACCEPT_LEASE);

    c.account = quinn;
    CHECK(!story_do(&s, c) && refused(ERR_NOT_FOUND));
    c.account = alice;
    CHECK(!story_do(&s, c) && refused(ERR_NOT_FOUND));
    c.account = ACCOUNT_WORLD;
    CHECK(story_do(&s, c));
    story_end(&s);
}

TEST(a_lease_is_named_with_its_epoch)
{
    begin();
    struct command c = story_lease_of(&s, job, COMMAND_ACCEPT_LEASE);

    c.u.lease.epoch = 2;
    CHECK(!story_do(&s, c) && refused(ERR_STALE_EPOCH));
    c.u.lease.epoch = 0;
    CHECK(!story_do(&s, c) && refused(ERR_STALE_EPOCH));
    c.u.lease.epoch = 1;
    c.u.lease.lease++;
    CHECK(!story_do(&s, c) && refused(ERR_NOT_FOUND));
    story_end(&s);
}

TEST(what_the_table_does_not_allow_is_refused)
{
    begin();
    CHECK(!story_lease(&s, job, COMMAND_LEASE_READY) && refused(ERR_WRONG_STATE));
    CHECK(!story_lease(&s, job, COMMAND_LEASE_SPENT) && refused(ERR_WRONG_STATE));
    CHECK(story_lease(&s, job, COMMAND_ACCEPT_LEASE));
    CHECK(!story_lease(&s, job, COMMAND_ACCEPT_LEASE) && refused(ERR_WRONG_STATE));
    CHECK(!story_lease(&s, job, COMMAND_DECLINE_LEASE) && refused(ERR_WRONG_STATE));
    CHECK(story_lease(&s, job, COMMAND_LEASE_READY));
    CHECK(!story_lease(&s, job, COMMAND_LEASE_READY) && refused(ERR_WRONG_STATE));
    CHECK(!cannot_start(REASON_ENGINE_FAILED, WHOSE_PROVIDER) && refused(ERR_WRONG_STATE));
    story_end(&s);
}

/* The answer may not depend on whether the group has been stored in between. */
TEST(a_lease_that_is_over_is_unknown)
{
    for (int one_group = 0; one_group < 2; one_group++) {
        begin();
        s.one_group = one_group;
        CHECK(story_lease(&s, job, COMMAND_DECLINE_LEASE));
        CHECK((market_lease(s.m, lease()->lease) != NULL) == s.one_group); /* to be looked at */
        CHECK(!story_lease(&s, job, COMMAND_DECLINE_LEASE) && refused(ERR_NOT_FOUND));
        CHECK(!story_lease(&s, job, COMMAND_LEASE_LOST) && refused(ERR_NOT_FOUND));
        story_end(&s);
    }
}

TEST(the_failed_job_looks_first_and_the_freed_ask_after_it)
{
    begin();
    struct command c = story_ask_of(&s, story_gpu_node(&s, quinn, 1), 1, PER_SECOND(1000));
    c.u.place_ask.seconds_max = STORY_HOUR; /* good for alice's job, not for bob's */
    CHECK(story_do(&s, c));
    const int64_t other = market_last_seq(s.m);
    c = story_job_of(&s, bob, STORY_GPU, 1, PER_SECOND(1000));
    c.u.submit_job.seconds = 2 * STORY_HOUR;
    CHECK(story_do(&s, c));
    const int64_t waits = market_last_seq(s.m);
    CHECK_I64(s.out.trades_n, 0);

    CHECK(story_lease(&s, job, COMMAND_ACCEPT_LEASE));
    CHECK(cannot_start(REASON_ENGINE_FAILED, WHOSE_PROVIDER));
    CHECK_I64(s.out.trades_n, 2);
    CHECK(s.trades[0].bid == job && s.trades[0].ask == other && !s.trades[0].bid_rested);
    CHECK(s.trades[1].bid == waits && s.trades[1].ask == ask && s.trades[1].bid_rested);
    CHECK_I64(s.trades[1].trade, s.trades[0].trade + 1);
    story_end(&s);
}

/* However many buyers the freed units go to, only those whose lease ended are booked. */
TEST(an_end_that_serves_many_others_has_few_lines)
{
    story_begin(&s);
    pat = story_account(&s, CENTS(0));
    alice = story_account(&s, START);
    ask = story_ask(&s, story_gpu_node(&s, pat, 12), 12, PER_SECOND(1000));
    job = story_job(&s, alice, STORY_GPU, 12, PER_SECOND(1000));
    for (int i = 0; i < 12; i++)
        story_job(&s, story_account(&s, START), STORY_GPU, 1, PER_SECOND(1000));

    story_run(&s, job);
    story_wait(&s, 100);
    CHECK(exit_with(100, 0, REASON_DONE));
    CHECK_I64(s.out.trades_n, 12);
    CHECK_I64(s.out.postings_n, 4);
    story_end(&s);
}

TESTS(T(a_job_runs_is_billed_by_the_second_and_settled),
      T(the_lines_of_a_settlement_are_in_order_and_sum_to_zero),
      T(a_start_is_billed_for_at_least_a_minute),
      T(what_the_agent_signed_is_billed_when_it_is_less_than_what_we_saw),
      T(no_more_is_billed_than_was_held), T(a_bad_exit_code_is_paid_and_the_job_has_failed),
      T(a_job_that_takes_too_much_memory_pays_and_has_failed),
      T(a_job_that_sends_more_than_it_may_pays_and_has_failed),
      T(an_engine_that_fails_is_not_paid_and_the_job_tries_again_elsewhere),
      T(an_exit_has_a_reason_and_a_time_that_exits_have),
      T(a_run_that_has_used_its_time_is_stopped), T(a_run_that_has_used_its_budget_says_so),
      T(an_agent_whose_own_clock_ends_the_run_says_time_or_budget_alike),
      T(a_declined_offer_costs_the_provider_his_ask), T(an_offer_without_answer_runs_out),
      T(a_container_that_is_not_ready_in_time_frees_the_job_and_keeps_the_ask),
      T(after_an_outage_no_agents_silence_is_due_before_he_could_be_heard),
      T(a_running_lease_has_no_timeout), T(a_start_that_fails_by_the_providers_fault_is_free),
      T(a_start_that_fails_by_the_buyers_fault_pays_the_preparation),
      T(a_preparation_is_paid_for_a_quarter_of_an_hour_at_most),
      T(a_preparation_never_costs_more_than_is_held),
      T(a_failed_start_has_a_reason_and_a_fault_that_fit),
      T(a_lost_node_is_not_paid_and_the_job_goes_elsewhere), T(an_offer_to_a_lost_node_is_void),
      T(a_cancelled_job_whose_node_is_lost_is_free),
      T(a_lease_that_stopped_for_its_time_and_is_lost_tries_again),
      T(a_node_that_failed_a_job_is_not_taken_again_for_it),
      T(a_job_that_tries_again_holds_what_its_limit_asks), T(a_job_is_tried_only_so_often),
      T(a_job_that_is_too_late_to_try_again_expires), T(a_job_whose_money_is_gone_cannot_try_again),
      T(a_job_tries_again_with_what_is_left_of_its_budget),
      T(a_job_whose_budget_is_spent_does_not_try_again),
      T(only_the_provider_and_the_market_speak_about_a_lease), T(a_lease_is_named_with_its_epoch),
      T(what_the_table_does_not_allow_is_refused), T(a_lease_that_is_over_is_unknown),
      T(the_failed_job_looks_first_and_the_freed_ask_after_it),
      T(an_end_that_serves_many_others_has_few_lines))
