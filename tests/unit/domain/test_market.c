/* SPDX-License-Identifier: Apache-2.0 */
/* The market as a whole: groups, what is touched, the clock, the hash, and life without memory. */
#include "domain/market.h"

#include "tests/t.h"
#include "tests/unit/domain/story.h"

static struct story s;
static int64_t pat, alice;

static void begin(void)
{
    story_begin(&s);
    pat = story_account(&s, CENTS(0));
    alice = story_account(&s, CENTS(1000000));
}

static struct touched touched(void)
{
    struct touched t;

    market_touched(s.m, &t);
    return t;
}

TEST(a_new_market_has_the_world_and_the_fees_and_expects_command_16)
{
    story_begin(&s);
    CHECK_I64(market_last_seq(s.m), 15);
    CHECK(market_balance(s.m, ACCOUNT_WORLD) && market_balance(s.m, ACCOUNT_FEES));
    CHECK_I64(touched().balances_n, 0); /* the store has them from the start */
    CHECK(!market_balance(s.m, 16) && !market_node(s.m, 16) && !market_ask(s.m, 16));
    CHECK(!market_bid(s.m, 16) && !market_lease(s.m, 16) &&
          !market_due(s.m, INT64_MAX, &(struct command){ 0 }, &(int64_t){ 0 }));
    story_end(&s);
}

TEST(pools_are_found_by_number_and_by_name)
{
    story_begin(&s);
    CHECK_STR(market_pool(s.m, STORY_GPU)->name, "h100-80g");
    CHECK(!market_pool(s.m, 5) && !market_pool(s.m, 0));
    CHECK_I64(market_pool_named(s.m, STR("cpu"))->number, STORY_CPU);
    CHECK_I64(market_pool_named(s.m, STR("h100-80g"))->number, STORY_GPU);
    CHECK(!market_pool_named(s.m, STR("h100-80")));
    CHECK(!market_pool_named(s.m, STR("h100-80gb")));
    CHECK(!market_pool_named(s.m, STR("")));
    CHECK(!market_pool_named(s.m, STR("a name that is far longer than any pool could have")));
    story_end(&s);
}

TEST(a_refused_command_takes_no_number_and_no_time)
{
    begin();
    const int64_t seq = market_last_seq(s.m), us = market_last_us(s.m);

    story_wait(&s, 5);
    CHECK(!story_do(&s, (struct command){ .kind = COMMAND_CANCEL_JOB, .u.order = { 999 } }));
    CHECK(market_last_seq(s.m) == seq && market_last_us(s.m) == us);
    CHECK_STR(s.out.why, "There is no such job.");
    story_end(&s);
}

TEST(a_command_that_does_not_exist_is_refused)
{
    begin();
    CHECK(!story_do(&s, (struct command){ .account = pat, .kind = 0 }));
    CHECK_I64(s.out.refused, ERR_NOT_SUPPORTED);
    CHECK(!story_do(&s, (struct command){ .account = pat, .kind = COMMANDS }));
    CHECK_I64(s.out.refused, ERR_NOT_SUPPORTED);
    story_end(&s);
}

TEST(each_kind_has_its_list_of_what_a_group_has_touched)
{
    begin();
    s.one_group = true;
    CHECK_I64(touched().balances_n, 0);
    const int64_t node = story_gpu_node(&s, pat, 4);
    const int64_t ask = story_ask(&s, node, 4, TICKS(2000));
    const int64_t job = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));

    const struct touched t = touched();
    CHECK(t.nodes_n == 1 && t.nodes[0]->node == node && t.nodes[0]->touch.fresh);
    CHECK(t.asks_n == 1 && t.asks[0]->ask == ask && t.asks[0]->touch.fresh);
    CHECK(t.bids_n == 1 && t.bids[0]->bid == job && t.bids[0]->touch.fresh);
    CHECK(t.leases_n == 1 && t.leases[0]->bid == job && t.leases[0]->touch.fresh);
    CHECK(t.balances_n == 1 && t.balances[0]->account == alice && !t.balances[0]->touch.fresh);
    CHECK(t.payouts_n == 0);
    CHECK(t.trades_n == 1 && t.trades[0].bid == job);
    CHECK(market_trades(s.m) == t.trades);

    market_settle_group(s.m);
    const int64_t account = story_account(&s, CENTS(0));
    CHECK(story_do(&s, (struct command){ .account = alice,
                                         .kind = COMMAND_REQUEST_PAYOUT,
                                         .u.request_payout = { { 1 } } }));
    const struct touched u = touched();
    CHECK(u.balances_n == 2 && u.balances[0]->account == account);
    CHECK(u.balances[0]->touch.fresh && !u.balances[1]->touch.fresh);
    CHECK(u.payouts_n == 1 && u.payouts[0]->payout == account + 1 && u.payouts[0]->touch.fresh);
    story_end(&s);
}

TEST(an_object_is_listed_once_and_fresh_until_its_group_is_stored)
{
    begin();
    s.one_group = true;
    const int64_t job = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    const struct command dearer = { .account = alice,
                                    .kind = COMMAND_AMEND_BID,
                                    .u.amend_bid = { job, TICKS(3000) } };
    CHECK(story_do(&s, dearer));
    CHECK(touched().bids_n == 1 && touched().bids[0]->touch.fresh);
    const int64_t node = story_cpu_node(&s, pat, 1);
    CHECK(story_do(&s, (struct command){ .account = pat,
                                         .kind = COMMAND_PUT_NODE,
                                         .u.put_node = { node, { .cpu_millis = 7 } } }));
    CHECK(touched().nodes_n == 1 && touched().nodes[0]->touch.fresh);

    market_settle_group(s.m);
    CHECK(touched().bids_n == 0 && touched().balances_n == 0);
    struct command cheaper = dearer;
    cheaper.u.amend_bid.limit = TICKS(1000);
    CHECK(story_do(&s, cheaper));
    CHECK(touched().bids_n == 1 && !touched().bids[0]->touch.fresh);
    story_end(&s);
}

TEST(trades_are_numbered_within_the_group)
{
    begin();
    s.one_group = true;
    const int64_t ask = story_ask(&s, story_gpu_node(&s, pat, 4), 4, TICKS(2000));
    story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    CHECK(s.out.trades_first == 0 && s.out.trades_n == 1);
    const int64_t second = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    CHECK(s.out.trades_first == 1 && s.out.trades_n == 1);
    CHECK(market_trades(s.m)[1].bid == second && market_trades(s.m)[1].ask == ask);

    market_settle_group(s.m);
    story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    CHECK(s.out.trades_first == 0 && s.out.trades_n == 1);
    story_end(&s);
}

TEST(no_change_touches_nothing)
{
    begin();
    const int64_t ask = story_ask(&s, story_gpu_node(&s, pat, 4), 4, TICKS(2000));
    const int64_t job = story_job(&s, alice, STORY_GPU, 1, TICKS(1000));
    const int64_t stops = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    story_run(&s, stops);
    CHECK(story_cancel(&s, alice, stops));
    s.one_group = true;

    CHECK(story_do(&s, (struct command){ .account = pat,
                                         .kind = COMMAND_AMEND_ASK,
                                         .u.amend_ask = { ask, TICKS(2000), 4 } }));
    CHECK(story_do(&s, (struct command){ .account = alice,
                                         .kind = COMMAND_AMEND_BID,
                                         .u.amend_bid = { job, TICKS(1000) } }));
    CHECK(story_cancel(&s, alice, stops));
    const struct touched t = touched();
    CHECK(t.asks_n == 0 && t.bids_n == 0 && t.balances_n == 0 && t.nodes_n == 0);
    CHECK(t.leases_n == 0);
    story_end(&s);
}

/* A group in which a job comes, runs and goes leaves only its touches behind. */
TEST(what_is_over_leaves_with_its_group)
{
    begin();
    s.one_group = true;
    const int64_t ask = story_ask(&s, story_gpu_node(&s, pat, 4), 4, TICKS(2000));
    const int64_t job = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    story_run(&s, job);
    CHECK(story_cancel(&s, pat, ask));
    CHECK(story_exit(&s, job, 60, 0));
    CHECK(market_ask(s.m, ask) && market_bid(s.m, job) && market_lease(s.m, job * 4096));

    market_settle_group(s.m);
    CHECK(!market_ask(s.m, ask) && !market_bid(s.m, job) && !market_lease(s.m, job * 4096));
    story_end(&s);
}

/* The ask is not touched by the end of its last lease, and leaves all the same. */
TEST(an_ask_leaves_with_its_last_lease)
{
    begin();
    const int64_t ask = story_ask(&s, story_gpu_node(&s, pat, 4), 4, TICKS(2000));
    const int64_t first = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    const int64_t second = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    story_run(&s, first);
    story_run(&s, second);
    CHECK(story_cancel(&s, pat, ask));

    CHECK(story_exit(&s, first, 60, 0));
    CHECK(market_ask(s.m, ask));
    s.one_group = true;
    CHECK(story_exit(&s, second, 60, 0));
    CHECK_I64(touched().asks_n, 0);
    s.one_group = false;
    market_settle_group(s.m);
    CHECK(!market_ask(s.m, ask));
    story_end(&s);
}

static void count(void *arg, const struct lease *l)
{
    int64_t *const sum = arg;

    CHECK(!lease_is_final(l->state));
    *sum += l->lease;
}

TEST(a_walk_meets_the_live_leases)
{
    begin();
    s.one_group = true;
    story_ask(&s, story_gpu_node(&s, pat, 4), 4, TICKS(2000));
    const int64_t a = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    const int64_t b = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    const int64_t c = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    CHECK(story_cancel(&s, alice, b)); /* void, but still in memory */

    int64_t sum = 0;
    market_each_lease(s.m, count, &sum);
    CHECK_I64(sum, (a + c) * 4096);
    story_end(&s);
}

/* ---- the clock ---- */

static bool due(int64_t now_us, enum command_kind kind, int64_t number)
{
    struct command c = { 0 };
    int64_t next_us = -1;

    if (!market_due(s.m, now_us, &c, &next_us)) return false;
    CHECK_I64(c.account, ACCOUNT_WORLD);
    if (kind == COMMAND_EXPIRE_ORDER) return c.kind == kind && c.u.order.order == number;
    return c.kind == kind && c.u.lease.lease == number && c.u.lease.epoch == 1;
}

static int64_t next_due_us(void)
{
    struct command c;
    int64_t next_us = -1;

    CHECK(!market_due(s.m, s.now_us, &c, &next_us));
    return next_us;
}

static int64_t in(int64_t seconds)
{
    return s.now_us + seconds * INT64_C(1000000);
}

TEST(an_idle_market_has_nothing_to_wait_for)
{
    begin();
    CHECK_I64(next_due_us(), INT64_MAX);
    story_end(&s);
}

TEST(each_state_of_a_lease_has_its_clock)
{
    begin();
    story_ask(&s, story_gpu_node(&s, pat, 4), 4, TICKS(2000));
    const int64_t job = story_job(&s, alice, STORY_GPU, 1, TICKS(2000)), lease = job * 4096;

    CHECK_I64(next_due_us(), in(30));
    CHECK(due(in(30), COMMAND_LEASE_TIMEOUT, lease));
    CHECK(story_lease(&s, job, COMMAND_ACCEPT_LEASE));
    CHECK_I64(next_due_us(), in(900));
    CHECK(due(in(900), COMMAND_LEASE_TIMEOUT, lease));
    CHECK(story_lease(&s, job, COMMAND_LEASE_READY));
    CHECK_I64(next_due_us(), in(3600));
    CHECK(due(in(3600), COMMAND_LEASE_SPENT, lease));
    CHECK(story_cancel(&s, alice, job));
    CHECK_I64(next_due_us(), in(60));
    CHECK(due(in(60), COMMAND_LEASE_LOST, lease));
    CHECK(story_exit(&s, job, 0, 0));
    CHECK_I64(next_due_us(), in(2 * STORY_DAY)); /* the ask's end */
    story_end(&s);
}

TEST(open_orders_expire_and_others_have_no_clock)
{
    begin();
    const int64_t job = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    const int64_t ask = story_ask(&s, story_cpu_node(&s, pat, 4), 4, TICKS(2000));

    CHECK(due(in(STORY_DAY), COMMAND_EXPIRE_ORDER, job));
    CHECK(story_cancel(&s, alice, job));
    CHECK(!due(in(STORY_DAY), COMMAND_EXPIRE_ORDER, job));
    CHECK(due(in(2 * STORY_DAY), COMMAND_EXPIRE_ORDER, ask));
    CHECK(story_cancel(&s, pat, ask));
    CHECK_I64(next_due_us(), INT64_MAX);
    story_end(&s);
}

TEST(the_earliest_is_due_first_then_the_lowest_number)
{
    begin();
    struct command c = story_job_of(&s, alice, STORY_GPU, 1, TICKS(2000));
    c.u.submit_job.expires_us = in(100);
    CHECK(story_do(&s, c));
    const int64_t first = market_last_seq(s.m);
    CHECK(story_do(&s, c));
    const int64_t second = market_last_seq(s.m);
    c.u.submit_job.expires_us = in(99);
    CHECK(story_do(&s, c));
    const int64_t soonest = market_last_seq(s.m);

    story_wait(&s, 100);
    CHECK(due(s.now_us, COMMAND_EXPIRE_ORDER, soonest));
    CHECK(story_cancel(&s, alice, soonest));
    CHECK(due(s.now_us, COMMAND_EXPIRE_ORDER, first));
    CHECK(story_cancel(&s, alice, first));
    CHECK(due(s.now_us, COMMAND_EXPIRE_ORDER, second));
    CHECK_I64(story_clock(&s), 1);
    CHECK_I64(story_kept_bid(&s, second)->state, ORDER_EXPIRED);
    story_end(&s);
}

#define ONE_DUE_US (STORY_START + INT64_C(3600000000))

static void load_others(struct market *m)
{
    CHECK(market_load_balance(m, &(struct balance){ .account = 5, .held = { 240 } }));
    CHECK(market_load_balance(m, &(struct balance){ .account = 6 }));
    CHECK(market_load_balance(m, &(struct balance){ .account = 1, .available = { -240 } }));
    CHECK(market_load_node(
        m, &(struct node){ .node = 7, .account = 6, .spec = { .cpu_millis = 1000 } }));
    CHECK(market_load_ask(m, &(struct ask){ .ask = 8,
                                            .account = 6,
                                            .traits.site = 7,
                                            .spec = { .node = 7,
                                                      .pool = 1,
                                                      .price = { 3600 },
                                                      .floor = { 3600 },
                                                      .units = 1,
                                                      .until_us = INT64_MAX,
                                                      .seconds_min = 60,
                                                      .seconds_max = 60,
                                                      .egress_max = 2,
                                                      .risk_seconds = 60 },
                                            .state = ORDER_OPEN }));
}

static void load_bid(struct market *m, int64_t number, int64_t lease)
{
    CHECK(market_load_bid(m, &(struct bid){
                                 .bid = number,
                                 .account = 5,
                                 .priority = number,
                                 .spec = { .wants = { { 1, 1 } },
                                           .wants_n = 1,
                                           .limit = { 3600 },
                                           .budget = { 60 },
                                           .nodes = 1,
                                           .seconds = 60,
                                           .checkpoint_seconds = 60,
                                           .expires_us = ONE_DUE_US,
                                           .attempts_max = 1 },
                                 .state = lease ? ORDER_FILLED : ORDER_OPEN,
                                 .job = lease ? JOB_RUNNING : JOB_OPEN,
                                 .hold = { 60 },
                                 .lease = lease,
                                 .leases_n = lease != 0,
                                 .live = lease != 0,
                                 .attempts = lease ? 1 : 0,
                             }));
}

static void load_running(struct market *m, int64_t lease, int64_t bid)
{
    CHECK(market_load_lease(m, &(struct lease){
                                   .lease = lease,
                                   .bid = bid,
                                   .ask = 8,
                                   .node = 7,
                                   .buyer = 5,
                                   .provider = 6,
                                   .pool = 1,
                                   .units = 1,
                                   .price = { 3600 },
                                   .seconds_max = 60,
                                   .hold = { 60 },
                                   .state = LEASE_RUNNING,
                                   .epoch = 1,
                                   .traded_us = STORY_START,
                                   .accepted_us = STORY_START,
                                   .ready_us = ONE_DUE_US - 60000000,
                               }));
}

/* Due at one time: a lease with the number 16 × 4096, an order with the same, and one on both sides
 * of it. */
TEST(orders_and_leases_stand_in_one_line)
{
    static const int64_t line[] = { 65535, 65536, -65536, 65537 }; /* negative: the lease */
    const struct pool pool = {
        .number = 1, .name = "cpu", .unit = { .cpu_millis = 1000 }, .tick = { 1 }
    };
    struct market *const m = market_new(&mem_heap, &market_rules_default, &pool, 1);
    struct command c;
    int64_t next_us;

    CHECK(m);
    load_others(m);
    load_bid(m, 9, 65536);
    load_bid(m, 65535, 0);
    load_bid(m, 65536, 0);
    load_bid(m, 65537, 0);
    load_running(m, 65536, 9);
    CHECK(market_load_end(m, 70000, STORY_START));

    CHECK(!market_due(m, ONE_DUE_US - 1, &c, &next_us) && next_us == ONE_DUE_US);
    for (size_t i = 0; i < ARRAY_LEN(line); i++) {
        struct outcome out;
        CHECK(market_due(m, ONE_DUE_US, &c, &next_us));
        CHECK(c.kind == (line[i] > 0 ? COMMAND_EXPIRE_ORDER : COMMAND_LEASE_SPENT));
        CHECK_I64(line[i] > 0 ? c.u.order.order : -c.u.lease.lease, line[i]);
        c.seq = market_last_seq(m) + 1;
        c.at_us = ONE_DUE_US;
        market_apply(m, &c, &out);
        CHECK_I64(out.refused, ERR_NONE);
        market_check(m);
    }
    CHECK(!market_due(m, ONE_DUE_US, &c, &next_us));
    market_free(m);
}

TEST(the_clock_alone_brings_every_job_to_an_end)
{
    begin();
    story_ask(&s, story_gpu_node(&s, pat, 4), 1, TICKS(2000));
    const int64_t lost = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    const int64_t waits = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    story_run(&s, lost);

    for (int64_t next_us; (next_us = next_due_us()) != INT64_MAX;) {
        s.now_us = next_us;
        CHECK(story_clock(&s) > 0);
    }
    CHECK_I64(story_kept_bid(&s, waits)->job, JOB_EXPIRED);
    CHECK_I64(story_kept_bid(&s, lost)->job, JOB_EXPIRED);
    CHECK_I64(story_balance(&s, alice)->available.micros, CENTS(1000000).micros);
    CHECK_I64(story_balance(&s, alice)->held.micros, 0);
    story_end(&s);
}

/* ---- the hash ---- */

TEST(the_hash_tells_every_change)
{
    begin();
    const int64_t node = story_gpu_node(&s, pat, 4);
    uint64_t seen[16];
    size_t n = 0;

    seen[n++] = market_hash(s.m);
    const int64_t ask = story_ask(&s, node, 2, TICKS(2000));
    seen[n++] = market_hash(s.m);
    const int64_t job = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    seen[n++] = market_hash(s.m);
    CHECK(story_lease(&s, job, COMMAND_ACCEPT_LEASE));
    seen[n++] = market_hash(s.m);
    CHECK(story_lease(&s, job, COMMAND_LEASE_READY));
    seen[n++] = market_hash(s.m);
    CHECK(story_cancel(&s, alice, job));
    seen[n++] = market_hash(s.m);
    CHECK(story_exit(&s, job, 1, 0));
    seen[n++] = market_hash(s.m);
    CHECK(story_cancel(&s, pat, ask));
    seen[n++] = market_hash(s.m);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            CHECK(seen[i] != seen[j]);
    story_end(&s);
}

/* The same commands give the same market, however they were grouped. */
TEST(groups_leave_no_trace)
{
    uint64_t hash[2];

    for (int one_group = 0; one_group < 2; one_group++) {
        begin();
        s.one_group = one_group;
        const int64_t ask = story_ask(&s, story_gpu_node(&s, pat, 4), 4, TICKS(2000));
        const int64_t job = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
        const int64_t other = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
        story_run(&s, job);
        CHECK(story_exit(&s, job, 60, 0));
        CHECK(!story_exit(&s, job, 60, 0));
        CHECK(story_cancel(&s, pat, ask));
        CHECK(story_cancel(&s, pat, ask)); /* applied: a lease is still live */
        CHECK(story_cancel(&s, alice, other));
        CHECK(!story_cancel(&s, pat, ask));
        hash[one_group] = market_hash(s.m);
        story_end(&s);
    }
    CHECK(hash[0] == hash[1]);
}

TEST(what_is_over_may_be_loaded_and_is_left_out)
{
    begin();
    const int64_t ask = story_ask(&s, story_gpu_node(&s, pat, 4), 4, TICKS(2000));
    const int64_t job = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    story_run(&s, job);
    CHECK(story_exit(&s, job, 60, 0));
    CHECK(story_cancel(&s, pat, ask));

    struct market *const second = story_rebuilt(&s);
    CHECK(!market_ask(second, ask) && !market_bid(second, job) &&
          !market_lease(second, job * 4096));
    CHECK(market_hash(second) == market_hash(s.m));
    market_free(second);
    story_end(&s);
}

/* Dropping one moves others within the table: none may be missed. Such numbers collide there. */
TEST(many_asks_that_are_over_are_all_left_out)
{
    struct ask a = { .account = 5, .spec = { .node = 6, .pool = STORY_CPU, .units = 1 } };

    story_begin(&s);
    a.state = ORDER_CANCELLED;
    a.reason = REASON_CANCELLED;
    CHECK(market_load_balance(s.m, &(struct balance){ .account = 5 }));
    CHECK(market_load_node(s.m, &(struct node){ .node = 6, .account = 5 }));
    for (int64_t i = 1; i <= 300; i++) {
        a.ask = i << 40;
        CHECK(market_load_ask(s.m, &a));
    }
    CHECK(market_load_end(s.m, 1000, STORY_START));
    for (int64_t i = 1; i <= 300; i++)
        CHECK(!market_ask(s.m, i << 40));
    story_end(&s);
}

/* A rebuilt market is not only equal, it goes on in the same way. */
TEST(a_rebuilt_market_goes_on_as_the_first_would_have)
{
    begin();
    story_ask(&s, story_gpu_node(&s, pat, 4), 1, TICKS(2000));
    const int64_t first = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    const int64_t second = story_job(&s, alice, STORY_GPU, 1, TICKS(2100));
    story_run(&s, first);
    struct market *const m = story_rebuilt(&s);
    const struct command c = { .seq = market_last_seq(m) + 1,
                               .at_us = s.now_us,
                               .account = pat,
                               .kind = COMMAND_LEASE_EXIT,
                               .u.lease = {
                                   .lease = first * 4096, .epoch = 1, .reason = REASON_DONE } };
    struct outcome out;

    market_apply(m, &c, &out);
    CHECK(out.refused == ERR_NONE && out.trades_n == 1 && market_trades(m)[0].bid == second);
    CHECK(story_do(&s, c));
    CHECK(market_hash(m) == market_hash(s.m));
    market_free(m);
    story_end(&s);
}

/* ---- memory ---- */

TEST(without_memory_there_is_no_market)
{
    const struct pool pool = { .number = 1, .name = "cpu", .tick = { 1 } };
    struct market *m = NULL;

    story_begin(&s); /* to borrow its memory, which counts */
    const int64_t blocks = s.blocks;
    for (int64_t n = 0; !m; n++) {
        CHECK(n < 10);
        s.memory_left = n;
        m = market_new(&s.mem, &market_rules_default, &pool, 1);
        CHECK(m || s.blocks == blocks);
    }
    CHECK(s.memory_left == 0 && s.blocks > blocks + 1);
    s.memory_left = -1;
    market_free(m);
    story_end(&s);
}

TEST(loading_says_when_there_is_no_memory)
{
    const struct bid bid = { .bid = 20,
                             .spec = { .wants = { { STORY_CPU, 1 } }, .wants_n = 1, .nodes = 1 },
                             .state = ORDER_OPEN,
                             .job = JOB_OPEN };
    const struct payout payout = { .payout = 21, .state = PAYOUT_REQUESTED };
    const struct lease lease = { .lease = 22, .ask = 23 };
    const struct ask ask = { .ask = 23,
                             .spec = { .node = 24, .pool = STORY_CPU },
                             .state = ORDER_OPEN };

    story_begin(&s);
    CHECK(market_load_node(s.m, &(struct node){ .node = 24 }));
    CHECK(market_load_ask(s.m, &ask));
    s.memory_left = 0;
    CHECK(!market_load_balance(s.m, &(struct balance){ .account = 25 }));
    CHECK(!market_load_node(s.m, &(struct node){ .node = 25 }));
    CHECK(!market_load_ask(s.m, &(struct ask){ .ask = 26 }));
    CHECK(!market_load_bid(s.m, &bid));
    CHECK(!market_load_lease(s.m, &lease));
    CHECK(!market_load_payout(s.m, &payout));
    market_free(s.m);
    market_free(NULL);
    CHECK_I64(s.blocks, 0);
}

/* A world in which every kind of command has something to do, just after a restart. */
struct world {
    int64_t node, ask, idle, offered, preparing, running, waits, payout;
};

static struct world make_world(void)
{
    struct world w;

    begin();
    w.node = story_gpu_node(&s, pat, 8);
    w.ask = story_ask(&s, w.node, 3, TICKS(2000));
    w.idle = story_ask(&s, story_cpu_node(&s, pat, 1), 1, TICKS(1));
    w.offered = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    w.preparing = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    CHECK(story_lease(&s, w.preparing, COMMAND_ACCEPT_LEASE));
    w.running = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    story_run(&s, w.running);
    w.waits = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    CHECK(story_do(&s, (struct command){ .account = alice,
                                         .kind = COMMAND_REQUEST_PAYOUT,
                                         .u.request_payout = { { 1 } } }));
    w.payout = market_last_seq(s.m);
    story_wait(&s, 3 * STORY_DAY); /* all that has a clock is due */
    story_restart(&s);
    return w;
}

/* ---- what some commands need beside that world ---- */

static void rate_node(int64_t node)
{
    CHECK(story_do(&s, (struct command){ .account = ACCOUNT_WORLD,
                                         .kind = COMMAND_RATE_NODE,
                                         .u.rate = { node, 1, 1 } }));
}

static int64_t fresh_ask(struct money price)
{
    return story_ask(&s, story_cpu_node(&s, pat, 1), 1, price);
}

static int64_t sealed_job(void)
{
    struct command c = story_job_of(&s, alice, STORY_CPU, 1, TICKS(9));

    c.u.submit_job.auction_ms = 1000;
    CHECK(story_do(&s, c));
    return market_last_seq(s.m);
}

static struct command ripe_command(void)
{
    struct command c = story_job_of(&s, alice, STORY_CPU, 1, TICKS(5));

    (void)fresh_ask(TICKS(5));
    c.u.submit_job.interruptible = true;
    CHECK(story_do(&s, c));
    const int64_t job = market_last_seq(s.m);
    story_run(&s, job);
    story_wait(&s, 600);
    return story_lease_of(&s, job, COMMAND_LEASE_RIPE);
}

/* With a narrow collar, one trade at five ticks and an ask at ten: a bid at ten waits for a call.
 */
static int32_t pool_with_a_call(void)
{
    struct command c = { .account = ACCOUNT_WORLD,
                         .kind = COMMAND_SET_RULES,
                         .u.set_rules = s.rules };

    c.u.set_rules.collar_bps = 1;
    c.u.set_rules.collar_trades = 1;
    CHECK(story_do(&s, c));
    (void)fresh_ask(TICKS(5));
    (void)story_job(&s, alice, STORY_CPU, 1, TICKS(5));
    (void)fresh_ask(TICKS(10));
    (void)story_job(&s, alice, STORY_CPU, 1, TICKS(10));
    CHECK(market_pool_state(s.m, STORY_CPU)->call_us > 0);
    story_wait(&s, 60);
    return STORY_CPU;
}

static int64_t invited_account(void)
{
    const int64_t account = story_account(&s, CENTS(0));

    CHECK(story_do(&s, (struct command){
                           .account = pat, .kind = COMMAND_INVITE, .u.invite.account = account }));
    return account;
}

/* Earlier releases held for a whole second more, rounded up. Such a lease is paid like any other.
 */
TEST(a_lease_of_an_earlier_release_holds_more_than_it_can_cost)
{
    begin();
    const int64_t ask = story_ask(&s, story_gpu_node(&s, pat, 1), 1, TICKS(2000));
    const int64_t job = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    struct balance *b = s.kept.balances;

    CHECK_I64(story_lease_for(&s, job)->ask, ask);
    while (b->account != alice)
        b++;
    b->available.micros -= 7;
    b->held.micros += 7;
    for (size_t i = 0; i < s.kept.bids_n; i++)
        if (s.kept.bids[i].bid == job) s.kept.bids[i].hold.micros += 7;
    s.kept.leases[0].hold.micros += 7;
    story_restart(&s);
    story_run(&s, job);
    story_wait(&s, 100);
    CHECK(story_exit(&s, job, 100, 0));
    CHECK_I64(story_kept_bid(&s, job)->hold.micros, 0);
    CHECK_I64(story_balance(&s, alice)->held.micros, 0);
    story_end(&s);
}

/* Earlier releases let an ask have 4095 units. It trades no more than a command may. */
TEST(an_ask_of_an_earlier_release_may_be_larger)
{
    enum { OLD = 4095 };
    struct market *m = NULL;
    struct outcome out;

    begin();
    const int64_t node = story_cpu_node(&s, pat, OLD);
    struct command job = story_job_of(&s, alice, STORY_CPU, 1, TICKS(5));
    struct ask ask = { .ask = 100000,
                       .account = pat,
                       .at_us = s.now_us,
                       .priority = 100000,
                       .spec = story_ask_of(&s, node, OLD, TICKS(1)).u.place_ask,
                       .traits = { .site = node },
                       .free = OLD,
                       .stale = true,
                       .state = ORDER_OPEN };
    job.u.submit_job.seconds = 3600;
    CHECK((m = market_new(&mem_heap, &s.rules, pools_of_story(), STORY_POOLS)));
    const struct balance rich = { .account = alice, .held = { (int64_t)OLD * TICKS(5).micros } };
    const struct balance poor = { .account = pat };
    const struct balance world = { .account = ACCOUNT_WORLD, .available = { -rich.held.micros } };
    CHECK(market_load_balance(m, &rich) && market_load_balance(m, &poor));
    CHECK(market_load_balance(m, &world) && market_load_node(m, market_node(s.m, node)));
    CHECK(market_load_ask(m, &ask));
    for (int64_t i = 0; i < OLD; i++) {
        const struct bid b = { .bid = 200000 + i,
                               .account = alice,
                               .at_us = s.now_us,
                               .priority = 200000 + i,
                               .spec = job.u.submit_job,
                               .state = ORDER_OPEN,
                               .job = JOB_OPEN,
                               .hold = TICKS(5) };
        CHECK(market_load_bid(m, &b));
    }
    CHECK(market_load_end(m, 300000, s.now_us));
    market_apply(m,
                 &(struct command){ .seq = 300001,
                                    .at_us = s.now_us,
                                    .account = ACCOUNT_WORLD,
                                    .kind = COMMAND_REENTER,
                                    .u.order.order = ask.ask },
                 &out);
    CHECK_I64(out.refused, ERR_NONE);
    CHECK_I64(out.trades_n, OLD);
    market_check(m);
    market_free(m);
    story_end(&s);
}

/* The store could not insert the two rows of one offer in one statement. */
TEST(an_offer_that_is_replaced_in_its_group_is_listed_once)
{
    begin();
    const int64_t bid = sealed_job(), ask = fresh_ask(TICKS(5)), other = fresh_ask(TICKS(6));
    struct command c = { .account = pat, .kind = COMMAND_OFFER };

    market_settle_group(s.m);
    s.one_group = true;
    c.u.offer.bid = bid, c.u.offer.ask = ask, c.u.offer.price = TICKS(8);
    CHECK(story_do(&s, c));
    c.u.offer.ask = other;
    CHECK(story_do(&s, c));
    c.u.offer.ask = ask, c.u.offer.price = TICKS(7);
    CHECK(story_do(&s, c));
    const struct touched t = touched();
    CHECK_I64((int64_t)t.offers_n, 2);
    CHECK(t.offers[0].ask == ask && t.offers[0].price.micros == TICKS(7).micros);
    CHECK(t.offers[0].seq == market_last_seq(s.m) && t.offers[1].ask == other);
    story_end(&s);
}

/* It holds for two GPUs and has got one vCPU. */
static int64_t job_to_trim(void)
{
    struct command c = story_job_of(&s, alice, STORY_OTHER, 2, TICKS(5));

    c.u.submit_job.wants[c.u.submit_job.wants_n++] = (struct want){ STORY_CPU, 1 };
    CHECK(story_do(&s, c));
    const int64_t job = market_last_seq(s.m);
    (void)fresh_ask(TICKS(5));
    CHECK_I64(story_kept_bid(&s, job)->state, ORDER_FILLED);
    return job;
}

/* A gang of two whose first lease is accepted. */
static int64_t gang_preparing(void)
{
    (void)fresh_ask(TICKS(5));
    (void)fresh_ask(TICKS(5));
    struct command c = story_job_of(&s, alice, STORY_CPU, 1, TICKS(5));
    c.u.submit_job.nodes = 2;
    CHECK(story_do(&s, c));
    const int64_t job = market_last_seq(s.m);
    CHECK(story_lease(&s, job, COMMAND_ACCEPT_LEASE));
    return job;
}

static bool is_of_the_market(enum command_kind kind)
{
    return kind == COMMAND_REENTER || kind == COMMAND_CLOSE_AUCTION || kind == COMMAND_CALL ||
           kind == COMMAND_RATE_NODE || kind == COMMAND_RATE_ACCOUNT || kind == COMMAND_TRIM ||
           kind == COMMAND_SET_RULES || kind == COMMAND_NODE_HEALTH || kind == COMMAND_CREDIT ||
           kind == COMMAND_COMPLETE_PAYOUT || kind == COMMAND_FAIL_PAYOUT ||
           kind == COMMAND_EXPIRE_ORDER;
}

/* The command of this kind in that world. */
static struct command command_in(const struct world *w, enum command_kind kind)
{
    struct command c = { .account = pat, .kind = kind };

    switch (kind) {
    case COMMAND_OPEN_ACCOUNT: break;
    case COMMAND_CREDIT: c.u.credit.account = pat, c.u.credit.amount = CENTS(1); break;
    case COMMAND_PUT_NODE: c.u.put_node.node = w->node, c.u.put_node.spec.cpu_millis = 1; break;
    case COMMAND_PLACE_ASK: return story_ask_of(&s, w->node, 4, TICKS(2000));
    case COMMAND_AMEND_ASK:
        c.u.amend_ask.ask = w->ask, c.u.amend_ask.price = TICKS(2000), c.u.amend_ask.units = 4;
        break;
    case COMMAND_CANCEL_ASK: c.u.order.order = w->ask; break;
    case COMMAND_SUBMIT_JOB: return story_job_of(&s, alice, STORY_CPU, 1, TICKS(1));
    case COMMAND_AMEND_BID:
        c.account = alice, c.u.amend_bid.bid = w->waits, c.u.amend_bid.limit = TICKS(1000);
        break;
    case COMMAND_CANCEL_JOB: c.account = alice, c.u.order.order = w->offered; break;
    case COMMAND_ACCEPT_LEASE:
    case COMMAND_DECLINE_LEASE:
    case COMMAND_LEASE_TIMEOUT: return story_lease_of(&s, w->offered, kind);
    case COMMAND_LEASE_PREPARED: return story_lease_of(&s, gang_preparing(), kind);
    case COMMAND_LEASE_READY: return story_lease_of(&s, w->preparing, kind);
    case COMMAND_LEASE_CANNOT_START:
        c = story_lease_of(&s, w->preparing, kind);
        c.u.lease.reason = REASON_IMAGE_INVALID, c.u.lease.fault = WHOSE_BUYER;
        break;
    case COMMAND_LEASE_EXIT:
        c = story_lease_of(&s, w->running, kind);
        c.u.lease.reason = REASON_DONE;
        break;
    case COMMAND_LEASE_LOST:
    case COMMAND_LEASE_CHECKPOINT:
    case COMMAND_LEASE_SPENT: return story_lease_of(&s, w->running, kind);
    case COMMAND_EXPIRE_ORDER: c.u.order.order = w->idle; break;
    case COMMAND_REQUEST_PAYOUT: c.account = alice, c.u.request_payout.amount = CENTS(1); break;
    case COMMAND_COMPLETE_PAYOUT:
    case COMMAND_FAIL_PAYOUT: c.u.payout.payout = w->payout; break;
    case COMMAND_SET_RULES: c.u.set_rules = s.rules; break;
    case COMMAND_REENTER:
        rate_node(w->node);
        c.u.order.order = w->ask;
        break;
    case COMMAND_LEASE_RIPE: return ripe_command();
    case COMMAND_OFFER:
        c.u.offer.bid = sealed_job(), c.u.offer.ask = fresh_ask(TICKS(5));
        c.u.offer.price = TICKS(5);
        break;
    case COMMAND_CLOSE_AUCTION:
        c.u.order.order = sealed_job();
        story_wait(&s, 1);
        break;
    case COMMAND_CALL: c.u.call.pool = pool_with_a_call(); break;
    case COMMAND_RATE_NODE: c.u.rate.number = w->node, c.u.rate.tier = 2; break;
    case COMMAND_RATE_ACCOUNT: c.u.rate.number = pat, c.u.rate.tier = 2; break;
    case COMMAND_INVITE: c.u.invite.account = alice; break;
    case COMMAND_JOIN_TEAM: c.account = invited_account(), c.u.team.account = pat; break;
    case COMMAND_LEAVE_TEAM:
        c.u.team.account = invited_account();
        CHECK(story_do(&s, (struct command){ .account = c.u.team.account,
                                             .kind = COMMAND_JOIN_TEAM,
                                             .u.team.account = pat }));
        break;
    case COMMAND_TRIM: c.u.order.order = job_to_trim(); break;
    case COMMAND_NODE_HEALTH: c.u.node_health.node = w->node; break;
    case COMMAND_DRAIN_NODE: c.u.drain_node.node = w->node, c.u.drain_node.from_us = 1; break;
    case COMMAND_LEASE_DRAINED:
        CHECK(story_do(&s, (struct command){ .account = pat,
                                             .kind = COMMAND_DRAIN_NODE,
                                             .u.drain_node = { w->node, 1, true } }));
        return story_lease_of(&s, w->running, kind);
    }
    if (is_of_the_market(kind)) c.account = ACCOUNT_WORLD;
    return c;
}

/* Give the command no memory, then one piece, then two, until it is applied. In between it must be
 * refused as overloaded and have changed nothing (which story_do sees to). */
static void starve(const struct command *c)
{
    int64_t n = 0;

    for (;; n++) {
        s.memory_left = n;
        const bool applied = story_do(&s, *c);
        s.memory_left = -1;
        if (applied) break;
        CHECK_I64(s.out.refused, ERR_OVERLOADED);
        CHECK(n < 5000); /* a call reserves for all that it may do */
    }
    CHECK(n > 0 || c->kind == COMMAND_SET_RULES); /* or it was not starved at all */
}

TEST(without_memory_a_command_is_refused_and_changes_nothing)
{
    for (int kind = COMMAND_OPEN_ACCOUNT; kind < COMMANDS; kind++) {
        const struct world w = make_world();
        const struct command c = command_in(&w, (enum command_kind)kind);
        story_restart(&s); /* with no room to spare */
        starve(&c);
        story_end(&s);
    }
}

TEST(cancelling_and_expiring_bids_need_memory_too)
{
    struct world w = make_world();
    struct command c = command_in(&w, COMMAND_CANCEL_JOB);
    c.u.order.order = w.waits;
    starve(&c);
    story_end(&s);

    w = make_world();
    c = command_in(&w, COMMAND_EXPIRE_ORDER);
    c.u.order.order = w.waits;
    starve(&c);
    story_end(&s);

    w = make_world();
    c = command_in(&w, COMMAND_PUT_NODE);
    c.u.put_node.node = 0;
    starve(&c);
    story_end(&s);
}

/* Room for what one command touches grows with the group, which may be long. */
TEST(a_long_group_grows_its_lists)
{
    begin();
    s.one_group = true;
    s.rebuild = false;
    story_ask(&s, story_cpu_node(&s, pat, 200), 200, TICKS(1));
    for (int i = 0; i < 200; i++)
        story_job(&s, alice, STORY_CPU, 1, TICKS(1));
    CHECK(touched().bids_n == 200 && touched().leases_n == 200 && touched().trades_n == 200);
    market_settle_group(s.m);
    CHECK(touched().bids_n == 0);
    story_end(&s);
}

TEST(a_market_may_have_no_pool_and_a_pool_no_name)
{
    const struct pool unnamed = { .number = 1, .unit = { .cpu_millis = 1000 }, .tick = { 1 } };
    struct market *m = market_new(&mem_heap, &market_rules_default, NULL, 0);

    CHECK(m && !market_pool(m, 1));
    market_free(m);
    CHECK((m = market_new(&mem_heap, &market_rules_default, &unnamed, 1)));
    CHECK(market_pool(m, 1) && !market_pool_named(m, str_of("")));
    market_free(m);
}

/* More orders than room is made for together, each in a ladder of each of its pools. */
TEST(a_large_market_is_rebuilt_with_all_its_orders_in_place)
{
    struct market *const big = market_new(&mem_heap, &s.rules, pools_of_story(), STORY_POOLS);
    struct market *const again = market_new(&mem_heap, &s.rules, pools_of_story(), STORY_POOLS);
    const struct pool *const pools = pools_of_story();
    struct command c;
    struct outcome out;
    struct touched t;

    CHECK(big && again);
    s.now_us = STORY_START;
    c = (struct command){ .seq = 16, .at_us = STORY_START, .kind = COMMAND_OPEN_ACCOUNT };
    market_apply(big, &c, &out);
    c = (struct command){ .seq = 17,
                          .at_us = STORY_START,
                          .account = ACCOUNT_WORLD,
                          .kind = COMMAND_CREDIT,
                          .u.credit = { 16, MONEY_INPUT_MAX } };
    market_apply(big, &c, &out);
    for (int i = 0; i < 1500; i++) {
        c = story_job_of(&s, 16, 1, 1 + i % 3, TICKS(1 + i));
        c.u.submit_job.wants_n = STORY_POOLS;
        for (int32_t w = 0; w < STORY_POOLS; w++)
            c.u.submit_job.wants[w] = (struct want){ pools[w].number, 1 + (i + w) % 3 };
        c.seq = 18 + i;
        c.at_us = STORY_START;
        market_apply(big, &c, &out);
        CHECK_I64(out.refused, ERR_NONE);
    }
    market_touched(big, &t);
    for (size_t i = 0; i < t.balances_n; i++)
        CHECK(market_load_balance(again, t.balances[i]));
    for (size_t i = 0; i < t.bids_n; i++)
        CHECK(market_load_bid(again, t.bids[i]));
    CHECK(market_load_end(again, market_last_seq(big), STORY_START)); /* which checks the books */
    CHECK(market_hash(again) == market_hash(big));
    market_free(again);
    market_free(big);
}

TESTS(T(a_new_market_has_the_world_and_the_fees_and_expects_command_16),
      T(pools_are_found_by_number_and_by_name), T(a_refused_command_takes_no_number_and_no_time),
      T(a_command_that_does_not_exist_is_refused),
      T(each_kind_has_its_list_of_what_a_group_has_touched),
      T(an_object_is_listed_once_and_fresh_until_its_group_is_stored),
      T(trades_are_numbered_within_the_group), T(no_change_touches_nothing),
      T(what_is_over_leaves_with_its_group), T(an_ask_leaves_with_its_last_lease),
      T(a_lease_of_an_earlier_release_holds_more_than_it_can_cost),
      T(an_ask_of_an_earlier_release_may_be_larger),
      T(an_offer_that_is_replaced_in_its_group_is_listed_once), T(a_walk_meets_the_live_leases),
      T(an_idle_market_has_nothing_to_wait_for), T(each_state_of_a_lease_has_its_clock),
      T(open_orders_expire_and_others_have_no_clock),
      T(the_earliest_is_due_first_then_the_lowest_number), T(orders_and_leases_stand_in_one_line),
      T(the_clock_alone_brings_every_job_to_an_end), T(the_hash_tells_every_change),
      T(groups_leave_no_trace), T(what_is_over_may_be_loaded_and_is_left_out),
      T(many_asks_that_are_over_are_all_left_out),
      T(a_rebuilt_market_goes_on_as_the_first_would_have), T(without_memory_there_is_no_market),
      T(loading_says_when_there_is_no_memory),
      T(without_memory_a_command_is_refused_and_changes_nothing),
      T(cancelling_and_expiring_bids_need_memory_too), T(a_long_group_grows_its_lists),
      T(a_market_may_have_no_pool_and_a_pool_no_name),
      T(a_large_market_is_rebuilt_with_all_its_orders_in_place))
