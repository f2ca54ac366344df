/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/touch.h"

#include "tests/t.h"
#include "tests/unit/domain/story.h"

static struct story s;

/* Each of the lists can be the one for which there is no memory. */
TEST(room_is_there_for_all_lists_or_refused)
{
    static const struct touch_room room = { 100, 100, 100, 100, 100, 100, 100, 100 };

    for (int64_t n = 0; n < 7; n++) {
        story_begin(&s);
        s.memory_left = n;
        CHECK(!touch_reserve(s.m, &room));
        s.memory_left = -1;
        CHECK(touch_reserve(s.m, &room));
        s.memory_left = 0;
        CHECK(touch_reserve(s.m, &room)); /* it is there */
        s.memory_left = -1;
        story_end(&s); /* all is given back */
    }
}

/* A list that cannot grow stays what it is. */
TEST(what_is_listed_survives_when_there_is_no_memory)
{
    static const struct touch_room little = { 1, 1, 1, 1, 1, 1, 1, 1 };
    static const struct touch_room much = { 100, 100, 100, 100, 100, 100, 100, 100 };

    for (int64_t n = 0; n < 7; n++) {
        story_begin(&s);
        CHECK(touch_reserve(s.m, &little));
        touch_account(s.m, state_account(s.m, ACCOUNT_FEES));
        s.memory_left = n;
        CHECK(!touch_reserve(s.m, &much));
        s.memory_left = -1;
        CHECK(s.m->touches.balances[0]->account == ACCOUNT_FEES);
        CHECK(s.m->touches.nodes && s.m->touches.asks && s.m->touches.bids);
        CHECK(s.m->touches.leases && s.m->touches.payouts && s.m->touches.trades);
        story_end(&s);
    }
}

TESTS(T(room_is_there_for_all_lists_or_refused), T(what_is_listed_survives_when_there_is_no_memory))
