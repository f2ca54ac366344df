/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/tree.h"

#include "tests/t.h"

#define PLACES 600

static struct place places[PLACES];

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void add(struct tree *t, size_t i, int64_t a, int64_t b, int64_t c)
{
    places[i] = (struct place){ .key = { a, b, c }, .owner = &places[i] };
    tree_add(t, &places[i]);
}

TEST(an_empty_tree_has_no_first)
{
    const struct tree t = { 0 };
    const int64_t key[TREE_KEYS] = { 0, 0, 0 };

    CHECK(!t.first && !t.last && t.n == 0);
    CHECK(!tree_from(&t, key));
    tree_check(&t);
}

TEST(keys_are_compared_from_the_first_on)
{
    struct tree t = { 0 };

    add(&t, 0, 2, 0, 0);
    add(&t, 1, 1, 9, 9);
    add(&t, 2, 1, 9, -5);
    add(&t, 3, 1, INT64_MIN, INT64_MAX);
    tree_check(&t);
    CHECK(t.first == &places[3]);
    CHECK(t.first->next == &places[2]);
    CHECK(t.first->next->next == &places[1]);
    CHECK(t.last == &places[0]);
}

TEST(from_finds_the_first_that_is_not_below)
{
    struct tree t = { 0 };

    for (size_t i = 0; i < 100; i++)
        add(&t, i, (int64_t)i * 2, 0, 0);
    for (int64_t key = -1; key <= 198; key++)
        CHECK(tree_from(&t, (const int64_t[TREE_KEYS]){ key, 0, 0 }) == &places[(key + 1) / 2]);
    CHECK(!tree_from(&t, (const int64_t[TREE_KEYS]){ 199, 0, 0 }));
}

/* Rising and falling prices are what makes an unbalanced tree a list. */
TEST(no_order_of_arrival_makes_it_deep)
{
    struct tree rising = { 0 }, falling = { 0 };

    for (size_t i = 0; i < PLACES / 2; i++)
        add(&rising, i, (int64_t)i, 0, 0);
    for (size_t i = PLACES / 2; i < PLACES; i++)
        add(&falling, i, -(int64_t)i, 0, 0);
    tree_check(&rising);
    tree_check(&falling);
    CHECK(rising.root->height <= 9 && falling.root->height <= 9); /* 300 < 2^9 */
}

/* Whatever comes and goes, it is as a sorted array would be. */
TEST(any_coming_and_going_keeps_order_and_balance)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct tree t = { 0 };
        bool in[PLACES] = { false };
        uint64_t random = seed;

        for (int step = 0; step < 3000; step++) {
            const size_t i = (size_t)(next_random(&random) % PLACES);
            const size_t order = (i * 7919) % PLACES; /* a permutation: the key is not the index */
            if (in[i])
                tree_remove(&t, &places[i]);
            else
                add(&t, i, (int64_t)(order / 100), (int64_t)(order / 10 % 10),
                    (int64_t)(order % 10));
            in[i] = !in[i];
            if (step % 50 == 0) tree_check(&t);
        }
        tree_check(&t);

        size_t expected = 0;
        for (size_t i = 0; i < PLACES; i++)
            expected += in[i];
        CHECK_I64(t.n, expected);
        for (const struct place *p = t.first; p; p = p->next)
            CHECK(p->owner == p && in[p - places]);
    }
}

/* The same by looking at one after the other. */
static const struct place *light_one(const struct tree *t, const int64_t key[TREE_KEYS],
                                     int64_t weight_max)
{
    for (const struct place *p = t->first; p; p = p->next)
        if (tree_compare(p->key, key) >= 0 && p->weight <= weight_max) return p;
    return NULL;
}

TEST(the_next_light_one_is_found_behind_many_heavy_ones)
{
    struct tree t = { 0 };
    bool in[PLACES] = { false };
    uint64_t random = 3;

    for (int step = 0; step < 4000; step++) {
        const size_t i = (size_t)(next_random(&random) % PLACES);
        if (in[i]) {
            tree_remove(&t, &places[i]);
        } else {
            places[i] = (struct place){ .key = { (int64_t)(i * 7919 % PLACES) },
                                        .owner = &places[i],
                                        .weight = 1 + (int64_t)(next_random(&random) % 50) };
            tree_add(&t, &places[i]);
        }
        in[i] = !in[i];

        const int64_t key[TREE_KEYS] = { (int64_t)(next_random(&random) % PLACES) };
        const int64_t weight_max = (int64_t)(next_random(&random) % 52);
        CHECK(tree_from_light(&t, key, weight_max) == light_one(&t, key, weight_max));
        if (step % 100 == 0) tree_check(&t);
    }
}

TESTS(T(an_empty_tree_has_no_first), T(keys_are_compared_from_the_first_on),
      T(from_finds_the_first_that_is_not_below), T(no_order_of_arrival_makes_it_deep),
      T(any_coming_and_going_keeps_order_and_balance),
      T(the_next_light_one_is_found_behind_many_heavy_ones))
