/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/cross.h"

#include "tests/t.h"

static struct cross cross;
static struct cross_fill fills[16];
static size_t fills_n;

/* What is open of it afterwards. */
static int64_t place(int64_t order, int64_t owner, char side, int64_t price, int64_t quantity)
{
    struct cross_order o = { .order = order,
                             .owner = owner,
                             .price = price,
                             .cells = side == 'B' ? UINT64_MAX : 1,
                             .open = quantity,
                             .bid = side == 'B' };
    CHECK(cross_reserve(&cross, 1));
    CHECK(cross_place(&cross, &o, fills, ARRAY_LEN(fills), &fills_n));
    return o.open;
}

static int64_t add(int64_t order, char side, int64_t price, int64_t quantity)
{
    return place(order, order, side, price, quantity);
}

static void check_fill(size_t i, int64_t taker, int64_t maker, int64_t price, int64_t quantity)
{
    CHECK(i < fills_n);
    CHECK_I64(fills[i].taker, taker);
    CHECK_I64(fills[i].maker, maker);
    CHECK_I64(fills[i].price, price);
    CHECK_I64(fills[i].quantity, quantity);
}

static void finish(void)
{
    ladder_check(&cross.sides[0]);
    ladder_check(&cross.sides[1]);
    cross_done(&cross);
}

/* On which three other engines agree. */
TEST(the_worked_example)
{
    cross_init(&cross, mem_heap);
    CHECK_I64(add(1, 'S', 105, 10), 10);
    CHECK_I64(add(2, 'S', 103, 4), 4);
    CHECK_I64(add(3, 'S', 103, 6), 6);
    CHECK_I64(add(4, 'B', 104, 7), 0);
    CHECK_I64(fills_n, 2);
    check_fill(0, 4, 2, 103, 4);
    check_fill(1, 4, 3, 103, 3);
    CHECK(cross_cancel(&cross, 3));
    CHECK_I64(add(5, 'B', 101, 5), 5);
    CHECK(!cross_cancel(&cross, 2)); /* it is filled */
    CHECK_I64(add(6, 'S', 100, 9), 4);
    CHECK_I64(fills_n, 1);
    check_fill(0, 6, 5, 101, 5);
    CHECK_I64(add(7, 'B', 110, 20), 6);
    CHECK_I64(fills_n, 2);
    check_fill(0, 7, 6, 100, 4);
    check_fill(1, 7, 1, 105, 10);
    CHECK_I64(cross.sides[0].n, 0);
    CHECK_I64(cross.sides[1].n, 1);
    finish();
}

TEST(who_sells_and_who_buys)
{
    cross_init(&cross, mem_heap);
    CHECK_I64(place(1, 11, 'S', 100, 5), 5);
    CHECK_I64(place(2, 22, 'B', 100, 3), 0);
    CHECK(fills[0].seller == 11 && fills[0].buyer == 22 && !fills[0].bid_rested);
    CHECK_I64(place(3, 22, 'B', 99, 1), 1);
    CHECK_I64(place(4, 33, 'S', 98, 1), 0);
    CHECK(fills[0].seller == 33 && fills[0].buyer == 22 && fills[0].bid_rested);
    finish();
}

TEST(nobody_trades_with_himself_and_he_does_not_stand_in_the_way)
{
    cross_init(&cross, mem_heap);
    CHECK_I64(place(1, 7, 'S', 100, 1), 1);
    CHECK_I64(place(2, 8, 'S', 101, 1), 1);
    CHECK_I64(place(3, 7, 'B', 101, 1), 0);
    check_fill(0, 3, 2, 101, 1);
    CHECK(cross_cancel(&cross, 1));
    finish();
}

TEST(a_full_buffer_stops_it_and_it_goes_on_where_it_was)
{
    struct cross_order o = {
        .order = 9, .owner = 9, .price = 100, .cells = UINT64_MAX, .open = 4, .bid = true
    };

    cross_init(&cross, mem_heap);
    for (int64_t i = 1; i <= 3; i++)
        CHECK_I64(add(i, 'S', 100, 1), 1);
    CHECK(cross_reserve(&cross, 1));
    CHECK(!cross_place(&cross, &o, fills, 2, &fills_n));
    CHECK_I64(fills_n, 2);
    CHECK_I64(o.open, 2);
    CHECK(cross_place(&cross, &o, fills, 2, &fills_n));
    CHECK_I64(fills_n, 1);
    check_fill(0, 9, 3, 100, 1);
    CHECK_I64(o.open, 1);
    finish();
}

/* A partly filled order keeps its place, and what is over leaves. */
TEST(a_partial_fill_changes_no_place)
{
    cross_init(&cross, mem_heap);
    CHECK_I64(add(1, 'B', 100, 10), 10);
    CHECK_I64(add(2, 'B', 100, 10), 10);
    CHECK_I64(add(3, 'S', 100, 9), 0);
    CHECK_I64(add(4, 'S', 100, 2), 0);
    CHECK_I64(fills_n, 2);
    check_fill(0, 4, 1, 100, 1);
    check_fill(1, 4, 2, 100, 1);
    CHECK(!cross_cancel(&cross, 1));
    CHECK(cross_cancel(&cross, 2));
    CHECK(!cross_cancel(&cross, 2));
    finish();
}

static void *nothing(void *arg, void *p, size_t size)
{
    (void)arg;
    (void)p;
    (void)size;
    return NULL;
}

TEST(without_memory_nothing_has_happened)
{
    cross_init(&cross, (struct mem){ nothing, NULL });
    CHECK(!cross_reserve(&cross, 1));
    CHECK(!cross_cancel(&cross, 1));
    finish();
}

TEST(to_expect_orders_changes_nothing)
{
    int64_t orders[100];

    cross_init(&cross, mem_heap);
    for (int64_t i = 0; i < 100; i++)
        orders[i] = i + 1;
    cross_expect_cancels(&cross, orders, 100);
    CHECK_I64(add(1, 'S', 100, 1), 1);
    CHECK_I64(add(50, 'S', 100, 1), 1);
    cross_expect_cancels(&cross, orders, 100);
    cross_expect_orders(&cross, orders, 100);
    CHECK(cross_cancel(&cross, 50));
    CHECK(cross_cancel(&cross, 1));
    finish();
}

TESTS(T(the_worked_example), T(who_sells_and_who_buys),
      T(nobody_trades_with_himself_and_he_does_not_stand_in_the_way),
      T(a_full_buffer_stops_it_and_it_goes_on_where_it_was), T(a_partial_fill_changes_no_place),
      T(without_memory_nothing_has_happened), T(to_expect_orders_changes_nothing))
