/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "service/payload.h"
#include "tests/t.h"
#include "tests/writer/market_db.h"

#define DOLLAR INT64_C(1000000)

TEST(an_answer_is_in_the_database)
{
    struct stage s;
    const char *conninfo = market_db_new();

    stage_open(&s, conninfo);
    stage_wait_ready(&s);
    struct db *db = market_db_open(conninfo);
    const int64_t buyer = stage_account(&s, 100 * DOLLAR, 10);
    struct submission bid = stage_do(&s, bid_of(buyer, 2 * DOLLAR, 3), 1);
    CHECK(bid.result == SUBMIT_DONE);
    CHECK_I64(market_db_number(db, "SELECT hold FROM bids"), 6 * DOLLAR);
    CHECK_I64(market_db_number(db, "SELECT available FROM balances WHERE account >= 16"),
              94 * DOLLAR);
    CHECK_I64(market_db_number(db, "SELECT held FROM balances WHERE account >= 16"), 6 * DOLLAR);
    CHECK_I64(market_db_number(db, "SELECT coalesce(sum(amount), 0)::bigint FROM postings"), 0);
    db_close(db);
    stage_close(&s);
}

TEST(the_same_key_gives_the_first_answer_and_another_request_under_it_is_refused)
{
    struct stage s;

    stage_open(&s, market_db_new());
    stage_wait_ready(&s);
    const int64_t buyer = stage_account(&s, 100 * DOLLAR, 10);
    const struct command c = bid_of(buyer, 2 * DOLLAR, 3);
    const struct submission first = stage_do(&s, c, 1), again = stage_do(&s, c, 1);
    CHECK(first.result == SUBMIT_DONE && again.result == SUBMIT_REPLAYED);
    CHECK_I64(again.command.seq, first.command.seq);
    struct submission other = { .command = c, .keyed = true, .arena = &s.arena };
    memcpy(other.key, &(int64_t){ 1 }, sizeof(int64_t));
    other.body.b[0] = 1;
    other.payload = payload_make(&c, NULL, &s.arena);
    writer_submit_wait(s.writer, &other);
    CHECK(other.result == SUBMIT_KEY_REUSED);
    stage_close(&s);
}

TEST(a_refusal_writes_nothing_and_takes_no_number)
{
    struct stage s;
    const char *conninfo = market_db_new();

    stage_open(&s, conninfo);
    stage_wait_ready(&s);
    struct db *db = market_db_open(conninfo);
    const int64_t buyer = stage_account(&s, DOLLAR, 10);
    const struct submission poor = stage_do(&s, bid_of(buyer, 2 * DOLLAR, 3), 1);
    CHECK(poor.result == SUBMIT_REFUSED && poor.outcome.refused == ERR_INSUFFICIENT_FUNDS);
    CHECK_I64(market_db_number(db, "SELECT count(*) FROM commands"), 2);
    const struct submission small = stage_do(&s, bid_of(buyer, 1000, 1), 1);
    CHECK(small.result == SUBMIT_DONE); /* a refused key was not used up */
    CHECK_I64(market_db_number(db, "SELECT max(seq) - min(seq) + 1 FROM commands"), 3);
    db_close(db);
    stage_close(&s);
}

/* A whole life: trade, accept, ready, exit; then everything is rebuilt and goes on. */
static int64_t run_lease(struct stage *s, int64_t provider, const struct trade *t)
{
    static const enum command_kind steps[] = { COMMAND_ACCEPT_LEASE, COMMAND_LEASE_READY,
                                               COMMAND_LEASE_EXIT };
    struct submission sub = { 0 };

    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct command c = { .kind = steps[i], .account = provider };
        c.u.lease.lease = t->trade;
        c.u.lease.epoch = 1;
        c.u.lease.reason = steps[i] == COMMAND_LEASE_EXIT ? REASON_DONE : REASON_NONE;
        sub = stage_do(s, c, 0);
        CHECK(sub.result == SUBMIT_DONE);
    }
    return sub.now.lease.payout.micros;
}

TEST(a_lease_is_paid_and_the_ledger_stays_at_zero_over_a_restart)
{
    struct stage s;
    const char *conninfo = market_db_new();

    stage_open(&s, conninfo);
    stage_wait_ready(&s);
    const int64_t buyer = stage_account(&s, 100 * DOLLAR, 10), seller = stage_account(&s, 0, 20);
    const int64_t node = stage_node(&s, seller, 30);
    CHECK(stage_do(&s, ask_of(seller, node, DOLLAR, 4), 31).result == SUBMIT_DONE);
    const struct submission bid = stage_do(&s, bid_of(buyer, 2 * DOLLAR, 3), 1);
    CHECK_I64((int64_t)bid.trades_n, 1);
    CHECK_I64(bid.now.bid.hold.micros, 3 * DOLLAR); /* shrunk to the ask's price */
    const struct trade trade = bid.trades[0];
    stage_close(&s);

    stage_open(&s, conninfo); /* all from the database */
    stage_wait_ready(&s);
    const int64_t payout = run_lease(&s, seller, &trade);
    CHECK_I64(payout, 50000 - 500); /* 60 s of 3 units at $1, less 1 % */
    struct db *db = market_db_open(conninfo);
    CHECK_I64(market_db_number(db, "SELECT available FROM balances WHERE account = 2"), 500);
    CHECK_I64(market_db_number(db, "SELECT sum(available + held)::bigint FROM balances"), 0);
    CHECK_I64(market_db_number(
                  db, "SELECT count(*) FROM (SELECT account, bucket FROM postings GROUP BY 1, 2"
                      " EXCEPT SELECT account, 0 FROM balances EXCEPT SELECT account, 1 FROM"
                      " balances) x"),
              0);
    CHECK_I64(
        market_db_number(db, "SELECT count(*) FROM balances b WHERE available <> (SELECT"
                             " coalesce(sum(amount), 0) FROM postings p WHERE p.account = b.account"
                             " AND bucket = 0)"),
        0);
    CHECK_I64(market_db_number(db, "SELECT free FROM asks"), 4);
    db_close(db);
    stage_close(&s);
}

/* The writer's backend is killed again and again while many submit; each answer is counted, and
 * what is stored afterwards is exactly what was answered. */
#define CROWD 600 /* more than one group */

struct member {
    struct submission s;
    atomic_int answered;
};

static void answered(void *arg)
{
    struct member *m = arg;
    atomic_store(&m->answered, 1);
}

/* The backend that the writer writes through, or the other one, which flushes. */
static void kill_backend(struct db *db, bool flushing)
{
    const char *const others = "SELECT count(pg_terminate_backend(a.pid)) FROM pg_stat_activity a"
                               " WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()"
                               " AND a.pid NOT IN (SELECT pid FROM pg_locks WHERE locktype ="
                               " 'advisory' AND objid = 723910584 AND granted)";

    (void)market_db_number(
        db, flushing ? others
                     : "SELECT count(pg_terminate_backend(l.pid)) FROM pg_locks l JOIN"
                       " pg_database d ON d.oid = l.database WHERE l.locktype ="
                       " 'advisory' AND l.objid = 723910584 AND"
                       " d.datname = current_database()");
}

static void lose_connections(enum overlap overlap)
{
    static struct member crowd[CROWD];
    struct stage s;
    const char *conninfo = market_db_new();

    stage_overlap = overlap;
    stage_open(&s, conninfo);
    stage_wait_ready(&s);
    struct db *db = market_db_open(conninfo);
    const int64_t buyer = stage_account(&s, 1000000 * DOLLAR, 10);
    const int64_t losses = writer_losses(s.writer);
    int64_t done = 0;
    for (int round = 0; round < 10; round++) {
        for (int64_t i = 0; i < CROWD; i++) {
            struct member *m = &crowd[i];
            memset(m, 0, sizeof(*m));
            m->s = (struct submission){ .command = bid_of(buyer, 1000, 1),
                                        .keyed = true,
                                        .arena = &s.arena,
                                        .done = answered,
                                        .arg = m };
            const int64_t key = 1000 + round * CROWD + i;
            memcpy(m->s.key, &key, sizeof(key));
            m->s.payload = payload_make(&m->s.command, NULL, &s.arena);
            writer_submit(s.writer, &m->s);
            if (i == CROWD / 2) kill_backend(db, overlap == OVERLAP_ON && round % 2 == 1);
        }
        for (int i = 0; i < CROWD; i++) {
            while (!atomic_load(&crowd[i].answered))
                clock_sleep_us(100);
            CHECK(crowd[i].s.result == SUBMIT_DONE || crowd[i].s.result == SUBMIT_REPLAYED ||
                  crowd[i].s.result == SUBMIT_BUSY);
            done += crowd[i].s.result != SUBMIT_BUSY;
        }
        stage_wait_ready(&s);
    }
    struct writer_stats stats;
    writer_stats(s.writer, &stats);
    CHECK(stats.epoch > 1);
    CHECK_I64(market_db_number(db, "SELECT count(*) FROM bids"), done);
    CHECK(!writer_settled(s.writer, losses)); /* what was read before may have been lost */
    CHECK(writer_settled(s.writer, writer_losses(s.writer)));
    printf("# %lld answered, epoch %lld, %lld groups failed\n", (long long)done,
           (long long)stats.epoch, (long long)stats.failed_groups);
    db_close(db);
    stage_close(&s);
}

TEST(a_lost_connection_loses_no_answer_and_doubles_none)
{
    lose_connections(OVERLAP_OFF);
}

TEST(nor_does_either_of_two_while_the_flush_is_overlapped)
{
    lose_connections(OVERLAP_ON);
    stage_overlap = OVERLAP_AUTO;
}

struct turn {
    struct submission s;
    atomic_int *turns;
    atomic_int when; /* 1: the first to be answered */
};

static void take_turn(void *arg)
{
    struct turn *t = arg;
    atomic_store(&t->when, atomic_fetch_add(t->turns, 1) + 1);
}

/* A repetition and a refusal write nothing, yet rest on what is still on its way to the disk. */
TEST(what_writes_nothing_is_answered_after_what_it_rests_on)
{
    struct stage s;
    atomic_int turns = 0;
    struct turn t[3] = { { .turns = &turns }, { .turns = &turns }, { .turns = &turns } };

    stage_overlap = OVERLAP_ON;
    stage_open(&s, market_db_new());
    stage_overlap = OVERLAP_AUTO;
    stage_wait_ready(&s);
    const int64_t buyer = stage_account(&s, 10 * DOLLAR, 10);
    for (int round = 0; round < 20; round++) {
        const int64_t keys[] = { 100 + round, 100 + round, 1000 + round };
        atomic_store(&turns, 0);
        for (size_t i = 0; i < ARRAY_LEN(t); i++) {
            const int64_t price = i == 2 ? 1000 * DOLLAR : 1000; /* the third is too dear */
            t[i].s = (struct submission){ .command = bid_of(buyer, price, 1),
                                          .keyed = true,
                                          .arena = &s.arena,
                                          .done = take_turn,
                                          .arg = &t[i] };
            atomic_store(&t[i].when, 0);
            memcpy(t[i].s.key, &keys[i], sizeof(keys[i]));
            t[i].s.payload = payload_make(&t[i].s.command, NULL, &s.arena);
            writer_submit(s.writer, &t[i].s);
            clock_sleep_us(round * 20); /* sometimes of the same group, sometimes of the next */
        }
        for (size_t i = 0; i < ARRAY_LEN(t); i++)
            while (!atomic_load(&t[i].when))
                clock_sleep_us(100);
        CHECK(t[0].s.result == SUBMIT_DONE && t[1].s.result == SUBMIT_REPLAYED);
        CHECK(t[2].s.result == SUBMIT_REFUSED);
        CHECK(t[0].when == 1 && t[1].when == 2 && t[2].when == 3);
        CHECK_I64(t[1].s.command.seq, t[0].s.command.seq);
    }
    CHECK(writer_settled(s.writer, writer_losses(s.writer)));
    stage_close(&s);
}

/* What is read must have been released when writer_settled() says so. */
TEST(what_can_be_read_is_settled_first)
{
    struct stage s;
    atomic_int turns = 0;
    struct turn t = { .turns = &turns };
    const char *conninfo = market_db_new();

    stage_overlap = OVERLAP_ON;
    stage_open(&s, conninfo);
    stage_overlap = OVERLAP_AUTO;
    stage_wait_ready(&s);
    struct db *db = market_db_open(conninfo);
    const int64_t buyer = stage_account(&s, 10 * DOLLAR, 10);
    for (int64_t key = 100; key < 120; key++) {
        t.s = (struct submission){ .command = bid_of(buyer, 1000, 1),
                                   .keyed = true,
                                   .arena = &s.arena,
                                   .done = take_turn,
                                   .arg = &t };
        atomic_store(&t.when, 0);
        memcpy(t.s.key, &key, sizeof(key));
        t.s.payload = payload_make(&t.s.command, NULL, &s.arena);
        const int64_t losses = writer_losses(s.writer);
        writer_submit(s.writer, &t.s);
        while (market_db_number(db, "SELECT count(*) FROM bids") < key - 99)
            clock_sleep_us(50);
        CHECK(writer_settled(s.writer, losses));
        struct writer_stats stats;
        writer_stats(s.writer, &stats);
        CHECK_I64(stats.commands, key - 99 + 2); /* all that was released; two made the account */
        while (!atomic_load(&t.when))            /* its answer may be a moment behind */
            clock_sleep_us(10);
        CHECK(t.s.result == SUBMIT_DONE);
    }
    db_close(db);
    stage_close(&s);
}

TEST(a_writer_whose_epoch_has_passed_writes_nothing)
{
    struct stage s;
    const char *conninfo = market_db_new();
    struct err err = { 0 };

    stage_open(&s, conninfo);
    stage_wait_ready(&s);
    struct db *db = market_db_open(conninfo);
    const int64_t buyer = stage_account(&s, 100 * DOLLAR, 10);
    const int64_t before = market_db_number(db, "SELECT epoch FROM leader");
    CHECK(db_script(db, "UPDATE leader SET epoch = epoch + 1", &err));
    const struct submission bid = stage_do(&s, bid_of(buyer, DOLLAR, 1), 1);
    CHECK(bid.result == SUBMIT_DONE); /* nobody else holds the lead: it took a new epoch */
    CHECK_I64(market_db_number(db, "SELECT epoch FROM leader"), before + 2);
    CHECK_I64(market_db_number(db, "SELECT count(*) FROM bids"), 1);
    db_close(db);
    stage_close(&s);
}

/* An agent that changes its mind quickly: its offers come in one group. */
TEST(an_offer_and_its_replacement_are_stored_in_one_group)
{
    static struct member crowd[CROWD];
    struct stage s;
    struct writer_stats before, after;
    const char *conninfo = market_db_new();

    stage_open(&s, conninfo);
    stage_wait_ready(&s);
    struct db *db = market_db_open(conninfo);
    const int64_t buyer = stage_account(&s, 1000 * DOLLAR, 10), seller = stage_account(&s, 0, 20);
    const int64_t node = stage_node(&s, seller, 30);
    const struct submission ask = stage_do(&s, ask_of(seller, node, DOLLAR, 4), 31);
    struct command sealed = bid_of(buyer, 2 * DOLLAR, 1);
    sealed.u.submit_job.auction_ms = AUCTION_MAX_MS;
    const struct submission bid = stage_do(&s, sealed, 32);
    CHECK(ask.result == SUBMIT_DONE && bid.result == SUBMIT_DONE);
    writer_stats(s.writer, &before);
    for (int64_t i = 0; i < CROWD; i++) {
        struct member *m = &crowd[i];
        memset(m, 0, sizeof(*m));
        m->s = (struct submission){ .command = { .kind = COMMAND_OFFER, .account = seller },
                                    .arena = &s.arena,
                                    .done = answered,
                                    .arg = m };
        m->s.command.u.offer.bid = bid.command.seq;
        m->s.command.u.offer.ask = ask.command.seq;
        m->s.command.u.offer.price = (struct money){ DOLLAR + 1000 * i };
        m->s.payload = payload_make(&m->s.command, NULL, &s.arena);
        writer_submit(s.writer, &m->s);
    }
    for (int64_t i = 0; i < CROWD; i++) {
        while (!atomic_load(&crowd[i].answered))
            clock_sleep_us(100);
        CHECK(crowd[i].s.result == SUBMIT_DONE);
    }
    writer_stats(s.writer, &after);
    CHECK(after.groups - before.groups < CROWD); /* so some were of one group */
    CHECK_I64(after.failed_groups, 0);
    CHECK_I64(market_db_number(db, "SELECT count(*) FROM offers"), 1);
    CHECK_I64(market_db_number(db, "SELECT price FROM offers"), DOLLAR + 1000 * (CROWD - 1));
    db_close(db);
    stage_close(&s);
}

/* Clock commands may trade more than any memory set aside for answers: nobody waits for those. */
#define CROWDED_ASKS 4

static void fill_with_one_ask(struct stage *s, int64_t buyer, int64_t seller, int64_t node,
                              int64_t i)
{
    const struct command ask = ask_of(seller, node, DOLLAR, UNITS_MAX);
    struct submission big;

    CHECK(stage_do(s, ask, 100 + 10 * i).result == SUBMIT_DONE);
    big = stage_do(s, bid_of(buyer, DOLLAR, UNITS_MAX), 101 + 10 * i);
    CHECK_I64((int64_t)big.trades_n, 1);
    struct command c = { .kind = COMMAND_ACCEPT_LEASE, .account = seller };
    c.u.lease.lease = big.trades[0].trade;
    c.u.lease.epoch = 1;
    CHECK(stage_do(s, c, 0).result == SUBMIT_DONE);
}

static void rest_small_bids(struct stage *s, int64_t buyer, int64_t first_key)
{
    static struct member crowd[UNITS_MAX];

    for (int64_t i = 0; i < UNITS_MAX; i++) {
        struct member *m = &crowd[i];
        const int64_t key = first_key + i;
        memset(m, 0, sizeof(*m));
        m->s = (struct submission){ .command = bid_of(buyer, DOLLAR, 1),
                                    .keyed = true,
                                    .arena = &s->arena,
                                    .done = answered,
                                    .arg = m };
        memcpy(m->s.key, &key, sizeof(key));
        m->s.payload = payload_make(&m->s.command, NULL, &s->arena);
        writer_submit(s->writer, &m->s);
    }
    for (int64_t i = 0; i < UNITS_MAX; i++) {
        while (!atomic_load(&crowd[i].answered))
            clock_sleep_us(100);
        CHECK(crowd[i].s.result == SUBMIT_DONE);
    }
}

TEST(time_outs_that_trade_thousands_at_once_do_not_stop_the_market)
{
    struct stage s;
    const char *conninfo = market_db_new();
    struct market_rules rules = market_rules_default;
    int64_t trades = 0;

    rules.prepare_seconds = 20; /* longer than it takes to rest all the bids */
    stage_open_with(&s, conninfo, &rules);
    stage_wait_ready(&s);
    const int64_t buyer = stage_account(&s, 1000000000 * DOLLAR, 10);
    const int64_t seller = stage_account(&s, 0, 20);
    struct command node = { .kind = COMMAND_PUT_NODE, .account = seller };
    node.u.put_node.spec = (struct node_spec){ .cpu_millis = UNITS_MAX * 1000,
                                               .memory_bytes = INT64_C(1) << 50,
                                               .scratch_bytes = INT64_C(1) << 50 };
    for (int64_t i = 0; i < CROWDED_ASKS; i++)
        fill_with_one_ask(&s, buyer, seller, stage_do(&s, node, 30 + i).command.seq, i);
    for (int64_t i = 0; i < CROWDED_ASKS; i++) /* each buyer may rest only so many */
        rest_small_bids(&s, stage_account(&s, 1000000 * DOLLAR, 50 + 2 * i), 1000000 * (i + 1));
    struct db *db = market_db_open(conninfo);
    for (int i = 0; i < 600 && trades < CROWDED_ASKS * UNITS_MAX; i++) {
        clock_sleep_us(100000);
        trades = market_db_number(db, "SELECT count(*) FROM trades WHERE bid_rested");
    }
    CHECK_I64(trades, CROWDED_ASKS * UNITS_MAX);
    struct writer_stats stats;
    writer_stats(s.writer, &stats);
    CHECK_I64(stats.failed_groups, 0);
    db_close(db);
    stage_close(&s);
}

TESTS(T(an_answer_is_in_the_database),
      T(the_same_key_gives_the_first_answer_and_another_request_under_it_is_refused),
      T(a_refusal_writes_nothing_and_takes_no_number),
      T(a_lease_is_paid_and_the_ledger_stays_at_zero_over_a_restart),
      T(a_lost_connection_loses_no_answer_and_doubles_none),
      T(nor_does_either_of_two_while_the_flush_is_overlapped),
      T(what_writes_nothing_is_answered_after_what_it_rests_on),
      T(what_can_be_read_is_settled_first), T(a_writer_whose_epoch_has_passed_writes_nothing),
      T(an_offer_and_its_replacement_are_stored_in_one_group),
      T(time_outs_that_trade_thousands_at_once_do_not_stop_the_market))
