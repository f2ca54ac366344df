/* SPDX-License-Identifier: Apache-2.0 */
/* The pricer on fake ports: the whole agent, a market that a test moves by hand. Quotes live a
 * tenth of a second here (fake_settings). */
#include <string.h>

#include "base/clock.h"
#include "tests/agent/fake_ports.h"
#include "tests/t.h"

#define PATIENCE_MS 15000

static struct fake_world *seller(enum pricing_policy policy, int64_t price, int64_t floor)
{
    struct fake_world *w = fake_world_new();
    w->sells = true;
    w->policy = policy;
    w->price_micros = price;
    w->floor_micros = floor;
    w->market.quote_us = 90000;
    return w;
}

static void end(struct fake_world *w)
{
    CHECK_STR(w->market.broken, "");
    fake_world_free(w);
}

static bool has_moved(struct fake_world *w)
{
    return w->market.asks_n > 0 && w->market.asks[0].moves_n > 0;
}

static bool has_waited(struct fake_world *w)
{
    return w->market.heartbeats >= 25;
}

TEST(a_fixed_price_stays)
{
    struct fake_world *w = seller(PRICING_FIXED, 50000, 20000);
    w->market.pool.best_other_micros = 30000;
    CHECK_I64(fake_run(w, has_waited, PATIENCE_MS), 0);
    CHECK_I64(w->market.asks[0].price_micros, 50000);
    CHECK_I64(w->market.asks[0].moves_n, 0);
    end(w);
}

TEST(an_undercutter_goes_under_and_says_so)
{
    struct fake_world *w = seller(PRICING_UNDERCUT, 50000, 20000);
    w->market.pool.best_other_micros = 30000;
    CHECK_I64(fake_run(w, has_moved, PATIENCE_MS), 0);
    CHECK_I64(w->market.asks[0].price_micros, 29000);
    CHECK_STR(w->market.asks[0].reasons[0], "one tick under the best other ask, 0.03");
    end(w);
}

/* The competitor leaves as soon as we are under him. */
static bool is_back(struct fake_world *w)
{
    if (has_moved(w)) w->market.pool.best_other_micros = 0;
    return has_moved(w) && w->market.asks[0].moves_n == 2;
}

TEST(it_comes_back_when_the_other_leaves)
{
    struct fake_world *w = seller(PRICING_UNDERCUT, 50000, 20000);
    w->market.pool.best_other_micros = 30000;
    CHECK_I64(fake_run(w, is_back, PATIENCE_MS), 0);
    CHECK_I64(w->market.asks[0].price_micros, 50000);
    CHECK_STR(w->market.asks[0].reasons[1], "back to the owner's price, no other ask");
    end(w);
}

static bool is_at_floor(struct fake_world *w)
{
    return w->market.asks_n > 0 && w->market.asks[0].price_micros == 46000;
}

TEST(an_idle_seller_goes_down_to_its_floor_step_by_step)
{
    struct fake_world *w = seller(PRICING_ADAPTIVE, 50000, 46000);
    CHECK_I64(fake_run(w, is_at_floor, PATIENCE_MS), 0);
    int64_t before = 50000;
    for (size_t i = 0; i < w->market.asks[0].moves_n; i++) {
        CHECK(w->market.asks[0].prices[i] < before);
        CHECK(strncmp(w->market.asks[0].reasons[i], "idle for ", 9) == 0);
        before = w->market.asks[0].prices[i];
    }
    end(w);
}

TEST(a_seller_that_sells_goes_up)
{
    struct fake_world *w = seller(PRICING_ADAPTIVE, 500000, 200000);
    fake_offer(w, NULL, 3600);
    CHECK_I64(fake_run(w, has_moved, PATIENCE_MS), 0);
    CHECK(w->market.asks[0].prices[0] > 500000);
    CHECK_STR(w->market.asks[0].reasons[0], "sold 1 time, no other ask");
    end(w);
}

/* A restart goes on: the price that had moved is ours, not the owner's. */
TEST(a_restart_goes_on_where_it_was)
{
    struct fake_world *w = seller(PRICING_UNDERCUT, 50000, 20000);
    w->market.pool.best_other_micros = 30000;
    CHECK_I64(fake_run(w, has_moved, PATIENCE_MS), 0);
    w->market.asks[0].moves_n = 0;
    w->market.pool.best_other_micros = 0;
    CHECK_I64(fake_run(w, has_moved, PATIENCE_MS), 0);
    CHECK_I64(w->market.asks_n, 1);
    CHECK_I64(w->market.asks[0].prices[0], 50000);
    end(w);
}

TEST(a_crash_at_any_call_leaves_the_price_ours)
{
    for (int at = 1;; at++) {
        struct fake_world *w = seller(PRICING_UNDERCUT, 50000, 20000);
        w->market.pool.best_other_micros = 30000;
        w->market.quote_us = 0;
        w->crash_at = at;
        const int ended = fake_run(w, has_moved, PATIENCE_MS);
        const bool is_last = ended == 0;
        w->crash_at = 0;
        CHECK_I64(fake_run(w, has_moved, PATIENCE_MS), 0);
        CHECK_I64(w->market.asks[w->market.asks_n - 1].price_micros, 29000);
        w->market.pool.best_other_micros = 0;
        w->market.asks[0].moves_n = 0;
        CHECK_I64(fake_run(w, has_moved, PATIENCE_MS), 0);
        CHECK_I64(w->market.asks[0].price_micros, 50000);
        end(w);
        if (is_last) break;
    }
}

TEST(another_price_in_the_configuration_stands_next)
{
    struct fake_world *w = seller(PRICING_UNDERCUT, 50000, 20000);
    w->market.pool.best_other_micros = 30000;
    CHECK_I64(fake_run(w, has_moved, PATIENCE_MS), 0);
    w->market.asks[0].moves_n = 0;
    w->price_micros = 28000;
    CHECK_I64(fake_run(w, has_moved, PATIENCE_MS), 0);
    CHECK_I64(w->market.asks[0].prices[0], 28000);
    CHECK_STR(w->market.asks[0].reasons[0], "the owner set another price");
    end(w);
}

/* An ask that the owner placed by hand, on a machine whose configuration sells nothing. */
TEST(an_ask_that_was_placed_by_hand_is_priced_too)
{
    struct fake_world *w = fake_world_new();
    w->market.asks[0] = (struct fake_ask){ .ask_id = "ask_1",
                                           .pool = "cpu",
                                           .open = true,
                                           .price_micros = 50000,
                                           .floor_micros = 20000,
                                           .units = 1,
                                           .policy = PRICING_UNDERCUT };
    w->market.asks_n = 1;
    w->market.pool.best_other_micros = 30000;
    CHECK_I64(fake_run(w, has_moved, PATIENCE_MS), 0);
    CHECK_I64(w->market.asks[0].price_micros, 29000);
    end(w);
}

/* The market's clock may say that a quote is younger than we think. It says so with a time to wait,
 * and nobody asks again before that. */
static bool moved_after_refusals(struct fake_world *w)
{
    if (w->market.early == 0) return false;
    if (w->market.marks_us[0] == 0) w->market.marks_us[0] = clock_monotonic_us();
    w->market.quote_us = 0;
    if (!has_moved(w)) return false;
    w->market.marks_us[1] = clock_monotonic_us();
    return true;
}

TEST(a_market_that_says_not_yet_is_not_asked_again_before)
{
    struct fake_world *w = seller(PRICING_UNDERCUT, 50000, 20000);
    w->market.pool.best_other_micros = 30000;
    w->market.quote_us = 3600000000;
    CHECK_I64(fake_run(w, moved_after_refusals, PATIENCE_MS), 0);
    CHECK_I64(w->market.early, 1);
    CHECK(w->market.marks_us[1] - w->market.marks_us[0] >= 900000);
    CHECK_I64(w->market.asks[0].price_micros, 29000);
    end(w);
}

TESTS(T(a_fixed_price_stays), T(an_undercutter_goes_under_and_says_so),
      T(it_comes_back_when_the_other_leaves), T(an_idle_seller_goes_down_to_its_floor_step_by_step),
      T(a_seller_that_sells_goes_up), T(a_restart_goes_on_where_it_was),
      T(a_crash_at_any_call_leaves_the_price_ours),
      T(another_price_in_the_configuration_stands_next),
      T(an_ask_that_was_placed_by_hand_is_priced_too),
      T(a_market_that_says_not_yet_is_not_asked_again_before))
