/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/eligible.h"

#include "tests/t.h"

#define NOW    INT64_C(1000000000)
#define SECOND INT64_C(1000000)

static struct ask ask;
static struct bid bid;

/* A pair that only just may trade: every bound is met exactly. */
static void begin(void)
{
    ask = (struct ask){
        .account = 16,
        .spec = { .node = 20,
                  .pool = 1,
                  .price = { 100 },
                  .units = 8,
                  .until_us = NOW + 600 * SECOND,
                  .seconds_min = 600,
                  .seconds_max = 600 },
        .free = 2,
        .state = ORDER_OPEN,
    };
    bid = (struct bid){
        .account = 17,
        .spec = { .pool = 1, .limit = { 100 }, .units = 2, .seconds = 600 },
        .state = ORDER_OPEN,
        .excluded = { 21, 22, 20 }, /* the third does not count */
        .excluded_n = 2,
    };
}

TEST(a_pair_that_meets_every_bound_may_trade)
{
    begin();
    CHECK_I64(eligible(&ask, &bid, NOW), ELIGIBLE_YES);
}

TEST(one_step_beyond_any_bound_it_may_not)
{
    begin();
    bid.spec.pool = 2;
    CHECK_I64(eligible(&ask, &bid, NOW), NOT_SAME_POOL);
    begin();
    bid.account = ask.account;
    CHECK_I64(eligible(&ask, &bid, NOW), NOT_OTHER_OWNER);
    begin();
    ask.free = 1;
    CHECK_I64(eligible(&ask, &bid, NOW), NOT_ENOUGH_UNITS);
    begin();
    ask.spec.price.micros = 101;
    CHECK_I64(eligible(&ask, &bid, NOW), NOT_AT_THE_LIMIT);
    begin();
    ask.spec.seconds_min = 601;
    CHECK_I64(eligible(&ask, &bid, NOW), NOT_THIS_SHORT);
    begin();
    ask.spec.seconds_max = 599;
    CHECK_I64(eligible(&ask, &bid, NOW), NOT_THIS_LONG);
    begin();
    CHECK_I64(eligible(&ask, &bid, NOW + 1), NOT_UNTIL_THEN);
    begin();
    bid.excluded_n = 3;
    CHECK_I64(eligible(&ask, &bid, NOW), NOT_THIS_NODE);
}

TEST(the_first_reason_is_named)
{
    begin();
    bid.spec.pool = 2;
    bid.account = ask.account;
    ask.free = 0;
    CHECK_I64(eligible(&ask, &bid, NOW + 1), NOT_SAME_POOL);
    bid.spec.pool = 1;
    CHECK_I64(eligible(&ask, &bid, NOW + 1), NOT_OTHER_OWNER);
    bid.account = 17;
    CHECK_I64(eligible(&ask, &bid, NOW + 1), NOT_ENOUGH_UNITS);
}

TESTS(T(a_pair_that_meets_every_bound_may_trade), T(one_step_beyond_any_bound_it_may_not),
      T(the_first_reason_is_named))
