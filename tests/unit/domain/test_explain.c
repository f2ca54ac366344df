/* SPDX-License-Identifier: Apache-2.0 */
/* What an explanation, a quote and the price of a displacement say, to the unit and to the second;
 * that their searches find all there is, tests/property/test_explain.c sees to. */
#include "domain/explain.h"

#include "tests/t.h"
#include "tests/unit/domain/story.h"

#define SECOND INT64_C(1000000)

static struct story s;
static struct explanation e;
static struct quote q;
static int64_t pat, quinn, alice, bob, node;
static const char *why;

static void begin(void)
{
    story_begin(&s);
    pat = story_account(&s, CENTS(0));
    quinn = story_account(&s, CENTS(0));
    alice = story_account(&s, CENTS(100000));
    bob = story_account(&s, CENTS(100000));
    node = story_gpu_node(&s, pat, 4);
}

static int64_t job_of(struct command c)
{
    CHECK(story_do(&s, c));
    return market_last_seq(s.m);
}

static void explain(int64_t bid)
{
    CHECK(market_explain(s.m, bid, s.now_us, &e));
}

/* To what the term should be changed; -1: it is not named. */
static int64_t to(enum change_of of)
{
    for (int32_t i = 0; i < e.changes_n; i++)
        if (e.changes[i].of == of) return e.changes[i].to;
    return -1;
}

/* ---- counting ---- */

TEST(only_a_bid_that_rests_is_explained)
{
    begin();
    story_ask(&s, node, 1, TICKS(10));
    const int64_t filled = story_job(&s, alice, STORY_GPU, 1, TICKS(10));
    const int64_t rests = story_job(&s, alice, STORY_GPU, 1, TICKS(10));
    CHECK(!market_explain(s.m, filled, s.now_us, &e));
    CHECK(!market_explain(s.m, 999, s.now_us, &e));
    explain(rests);
    CHECK(story_cancel(&s, alice, rests));
    CHECK(!market_explain(s.m, rests, s.now_us, &e));
    story_end(&s);
}

TEST(each_ask_counts_under_all_that_is_wrong_with_it)
{
    begin();
    struct command ask = story_ask_of(&s, node, 1, TICKS(30)); /* too dear, and too short */
    ask.u.place_ask.seconds_max = 600;
    CHECK(story_do(&s, ask));
    story_ask(&s, node, 2, TICKS(20));                        /* too dear alone */
    story_ask(&s, story_gpu_node(&s, quinn, 1), 1, TICKS(5)); /* serves once, then is taken */
    story_job(&s, bob, STORY_GPU, 1, TICKS(5));
    explain(story_job(&s, alice, STORY_GPU, 1, TICKS(10)));
    CHECK(!e.serves && !e.cut);
    CHECK_I64(e.asks, 3);
    CHECK_I64(e.units, 3);
    CHECK_I64(e.serving, 0);
    for (int i = 0; i < MISFITS; i++) {
        const bool price = strcmp(misfit_names[i], "price") == 0;
        const bool units = strcmp(misfit_names[i], "units") == 0;
        const bool longest = strcmp(misfit_names[i], "longest") == 0;
        CHECK_I64(e.by[i].asks, price ? 2 : units || longest ? 1 : 0);
        CHECK_I64(e.by[i].alone, price || units ? 1 : 0);
    }
    CHECK_I64(to(CHANGE_LIMIT), TICKS(20).micros);
    story_end(&s);
}

/* Machines that serve one node each, of a gang that needs more. */
TEST(a_gang_counts_the_asks_that_would_serve)
{
    begin();
    story_ask(&s, node, 2, TICKS(10));
    story_ask(&s, story_gpu_node(&s, quinn, 1), 1, TICKS(10));
    struct command c = story_job_of(&s, alice, STORY_GPU, 1, TICKS(10));
    c.u.submit_job.nodes = 5;
    explain(job_of(c));
    CHECK_I64(e.serving, 2);
    CHECK_I64(to(CHANGE_NODES), 2);
    CHECK_I64(to(CHANGE_WAIT), -1);
    story_end(&s);
}

TEST(a_sealed_bid_is_told_that_it_is_served_and_no_change)
{
    begin();
    story_ask(&s, node, 1, TICKS(10));
    struct command c = story_job_of(&s, alice, STORY_GPU, 1, TICKS(10));
    c.u.submit_job.auction_ms = 1000;
    explain(job_of(c));
    CHECK(e.serves);
    CHECK_I64(e.serving, 1);
    CHECK_I64(e.changes_n, 0);
    story_end(&s);
}

/* ---- many ---- */

/* A market that is too large for a story. */
static struct market *many;
static int64_t many_seq;

static void tell(struct command c)
{
    struct outcome out;

    c.seq = ++many_seq;
    c.at_us = STORY_START;
    market_apply(many, &c, &out);
    CHECK_I64(out.refused, ERR_NONE);
    market_settle_group(many);
}

static void many_begin(void)
{
    s.now_us = STORY_START;
    many_seq = 15;
    many = market_new(&mem_heap, &market_rules_default, pools_of_story(), STORY_POOLS);
    CHECK(many);
    for (int i = 0; i < 2; i++)
        tell((struct command){ .kind = COMMAND_OPEN_ACCOUNT });
    tell((struct command){
        .account = ACCOUNT_WORLD, .kind = COMMAND_CREDIT, .u.credit = { 17, MONEY_INPUT_MAX } });
}

/* `n` asks of a unit each, of account 16; sixteen to a node. */
static void many_asks(int n, struct money price)
{
    int64_t at = 0;

    for (int i = 0; i < n; i++) {
        if (i % 16 == 0) {
            tell((struct command){ .account = 16,
                                   .kind = COMMAND_PUT_NODE,
                                   .u.put_node.spec = { .cpu_millis = 64000,
                                                        .memory_bytes = 64 * STORY_GIB,
                                                        .scratch_bytes = 256 * STORY_GIB } });
            at = many_seq;
        }
        tell((struct command){ .account = 16,
                               .kind = COMMAND_PLACE_ASK,
                               .u.place_ask = { .node = at,
                                                .pool = STORY_CPU,
                                                .price = price,
                                                .floor = price,
                                                .units = 1,
                                                .until_us = STORY_START + STORY_DAY * SECOND,
                                                .seconds_min = 60,
                                                .seconds_max = STORY_DAY,
                                                .egress_max = 2,
                                                .risk_seconds = 3600 } });
    }
}

static int64_t many_job(int32_t units, struct money limit)
{
    tell(story_job_of(&s, 17, STORY_CPU, units, limit));
    return many_seq;
}

TEST(so_many_asks_are_looked_at_and_that_there_were_more_is_said)
{
    many_begin();
    many_asks(EXPLAIN_LOOK, TICKS(2));
    const int64_t job = many_job(2, TICKS(2));
    CHECK(market_explain(many, job, STORY_START, &e));
    CHECK_I64(e.asks, EXPLAIN_LOOK);
    CHECK(!e.cut);
    many_asks(1, TICKS(2));
    CHECK(market_explain(many, job, STORY_START, &e));
    CHECK_I64(e.asks, EXPLAIN_LOOK);
    CHECK(e.cut);
    market_free(many);
}

TEST(so_many_taken_asks_are_looked_at_and_that_there_were_more_is_said)
{
    many_begin();
    many_asks(EXPLAIN_BUSY, TICKS(2));
    for (int i = 0; i < EXPLAIN_BUSY; i++)
        many_job(1, TICKS(2));
    const int64_t job = many_job(2, TICKS(2));
    CHECK(market_explain(many, job, STORY_START, &e));
    CHECK_I64(e.asks, EXPLAIN_BUSY);
    CHECK(!e.cut);
    many_asks(1, TICKS(2));
    many_job(1, TICKS(2));
    CHECK(market_explain(many, job, STORY_START, &e));
    CHECK_I64(e.asks, EXPLAIN_BUSY);
    CHECK(e.cut);
    market_free(many);
}

/* ---- the price ---- */

TEST(a_limit_is_named_only_if_there_is_money_for_it)
{
    begin();
    story_ask(&s, node, 1, TICKS(1000)); /* a dollar for the hour */
    const int64_t poor = story_account(&s, CENTS(99));
    const int64_t job = story_job(&s, poor, STORY_GPU, 1, TICKS(10));
    explain(job);
    CHECK_I64(to(CHANGE_LIMIT), -1);
    CHECK(story_do(&s, (struct command){ .account = ACCOUNT_WORLD,
                                         .kind = COMMAND_CREDIT,
                                         .u.credit = { poor, CENTS(1) } }));
    explain(job); /* what the bid holds now would be free again */
    CHECK_I64(to(CHANGE_LIMIT), TICKS(1000).micros);
    story_end(&s);
}

TEST(a_limit_that_the_budget_does_not_pay_a_minute_of_is_not_named)
{
    begin();
    story_ask(&s, node, 1, PER_SECOND(1000));
    struct command c = story_job_of(&s, alice, STORY_GPU, 1, PER_SECOND(10));
    c.u.submit_job.budget.micros = 59999;
    explain(job_of(c));
    CHECK_I64(to(CHANGE_LIMIT), -1);
    c.u.submit_job.budget.micros = 60000;
    explain(job_of(c));
    CHECK_I64(to(CHANGE_LIMIT), PER_SECOND(1000).micros);
    story_end(&s);
}

/* However far it is. */
TEST(the_highest_limit_that_there_is_can_be_the_smallest_that_does)
{
    begin();
    const int64_t top = MONEY_INPUT_MAX.micros;
    story_ask(&s, node, 1, (struct money){ top });
    const int64_t rich = story_account(&s, MONEY_INPUT_MAX);
    struct command c = story_job_of(&s, rich, STORY_GPU, 1, TICKS(1));
    const int64_t job = job_of(c);
    explain(job);
    CHECK_I64(to(CHANGE_LIMIT), top);
    CHECK(story_cancel(&s, rich, job));
    c.u.submit_job.limit.micros = top - 1000;
    explain(job_of(c));
    CHECK_I64(to(CHANGE_LIMIT), top);
    story_end(&s);
}

/* A lease of bob's at this limit on the only unit of `node`, which has run its least time. */
static int64_t ripe_lease(struct money ask, struct money limit)
{
    story_ask(&s, node, 1, ask);
    struct command c = story_job_of(&s, bob, STORY_GPU, 1, limit);
    c.u.submit_job.interruptible = true;
    c.u.submit_job.seconds = 7200;
    const int64_t job = job_of(c);
    story_run(&s, job);
    story_wait(&s, 600);
    CHECK_I64(story_clock(&s), 1);
    return job;
}

TEST(displacing_is_named_only_if_it_is_the_cheaper_way)
{
    begin();
    ripe_lease(TICKS(100), TICKS(500));
    const int64_t job = story_job(&s, alice, STORY_GPU, 1, TICKS(50));
    explain(job);
    CHECK_I64(to(CHANGE_LIMIT), -1);
    CHECK_I64(to(CHANGE_DISPLACING_LIMIT), TICKS(501).micros);
    story_ask(&s, story_gpu_node(&s, quinn, 1), 1, TICKS(502));
    explain(job);
    CHECK_I64(to(CHANGE_LIMIT), TICKS(502).micros);
    CHECK_I64(to(CHANGE_DISPLACING_LIMIT), TICKS(501).micros);
    story_ask(&s, story_gpu_node(&s, quinn, 1), 1, TICKS(501));
    explain(job);
    CHECK_I64(to(CHANGE_LIMIT), TICKS(501).micros);
    CHECK_I64(to(CHANGE_DISPLACING_LIMIT), -1);
    story_end(&s);
}

TEST(who_cannot_pay_or_is_post_only_is_not_told_to_displace)
{
    begin();
    ripe_lease(TICKS(100), TICKS(500));
    const int64_t poor = story_account(&s, CENTS(50));
    explain(story_job(&s, poor, STORY_GPU, 1, TICKS(50)));
    CHECK_I64(to(CHANGE_DISPLACING_LIMIT), -1);
    struct command c = story_job_of(&s, alice, STORY_GPU, 1, TICKS(50));
    c.u.submit_job.tif = TIF_POST_ONLY;
    explain(job_of(c));
    CHECK_I64(to(CHANGE_DISPLACING_LIMIT), -1);
    story_end(&s);
}

TEST(the_displacement_price_is_a_tick_above_the_lowest_victim_or_its_ask)
{
    struct money price;

    begin();
    CHECK(!market_displacement_price(s.m, STORY_GPU, &price));
    CHECK(!market_displacement_price(s.m, 99, &price));
    const int64_t victim = ripe_lease(TICKS(100), TICKS(500));
    CHECK(market_displacement_price(s.m, STORY_GPU, &price));
    CHECK_I64(price.micros, TICKS(501).micros);
    node = story_gpu_node(&s, quinn, 2);
    ripe_lease(TICKS(300), TICKS(400));
    CHECK(market_displacement_price(s.m, STORY_GPU, &price));
    CHECK_I64(price.micros, TICKS(401).micros);
    const int64_t ask = story_lease_for(&s, victim)->ask;
    CHECK(story_cancel(&s, pat, ask));
    CHECK(market_displacement_price(s.m, STORY_GPU, &price));
    CHECK_I64(price.micros, TICKS(401).micros);
    story_end(&s);
}

TEST(a_victim_that_has_an_heir_already_has_no_price)
{
    struct money price;

    begin();
    ripe_lease(TICKS(100), TICKS(500));
    story_job(&s, alice, STORY_GPU, 1, TICKS(501));
    CHECK(!market_displacement_price(s.m, STORY_GPU, &price));
    story_end(&s);
}

TEST(an_ask_that_is_dearer_than_its_lease_by_now_sets_the_price)
{
    struct money price;

    begin();
    const int64_t victim = ripe_lease(TICKS(100), TICKS(500));
    const struct command dearer = {
        .account = pat,
        .kind = COMMAND_AMEND_ASK,
        .u.amend_ask = { story_lease_for(&s, victim)->ask, TICKS(600), 1 },
    };
    CHECK(story_do(&s, dearer));
    CHECK(market_displacement_price(s.m, STORY_GPU, &price));
    CHECK_I64(price.micros, TICKS(600).micros);
    CHECK(story_do(&s, (struct command){ .account = ACCOUNT_WORLD,
                                         .kind = COMMAND_RATE_NODE,
                                         .u.rate = { node, 1, 0 } }));
    CHECK(!market_displacement_price(s.m, STORY_GPU, &price)); /* stale */
    story_end(&s);
}

/* ---- waiting ---- */

static int64_t wait_for(int64_t job)
{
    explain(job);
    return to(CHANGE_WAIT) < 0 ? -1 : (to(CHANGE_WAIT) - STORY_START) / SECOND;
}

/* Offer, preparation, run and stop: each at its longest. */
TEST(waiting_ends_when_the_lease_has_ended_at_the_latest)
{
    begin();
    story_ask(&s, node, 1, TICKS(10));
    const int64_t busy = story_job(&s, bob, STORY_GPU, 1, TICKS(10));
    const int64_t job = story_job(&s, alice, STORY_GPU, 1, TICKS(10));
    CHECK_I64(wait_for(job), 0 + 900 + 3600 + 60);
    CHECK_I64(e.changes[e.changes_n - 1].from, s.now_us);
    story_wait(&s, 10);
    CHECK(story_lease(&s, busy, COMMAND_ACCEPT_LEASE));
    CHECK_I64(wait_for(job), 10 + 900 + 3600 + 60);
    story_wait(&s, 10);
    CHECK(story_lease(&s, busy, COMMAND_LEASE_READY));
    CHECK_I64(wait_for(job), 20 + 3600 + 60);
    story_wait(&s, 10);
    CHECK(story_cancel(&s, bob, busy));
    CHECK_I64(wait_for(job), 30 + 60);
    story_end(&s);
}

TEST(waiting_for_one_that_was_displaced_ends_after_its_notice)
{
    begin();
    ripe_lease(TICKS(100), TICKS(500));
    const int64_t heir = story_job(&s, alice, STORY_GPU, 1, TICKS(501));
    const int64_t job = story_job(&s, alice, STORY_GPU, 1, TICKS(400));
    CHECK_I64(wait_for(job), -1); /* its units have an heir */
    CHECK(story_cancel(&s, alice, heir));
    CHECK_I64(wait_for(job), 600 + 120 + 60);
    story_end(&s);
    begin();
    ripe_lease(TICKS(100), TICKS(500));
    CHECK(story_do(&s, (struct command){ .account = pat,
                                         .kind = COMMAND_DRAIN_NODE,
                                         .u.drain_node = { node, s.now_us, true } }));
    CHECK_I64(story_clock(&s), 2); /* the ask has ended, the lease must go */
    CHECK_I64(wait_for(story_job(&s, alice, STORY_GPU, 1, TICKS(400))), -1);
    story_end(&s);
}

TEST(it_waits_for_the_last_lease_of_a_machine_and_for_the_first_machine)
{
    begin();
    story_ask(&s, node, 2, TICKS(10));
    struct command c = story_job_of(&s, bob, STORY_GPU, 1, TICKS(10));
    c.u.submit_job.seconds = 7200;
    job_of(c);
    c.u.submit_job.seconds = 3600;
    job_of(c);
    const int64_t job = story_job(&s, alice, STORY_GPU, 2, TICKS(10));
    CHECK_I64(wait_for(job), 900 + 7200 + 60);
    story_ask(&s, story_gpu_node(&s, quinn, 2), 2, TICKS(10));
    CHECK(story_kept_bid(&s, job)->state == ORDER_FILLED);
    const int64_t next = story_job(&s, alice, STORY_GPU, 2, TICKS(10));
    CHECK_I64(wait_for(next), 900 + 3600 + 60); /* quinn's, by alice's own hour */
    story_end(&s);
}

TEST(waiting_is_not_named_for_what_it_does_not_help)
{
    begin();
    story_ask(&s, node, 1, TICKS(10));
    story_job(&s, bob, STORY_GPU, 1, TICKS(10));
    CHECK_I64(wait_for(story_job(&s, alice, STORY_GPU, 2, TICKS(10))), -1); /* never so many */
    CHECK_I64(wait_for(story_job(&s, alice, STORY_GPU, 1, TICKS(9))), -1);  /* too dear then too */
    CHECK_I64(wait_for(story_job(&s, alice, STORY_LIGHT, 1, TICKS(10))), -1); /* another pool */
    struct command c = story_job_of(&s, alice, STORY_GPU, 1, TICKS(10));
    c.u.submit_job.expires_us = s.now_us + (900 + 3600 + 60) * SECOND;
    CHECK_I64(wait_for(job_of(c)), -1); /* it expires just then */
    c.u.submit_job.expires_us += 1;
    CHECK_I64(wait_for(job_of(c)), 900 + 3600 + 60);
    c.u.submit_job.own = OWN_ONLY;
    CHECK_I64(wait_for(job_of(c)), -1); /* others' machine */
    c.u.submit_job.own = OWN_FIRST;
    c.u.submit_job.seconds = STORY_DAY;
    c.u.submit_job.expires_us = s.now_us + 20 * STORY_DAY * SECOND;
    CHECK_I64(wait_for(job_of(c)), 900 + 3600 + 60);
    story_end(&s);
}

TEST(own_machines_are_waited_for_whatever_their_price)
{
    begin();
    story_ask(&s, node, 1, TICKS(10));
    story_job(&s, bob, STORY_GPU, 1, TICKS(10));
    CHECK(story_do(&s, (struct command){ .account = ACCOUNT_WORLD,
                                         .kind = COMMAND_CREDIT,
                                         .u.credit = { pat, CENTS(1000) } }));
    struct command c = story_job_of(&s, pat, STORY_GPU, 1, TICKS(1));
    CHECK_I64(wait_for(job_of(c)), 900 + 3600 + 60);
    c.u.submit_job.own = OWN_ONLY;
    CHECK_I64(wait_for(job_of(c)), 900 + 3600 + 60);
    c.u.submit_job.own = OWN_NEVER;
    CHECK_I64(wait_for(job_of(c)), -1);
    c.u.submit_job.own = OWN_FIRST;
    c.u.submit_job.wish.regions = 1 << 3; /* it is of no region */
    CHECK_I64(wait_for(job_of(c)), -1);
    story_end(&s);
}

/* ---- before there is a bid ---- */

TEST(terms_that_are_not_valid_are_neither_explained_nor_quoted)
{
    begin();
    struct command c = story_job_of(&s, alice, STORY_GPU, 0, TICKS(10));
    CHECK(!market_explain_spec(s.m, alice, &c.u.submit_job, s.now_us, &e, &why));
    CHECK_STR(why, "The units are out of range.");
    CHECK(!market_quote(s.m, alice, &c.u.submit_job, s.now_us, &q, &why));
    CHECK_STR(why, "The units are out of range.");
    c.u.submit_job.wants[0].pool = 77;
    CHECK(!market_quote(s.m, alice, &c.u.submit_job, s.now_us, &q, &why));
    CHECK_STR(why, "There is no such pool.");
    story_end(&s);
}

TEST(a_bid_of_nobody_yet_is_taken_to_have_the_money)
{
    begin();
    story_ask(&s, node, 1, TICKS(1000));
    const struct command c = story_job_of(&s, 0, STORY_GPU, 1, TICKS(10));
    CHECK(market_explain_spec(s.m, 0, &c.u.submit_job, s.now_us, &e, &why));
    CHECK(why == NULL);
    CHECK_I64(to(CHANGE_LIMIT), TICKS(1000).micros);
    CHECK(
        market_explain_spec(s.m, story_account(&s, CENTS(0)), &c.u.submit_job, s.now_us, &e, &why));
    CHECK_I64(to(CHANGE_LIMIT), TICKS(1000).micros);
    story_end(&s);
}

TEST(an_account_is_taken_with_its_tier_and_its_own_machines)
{
    begin();
    struct command ask = story_ask_of(&s, node, 1, TICKS(10));
    ask.u.place_ask.buyer_tier_min = 1;
    CHECK(story_do(&s, ask));
    const struct command c = story_job_of(&s, alice, STORY_GPU, 1, TICKS(10));
    CHECK(market_quote(s.m, alice, &c.u.submit_job, s.now_us, &q, &why) && q.n == 0);
    CHECK(story_do(&s, (struct command){ .account = ACCOUNT_WORLD,
                                         .kind = COMMAND_RATE_ACCOUNT,
                                         .u.rate = { alice, 1, 0 } }));
    CHECK(market_quote(s.m, alice, &c.u.submit_job, s.now_us, &q, &why) && q.n == 1 && !q.own);
    CHECK(market_quote(s.m, 0, &c.u.submit_job, s.now_us, &q, &why) && q.n == 0);
    CHECK(market_quote(s.m, pat, &c.u.submit_job, s.now_us, &q, &why) && q.n == 1 && q.own);
    CHECK_I64(q.cost.micros + q.per_hour.micros + q.parts[0].price.micros, 0);
    CHECK_I64(q.seconds_max, STORY_HOUR);
    story_end(&s);
}

TEST(a_quote_says_what_the_longest_run_costs_and_how_long_it_stands)
{
    begin();
    s.rules.quote_seconds = 60;
    const struct command rules = { .kind = COMMAND_SET_RULES,
                                   .account = ACCOUNT_WORLD,
                                   .u.set_rules = s.rules };
    CHECK(story_do(&s, rules));
    story_wait(&s, 5);
    story_ask(&s, node, 4, PER_SECOND(90));
    struct command c = story_job_of(&s, alice, STORY_GPU, 2, PER_SECOND(100));
    CHECK(market_quote(s.m, alice, &c.u.submit_job, s.now_us, &q, &why));
    CHECK(q.n == 1 && q.pool == STORY_GPU && q.units == 2 && !q.own);
    CHECK(q.parts[0].node == node && q.parts[0].account == pat);
    CHECK_I64(q.parts[0].price.micros, PER_SECOND(90).micros);
    CHECK_I64(q.parts[0].stands_us, 0); /* it has never changed its price */
    CHECK_I64(q.seconds_max, 3600);
    CHECK_I64(q.per_hour.micros, 2 * 90 * 3600);
    CHECK_I64(q.cost.micros, 2 * 90 * 3600);
    CHECK_I64(q.hold.micros, 2 * 100 * 3600);
    c.u.submit_job.seconds = 1800;
    c.u.submit_job.budget.micros = 2 * 90 * 1000;
    CHECK(market_quote(s.m, alice, &c.u.submit_job, s.now_us, &q, &why));
    CHECK_I64(q.seconds_max, 1000);
    CHECK_I64(q.per_hour.micros, 2 * 90 * 3600);
    CHECK_I64(q.cost.micros, 2 * 90 * 1000);
    story_end(&s);
}

TEST(a_quote_stands_from_the_last_change_of_a_price)
{
    begin();
    s.rules.quote_seconds = 60;
    CHECK(story_do(&s, (struct command){ .kind = COMMAND_SET_RULES,
                                         .account = ACCOUNT_WORLD,
                                         .u.set_rules = s.rules }));
    struct command place = story_ask_of(&s, node, 4, PER_SECOND(90));
    place.u.place_ask.floor = PER_SECOND(10);
    const int64_t ask = job_of(place);
    story_wait(&s, 100);
    CHECK(story_do(&s, (struct command){ .account = pat,
                                         .kind = COMMAND_AMEND_ASK,
                                         .u.amend_ask = { ask, PER_SECOND(80), 4 } }));
    const struct command c = story_job_of(&s, alice, STORY_GPU, 1, PER_SECOND(100));
    CHECK(market_quote(s.m, alice, &c.u.submit_job, s.now_us, &q, &why));
    CHECK_I64(q.parts[0].stands_us, s.now_us + 60 * SECOND);
    story_end(&s);
}

/* The sum of a gang's prices, and an odd price promises nothing. */
TEST(a_gang_is_quoted_as_one)
{
    begin();
    story_ask(&s, node, 1, PER_SECOND(10));
    story_ask(&s, story_gpu_node(&s, quinn, 1), 1, PER_SECOND(30));
    struct command c = story_job_of(&s, alice, STORY_GPU, 1, PER_SECOND(100));
    c.u.submit_job.nodes = 2;
    CHECK(market_quote(s.m, alice, &c.u.submit_job, s.now_us, &q, &why));
    CHECK_I64(q.n, 2);
    CHECK_I64(q.per_hour.micros, 40 * 3600);
    CHECK_I64(q.hold.micros, 2 * 100 * 3600);
    CHECK(q.parts[0].account == pat && q.parts[1].account == quinn);
    story_end(&s);
}

TEST(what_a_collar_would_park_is_not_promised)
{
    begin();
    for (int i = 0; i < 2; i++) {
        story_ask(&s, story_gpu_node(&s, i ? pat : quinn, 1), 1, PER_SECOND(10));
        story_job(&s, bob, STORY_GPU, 1, PER_SECOND(10));
    }
    story_ask(&s, node, 1, PER_SECOND(25));
    const struct command c = story_job_of(&s, alice, STORY_GPU, 1, PER_SECOND(100));
    CHECK(market_quote(s.m, alice, &c.u.submit_job, s.now_us, &q, &why) && q.n == 1);
    s.rules.collar_trades = 2;
    s.rules.collar_bps = 10000; /* more than twice the reference is odd */
    CHECK(story_do(&s, (struct command){ .kind = COMMAND_SET_RULES,
                                         .account = ACCOUNT_WORLD,
                                         .u.set_rules = s.rules }));
    CHECK(market_quote(s.m, alice, &c.u.submit_job, s.now_us, &q, &why) && q.n == 0);
    CHECK(market_explain_spec(s.m, alice, &c.u.submit_job, s.now_us, &e, &why) && !e.serves);
    story_end(&s);
}

TESTS(T(only_a_bid_that_rests_is_explained), T(each_ask_counts_under_all_that_is_wrong_with_it),
      T(a_gang_counts_the_asks_that_would_serve),
      T(a_sealed_bid_is_told_that_it_is_served_and_no_change),
      T(so_many_asks_are_looked_at_and_that_there_were_more_is_said),
      T(so_many_taken_asks_are_looked_at_and_that_there_were_more_is_said),
      T(a_limit_is_named_only_if_there_is_money_for_it),
      T(a_limit_that_the_budget_does_not_pay_a_minute_of_is_not_named),
      T(the_highest_limit_that_there_is_can_be_the_smallest_that_does),
      T(displacing_is_named_only_if_it_is_the_cheaper_way),
      T(who_cannot_pay_or_is_post_only_is_not_told_to_displace),
      T(the_displacement_price_is_a_tick_above_the_lowest_victim_or_its_ask),
      T(a_victim_that_has_an_heir_already_has_no_price),
      T(an_ask_that_is_dearer_than_its_lease_by_now_sets_the_price),
      T(waiting_ends_when_the_lease_has_ended_at_the_latest),
      T(waiting_for_one_that_was_displaced_ends_after_its_notice),
      T(it_waits_for_the_last_lease_of_a_machine_and_for_the_first_machine),
      T(waiting_is_not_named_for_what_it_does_not_help),
      T(own_machines_are_waited_for_whatever_their_price),
      T(terms_that_are_not_valid_are_neither_explained_nor_quoted),
      T(a_bid_of_nobody_yet_is_taken_to_have_the_money),
      T(an_account_is_taken_with_its_tier_and_its_own_machines),
      T(a_quote_says_what_the_longest_run_costs_and_how_long_it_stands),
      T(a_quote_stands_from_the_last_change_of_a_price), T(a_gang_is_quoted_as_one),
      T(what_a_collar_would_park_is_not_promised))
