/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/cards.h"

#include "tests/t.h"

/* A machine as text: a letter for each card, its island; small: taken. The answer likewise. */
static const char *choose(const char *machine, size_t n)
{
    static char text[64];
    text[0] = 0;
    struct card v[16];
    size_t out[16], count = strlen(machine), at = 0;
    for (size_t i = 0; i < count; i++)
        v[i] = (struct card){ machine[i] | 32, machine[i] < 'a' };
    if (!cards_choose(v, count, n, out)) return "no";
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%zu", i > 0 ? " " : "", out[i]);
    return text;
}

TEST(one_card_is_taken_from_the_smallest_island)
{
    CHECK_STR(choose("AAAAB", 1), "4");
    CHECK_STR(choose("AAaaB", 1), "4");
    CHECK_STR(choose("ABBB", 1), "0");
}

TEST(a_set_stays_within_an_island)
{
    CHECK_STR(choose("ABAB", 2), "0 2");
    CHECK_STR(choose("aBAB", 2), "1 3");
    CHECK_STR(choose("AAAABBBBBBBB", 4), "0 1 2 3");
    CHECK_STR(choose("AAAaBBBBBBBB", 4), "4 5 6 7");
}

TEST(what_no_island_serves_takes_the_fullest_first)
{
    CHECK_STR(choose("ABBB", 4), "0 1 2 3");
    CHECK_STR(choose("ABBBCC", 5), "1 2 3 4 5");
    CHECK_STR(choose("ABC", 2), "0 1");
}

TEST(too_few_is_no)
{
    CHECK_STR(choose("aB", 2), "no");
    CHECK_STR(choose("", 1), "no");
    CHECK_STR(choose("A", 0), "");
}

TESTS(T(one_card_is_taken_from_the_smallest_island), T(a_set_stays_within_an_island),
      T(what_no_island_serves_takes_the_fullest_first), T(too_few_is_no))
