/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/pricing.h"
#include "tests/t.h"

#define MINUTE INT64_C(60000000)
#define TICK   1000
#define SEED   7

static struct pricing_rule rule(enum pricing_policy policy, int64_t floor)
{
    return (struct pricing_rule){ policy, floor, TICK, MINUTE };
}

/* One ask in a market that the test moves by hand; each look is a minute after the one before. */
struct stall {
    struct pricing p;
    struct pricing_rule rule;
    struct pricing_seen seen;
    struct pricing_step step;
    int64_t now;
};

static void open_stall(struct stall *s, enum pricing_policy policy, int64_t price, int64_t floor)
{
    *s = (struct stall){ .rule = rule(policy, floor), .now = 1000 * MINUTE };
    s->seen = (struct pricing_seen){ .price_micros = price, .units = 4, .units_free = 4 };
    pricing_begin(&s->p, SEED, price, s->now);
}

/* Look, and do what is said. */
static int64_t look(struct stall *s)
{
    s->now += MINUTE;
    s->step = pricing_next(&s->p, &s->rule, &s->seen, s->now);
    s->seen.fills = 0;
    if (s->step.price_micros != s->seen.price_micros) {
        s->seen.price_micros = s->step.price_micros;
        pricing_moved(&s->p, s->step.price_micros, s->now);
    }
    return s->seen.price_micros;
}

static int64_t looks(struct stall *s, int n)
{
    for (int i = 0; i < n; i++)
        (void)look(s);
    return s->seen.price_micros;
}

/* ---- fixed ---- */

TEST(a_fixed_price_never_moves)
{
    struct stall s;
    open_stall(&s, PRICING_FIXED, 50000, 10000);
    s.seen.best_ask_micros = 20000;
    s.seen.fills = 3;
    for (int i = 0; i < 500; i++) {
        CHECK_I64(look(&s), 50000);
        CHECK_I64(s.step.reason, PRICING_STANDS);
    }
}

/* ---- undercut ---- */

TEST(an_undercutter_asks_one_tick_less_than_the_best_other)
{
    struct stall s;
    open_stall(&s, PRICING_UNDERCUT, 50000, 10000);
    s.seen.best_ask_micros = 40000;
    CHECK_I64(look(&s), 39000);
    CHECK_I64(s.step.reason, PRICING_UNDER);
    CHECK_I64(look(&s), 39000);
    CHECK_I64(s.step.reason, PRICING_STANDS);
}

TEST(an_undercutter_stops_at_its_floor)
{
    struct stall s;
    open_stall(&s, PRICING_UNDERCUT, 50000, 30000);
    s.seen.best_ask_micros = 30000;
    CHECK_I64(look(&s), 30000);
    CHECK_I64(s.step.reason, PRICING_FLOOR);
    s.seen.best_ask_micros = 31000; /* one tick under is the floor itself */
    CHECK_I64(look(&s), 30000);
}

TEST(when_the_competitor_leaves_the_price_goes_back_up)
{
    struct stall s;
    open_stall(&s, PRICING_UNDERCUT, 50000, 10000);
    s.seen.best_ask_micros = 20000;
    CHECK_I64(look(&s), 19000);
    s.seen.best_ask_micros = 45000; /* the next one */
    CHECK_I64(look(&s), 44000);
    CHECK_I64(s.step.reason, PRICING_UNDER);
    s.seen.best_ask_micros = 0;
    CHECK_I64(look(&s), 50000);
    CHECK_I64(s.step.reason, PRICING_BACK);
    s.seen.best_ask_micros = 90000; /* never above what the owner asks */
    CHECK_I64(look(&s), 50000);
}

TEST(two_undercutters_end_one_tick_under_the_higher_floor)
{
    struct stall a, b;
    open_stall(&a, PRICING_UNDERCUT, 50000, 30000);
    open_stall(&b, PRICING_UNDERCUT, 50000, 20000);
    for (int i = 0; i < 60; i++) {
        a.seen.best_ask_micros = b.seen.price_micros;
        (void)look(&a);
        b.seen.best_ask_micros = a.seen.price_micros;
        (void)look(&b);
    }
    CHECK_I64(a.seen.price_micros, 30000);
    CHECK_I64(b.seen.price_micros, 29000);
}

/* ---- adaptive ---- */

TEST(an_adaptive_price_goes_down_when_nobody_comes_and_stops_at_the_floor)
{
    struct stall s;
    open_stall(&s, PRICING_ADAPTIVE, 500000, 200000);
    CHECK_I64(looks(&s, PRICING_PATIENCE - 1), 500000); /* it is patient first */
    int64_t before = 500000;
    for (int i = 0; i < 300; i++) {
        const int64_t after = look(&s);
        CHECK(after <= before);
        if (after < before) CHECK_I64(s.step.reason, PRICING_IDLE);
        before = after;
    }
    CHECK_I64(before, 200000);
}

TEST(idle_time_counts_from_the_last_sale)
{
    struct stall s;
    open_stall(&s, PRICING_ADAPTIVE, 500000, 200000);
    (void)looks(&s, 5);
    s.seen.units_free = 3;
    s.seen.fills = 1;
    (void)look(&s);
    CHECK_I64(s.step.idle_us, 0);
    (void)looks(&s, 7);
    CHECK_I64(s.step.idle_us, 7 * MINUTE);
}

TEST(an_adaptive_price_goes_up_with_sales_and_stops_at_the_ceiling)
{
    struct stall s;
    open_stall(&s, PRICING_ADAPTIVE, 50000, 20000);
    int64_t before = 50000;
    for (int i = 0; i < 1000; i++) {
        s.seen.fills = 1;
        s.seen.units_free = 3;
        const int64_t after = look(&s);
        CHECK(after >= before);
        if (after > before) CHECK_I64(s.step.reason, PRICING_SOLD);
        before = after;
    }
    CHECK_I64(before, PRICING_CEILING * 50000);

    s.seen.best_bid_micros = 250000; /* who pays more is asked for more */
    for (int i = 0; i < 200; i++) {
        s.seen.fills = 1;
        (void)look(&s);
    }
    CHECK_I64(s.seen.price_micros, 250000);
}

TEST(sold_out_it_goes_up_a_little_above_what_was_paid)
{
    struct stall s;
    open_stall(&s, PRICING_ADAPTIVE, 100000, 20000);
    s.seen.fills = 4;
    s.seen.units_free = 0;
    CHECK(look(&s) >= 100000);
    CHECK_I64(looks(&s, 500), 110000);
}

TEST(a_cheaper_ask_is_followed_at_once)
{
    struct stall s;
    open_stall(&s, PRICING_ADAPTIVE, 500000, 20000);
    s.seen.best_ask_micros = 300000;
    CHECK(look(&s) < 500000);
    CHECK_I64(s.step.reason, PRICING_DEARER);
    (void)looks(&s, PRICING_PATIENCE - 2);
    CHECK(s.seen.price_micros <= 300000);
    CHECK(s.seen.price_micros > 270000); /* and no further than that is needed */
}

TEST(a_trade_elsewhere_is_news_only_once)
{
    struct stall s;
    open_stall(&s, PRICING_ADAPTIVE, 100000, 20000);
    s.seen.last_trade_micros = 200000;
    s.seen.last_trade_us = s.now + 1;
    const int64_t after = look(&s);
    CHECK(after > 100000);
    CHECK_I64(s.step.reason, PRICING_TRADED);
    CHECK_I64(look(&s), after);
    CHECK_I64(s.step.reason, PRICING_STANDS);
}

TEST(far_above_the_index_it_goes_down_faster)
{
    struct stall near, far;
    open_stall(&near, PRICING_ADAPTIVE, 500000, 20000);
    open_stall(&far, PRICING_ADAPTIVE, 500000, 20000);
    far.seen.index_micros = 100000;
    CHECK(looks(&far, 15) < looks(&near, 15));
}

TEST(less_than_a_tick_is_not_lost)
{
    struct stall s;
    open_stall(&s, PRICING_ADAPTIVE, 6000, 1000); /* a step is a fraction of a tick */
    (void)looks(&s, 200);
    CHECK_I64(s.seen.price_micros, 1000);
}

/* ---- quotes, owners, clocks ---- */

TEST(a_quote_stands_for_its_life)
{
    struct stall s;
    open_stall(&s, PRICING_UNDERCUT, 50000, 10000);
    s.seen.best_ask_micros = 40000;
    const struct pricing_step early = pricing_next(&s.p, &s.rule, &s.seen, s.now + MINUTE - 1);
    CHECK_I64(early.price_micros, 50000);
    CHECK_I64(early.reason, PRICING_YOUNG);
    CHECK_I64(early.earliest_us, s.now + MINUTE);
    CHECK_I64(pricing_next(&s.p, &s.rule, &s.seen, s.now + MINUTE).price_micros, 39000);
}

TEST(what_the_market_refuses_is_said_again_when_it_may_be)
{
    struct stall s;
    open_stall(&s, PRICING_UNDERCUT, 50000, 10000);
    s.seen.best_ask_micros = 40000;
    const int64_t at = s.now + MINUTE;
    CHECK_I64(pricing_next(&s.p, &s.rule, &s.seen, at).price_micros, 39000);
    pricing_refused(&s.p, at + 45000000);
    CHECK_I64(pricing_next(&s.p, &s.rule, &s.seen, at + 44000000).reason, PRICING_YOUNG);
    CHECK_I64(pricing_next(&s.p, &s.rule, &s.seen, at + 45000000).price_micros, 39000);
}

TEST(a_change_whose_answer_was_lost_is_still_ours)
{
    struct stall s;
    open_stall(&s, PRICING_UNDERCUT, 50000, 10000);
    s.seen.best_ask_micros = 40000;
    s.now += MINUTE;
    s.seen.price_micros = pricing_next(&s.p, &s.rule, &s.seen, s.now).price_micros;
    s.seen.best_ask_micros = 0;
    CHECK_I64(look(&s), 39000); /* young: it stands since we see it */
    CHECK_I64(look(&s), 50000);
}

TEST(another_price_is_the_owners_and_where_it_goes_on_from)
{
    struct stall s;
    open_stall(&s, PRICING_UNDERCUT, 50000, 10000);
    s.seen.best_ask_micros = 40000;
    (void)look(&s);
    s.seen.price_micros = 60000;
    CHECK_I64(look(&s), 60000);
    CHECK_I64(s.step.reason, PRICING_YOUNG);
    CHECK_I64(look(&s), 39000);
    s.seen.best_ask_micros = 0;
    CHECK_I64(look(&s), 60000);
}

TEST(a_clock_put_back_delays_for_no_longer_than_a_quote_lives)
{
    struct stall s;
    open_stall(&s, PRICING_UNDERCUT, 50000, 10000);
    s.seen.best_ask_micros = 40000;
    pricing_refused(&s.p, s.now + MINUTE);
    s.now -= 500 * MINUTE;
    CHECK_I64(look(&s), 50000);
    CHECK_I64(look(&s), 39000);
}

/* ---- laws ---- */

static uint64_t state;

static int64_t any(int64_t bound)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (int64_t)(state % ((uint64_t)bound + 1));
}

static int64_t any_price(void)
{
    return (1 + any(400)) * TICK;
}

static void any_market(struct pricing_seen *seen, int64_t now)
{
    seen->units_free = any(seen->units);
    seen->fills = any(3) == 0 ? any(2) : 0;
    seen->best_ask_micros = any(2) == 0 ? 0 : any_price();
    seen->best_bid_micros = any(2) == 0 ? 0 : any_price();
    seen->index_micros = any(2) == 0 ? 0 : any_price();
    if (any(3) > 0) return;
    seen->last_trade_micros = any_price();
    seen->last_trade_us = now - any(MINUTE);
}

/* Whatever the market does: not under the floor, on tick, not too high, not too often; and the same
 * again from a copy. */
static void check_one_ask(void)
{
    const int64_t floor = any_price(), start = floor + any(100) * TICK;
    const struct pricing_rule r = rule((enum pricing_policy)any(2), floor);
    struct pricing_seen seen = { .price_micros = start, .units = 1 + any(7) };
    struct pricing p;
    int64_t now = MINUTE * 1000, changed = now;
    pricing_begin(&p, state, start, now);
    for (int i = 0; i < 300; i++) {
        now += any(2 * MINUTE);
        any_market(&seen, now);
        struct pricing copy = p;
        const struct pricing_step step = pricing_next(&p, &r, &seen, now);
        CHECK_I64(pricing_next(&copy, &r, &seen, now).price_micros, step.price_micros);
        CHECK(memcmp(&copy, &p, sizeof(p)) == 0);
        CHECK(step.price_micros >= floor && step.price_micros % TICK == 0);
        CHECK(step.earliest_us >= changed + MINUTE);
        if (step.price_micros == seen.price_micros) continue;
        CHECK(r.policy != PRICING_FIXED);
        CHECK(r.policy != PRICING_UNDERCUT || step.price_micros <= start);
        CHECK(step.price_micros <= PRICING_CEILING * start ||
              step.price_micros <= seen.best_bid_micros || step.price_micros < seen.price_micros);
        CHECK(now - changed >= MINUTE);
        CHECK(step.reason != PRICING_STANDS && step.reason != PRICING_YOUNG);
        if (any(9) == 0) continue; /* the market could not be reached */
        pricing_moved(&p, step.price_micros, now);
        seen.price_micros = step.price_micros;
        changed = now;
    }
}

TEST(the_laws_hold_in_any_market)
{
    const uint64_t seed = UINT64_C(0x5eed0b0a7d);
    printf("seed %" PRIu64 "\n", seed);
    state = seed;
    for (int i = 0; i < 20000; i++)
        check_one_ask();
}

TEST(the_largest_prices_do_not_overflow)
{
    const int64_t top = INT64_C(1000000000000000);
    struct stall s;
    open_stall(&s, PRICING_ADAPTIVE, top, TICK);
    for (int i = 0; i < 50; i++) {
        s.seen.fills = 1;
        s.seen.best_bid_micros = top;
        s.seen.last_trade_micros = top;
        s.seen.last_trade_us = s.now;
        CHECK_I64(look(&s), top);
    }
    s.seen.best_ask_micros = TICK;
    s.seen.best_bid_micros = 0;
    CHECK(looks(&s, 2) < top);
}

TESTS(T(a_fixed_price_never_moves), T(an_undercutter_asks_one_tick_less_than_the_best_other),
      T(an_undercutter_stops_at_its_floor), T(when_the_competitor_leaves_the_price_goes_back_up),
      T(two_undercutters_end_one_tick_under_the_higher_floor),
      T(an_adaptive_price_goes_down_when_nobody_comes_and_stops_at_the_floor),
      T(idle_time_counts_from_the_last_sale),
      T(an_adaptive_price_goes_up_with_sales_and_stops_at_the_ceiling),
      T(sold_out_it_goes_up_a_little_above_what_was_paid), T(a_cheaper_ask_is_followed_at_once),
      T(a_trade_elsewhere_is_news_only_once), T(far_above_the_index_it_goes_down_faster),
      T(less_than_a_tick_is_not_lost), T(a_quote_stands_for_its_life),
      T(what_the_market_refuses_is_said_again_when_it_may_be),
      T(a_change_whose_answer_was_lost_is_still_ours),
      T(another_price_is_the_owners_and_where_it_goes_on_from),
      T(a_clock_put_back_delays_for_no_longer_than_a_quote_lives), T(the_laws_hold_in_any_market),
      T(the_largest_prices_do_not_overflow))
