/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes and what they offer. */
#include "domain/market.h"

#include "tests/t.h"
#include "tests/unit/domain/story.h"

static struct story s;
static int64_t pat, quinn, alice;

static void begin(void)
{
    story_begin(&s);
    pat = story_account(&s, CENTS(0));
    quinn = story_account(&s, CENTS(0));
    alice = story_account(&s, CENTS(100000));
}

static bool put_node(int64_t account, int64_t node, struct node_spec spec)
{
    return story_do(&s, (struct command){ .account = account,
                                          .kind = COMMAND_PUT_NODE,
                                          .u.put_node = { node, spec } });
}

static struct node_spec gpus(int32_t n)
{
    return (struct node_spec){ .cpu_millis = 64000,
                               .memory_bytes = 512 * STORY_GIB,
                               .scratch_bytes = 2048 * STORY_GIB,
                               .gpu_pool = n > 0 ? STORY_GPU : 0,
                               .gpus = n };
}

static bool amend(int64_t account, int64_t ask, int32_t units, struct money price)
{
    return story_do(&s, (struct command){ .account = account,
                                          .kind = COMMAND_AMEND_ASK,
                                          .u.amend_ask = { ask, price, units } });
}

static bool refused(enum err_code code)
{
    return s.out.refused == code;
}

TEST(a_node_belongs_to_an_account_and_has_what_nodes_have)
{
    begin();
    const struct node_spec good = gpus(8);
    struct node_spec bad;

    CHECK(!put_node(999, 0, good) && refused(ERR_NOT_FOUND));
    CHECK(!put_node(ACCOUNT_FEES, 0, good) && refused(ERR_NOT_FOUND));
    bad = good, bad.cpu_millis = 0;
    CHECK(!put_node(pat, 0, bad) && refused(ERR_VALIDATION_FAILED));
    bad = good, bad.memory_bytes = -1;
    CHECK(!put_node(pat, 0, bad) && refused(ERR_VALIDATION_FAILED));
    bad = good, bad.scratch_bytes = -1;
    CHECK(!put_node(pat, 0, bad) && refused(ERR_VALIDATION_FAILED));
    bad = good, bad.gpus = 17;
    CHECK(!put_node(pat, 0, bad) && refused(ERR_VALIDATION_FAILED));
    bad = good, bad.gpus = -1;
    CHECK(!put_node(pat, 0, bad) && refused(ERR_VALIDATION_FAILED));
    bad = good, bad.gpu_pool = 99;
    CHECK(!put_node(pat, 0, bad) && refused(ERR_VALIDATION_FAILED));
    bad = good, bad.gpu_pool = STORY_CPU;
    CHECK(!put_node(pat, 0, bad) && refused(ERR_VALIDATION_FAILED));

    CHECK(put_node(pat, 0, good));
    const int64_t node = market_last_seq(s.m);
    CHECK(market_node(s.m, node)->account == pat);
    CHECK(!put_node(quinn, node, good) && refused(ERR_NOT_FOUND));
    CHECK(!put_node(pat, node + 1, good) && refused(ERR_NOT_FOUND));
    CHECK(put_node(pat, node, gpus(4)));
    CHECK_I64(market_node(s.m, node)->spec.gpus, 4);
    story_end(&s);
}

struct change {
    void (*make)(struct ask_spec *a);
    enum err_code code;
};

static void no_node(struct ask_spec *a)
{
    a->node += 1000;
}
static void no_pool(struct ask_spec *a)
{
    a->pool = 99;
}
static void price_off_tick(struct ask_spec *a)
{
    a->price.micros += 1;
}
static void price_zero(struct ask_spec *a)
{
    a->price.micros = 0;
}
static void floor_off_tick(struct ask_spec *a)
{
    a->floor.micros -= 1;
}
static void floor_zero(struct ask_spec *a)
{
    a->floor.micros = 0;
}
static void floor_above(struct ask_spec *a)
{
    a->floor.micros += 1000;
}
static void units_none(struct ask_spec *a)
{
    a->units = 0;
}
static void units_many(struct ask_spec *a)
{
    a->units = UNITS_MAX + 1;
}
static void until_now(struct ask_spec *a)
{
    a->until_us = STORY_START;
}
static void too_short(struct ask_spec *a)
{
    a->seconds_min = 59;
}
static void upside_down(struct ask_spec *a)
{
    a->seconds_max = a->seconds_min - 1;
}
static void too_long(struct ask_spec *a)
{
    a->seconds_max = 30 * STORY_DAY + 1;
}
static void too_much(struct ask_spec *a)
{
    a->units = 9;
}

TEST(an_ask_says_something_sensible_about_something_that_is_there)
{
    static const struct change changes[] = {
        { no_node, ERR_NOT_FOUND },
        { no_pool, ERR_NOT_FOUND },
        { price_off_tick, ERR_VALIDATION_FAILED },
        { price_zero, ERR_VALIDATION_FAILED },
        { floor_off_tick, ERR_VALIDATION_FAILED },
        { floor_zero, ERR_VALIDATION_FAILED },
        { floor_above, ERR_VALIDATION_FAILED },
        { units_none, ERR_VALIDATION_FAILED },
        { units_many, ERR_VALIDATION_FAILED },
        { until_now, ERR_VALIDATION_FAILED },
        { too_short, ERR_VALIDATION_FAILED },
        { upside_down, ERR_VALIDATION_FAILED },
        { too_long, ERR_VALIDATION_FAILED },
        { too_much, ERR_QUOTA_EXCEEDED },
    };

    begin();
    const int64_t node = story_gpu_node(&s, pat, 8);
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        struct command c = story_ask_of(&s, node, 8, TICKS(2000));
        changes[i].make(&c.u.place_ask);
        CHECK(!story_do(&s, c));
        CHECK_I64(s.out.refused, changes[i].code);
    }

    struct command c = story_ask_of(&s, node, 8, TICKS(2000));
    c.account = quinn;
    CHECK(!story_do(&s, c) && refused(ERR_NOT_FOUND)); /* another's node */
    c.account = pat;
    c.u.place_ask.seconds_min = c.u.place_ask.seconds_max = 30 * STORY_DAY;
    CHECK(story_do(&s, c));
    c = story_ask_of(&s, story_cpu_node(&s, pat, UNITS_MAX), UNITS_MAX, TICKS(1));
    CHECK(story_do(&s, c));
    CHECK(amend(pat, market_last_seq(s.m), 1, TICKS(1)));
    CHECK(amend(pat, market_last_seq(s.m) - 1, UNITS_MAX, TICKS(1)));
    story_end(&s);
}

TEST(open_asks_together_offer_no_more_than_the_node_has)
{
    begin();
    const int64_t node = story_gpu_node(&s, pat, 8);

    const int64_t first = story_ask(&s, node, 5, TICKS(2000));
    CHECK(!story_do(&s, story_ask_of(&s, node, 4, TICKS(2000))) && refused(ERR_QUOTA_EXCEEDED));
    story_ask(&s, node, 3, TICKS(2000));
    CHECK_I64(market_node(s.m, node)->offered.gpus, 8);

    CHECK(story_cancel(&s, pat, first));
    CHECK_I64(market_node(s.m, node)->offered.gpus, 3);
    story_ask(&s, node, 5, TICKS(2000));
    story_end(&s);
}

TEST(cpu_is_sold_beside_gpus_from_what_they_leave)
{
    begin();
    const int64_t node = story_node(&s, pat, gpus(4)); /* 64 vCPUs, of which the GPUs need 32 */
    story_ask(&s, node, 4, TICKS(2000));

    struct command c = story_ask_of(&s, node, 33, TICKS(1));
    c.u.place_ask.pool = STORY_CPU;
    CHECK(!story_do(&s, c) && refused(ERR_QUOTA_EXCEEDED));
    c.u.place_ask.units = 32;
    CHECK(story_do(&s, c));
    CHECK_I64(market_node(s.m, node)->offered.cpu_millis, 64000);
    story_end(&s);
}

TEST(a_node_without_the_cards_cannot_offer_them)
{
    begin();
    struct command c = story_ask_of(&s, story_cpu_node(&s, pat, 64), 1, TICKS(2000));

    c.u.place_ask.pool = STORY_GPU;
    CHECK(!story_do(&s, c) && refused(ERR_QUOTA_EXCEEDED));
    story_end(&s);
}

static struct command ask_of(int64_t node, int32_t pool, int32_t units)
{
    struct command c = story_ask_of(&s, node, units, TICKS(2000));

    c.u.place_ask.pool = pool;
    return c;
}

TEST(every_share_of_a_node_can_be_the_scarce_one)
{
    static const struct node_spec scarce[] = {
        { 3000, 99 * STORY_GIB, 99 * STORY_GIB, STORY_LIGHT, 9, { 0 } },
        { 99000, 3 * STORY_GIB, 99 * STORY_GIB, STORY_LIGHT, 9, { 0 } },
        { 99000, 99 * STORY_GIB, 3 * STORY_GIB, STORY_LIGHT, 9, { 0 } },
        { 99000, 99 * STORY_GIB, 99 * STORY_GIB, STORY_LIGHT, 3, { 0 } },
    };

    begin();
    for (size_t i = 0; i < ARRAY_LEN(scarce); i++) {
        const int64_t node = story_node(&s, pat, scarce[i]);
        CHECK(story_do(&s, ask_of(node, STORY_LIGHT, 2)));
        CHECK(!story_do(&s, ask_of(node, STORY_LIGHT, 2)) && refused(ERR_QUOTA_EXCEEDED));
        CHECK(story_do(&s, ask_of(node, STORY_LIGHT, 1)));
        CHECK_I64(market_node(s.m, node)->offered.gpus, 3);
        CHECK_I64(market_node(s.m, node)->offered.cpu_millis, 3000);
        CHECK_I64(market_node(s.m, node)->offered.memory_bytes, 3 * STORY_GIB);
        CHECK_I64(market_node(s.m, node)->offered.scratch_bytes, 3 * STORY_GIB);

        struct node_spec less = scarce[i]; /* one of it fewer takes the second ask away */
        less.cpu_millis -= i == 0;
        less.memory_bytes -= i == 1;
        less.scratch_bytes -= i == 2;
        less.gpus -= i == 3;
        CHECK(put_node(pat, node, less));
        CHECK_I64(market_node(s.m, node)->offered.gpus, 2);
    }
    story_end(&s);
}

TEST(cards_are_sold_in_any_pool_of_their_model_and_in_no_other)
{
    begin();
    const int64_t node = story_gpu_node(&s, pat, 8);

    CHECK(story_do(&s, ask_of(node, STORY_LIGHT, 1)));
    const int64_t light = market_last_seq(s.m);
    CHECK(!story_do(&s, ask_of(node, STORY_OTHER, 1)) && refused(ERR_QUOTA_EXCEEDED));
    CHECK(story_do(&s, ask_of(node, STORY_CPU, 1)));
    const int64_t cpu = market_last_seq(s.m);

    struct node_spec spec = market_node(s.m, node)->spec;
    spec.gpu_pool = STORY_LIGHT; /* the same model by another name */
    CHECK(put_node(pat, node, spec));
    CHECK(market_ask(s.m, light)->state == ORDER_OPEN);
    spec.gpu_pool = STORY_OTHER;
    CHECK(put_node(pat, node, spec));
    CHECK(!market_ask(s.m, light) && !market_ask(s.m, cpu)); /* the newest first, until it fits */
    story_end(&s);
}

TEST(a_cancelled_ask_takes_room_as_long_as_leases_hold_its_units)
{
    begin();
    const int64_t node = story_gpu_node(&s, pat, 8);
    const int64_t ask = story_ask(&s, node, 8, TICKS(2000));
    const int64_t job = story_job(&s, alice, STORY_GPU, 3, TICKS(2000));
    story_run(&s, job);

    CHECK(story_cancel(&s, pat, ask));
    CHECK_I64(market_node(s.m, node)->offered.gpus, 3);
    CHECK_I64(market_ask(s.m, ask)->free, 5);
    CHECK(!story_do(&s, story_ask_of(&s, node, 6, TICKS(2000))) && refused(ERR_QUOTA_EXCEEDED));
    story_ask(&s, node, 5, TICKS(2000));

    story_wait(&s, 60);
    CHECK(story_exit(&s, job, 60, 0));
    CHECK_I64(market_node(s.m, node)->offered.gpus, 5);
    CHECK(!market_ask(s.m, ask)); /* now it is over */
    CHECK_I64(story_kept_ask(&s, ask)->free, 5);
    story_end(&s);
}

TEST(an_inventory_that_shrinks_takes_the_newest_asks_away_until_the_rest_fits)
{
    begin();
    const int64_t node = story_node(&s, pat, gpus(8));
    const int64_t first = story_ask(&s, node, 3, TICKS(2000));
    const int64_t second = story_ask(&s, node, 1, TICKS(2000));
    const int64_t third = story_ask(&s, node, 4, TICKS(2000));

    CHECK(put_node(pat, node, gpus(4)));
    CHECK_I64(story_kept_ask(&s, third)->reason, REASON_NODE_CHANGED);
    CHECK_I64(story_kept_ask(&s, third)->state, ORDER_CANCELLED);
    CHECK(market_ask(s.m, second) && market_ask(s.m, first));

    CHECK(put_node(pat, node, gpus(3)));
    CHECK(!market_ask(s.m, second) && market_ask(s.m, first));
    CHECK(put_node(pat, node, gpus(8))); /* what is cancelled stays so */
    CHECK(!market_ask(s.m, second) && !market_ask(s.m, third));
    story_end(&s);
}

TEST(an_inventory_that_grows_or_stays_takes_nothing_away)
{
    begin();
    const int64_t node = story_node(&s, pat, gpus(4));
    const int64_t ask = story_ask(&s, node, 4, TICKS(2000));

    CHECK(put_node(pat, node, gpus(4)));
    CHECK(put_node(pat, node, gpus(8)));
    CHECK(market_ask(s.m, ask)->state == ORDER_OPEN);
    story_end(&s);
}

TEST(cards_that_are_gone_take_their_asks_away_and_leave_the_others)
{
    begin();
    const int64_t node = story_node(&s, pat, gpus(4));
    struct command c = story_ask_of(&s, node, 8, TICKS(1));
    c.u.place_ask.pool = STORY_CPU;
    CHECK(story_do(&s, c));
    const int64_t cpus = market_last_seq(s.m);
    const int64_t cards = story_ask(&s, node, 4, TICKS(2000));

    CHECK(put_node(pat, node, gpus(0)));
    CHECK(!market_ask(s.m, cards));
    CHECK(market_ask(s.m, cpus)->state == ORDER_OPEN);
    story_end(&s);
}

/* Leases go on whatever becomes of the inventory, and count against new asks. */
TEST(leases_survive_an_inventory_that_shrinks_below_them)
{
    begin();
    const int64_t node = story_node(&s, pat, gpus(8));
    const int64_t ask = story_ask(&s, node, 8, TICKS(2000));
    const int64_t job = story_job(&s, alice, STORY_GPU, 6, TICKS(2000));
    story_run(&s, job);

    CHECK(put_node(pat, node, gpus(4)));
    CHECK(market_ask(s.m, ask)->state == ORDER_CANCELLED);
    CHECK_I64(market_node(s.m, node)->offered.gpus, 6);
    CHECK_I64(story_lease_for(&s, job)->state, LEASE_RUNNING);
    CHECK(!story_do(&s, story_ask_of(&s, node, 1, TICKS(2000))) && refused(ERR_QUOTA_EXCEEDED));

    story_wait(&s, 60);
    CHECK(story_exit(&s, job, 60, 0));
    story_ask(&s, node, 4, TICKS(2000));
    story_end(&s);
}

TEST(an_amended_ask_keeps_to_tick_floor_leases_and_room)
{
    begin();
    const int64_t node = story_gpu_node(&s, pat, 8);
    const int64_t ask = story_ask(&s, node, 4, TICKS(2000));
    story_ask(&s, node, 2, TICKS(9000));
    story_job(&s, alice, STORY_GPU, 3, TICKS(2000));
    CHECK_I64(s.out.trades_n, 1);

    CHECK(!amend(quinn, ask, 4, TICKS(3000)) && refused(ERR_NOT_FOUND));
    CHECK(!amend(pat, ask + 1000, 4, TICKS(3000)) && refused(ERR_NOT_FOUND));
    CHECK(!amend(pat, ask, 4, (struct money){ 2000001 }) && refused(ERR_VALIDATION_FAILED));
    CHECK(!amend(pat, ask, 4, TICKS(1999)) && refused(ERR_VALIDATION_FAILED)); /* the floor */
    CHECK(!amend(pat, ask, 2, TICKS(2000)) && refused(ERR_VALIDATION_FAILED)); /* the lease */
    CHECK(!amend(pat, ask, UNITS_MAX + 1, TICKS(2000)) && refused(ERR_VALIDATION_FAILED));
    CHECK(!amend(pat, ask, 7, TICKS(2000)) && refused(ERR_QUOTA_EXCEEDED)); /* the other ask */
    CHECK(amend(pat, ask, 6, TICKS(2001)));
    CHECK_I64(market_ask(s.m, ask)->free, 3);
    CHECK(amend(pat, ask, 3, TICKS(2001)));
    CHECK_I64(market_ask(s.m, ask)->free, 0);
    CHECK(market_ask(s.m, ask)->state == ORDER_OPEN);
    story_end(&s);
}

TEST(no_units_at_all_are_no_ask)
{
    begin();
    const int64_t ask = story_ask(&s, story_gpu_node(&s, pat, 8), 4, TICKS(2000));

    CHECK(!amend(pat, ask, 0, TICKS(2000)) && refused(ERR_VALIDATION_FAILED));
    CHECK(!amend(pat, ask, -1, TICKS(2000)) && refused(ERR_VALIDATION_FAILED));
    story_end(&s);
}

TEST(a_cancelled_ask_trades_no_more_and_its_leases_go_on)
{
    begin();
    const int64_t ask = story_ask(&s, story_gpu_node(&s, pat, 8), 8, TICKS(2000));
    const int64_t job = story_job(&s, alice, STORY_GPU, 1, TICKS(2000));

    CHECK(!story_cancel(&s, quinn, ask) && refused(ERR_NOT_FOUND));
    CHECK(story_cancel(&s, pat, ask));
    CHECK_I64(market_ask(s.m, ask)->reason, REASON_CANCELLED);
    CHECK(story_cancel(&s, pat, ask)); /* once more changes nothing */
    CHECK(!amend(pat, ask, 8, TICKS(2000)) && refused(ERR_WRONG_STATE));

    story_job(&s, alice, STORY_GPU, 1, TICKS(2000));
    CHECK_I64(s.out.trades_n, 0);
    CHECK(story_lease(&s, job, COMMAND_ACCEPT_LEASE));
    story_end(&s);
}

TEST(the_market_cancels_asks_of_lost_nodes)
{
    begin();
    const int64_t ask = story_ask(&s, story_gpu_node(&s, pat, 8), 8, TICKS(2000));

    CHECK(story_cancel(&s, ACCOUNT_WORLD, ask));
    CHECK_I64(story_kept_ask(&s, ask)->reason, REASON_NODE_LOST);
    story_end(&s);
}

/* The answer may not depend on whether the group has been stored in between. */
TEST(an_ask_that_is_over_is_unknown)
{
    for (int one_group = 0; one_group < 2; one_group++) {
        begin();
        s.one_group = one_group;
        const int64_t ask = story_ask(&s, story_gpu_node(&s, pat, 8), 8, TICKS(2000));
        CHECK(story_cancel(&s, pat, ask));
        CHECK((market_ask(s.m, ask) != NULL) == s.one_group); /* to be looked at */
        CHECK(!story_cancel(&s, pat, ask) && refused(ERR_NOT_FOUND));
        CHECK(!amend(pat, ask, 8, TICKS(2000)) && refused(ERR_NOT_FOUND));
        story_end(&s);
    }
}

TEST(an_ask_expires_when_its_time_has_come_and_not_before)
{
    begin();
    const int64_t ask = story_ask(&s, story_gpu_node(&s, pat, 8), 8, TICKS(2000));
    const struct command c = { .account = ACCOUNT_WORLD,
                               .kind = COMMAND_EXPIRE_ORDER,
                               .u.order = { ask } };

    story_wait(&s, 2 * STORY_DAY);
    s.now_us--;
    CHECK(!story_do(&s, c) && refused(ERR_WRONG_STATE));
    s.now_us++;
    CHECK(story_do(&s, c));
    CHECK_I64(story_kept_ask(&s, ask)->state, ORDER_EXPIRED);
    CHECK_I64(story_kept_ask(&s, ask)->reason, REASON_EXPIRED);
    CHECK(!story_do(&s, c) && refused(ERR_NOT_FOUND));
    story_end(&s);
}

TESTS(T(a_node_belongs_to_an_account_and_has_what_nodes_have),
      T(an_ask_says_something_sensible_about_something_that_is_there),
      T(open_asks_together_offer_no_more_than_the_node_has),
      T(cpu_is_sold_beside_gpus_from_what_they_leave),
      T(a_node_without_the_cards_cannot_offer_them), T(every_share_of_a_node_can_be_the_scarce_one),
      T(cards_are_sold_in_any_pool_of_their_model_and_in_no_other),
      T(a_cancelled_ask_takes_room_as_long_as_leases_hold_its_units),
      T(an_inventory_that_shrinks_takes_the_newest_asks_away_until_the_rest_fits),
      T(an_inventory_that_grows_or_stays_takes_nothing_away),
      T(cards_that_are_gone_take_their_asks_away_and_leave_the_others),
      T(leases_survive_an_inventory_that_shrinks_below_them),
      T(an_amended_ask_keeps_to_tick_floor_leases_and_room), T(no_units_at_all_are_no_ask),
      T(a_cancelled_ask_trades_no_more_and_its_leases_go_on),
      T(the_market_cancels_asks_of_lost_nodes), T(an_ask_that_is_over_is_unknown),
      T(an_ask_expires_when_its_time_has_come_and_not_before))
