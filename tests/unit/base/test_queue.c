/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/queue.h"
#include "tests/t.h"

#define MANY    4000
#define THREADS 3

static int items[MANY];

static void push_range(struct queue *q, int from, int to)
{
    for (int i = from; i < to; i++)
        CHECK(queue_push(q, &items[i]));
}

TEST(pointers_leave_in_the_order_they_came)
{
    struct queue q;
    void *out[4];
    CHECK(queue_init(&q, 4));
    push_range(&q, 0, 4);
    CHECK_I64(queue_pop(&q, out, 4, 0), 4);
    for (int i = 0; i < 4; i++)
        CHECK(out[i] == &items[i]);
    queue_done(&q);
}

TEST(a_full_queue_refuses_at_once)
{
    struct queue q;
    void *out[1];
    CHECK(queue_init(&q, 2));
    push_range(&q, 0, 2);
    CHECK(!queue_push(&q, &items[2]));
    CHECK_I64(queue_len(&q), 2);
    CHECK_I64(queue_pop(&q, out, 1, 0), 1);
    CHECK(queue_push(&q, &items[2]));
    CHECK(!queue_push(&q, &items[3]));
    CHECK_I64(queue_pop(&q, out, 1, 0), 1);
    CHECK_I64(queue_pop(&q, out, 1, 0), 1);
    CHECK(out[0] == &items[2]);
    queue_done(&q);
}

TEST(no_more_are_popped_than_asked_for)
{
    struct queue q;
    void *out[3] = { NULL, NULL, &q };
    CHECK(queue_init(&q, 8));
    push_range(&q, 0, 3);
    CHECK_I64(queue_pop(&q, out, 2, -1), 2);
    CHECK(out[1] == &items[1] && out[2] == &q);
    CHECK_I64(queue_len(&q), 1);
    CHECK_I64(queue_pop(&q, out, 3, -1), 1);
    queue_done(&q);
}

TEST(order_is_kept_while_the_ring_goes_round)
{
    struct queue q;
    void *out[3];
    int next = 0;
    CHECK(queue_init(&q, 5));
    for (int i = 0; i < 300; i += 3) {
        push_range(&q, i, i + 3);
        CHECK_I64(queue_pop(&q, out, 3, 0), 3);
        for (int k = 0; k < 3; k++)
            CHECK(out[k] == &items[next++]);
    }
    queue_done(&q);
}

TEST(an_empty_queue_is_waited_for_as_long_as_asked)
{
    struct queue q;
    void *out[1];
    CHECK(queue_init(&q, 1));
    const int64_t before = clock_monotonic_us();
    CHECK_I64(queue_pop(&q, out, 1, 0), 0);
    CHECK_I64(queue_pop(&q, out, 1, 20000), 0);
    CHECK(clock_monotonic_us() - before >= 20000);
    queue_done(&q);
}

TEST(a_wait_without_limit_is_not_cut_by_a_sum_that_wraps)
{
    struct queue q;
    void *out[1];
    CHECK(queue_init(&q, 1));
    CHECK(queue_push(&q, &items[0]));
    CHECK_I64(queue_pop(&q, out, 1, INT64_MAX), 1);
    CHECK(queue_push(&q, &items[0]));
    CHECK_I64(queue_pop(&q, out, 1, INT64_MIN), 1);
    queue_done(&q);
}

TEST(a_closed_queue_takes_nothing_and_gives_what_it_has)
{
    struct queue q;
    void *out[2];
    CHECK(queue_init(&q, 4));
    push_range(&q, 0, 2);
    queue_close(&q);
    CHECK(!queue_push(&q, &items[2]));
    CHECK_I64(queue_pop(&q, out, 1, -1), 1);
    CHECK_I64(queue_pop(&q, out, 1, -1), 1);
    CHECK(out[0] == &items[1]);
    CHECK_I64(queue_pop(&q, out, 1, -1), 0);
    queue_close(&q);
    queue_done(&q);
}

static void *pop_one(void *arg)
{
    void *out[1] = { NULL };
    return queue_pop(arg, out, 1, -1) == 1 ? out[0] : NULL;
}

TEST(a_push_wakes_one_who_waits)
{
    struct queue q;
    pthread_t waiter;
    void *got = NULL;
    CHECK(queue_init(&q, 1));
    CHECK(pthread_create(&waiter, NULL, pop_one, &q) == 0);
    clock_sleep_us(5000);
    CHECK(queue_push(&q, &items[7]));
    pthread_join(waiter, &got);
    CHECK(got == &items[7]);
    queue_done(&q);
}

TEST(closing_wakes_all_who_wait)
{
    struct queue q;
    pthread_t waiters[THREADS];
    void *got = &q;
    CHECK(queue_init(&q, 1));
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&waiters[i], NULL, pop_one, &q) == 0);
    clock_sleep_us(5000);
    queue_close(&q);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(waiters[i], &got);
        CHECK(!got);
    }
    queue_done(&q);
}

static void *push_all(void *arg)
{
    for (int i = 0; i < MANY; i++)
        while (!queue_push(arg, &items[i]))
            clock_sleep_us(50);
    return NULL;
}

/* Counts what it saw in an array of its own. */
struct popper {
    struct queue *q;
    int seen[MANY];
};

static void *pop_all(void *arg)
{
    struct popper *popper = arg;
    void *out[7];
    size_t n;
    while ((n = queue_pop(popper->q, out, ARRAY_LEN(out), 10000000)) > 0)
        for (size_t i = 0; i < n; i++)
            popper->seen[(int *)out[i] - items]++;
    return NULL;
}

TEST(between_many_threads_each_pointer_arrives_once)
{
    static struct popper poppers[THREADS];
    pthread_t pushing[THREADS], popping[THREADS];
    struct queue q;
    CHECK(queue_init(&q, 16));
    for (int i = 0; i < THREADS; i++) {
        poppers[i].q = &q;
        CHECK(pthread_create(&popping[i], NULL, pop_all, &poppers[i]) == 0);
        CHECK(pthread_create(&pushing[i], NULL, push_all, &q) == 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(pushing[i], NULL);
    queue_close(&q);
    for (int i = 0; i < THREADS; i++)
        pthread_join(popping[i], NULL);
    for (int i = 0; i < MANY; i++)
        CHECK_I64(poppers[0].seen[i] + poppers[1].seen[i] + poppers[2].seen[i], THREADS);
    queue_done(&q);
}

TESTS(T(pointers_leave_in_the_order_they_came), T(a_full_queue_refuses_at_once),
      T(no_more_are_popped_than_asked_for), T(order_is_kept_while_the_ring_goes_round),
      T(an_empty_queue_is_waited_for_as_long_as_asked),
      T(a_wait_without_limit_is_not_cut_by_a_sum_that_wraps),
      T(a_closed_queue_takes_nothing_and_gives_what_it_has), T(a_push_wakes_one_who_waits),
      T(closing_wakes_all_who_wait), T(between_many_threads_each_pointer_arrives_once))
