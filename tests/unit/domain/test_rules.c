/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's parameters change by a command: from there on, and for what is alive. */
#include "tests/t.h"
#include "tests/unit/domain/story.h"

static struct story s;
static int64_t pat, alice, job;

static void begin(void)
{
    s.rebuild = true;
    story_begin(&s);
    pat = story_account(&s, CENTS(0));
    alice = story_account(&s, CENTS(100000));
    story_ask(&s, story_gpu_node(&s, pat, 4), 4, PER_SECOND(1000));
}

static bool set(struct market_rules rules)
{
    const struct command c = { .kind = COMMAND_SET_RULES,
                               .account = ACCOUNT_WORLD,
                               .u.set_rules = rules };
    const struct market_rules before = s.rules;

    s.rules = rules; /* a second market is built with them */
    if (story_do(&s, c)) return true;
    s.rules = before;
    return false;
}

TEST(a_shorter_time_to_answer_is_due_at_once)
{
    begin();
    job = story_job(&s, alice, STORY_GPU, 1, PER_SECOND(1000));
    story_wait(&s, 10);
    CHECK_I64(story_clock(&s), 0);
    struct market_rules r = s.rules;
    r.offer_seconds = 5;
    CHECK(set(r));
    CHECK_I64(story_clock(&s), 1);
    CHECK(story_kept_bid(&s, job)->lease == 0);
    story_end(&s);
}

/* Wherever they lie in memory, for which numbers are shifted from story to story; the story's eye
 * on every invariant looks at each deadline. */
TEST(the_deadlines_of_all_leases_move)
{
    for (int shift = 0; shift < 12; shift++) {
        begin();
        for (int i = 0; i < shift; i++)
            story_account(&s, CENTS(0));
        story_ask(&s, story_cpu_node(&s, pat, 60), 60, PER_SECOND(1));
        for (int i = 0; i < 20; i++) {
            struct market_rules r = s.rules;
            story_job(&s, alice, STORY_CPU, 1, PER_SECOND(1));
            r.offer_seconds = 600 + i;
            CHECK(set(r));
        }
        story_wait(&s, 618);
        CHECK_I64(story_clock(&s), 0);
        story_wait(&s, 1);
        CHECK(story_clock(&s) > 0);
        story_end(&s);
    }
}

TEST(a_longer_time_to_answer_holds_for_offers_that_stand)
{
    begin();
    job = story_job(&s, alice, STORY_GPU, 1, PER_SECOND(1000));
    struct market_rules r = s.rules;
    r.offer_seconds = 300;
    CHECK(set(r));
    story_wait(&s, 299);
    CHECK_I64(story_clock(&s), 0);
    CHECK(story_lease(&s, job, COMMAND_ACCEPT_LEASE));
    story_end(&s);
}

TEST(a_fee_holds_for_what_is_settled_after_it)
{
    begin();
    job = story_job(&s, alice, STORY_GPU, 1, PER_SECOND(1000));
    story_run(&s, job);
    story_wait(&s, 100);
    struct market_rules r = s.rules;
    r.fee_bps = 2500;
    CHECK(set(r));
    CHECK(story_exit(&s, job, 100, 0));
    CHECK_I64(story_lease_for(&s, job)->charge.micros, 100000);
    CHECK_I64(story_lease_for(&s, job)->fee.micros, 25000);
    story_end(&s);
}

TEST(rules_that_no_market_may_have_are_refused)
{
    static const struct market_rules wrong[] = {
        { .fee_bps = 10001, .collar_trades = 1 },
        { .fee_bps = -1, .collar_trades = 1 },
        { .bill_min_seconds = -1, .collar_trades = 1 },
        { .prepare_pay_max_seconds = -1, .collar_trades = 1 },
        { .offer_seconds = -1, .collar_trades = 1 },
        { .prepare_seconds = -1, .collar_trades = 1 },
        { .stop_seconds = -1, .collar_trades = 1 },
        { .quote_seconds = -1, .collar_trades = 1 },
        { .backoff_seconds = -1, .collar_trades = 1 },
        { .backoff_seconds = 2, .backoff_max_seconds = 1, .collar_trades = 1 },
        { .min_run_seconds = -1, .collar_trades = 1 },
        { .notice_seconds = -1, .collar_trades = 1 },
        { .displace_bps = -1, .collar_trades = 1 },
        { .pricing = 2, .collar_trades = 1 },
        { .collar_bps = -1, .collar_trades = 1 },
        { .collar_trades = 0 },
        { .collar_trades = REFERENCE_TRADES + 1 },
        { .call_seconds = -1, .collar_trades = 1 },
    };

    begin();
    CHECK(market_rules_valid(&market_rules_default));
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        CHECK(!set(wrong[i]));
        CHECK_I64(s.out.refused, ERR_VALIDATION_FAILED);
    }
    CHECK(set((struct market_rules){ .collar_trades = 1 }));
    CHECK(set((struct market_rules){ .fee_bps = 10000,
                                     .offer_seconds = INT32_MAX,
                                     .prepare_seconds = INT32_MAX,
                                     .stop_seconds = INT32_MAX,
                                     .collar_trades = REFERENCE_TRADES }));
    story_end(&s);
}

TEST(only_the_operator_sets_them)
{
    begin();
    const struct command c = { .kind = COMMAND_SET_RULES,
                               .account = pat,
                               .u.set_rules = market_rules_default };
    CHECK(!story_do(&s, c));
    CHECK_I64(s.out.refused, ERR_NOT_FOUND);
    story_end(&s);
}

/* docs/market.md, "Rules and their starting values". */
TEST(a_market_starts_with_these)
{
    static const struct market_rules starting = {
        .fee_bps = 100,
        .bill_min_seconds = 60,
        .prepare_pay_max_seconds = 900,
        .offer_seconds = 30,
        .prepare_seconds = 900,
        .stop_seconds = 60,
        .quote_seconds = 60,
        .backoff_seconds = 600,
        .backoff_max_seconds = 86400,
        .min_run_seconds = 600,
        .notice_seconds = 120,
        .displace_bps = 500,
        .pricing = PRICE_RESTING,
        .collar_bps = 10000,
        .collar_trades = 5,
        .call_seconds = 60,
    };

    CHECK(market_rules_equal(&market_rules_default, &starting));
}

TEST(rules_are_equal_when_all_of_them_are)
{
    const struct market_rules a = { .fee_bps = 1, .stop_seconds = 6, .call_seconds = 9 };

    CHECK(market_rules_equal(&a, &a));
    for (size_t i = 0; i < sizeof(a) / sizeof(int32_t); i++) {
        struct market_rules b = a;
        int32_t v[sizeof(a) / sizeof(int32_t)];
        memcpy(v, &b, sizeof(v));
        v[i]++;
        memcpy(&b, v, sizeof(v));
        CHECK(!market_rules_equal(&a, &b) && !market_rules_equal(&b, &a));
    }
}

TESTS(T(a_shorter_time_to_answer_is_due_at_once), T(the_deadlines_of_all_leases_move),
      T(a_longer_time_to_answer_holds_for_offers_that_stand),
      T(a_fee_holds_for_what_is_settled_after_it), T(rules_that_no_market_may_have_are_refused),
      T(only_the_operator_sets_them), T(a_market_starts_with_these),
      T(rules_are_equal_when_all_of_them_are))
