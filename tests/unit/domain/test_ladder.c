/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/ladder.h"

#include "tests/t.h"

#define ORDERS 4000
#define ALL    UINT64_MAX

static struct rung rungs[ORDERS];
static struct ladder_room room;
static struct ladder ladder;
static struct ladder_walk walk;
static int64_t left = -1; /* how many times there is memory; negative: always */

static void *resize(void *arg, void *p, size_t size)
{
    (void)arg;
    if (size > 0 && left == 0) return NULL;
    if (size > 0 && left > 0) left--;
    return mem_heap.resize(mem_heap.arg, p, size);
}

static void begin(enum ladder_side side, bool fit)
{
    memset(rungs, 0, sizeof(rungs));
    ladder_room_init(&room, (struct mem){ resize, NULL });
    ladder_init(&ladder, &room, side, fit);
}

static void finish(void)
{
    ladder_check(&ladder);
    ladder_clear(&ladder);
    ladder_check(&ladder);
    ladder_room_done(&room);
}

static struct ladder_order order(int64_t price, int32_t size, uint64_t cells, int64_t priority)
{
    return (struct ladder_order){
        .price = price, .size = size, .cells = cells, .priority = priority, .number = priority
    };
}

static void add(int i, struct ladder_order o)
{
    CHECK(ladder_reserve(&room, 1));
    ladder_add(&ladder, &rungs[i], &o);
    ladder_check(&ladder);
}

/* The number of the order's rung; -1: none. */
static int number_of(const struct rung *r)
{
    return r ? (int)(r - rungs) : -1;
}

static int best(uint64_t cells, int32_t size, int64_t limit)
{
    const struct ladder_query q = { .cells = cells, .size = size, .limit = limit };
    return number_of(ladder_first(&ladder, &q, &walk));
}

static int next(void)
{
    return number_of(ladder_next(&walk));
}

TEST(an_empty_ladder_has_nothing_and_no_memory)
{
    begin(LADDER_ASKS, true);
    CHECK_I64(best(ALL, 1, INT64_MAX), -1);
    CHECK_I64(room.bytes, 0);
    finish();
}

TEST(the_lowest_ask_goes_first_then_the_smallest_that_fits_then_the_oldest)
{
    begin(LADDER_ASKS, true);
    add(0, order(101, 1, 1, 1));
    add(1, order(100, 4, 1, 2));
    add(2, order(100, 2, 1, 3));
    add(3, order(100, 2, 1, 4));
    CHECK_I64(best(ALL, 1, INT64_MAX), 2);
    CHECK_I64(next(), 3);
    CHECK_I64(next(), 1);
    CHECK_I64(next(), 0);
    CHECK_I64(next(), -1);
    CHECK_I64(best(ALL, 3, INT64_MAX), 1);
    CHECK_I64(next(), -1);
    CHECK_I64(best(ALL, 5, INT64_MAX), -1);
    finish();
}

TEST(the_highest_bid_goes_first_then_the_oldest_whatever_its_size)
{
    begin(LADDER_BIDS, true);
    add(0, order(100, 1, 1, 1));
    add(1, order(101, 4, 1, 2));
    add(2, order(101, 1, 1, 3));
    CHECK_I64(best(ALL, 8, INT64_MIN), 1);
    CHECK_I64(next(), 2);
    CHECK_I64(next(), 0);
    CHECK_I64(best(ALL, 3, INT64_MIN), 2);
    CHECK_I64(next(), 0);
    finish();
}

TEST(a_limit_is_within)
{
    begin(LADDER_ASKS, true);
    add(0, order(100, 1, 1, 1));
    CHECK_I64(best(ALL, 1, 100), 0);
    CHECK_I64(best(ALL, 1, 99), -1);
    finish();
    begin(LADDER_BIDS, true);
    add(0, order(100, 1, 1, 1));
    CHECK_I64(best(ALL, 1, 100), 0);
    CHECK_I64(best(ALL, 1, 101), -1);
    finish();
}

TEST(an_ask_in_another_cell_does_not_stand_in_the_way)
{
    begin(LADDER_ASKS, true);
    add(0, order(100, 1, 1 << 3, 1));
    add(1, order(101, 1, 1 << 4, 2));
    add(2, order(102, 1, UINT64_C(1) << 63, 3));
    CHECK_I64(best(1 << 4, 1, INT64_MAX), 1);
    CHECK_I64(best(UINT64_C(1) << 63, 1, INT64_MAX), 2);
    CHECK_I64(best(1 << 5, 1, INT64_MAX), -1);
    finish();
}

TEST(a_bid_is_served_from_any_cell_that_it_accepts)
{
    begin(LADDER_BIDS, true);
    add(0, order(100, 1, 6, 1));
    CHECK_I64(best(2, 1, INT64_MIN), 0);
    CHECK_I64(best(4, 1, INT64_MIN), 0);
    CHECK_I64(best(1, 1, INT64_MIN), -1);
    finish();
}

TEST(without_fit_sizes_play_no_part)
{
    begin(LADDER_ASKS, false);
    add(0, order(100, 4, 1, 1));
    add(1, order(100, 1, 1, 2));
    CHECK_I64(best(ALL, 9, INT64_MAX), 0);
    CHECK_I64(next(), 1);
    finish();
    begin(LADDER_BIDS, false);
    add(0, order(100, 4, 1, 1));
    CHECK_I64(best(ALL, 1, INT64_MIN), 0);
    finish();
}

TEST(an_order_that_comes_back_with_its_priority_takes_its_old_place)
{
    begin(LADDER_ASKS, true);
    add(0, order(100, 1, 1, 10));
    add(1, order(100, 1, 1, 30));
    add(2, order(100, 1, 1, 40));
    add(3, order(100, 1, 1, 20)); /* in a line */
    add(4, order(100, 1, 2, 15)); /* through a line */
    add(5, order(100, 1, 2, 5));  /* before all */
    CHECK_I64(best(ALL, 1, INT64_MAX), 5);
    CHECK_I64(next(), 0);
    CHECK_I64(next(), 4);
    CHECK_I64(next(), 3);
    CHECK_I64(next(), 1);
    CHECK_I64(next(), 2);
    CHECK_I64(next(), -1);
    finish();
}

TEST(of_equal_priorities_the_lower_number_goes_first)
{
    begin(LADDER_ASKS, true);
    add(0,
        (struct ladder_order){ .price = 100, .size = 1, .cells = 1, .priority = 7, .number = 2 });
    add(1,
        (struct ladder_order){ .price = 100, .size = 1, .cells = 1, .priority = 7, .number = 1 });
    CHECK_I64(best(ALL, 1, INT64_MAX), 1);
    CHECK_I64(next(), 0);
    finish();
}

/* Head, middle, end, and the only one of a line. */
TEST(whoever_leaves_a_line_the_others_stay_in_order)
{
    begin(LADDER_ASKS, true);
    for (int i = 0; i < 5; i++)
        add(i, order(100, 1, 1, i));
    const int leaving[] = { 2, 0, 4, 1, 3 };
    const int first[] = { 0, 1, 1, 3, -1 };
    for (size_t i = 0; i < ARRAY_LEN(leaving); i++) {
        CHECK(ladder_holds(&rungs[leaving[i]]));
        ladder_remove(&ladder, &rungs[leaving[i]]);
        CHECK(!ladder_holds(&rungs[leaving[i]]));
        ladder_check(&ladder);
        CHECK_I64(best(ALL, 1, INT64_MAX), first[i]);
    }
    CHECK_I64(ladder.n, 0);
    finish();
}

static bool is_odd(void *arg, struct rung *r)
{
    ++*(int *)arg;
    return number_of(r) % 2 == 1;
}

TEST(what_does_not_serve_is_passed_over)
{
    int asked = 0;
    const struct ladder_query q = {
        .cells = ALL, .size = 1, .limit = INT64_MAX, .serves = is_odd, .arg = &asked
    };

    begin(LADDER_ASKS, true);
    for (int i = 0; i < 4; i++)
        add(i, order(100, 1, 1, i));
    CHECK_I64(number_of(ladder_first(&ladder, &q, &walk)), 1);
    CHECK_I64(next(), 3);
    CHECK_I64(next(), -1);
    CHECK_I64(asked, 4);
    finish();
}

static bool is_late(void *arg, struct rung *r)
{
    ++*(int *)arg;
    return r->priority >= 1000;
}

/* The best one that is late, and how often the predicate has been asked, and will be. */
static int best_late(int32_t size, int *asked)
{
    const struct ladder_query q = {
        .cells = ALL,
        .limit = ladder.bids ? INT64_MIN : INT64_MAX,
        .size = size,
        .serves = is_late,
        .arg = asked,
    };
    *asked = 0;
    return number_of(ladder_first(&ladder, &q, &walk));
}

TEST(of_alike_asks_thirty_two_are_passed_over)
{
    int asked;

    begin(LADDER_ASKS, true);
    for (int i = 0; i < 31; i++)
        add(i, order(100, 1, 1, i));
    add(32, order(100, 1, 1, 40));
    add(31, order(100, 1, 1, 1000));
    CHECK_I64(best_late(1, &asked), 31);
    CHECK_I64(asked, 33);
    CHECK_I64(next(), -1);
    CHECK_I64(ladder.cuts, 0);

    add(36, order(100, 1, 1, 41)); /* the thirty-third that does not serve ends the row */
    CHECK_I64(best_late(1, &asked), -1);
    CHECK_I64(asked, 33);
    CHECK_I64(ladder.cuts, 1);

    add(33, order(100, 1, 2, 1001)); /* another cell, */
    add(34, order(100, 2, 1, 1002)); /* another size, */
    add(35, order(101, 1, 1, 1003)); /* and another price are other rows */
    CHECK_I64(best_late(1, &asked), 33);
    CHECK_I64(next(), 34);
    CHECK_I64(next(), 35);
    CHECK_I64(next(), -1);
    CHECK_I64(ladder.cuts, 2);
    finish();
}

TEST(of_alike_bids_thirty_two_are_passed_over)
{
    int asked;

    begin(LADDER_BIDS, true);
    for (int i = 0; i < 32; i++)
        add(i, order(100, 1, 1, i));
    add(36, order(100, 1, 1, 40));
    add(32, order(100, 1, 1, 1000));
    add(33, order(100, 1, 3, 1001)); /* other cells */
    add(34, order(100, 2, 1, 1002)); /* another size */
    add(35, order(99, 1, 1, 1003));
    CHECK_I64(best_late(2, &asked), 33);
    CHECK_I64(next(), 34);
    CHECK_I64(next(), 35);
    CHECK_I64(next(), -1);
    CHECK_I64(ladder.cuts, 1);
    CHECK_I64(asked, 36);
    finish();
}

/* An order of other cells far behind many alike ones: a walk does not go on for ever. */
TEST(bids_that_are_passed_over_are_bounded_too)
{
    for (int behind = LADDER_SKIPS - 1; behind <= LADDER_SKIPS; behind++) {
        int asked;
        begin(LADDER_BIDS, true);
        for (int i = 0; i < LADDER_LOOKS + 1 + behind; i++)
            add(i, order(100, 1, 1, i - 100000));
        add(ORDERS - 2, order(100, 1, 3, 1000));
        add(ORDERS - 1, order(99, 1, 3, 1001));
        const int found = best_late(1, &asked);
        CHECK_I64(found, behind < LADDER_SKIPS ? ORDERS - 2 : ORDERS - 1);
        CHECK_I64(ladder.cuts, behind < LADDER_SKIPS ? 1 : 2);
        finish();
    }
}

TEST(without_a_predicate_nothing_is_cut)
{
    begin(LADDER_ASKS, true);
    for (int i = 0; i < 100; i++)
        add(i, order(100, 1, 1, i));
    CHECK_I64(best(ALL, 1, INT64_MAX), 0);
    for (int i = 1; i < 100; i++)
        CHECK_I64(next(), i);
    CHECK_I64(ladder.cuts, 0);
    finish();
}

TEST(when_there_is_no_memory_nothing_is_lost)
{
    for (int64_t n = 0; n < 12; n++) {
        begin(LADDER_ASKS, true);
        left = n;
        if (ladder_reserve(&room, 1)) {
            const struct ladder_order o = order(100, 1, 1, 1);
            left = 0;
            ladder_add(&ladder, &rungs[0], &o);
            CHECK_I64(best(ALL, 1, INT64_MAX), 0);
        } else {
            CHECK_I64(best(ALL, 1, INT64_MAX), -1);
        }
        left = -1;
        finish();
    }
}

TEST(what_is_reserved_needs_no_more_memory)
{
    begin(LADDER_BIDS, true);
    for (int n = 1; n < ORDERS; n *= 3) {
        left = -1;
        CHECK(ladder_reserve(&room, (size_t)n));
        left = 0;
        for (int i = 0; i < n; i++) {
            const struct ladder_order o =
                order(i * 7919 % 1000, 1, 1 + (uint64_t)(i % 5), i * 31 % 97);
            ladder_add(&ladder, &rungs[i], &o);
        }
        ladder_check(&ladder);
        for (int i = 0; i < n; i++)
            ladder_remove(&ladder, &rungs[i]);
    }
    left = -1;
    finish();
}

/* A node that is left with one child finds no neighbour to join, and goes with it. */
TEST(a_node_without_children_leaves_the_tree)
{
    int n = 0;

    begin(LADDER_ASKS, true);
    for (; ladder.height < 2; n++)
        add(n, order(n, 1, 1, n)); /* rising prices fill the leaves and halve the nodes */
    const int more = n + 32 * 12;  /* the second node is so full that nothing joins it */
    for (; n < more; n++)
        add(n, order(n, 1, 1, n));
    for (int i = 0; i < n - 1; i++) {
        ladder_remove(&ladder, &rungs[i]);
        ladder_check(&ladder);
        CHECK_I64(best(ALL, 1, INT64_MAX), i + 1);
    }
    CHECK_I64(ladder.height, 0);
    finish();
}

TEST(prices_may_be_as_far_apart_as_they_like)
{
    begin(LADDER_ASKS, true);
    for (int i = 0; i < 600; i++)
        add(i, order(i % 2 ? LADDER_PRICE_MAX - i : i - LADDER_PRICE_MAX, 1, 1, i));
    CHECK_I64(best(ALL, 1, INT64_MAX), 0);
    for (int i = 2; i < 600; i += 2)
        CHECK_I64(next(), i);
    for (int i = 599; i > 0; i -= 2)
        CHECK_I64(next(), i);
    finish();
}

TEST(a_cleared_ladder_serves_again)
{
    begin(LADDER_ASKS, true);
    for (int i = 0; i < 100; i++)
        add(i, order(100, 1, 1 + (uint64_t)(i / 3 % 2), i));
    ladder_clear(&ladder);
    CHECK_I64(best(ALL, 1, INT64_MAX), -1);
    for (int i = 0; i < 100; i++)
        add(i, order(i, 1, 1, 100 - i));
    for (int i = 0; i < 100; i++)
        ladder_remove(&ladder, &rungs[i]);
    finish();
}

TEST(ladders_share_a_room)
{
    struct ladder other;
    const struct ladder_order o = order(100, 1, 1, 1);

    begin(LADDER_ASKS, true);
    ladder_init(&other, &room, LADDER_BIDS, true);
    add(0, o);
    CHECK(ladder_reserve(&room, 1));
    ladder_add(&other, &rungs[1], &o);
    ladder_check(&other);
    CHECK_I64(ladder.n, 1);
    CHECK_I64(other.n, 1);
    ladder_remove(&other, &rungs[1]);
    CHECK_I64(best(ALL, 1, INT64_MAX), 0);
    finish();
}

TESTS(T(an_empty_ladder_has_nothing_and_no_memory),
      T(the_lowest_ask_goes_first_then_the_smallest_that_fits_then_the_oldest),
      T(the_highest_bid_goes_first_then_the_oldest_whatever_its_size), T(a_limit_is_within),
      T(an_ask_in_another_cell_does_not_stand_in_the_way),
      T(a_bid_is_served_from_any_cell_that_it_accepts), T(without_fit_sizes_play_no_part),
      T(an_order_that_comes_back_with_its_priority_takes_its_old_place),
      T(of_equal_priorities_the_lower_number_goes_first),
      T(whoever_leaves_a_line_the_others_stay_in_order), T(what_does_not_serve_is_passed_over),
      T(of_alike_asks_thirty_two_are_passed_over), T(of_alike_bids_thirty_two_are_passed_over),
      T(bids_that_are_passed_over_are_bounded_too), T(without_a_predicate_nothing_is_cut),
      T(when_there_is_no_memory_nothing_is_lost), T(what_is_reserved_needs_no_more_memory),
      T(a_node_without_children_leaves_the_tree), T(prices_may_be_as_far_apart_as_they_like),
      T(a_cleared_ladder_serves_again), T(ladders_share_a_room))
