/* SPDX-License-Identifier: Apache-2.0 */
/* Silence: when it takes a node's leases and asks, and when it must not. Time is the test's own. */
#include "service/liveness.h"

#include "base/clock.h"
#include "store/agents.h"
#include "tests/t.h"
#include "tests/writer/market_db.h"

#define SECOND 1000000
#define USD    INT64_C(1000000)

static struct stage stage;
static struct db *db, *owner;
static struct err err;
static const struct market_info info = { .lease_seconds = 90, .heartbeat_seconds = 20 };
static struct liveness *liveness;
static int64_t buyer, seller, node, now, next_key = 1000;

static struct submission tell(struct command c)
{
    const struct submission s = stage_do(&stage, c, next_key++);
    CHECK(s.result == SUBMIT_DONE);
    return s;
}

/* Look once a second for so long. */
static void pass(int64_t seconds)
{
    for (int64_t i = 0; i < seconds; i++) {
        now += SECOND;
        CHECK(liveness_tick(liveness, db, now, &err));
    }
}

/* The commands are on their way: let them arrive, and be collected. No time passes. */
static void settle(void)
{
    for (int i = 0; i < 20; i++) {
        clock_sleep_us(10000);
        CHECK(liveness_tick(liveness, db, now, &err));
    }
}

static int64_t count(const char *sql)
{
    return market_db_number(owner, sql);
}

#define LIVE_LEASES "SELECT count(*) FROM leases WHERE state < 4"
#define OPEN_ASKS   "SELECT count(*) FROM asks WHERE state = 1"

static void add_agent(int64_t number, uint8_t first)
{
    const struct agent_row agent = { STR("node"), STR("1"), STR("{}"), STR("null"),
                                     now - 3600 * (int64_t)SECOND };
    const uint8_t key[32] = { first };
    CHECK_I64(store_add_agent(db, number, key, &agent, &err), DB_ONE);
}

/* An ask of four units, of which one is under a lease. */
static void trade(void)
{
    tell(ask_of(seller, node, 10000, 4));
    const struct submission s = tell(bid_of(buyer, 20000, 1));
    CHECK_I64(s.trades_n, 1);
    struct command c = { .kind = COMMAND_ACCEPT_LEASE, .account = seller };
    c.u.lease.lease = s.trades[0].trade;
    c.u.lease.epoch = 1;
    tell(c);
}

TEST(a_market_begins)
{
    const char *conninfo = market_db_new();

    now = clock_wall_us();
    stage_open(&stage, conninfo);
    stage_wait_ready(&stage);
    db = db_open(conninfo, DB_APP, &err);
    owner = market_db_open(conninfo);
    buyer = stage_account(&stage, 10 * USD, 1);
    seller = stage_account(&stage, 0, 3);
    node = stage_node(&stage, seller, 5);
    add_agent(node, 1);
    trade();
    liveness = liveness_new(&info, stage.writer);
}

TEST(nobody_was_heard_of_at_the_start)
{
    CHECK_I64(liveness_last(liveness, node), 0);
}

TEST(nothing_is_lost_before_one_full_lease_time_of_hearing)
{
    pass(89);
    settle();
    CHECK_I64(count(LIVE_LEASES), 1);
    liveness_heard(liveness, node, now);
}

TEST(a_node_that_is_heard_of_keeps_what_it_has)
{
    for (int i = 0; i < 10; i++) {
        pass(20);
        liveness_heard(liveness, node, now);
    }
    settle();
    CHECK_I64(count(LIVE_LEASES), 1);
    CHECK_I64(count(OPEN_ASKS), 1);
}

TEST(the_times_are_stored)
{
    CHECK_I64(
        count("SELECT count(*) FROM node_agents WHERE last_seen_at > now() - interval '1 minute'"),
        1);
}

TEST(a_gap_between_two_looks_is_our_own_silence)
{
    now += 600 * (int64_t)SECOND;
    pass(80);
    settle();
    CHECK_I64(count(LIVE_LEASES), 1);
    liveness_heard(liveness, node, now);
}

TEST(a_clock_that_is_set_back_costs_nobody_anything)
{
    now -= 3600 * (int64_t)SECOND;
    pass(60);
    liveness_heard(liveness, node, now);
    pass(60);
    settle();
    CHECK_I64(count(LIVE_LEASES), 1);
    liveness_heard(liveness, node, now);
}

TEST(a_silent_node_loses_its_leases_and_its_asks)
{
    pass(89);
    CHECK_I64(count(LIVE_LEASES), 1);
    pass(2);
    settle();
    CHECK_I64(count(LIVE_LEASES), 0);
    CHECK_I64(count(OPEN_ASKS), 0);
    CHECK_I64(count("SELECT count(*) FROM leases WHERE reason = 11"), 1);
}

TEST(it_is_not_asked_for_again_while_it_stays_silent)
{
    const int64_t before = count("SELECT max(seq) FROM commands");
    pass(100);
    settle();
    CHECK_I64(count("SELECT max(seq) FROM commands"), before);
}

TEST(an_ask_for_a_silent_node_is_taken_off_again)
{
    tell(ask_of(seller, node, 10000, 1));
    liveness_watch(liveness, node, now);
    pass(1);
    settle();
    CHECK_I64(count(OPEN_ASKS), 0);
}

TEST(a_node_that_comes_back_may_sell_again)
{
    liveness_heard(liveness, node, now);
    CHECK_I64(liveness_last(liveness, node), now);
    tell(ask_of(seller, node, 10000, 1));
    settle();
    CHECK_I64(count(OPEN_ASKS), 1);
}

TEST(a_node_that_was_never_heard_of_is_missed_too)
{
    struct liveness *other = liveness_new(&info, stage.writer);
    liveness_free(liveness);
    liveness = other;
    pass(92);
    settle();
    CHECK_I64(count(OPEN_ASKS), 0);
}

/* A node with asks that the market does not know: they are refused, and stay. */
static void add_crowded(int64_t number, int64_t asks)
{
    static const char insert[] =
        "WITH a AS (INSERT INTO asks SELECT %lld * 100000 + i, account, at, priority, %lld, pool, "
        "price, floor, units, units, until, seconds_min, seconds_max, 1, reason, version "
        "FROM (SELECT * FROM asks ORDER BY ask LIMIT 1) one, generate_series(1, %lld) i RETURNING "
        "1) "
        "SELECT count(*) FROM a";
    char sql[sizeof(insert) + 64];

    add_agent(number, (uint8_t)(100 + number));
    snprintf(sql, sizeof(sql), insert, (long long)number, (long long)number, (long long)asks);
    CHECK_I64(count(sql), asks);
}

TEST(what_does_not_fit_at_once_holds_nobody_up)
{
    char sql[96];

    snprintf(sql, sizeof(sql), "SELECT count(*) FROM asks WHERE state = 1 AND node = %lld",
             (long long)node);
    liveness_free(liveness);
    liveness = NULL;
    CHECK(node > 3); /* the crowded ones come before it */
    add_crowded(node - 3, 600);
    add_crowded(node - 2, 600);
    add_crowded(node - 1, 1500); /* never gets through all of them */
    tell(ask_of(seller, node, 10000, 1));
    CHECK_I64(count(sql), 1);
    struct liveness *other = liveness_new(&info, stage.writer);
    liveness = other;
    pass(1);
    liveness_heard(liveness, node, now);
    pass(80);
    liveness_heard(liveness, node, now); /* the others are missed first */
    pass(12);
    settle();
    CHECK_I64(count(sql), 1);
    pass(90);
    settle();
    CHECK_I64(count(sql), 0);
}

TEST(all_is_given_back)
{
    liveness_free(liveness);
    db_close(db);
    db_close(owner);
    stage_close(&stage);
}

TESTS(T(a_market_begins), T(nobody_was_heard_of_at_the_start),
      T(nothing_is_lost_before_one_full_lease_time_of_hearing),
      T(a_node_that_is_heard_of_keeps_what_it_has), T(the_times_are_stored),
      T(a_gap_between_two_looks_is_our_own_silence),
      T(a_clock_that_is_set_back_costs_nobody_anything),
      T(a_silent_node_loses_its_leases_and_its_asks),
      T(it_is_not_asked_for_again_while_it_stays_silent),
      T(an_ask_for_a_silent_node_is_taken_off_again), T(a_node_that_comes_back_may_sell_again),
      T(a_node_that_was_never_heard_of_is_missed_too), T(what_does_not_fit_at_once_holds_nobody_up),
      T(all_is_given_back))
