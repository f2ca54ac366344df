/* SPDX-License-Identifier: Apache-2.0 */
#include "service/looks.h"

#include "base/clock.h"
#include "base/limits.h"
#include "tests/t.h"

#define LOOK_US 1500 /* longer than a slice */
#define MANY    LOOKS_MAX

static int seen, done;
static struct looks *looks;
static struct look all[MANY + 1];

static void see(struct market *m, int64_t now_us, void *arg)
{
    (void)m;
    (void)arg;
    CHECK_I64(now_us, 7);
    seen++;
}

static void see_long(struct market *m, int64_t now_us, void *arg)
{
    const int64_t until = clock_monotonic_us() + LOOK_US;

    see(m, now_us, arg);
    while (clock_monotonic_us() < until)
        continue;
}

static void told(void *arg)
{
    (void)arg;
    done++;
}

static bool ask(int i, look_fn *fn)
{
    all[i] = (struct look){ .see = fn, .done = told };
    return looks_ask(looks, &all[i]);
}

static void begin(void)
{
    looks = looks_new();
    seen = done = 0;
}

TEST(nobody_looks_before_there_is_a_market)
{
    begin();
    CHECK(!ask(0, see) && done == 1 && !all[0].seen);
    CHECK(looks_serve(looks, NULL, 7) == INT64_MAX);
    CHECK(ask(0, see) && done == 1);
    CHECK(looks_serve(looks, NULL, 7) == INT64_MAX);
    CHECK(seen == 1 && done == 2 && all[0].seen);
    looks_free(looks);
}

TEST(who_waits_when_the_market_goes_is_turned_away)
{
    begin();
    (void)looks_serve(looks, NULL, 7);
    CHECK(ask(0, see) && ask(1, see));
    looks_close(looks);
    CHECK(seen == 0 && done == 2 && !all[0].seen && !all[1].seen);
    CHECK(!ask(2, see) && done == 3);
    looks_free(looks);
}

TEST(no_more_wait_than_may)
{
    begin();
    (void)looks_serve(looks, NULL, 7);
    for (int i = 0; i < MANY; i++)
        CHECK(ask(i, see));
    CHECK(!ask(MANY, see) && done == 1 && !all[MANY].seen);
    looks_close(looks);
    CHECK(done == MANY + 1);
    looks_free(looks);
}

TEST(looks_have_a_quarter_of_the_time)
{
    begin();
    (void)looks_serve(looks, NULL, 7);
    for (int i = 0; i < 3; i++)
        CHECK(ask(i, see_long));
    const int64_t rest = looks_serve(looks, NULL, 7);
    CHECK(seen == 1);
    CHECK(rest >= 3 * LOOK_US && rest < INT64_MAX);
    const int64_t again = looks_serve(looks, NULL, 7);
    CHECK(seen == 1 && again > 0 && again <= rest);
    clock_sleep_us(rest);
    CHECK(looks_serve(looks, NULL, 7) < INT64_MAX && seen == 2);
    looks_close(looks);
    looks_free(looks);
}

TEST(short_looks_share_a_slice)
{
    begin();
    (void)looks_serve(looks, NULL, 7);
    for (int i = 0; i < 5; i++)
        CHECK(ask(i, see));
    while (looks_serve(looks, NULL, 7) != INT64_MAX)
        continue;
    CHECK(seen == 5 && done == 5);
    looks_free(looks);
}

int main(void)
{
    nobody_looks_before_there_is_a_market();
    who_waits_when_the_market_goes_is_turned_away();
    no_more_wait_than_may();
    looks_have_a_quarter_of_the_time();
    short_looks_share_a_slice();
    return 0;
}
