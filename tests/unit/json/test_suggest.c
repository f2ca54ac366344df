/* SPDX-License-Identifier: Apache-2.0 */
#include "json/suggest.h"

#include "tests/t.h"

static size_t distance(const char *a, const char *b)
{
    const size_t there = edit_distance(str_of(a), str_of(b));
    CHECK(there == edit_distance(str_of(b), str_of(a)));
    return there;
}

TEST(a_distance_counts_changed_added_and_dropped_letters)
{
    CHECK_I64(distance("", ""), 0);
    CHECK_I64(distance("pool", "pool"), 0);
    CHECK_I64(distance("", "abc"), 3);
    CHECK_I64(distance("pol", "pool"), 1);
    CHECK_I64(distance("pool", "poll"), 1);
    CHECK_I64(distance("kitten", "sitting"), 3);
    CHECK_I64(distance("budegt", "budget"), 2);
    CHECK_I64(distance("abc", "xyz"), 3);
}

TEST(long_names_are_near_nothing)
{
    char name[66];
    memset(name, 'a', sizeof(name));
    name[65] = '\0';
    CHECK(edit_distance(str_of(name), STR("a")) == SIZE_MAX);
    CHECK(!is_near(str_of(name), str_of(name)));
    name[64] = '\0';
    CHECK_I64(distance(name, name), 0);
}

TEST(a_near_name_is_a_slip_of_the_hand)
{
    CHECK(is_near(STR("budgt"), STR("budget")));
    CHECK(is_near(STR("bugdet"), STR("budget")));
    CHECK(is_near(STR("gpu"), STR("gpus")));
    CHECK(is_near(STR("imgae"), STR("image")));
    CHECK(is_near(STR("evn"), STR("env")) == false); /* two of three letters */
    CHECK(is_near(STR("en"), STR("env")));
    CHECK(!is_near(STR("price"), STR("budget")));
    CHECK(!is_near(STR("bdgte"), STR("budget")));
    CHECK(!is_near(STR(""), STR("env")));
}

TESTS(T(a_distance_counts_changed_added_and_dropped_letters), T(long_names_are_near_nothing),
      T(a_near_name_is_a_slip_of_the_hand))
