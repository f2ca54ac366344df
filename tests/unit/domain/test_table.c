/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/table.h"

#include "tests/t.h"

struct thing {
    int64_t number;
    char more[40];
};

static int64_t left = -1; /* how many times there is memory; negative: always */

static void *resize(void *arg, void *p, size_t size)
{
    (void)arg;
    if (size > 0 && left == 0) return NULL;
    if (size > 0 && left > 0) left--;
    return mem_heap.resize(mem_heap.arg, p, size);
}

static const struct mem mem = { resize, NULL };

static struct thing *add(struct table *t, int64_t number)
{
    struct thing *const thing = table_add(t, number);

    CHECK(thing->number == 0 && thing->more[39] == 0);
    thing->number = number;
    thing->more[39] = 'x';
    return thing;
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

TEST(an_empty_table_finds_nothing)
{
    struct table t;
    size_t at = 0;

    table_init(&t, mem, sizeof(struct thing));
    CHECK(!table_find(&t, 1));
    CHECK(!table_next(&t, &at));
    table_done(&t);
}

TEST(objects_stay_where_they_are_while_the_table_grows)
{
    struct table t;
    struct thing *things[1000];

    table_init(&t, mem, sizeof(struct thing));
    for (size_t i = 0; i < ARRAY_LEN(things); i++) {
        CHECK(table_reserve(&t, 1));
        things[i] = add(&t, (int64_t)i * 4096);
    }
    for (size_t i = 0; i < ARRAY_LEN(things); i++)
        CHECK(table_find(&t, (int64_t)i * 4096) == things[i] &&
              things[i]->number == (int64_t)i * 4096);
    CHECK(!table_find(&t, 1));
    table_done(&t);
}

/* Dropping must leave no gap before one that is still there. */
TEST(any_coming_and_going_finds_just_what_is_there)
{
    struct table t;
    uint64_t random = 7;
    bool in[500] = { false };
    size_t n = 0;

    table_init(&t, mem, sizeof(struct thing));
    for (int step = 0; step < 20000; step++) {
        const size_t i = (size_t)(next_random(&random) % ARRAY_LEN(in));
        CHECK((table_find(&t, (int64_t)i) != NULL) == in[i]);
        if (in[i]) {
            table_drop(&t, (int64_t)i);
        } else {
            CHECK(table_reserve(&t, 1));
            add(&t, (int64_t)i);
        }
        in[i] = !in[i];
        n = in[i] ? n + 1 : n - 1;
        CHECK_I64(t.n, n);
        if (step % 500 != 0) continue;
        for (size_t k = 0; k < ARRAY_LEN(in); k++)
            CHECK((table_find(&t, (int64_t)k) != NULL) == in[k]);
    }
    table_done(&t);
}

TEST(a_walk_meets_each_object_once)
{
    struct table t;
    int met[300] = { 0 };
    size_t at = 0;

    table_init(&t, mem, sizeof(struct thing));
    CHECK(table_reserve(&t, 300));
    for (int64_t i = 0; i < 300; i++)
        add(&t, i);
    for (const struct thing *thing; (thing = table_next(&t, &at));)
        met[thing->number]++;
    for (size_t i = 0; i < ARRAY_LEN(met); i++)
        CHECK_I64(met[i], 1);
    table_done(&t);
}

TEST(what_is_reserved_needs_no_more_memory)
{
    struct table t;

    table_init(&t, mem, sizeof(struct thing));
    CHECK(table_reserve(&t, 200));
    left = 0;
    for (int64_t i = 0; i < 200; i++)
        add(&t, i);
    CHECK(!table_reserve(&t, 1));
    table_drop(&t, 17);
    CHECK(table_reserve(&t, 1)); /* its memory serves again */
    add(&t, 1000);
    left = -1;
    CHECK_I64(((struct thing *)table_find(&t, 1000))->number, 1000);
    table_done(&t);
}

TEST(when_there_is_no_memory_nothing_is_lost)
{
    for (int64_t n = 0; n < 2; n++) { /* for the slots, for the objects */
        struct table t;
        table_init(&t, mem, sizeof(struct thing));
        CHECK(table_reserve(&t, 32));
        for (int64_t i = 0; i < 32; i++)
            add(&t, i);
        left = n;
        CHECK(!table_reserve(&t, 40));
        left = -1;
        for (int64_t i = 0; i < 32; i++)
            CHECK(table_find(&t, i));
        CHECK(table_reserve(&t, 40));
        table_done(&t);
    }
}

TESTS(T(an_empty_table_finds_nothing), T(objects_stay_where_they_are_while_the_table_grows),
      T(any_coming_and_going_finds_just_what_is_there), T(a_walk_meets_each_object_once),
      T(what_is_reserved_needs_no_more_memory), T(when_there_is_no_memory_nothing_is_lost))
