/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/random.h"
#include "service/hub.h"
#include "tests/t.h"

#define NOBODY (-1)

struct seen {
    struct waiter w;
    atomic_int times;
    atomic_int why;
};

static void wake(void *arg, enum woken why)
{
    struct seen *s = arg;
    atomic_store(&s->why, (int)why);
    atomic_fetch_add(&s->times, 1);
}

static void wait_for(struct hub *h, struct seen *s, enum topic_kind kind, int64_t number,
                     int64_t deadline_us)
{
    *s = (struct seen){ .why = NOBODY };
    s->w = (struct waiter){
        .topic = { kind, number }, .deadline_us = deadline_us, .wake = wake, .arg = s
    };
    hub_wait(h, &s->w);
}

TEST(those_who_wait_for_a_topic_are_woken_and_nobody_else)
{
    struct hub *h = hub_new();
    struct seen a, b, other_number, other_kind;
    wait_for(h, &a, TOPIC_JOB, 5, 100);
    wait_for(h, &b, TOPIC_JOB, 5, 100);
    wait_for(h, &other_number, TOPIC_JOB, 6, 100);
    wait_for(h, &other_kind, TOPIC_NODE, 5, 100);

    hub_notify(h, (struct topic){ TOPIC_JOB, 5 });
    CHECK_I64(a.times, 1);
    CHECK_I64(a.why, WOKEN_NOTIFIED);
    CHECK_I64(b.times, 1);
    CHECK_I64(other_number.times + other_kind.times, 0);
    CHECK_I64(hub_waiting(h), 2);

    CHECK(hub_leave(h, &other_number.w) && hub_leave(h, &other_kind.w));
    hub_free(h);
}

TEST(a_waiter_is_woken_once)
{
    struct hub *h = hub_new();
    struct seen a;
    wait_for(h, &a, TOPIC_NODE, 1, 100);
    hub_notify(h, (struct topic){ TOPIC_NODE, 1 });
    hub_notify(h, (struct topic){ TOPIC_NODE, 1 });
    hub_tick(h, 1000);
    hub_close(h);
    CHECK_I64(a.times, 1);
    hub_free(h);
}

TEST(who_left_is_not_woken_and_who_was_woken_cannot_leave)
{
    struct hub *h = hub_new();
    struct seen left, woken;
    wait_for(h, &left, TOPIC_JOB, 1, 100);
    wait_for(h, &woken, TOPIC_JOB, 1, 100);
    CHECK(hub_leave(h, &left.w));
    CHECK(!hub_leave(h, &left.w));
    hub_notify(h, (struct topic){ TOPIC_JOB, 1 });
    CHECK(!hub_leave(h, &woken.w));
    CHECK_I64(left.times, 0);
    CHECK_I64(woken.times, 1);
    hub_free(h);
}

TEST(a_tick_wakes_those_whose_time_is_up)
{
    struct hub *h = hub_new();
    struct seen at[3];
    wait_for(h, &at[0], TOPIC_JOB, 1, 300);
    wait_for(h, &at[1], TOPIC_JOB, 2, 100);
    wait_for(h, &at[2], TOPIC_JOB, 3, 200);
    hub_tick(h, 99);
    CHECK_I64(hub_waiting(h), 3);
    hub_tick(h, 200);
    CHECK_I64(at[1].why, WOKEN_LATE);
    CHECK_I64(at[2].why, WOKEN_LATE);
    CHECK_I64(at[0].times, 0);
    hub_tick(h, 300);
    CHECK_I64(at[0].times, 1);
    hub_free(h);
}

/* Deadlines, topics and leaving in random order, against plain sums. */
TEST(every_deadline_is_kept_whatever_comes_and_goes)
{
    enum { N = 500, END = 1000 };
    static struct seen all[N];
    struct hub *h = hub_new();
    for (int i = 0; i < N; i++)
        wait_for(h, &all[i], TOPIC_LOG, random_between(1, 40), random_between(0, END - 1));
    for (int i = 0; i < N; i += 7)
        CHECK(hub_leave(h, &all[i].w));

    for (int64_t now = 0; now < END; now++) {
        if (now % 100 == 50) hub_notify(h, (struct topic){ TOPIC_LOG, now / 100 + 1 });
        hub_tick(h, now);
        for (int i = 0; i < N; i++)
            CHECK(i % 7 == 0
                      ? all[i].times == 0
                      : all[i].times == 1 || (all[i].times == 0 && all[i].w.deadline_us > now));
    }
    CHECK_I64(hub_waiting(h), 0);
    hub_free(h);
}

TEST(a_closed_hub_wakes_all_now_and_later)
{
    struct hub *h = hub_new();
    struct seen before, after;
    wait_for(h, &before, TOPIC_COMMANDS, 0, 100);
    hub_close(h);
    CHECK_I64(before.why, WOKEN_CLOSED);
    wait_for(h, &after, TOPIC_COMMANDS, 0, 100);
    CHECK_I64(after.why, WOKEN_CLOSED);
    CHECK_I64(after.times, 1);
    CHECK_I64(hub_waiting(h), 0);
    hub_free(h);
}

/* What wakes holds no lock of the hub, so that it may go on at once. */
struct again {
    struct waiter w;
    struct hub *h;
    int left;
};

static void wait_again(void *arg, enum woken why)
{
    struct again *a = arg;
    CHECK_I64(why, WOKEN_NOTIFIED);
    if (--a->left > 0) hub_wait(a->h, &a->w);
}

TEST(a_waiter_may_wait_again_while_it_is_woken)
{
    struct hub *h = hub_new();
    struct again a = { .h = h, .left = 3 };
    a.w = (struct waiter){
        .topic = { TOPIC_JOB, 9 }, .deadline_us = 1, .wake = wait_again, .arg = &a
    };
    hub_wait(h, &a.w);
    for (int i = 3; i > 0; i--) {
        CHECK_I64(a.left, i);
        hub_notify(h, (struct topic){ TOPIC_JOB, 9 });
    }
    CHECK_I64(a.left, 0);
    CHECK_I64(hub_waiting(h), 0);
    hub_free(h);
}

#define ROUNDS 20000

static atomic_bool over;

static void *notify_all_the_time(void *arg)
{
    while (!atomic_load(&over)) {
        hub_notify(arg, (struct topic){ TOPIC_NODE, 1 });
        hub_tick(arg, clock_monotonic_us());
    }
    return NULL;
}

TEST(leaving_and_being_woken_exclude_each_other_between_threads)
{
    struct hub *h = hub_new();
    pthread_t t;
    int left = 0, woken = 0;
    atomic_store(&over, false);
    CHECK(pthread_create(&t, NULL, notify_all_the_time, h) == 0);
    for (int i = 0; i < ROUNDS; i++) {
        struct seen s;
        wait_for(h, &s, TOPIC_NODE, 1, INT64_MAX);
        if (hub_leave(h, &s.w)) {
            left++;
            CHECK_I64(s.times, 0);
            continue;
        }
        while (atomic_load(&s.times) == 0) /* it has been unlinked; wake() is on its way */
            ;
        woken++;
    }
    atomic_store(&over, true);
    pthread_join(t, NULL);
    CHECK_I64(left + woken, ROUNDS);
    hub_free(h);
}

TESTS(T(those_who_wait_for_a_topic_are_woken_and_nobody_else), T(a_waiter_is_woken_once),
      T(who_left_is_not_woken_and_who_was_woken_cannot_leave),
      T(a_tick_wakes_those_whose_time_is_up), T(every_deadline_is_kept_whatever_comes_and_goes),
      T(a_closed_hub_wakes_all_now_and_later), T(a_waiter_may_wait_again_while_it_is_woken),
      T(leaving_and_being_woken_exclude_each_other_between_threads))
