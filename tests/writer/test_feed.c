/* SPDX-License-Identifier: Apache-2.0 */
/* Market data on a real market: what was just traded is known at once, is told to who streams, and
 * is the same for a feed that starts later. */
#include <stdatomic.h>

#include "base/clock.h"
#include "service/feed.h"
#include "store/index_points.h"
#include "tests/t.h"
#include "tests/writer/market_db.h"

#define USD    INT64_C(1000000)
#define DAY_US (24 * 60 * MINUTE_US)

static struct stage stage;
static struct market_info info;
static struct feed *feed;
static struct db *db;
static struct err err;
static int64_t buyer, seller, node, next_key = 100;
static atomic_int woken;

static struct feed *new_feed(void)
{
    const struct feed_options o = { stage.conninfo, stage.hub, stage.writer, &info };
    struct feed *f = feed_start(&o, &err);

    CHECK(f != NULL);
    return f;
}

/* A node has at most sixteen asks that are not over. */
static void trade(int64_t price, int32_t units)
{
    static int n;

    if (++n % 8 == 0) node = stage_node(&stage, seller, next_key++);
    CHECK(stage_do(&stage, ask_of(seller, node, price, units), next_key++).result == SUBMIT_DONE);
    const struct submission bid = stage_do(&stage, bid_of(buyer, price, units), next_key++);
    CHECK(bid.result == SUBMIT_DONE && bid.trades_n == 1);
}

static struct figures figures_of(struct feed *f)
{
    static struct tape_row last;
    struct figures out;

    CHECK(feed_refresh(f, db, &err));
    CHECK(feed_figures(f, 1, clock_wall_us(), &out, &last));
    return out;
}

TEST(what_was_just_traded_is_known_at_once)
{
    for (int i = 1; i <= 20; i++) {
        trade(10000 + i * 1000, i % 3 + 1);
        const struct figures f = figures_of(feed);
        CHECK_I64(f.day.trades, i);
        CHECK_I64(f.day.open, 11000);
        CHECK_I64(f.day.close, 10000 + i * 1000);
        CHECK(f.last && f.last->price == f.day.close && f.last->units == i % 3 + 1);
        CHECK_I64(f.last->seconds, 3600);
    }
}

static void wake(void *arg)
{
    (void)arg;
    atomic_fetch_add(&woken, 1);
}

static struct reader *join(void)
{
    bool wanted[64 * CHANNELS] = { false };
    struct reader *r = NULL;

    CHECK(info.pools_n <= 64);
    for (size_t c = 0; c < CHANNELS; c++)
        wanted[FEED_TOPIC(0, c)] = true;
    r = feed_join(feed, wanted, STR(""), wake, NULL);
    CHECK(r != NULL);
    return r;
}

/* Read on, asleep in between as a connection is, until the text is there. */
static void read_until(struct reader *r, const char *what)
{
    static char text[1 << 20];
    size_t n = 0, more = 0;

    for (int naps = 0; naps < 2000;) {
        CHECK(n + 4096 < sizeof(text));
        const enum reading read = feed_read(feed, r, text + n, 4096, &more);
        CHECK(read != READ_OVER);
        n += more;
        text[n] = '\0';
        if (strstr(text, what)) return;
        if (read == READ_SOME) continue;
        const int before = atomic_load(&woken);
        for (bool asleep = feed_sleep(feed, r); asleep && naps < 2000; naps++) {
            clock_sleep_us(5000);
            asleep = atomic_load(&woken) == before;
        }
    }
    fprintf(stderr, "not told %s in\n%s\n", what, text);
    CHECK(false && "it was not told");
}

TEST(who_streams_is_told)
{
    struct reader *r = join();

    read_until(r, "event: live");
    trade(77000, 2);
    read_until(r, "event: trade");
    CHECK(stage_do(&stage, ask_of(seller, node, 99000, 3), next_key++).result == SUBMIT_DONE);
    read_until(r, "[\"0.099000\",3]");
    feed_leave(feed, r);
}

/* Of one owner, for nothing: it is on no tape, in no candle and in no index. */
TEST(what_one_owner_runs_on_his_own_is_not_told)
{
    const struct figures before = figures_of(feed);
    struct command own = bid_of(seller, 50000, 1);
    struct tape_row *rows = NULL;
    struct candle_row *candles = NULL;
    struct delivery_row *delivered = NULL;
    size_t n = 0;

    own.u.submit_job.own = OWN_ONLY;
    CHECK(stage_do(&stage, ask_of(seller, node, 50000, 1), next_key++).result == SUBMIT_DONE);
    const struct submission bid = stage_do(&stage, own, next_key++);
    CHECK(bid.result == SUBMIT_DONE && bid.trades_n == 1 && bid.trades[0].own);
    static const enum command_kind steps[] = { COMMAND_ACCEPT_LEASE, COMMAND_LEASE_READY,
                                               COMMAND_LEASE_EXIT };
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct command c = { .kind = steps[i], .account = seller };
        c.u.lease.lease = bid.trades[0].trade;
        c.u.lease.epoch = 1;
        c.u.lease.reason = steps[i] == COMMAND_LEASE_EXIT ? REASON_DONE : REASON_NONE;
        CHECK(stage_do(&stage, c, 0).result == SUBMIT_DONE);
    }
    const struct figures after = figures_of(feed);
    CHECK_I64(after.day.trades, before.day.trades);
    CHECK_I64(after.day.low, before.day.low);
    CHECK(store_tape_of_pool(db, 1, INT64_MAX, 1, &stage.arena, &rows, &n, &err) == DB_ONE);
    CHECK(rows[0].trade < bid.trades[0].trade);
    const int64_t now_us = clock_wall_us();
    for (int64_t width_s = 60; width_s <= 3600; width_s *= 60) {
        const struct candle_query q = { 1, 0, candle_start(now_us, DAY_US) + DAY_US, width_s,
                                        INT64_MAX };
        CHECK(store_candles(db, &q, &stage.arena, &candles, &n, &err) == DB_ONE);
        for (size_t i = 0; i < n; i++)
            CHECK(candles[i].low > 0);
    }
    const struct index_query q = { 1, 0, now_us + DAY_US, 100 };
    CHECK(store_deliveries(db, &q, &stage.arena, &delivered, &n, &err) == DB_NONE);
}

/* As if an hour had passed: the hour in which somebody used his own is added up. */
TEST(an_hour_with_own_work_is_added_up)
{
    CHECK(db_script(db,
                    "ALTER TABLE trades DISABLE TRIGGER USER;"
                    "UPDATE trades SET at = at - interval '2 hours';"
                    "ALTER TABLE trades ENABLE TRIGGER USER",
                    &err));
    CHECK(store_candles_roll(db, 1, &err));
    CHECK(market_db_number(db, "SELECT sum(trades)::bigint FROM candle_hours") > 0);
    CHECK_I64(market_db_number(db, "SELECT sum(trades)::bigint FROM candle_hours"),
              market_db_number(db, "SELECT count(*) FROM trades WHERE NOT own"));
}

TEST(a_feed_that_starts_later_knows_the_same)
{
    const struct figures before = figures_of(feed);
    struct feed *later = new_feed();
    const struct figures after = figures_of(later);
    struct candle a[60], b[60];
    const int64_t from = candle_start(clock_wall_us(), MINUTE_US) - 59 * MINUTE_US;

    CHECK_I64(after.day.trades, before.day.trades);
    CHECK_I64(after.day.low, before.day.low);
    CHECK_I64(after.day.close, before.day.close);
    CHECK_I64(after.day.unit_seconds, before.day.unit_seconds);
    CHECK(feed_candles(feed, 1, from, MINUTE_US, a, 60));
    CHECK(feed_candles(later, 1, from, MINUTE_US, b, 60));
    CHECK(memcmp(a, b, sizeof(a)) == 0);
    CHECK(!feed_candles(later, 1, from - 48 * 60 * MINUTE_US, MINUTE_US, b, 60));
    feed_close(later);
    feed_stop(later);
    feed_free(later);
}

TEST(a_stream_ends_with_the_feed)
{
    struct reader *r = join();
    char some[100];
    size_t n;

    read_until(r, "event: live");
    feed_close(feed);
    CHECK(feed_read(feed, r, some, sizeof(some), &n) == READ_OVER);
    CHECK(!feed_sleep(feed, r));
    feed_leave(feed, r);
}

int main(void)
{
    struct market_rules rules = market_rules_default;

    rules.collar_bps = 0; /* prices leap here */
    stage_open_with(&stage, market_db_new(), &rules);
    stage_wait_ready(&stage);
    info = (struct market_info){ .pools = stage.pools, .pools_n = stage.pools_n };
    db = market_db_open(stage.conninfo);
    buyer = stage_account(&stage, 1000 * USD, 1);
    seller = stage_account(&stage, 0, 3);
    node = stage_node(&stage, seller, 5);
    feed = new_feed();
    what_was_just_traded_is_known_at_once();
    printf("ok what_was_just_traded_is_known_at_once\n");
    who_streams_is_told();
    printf("ok who_streams_is_told\n");
    what_one_owner_runs_on_his_own_is_not_told();
    printf("ok what_one_owner_runs_on_his_own_is_not_told\n");
    a_feed_that_starts_later_knows_the_same();
    printf("ok a_feed_that_starts_later_knows_the_same\n");
    a_stream_ends_with_the_feed();
    printf("ok a_stream_ends_with_the_feed\n");
    an_hour_with_own_work_is_added_up();
    printf("ok an_hour_with_own_work_is_added_up\n");
    hub_close(stage.hub);
    feed_stop(feed);
    feed_free(feed);
    db_close(db);
    stage_close(&stage);
    return 0;
}
