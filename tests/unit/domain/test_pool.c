/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/pool.h"

#include "base/limits.h"
#include "tests/t.h"

#define GIB (INT64_C(1) << 30)

static const struct pool cpu = {
    .number = 1,
    .name = "cpu",
    .unit = { .cpu_millis = 1000, .memory_bytes = 2 * GIB, .scratch_bytes = 8 * GIB },
    .tick = { 1000 },
};
static const struct pool gpu = {
    .number = 2,
    .name = "rtx4090-24g",
    .unit = { .gpus = 1, .cpu_millis = 8000, .memory_bytes = 32 * GIB, .scratch_bytes = 64 * GIB },
    .tick = { 1000 },
};

static int32_t units_for(const struct pool *pool, struct needs needs)
{
    int32_t units = -7;
    if (pool_units_for(pool, &needs, &units)) return units;
    CHECK_I64(units, -7); /* untouched */
    return -1;
}

TEST(who_wishes_nothing_gets_one_unit)
{
    CHECK_I64(units_for(&cpu, (struct needs){ 0 }), 1);
    CHECK_I64(units_for(&gpu, (struct needs){ 0 }), 1);
}

TEST(the_largest_need_decides_and_is_rounded_up)
{
    CHECK_I64(units_for(&cpu, (struct needs){ .cpu_millis = 1000 }), 1);
    CHECK_I64(units_for(&cpu, (struct needs){ .cpu_millis = 1001 }), 2);
    CHECK_I64(units_for(&cpu, (struct needs){ .cpu_millis = 3000, .memory_bytes = 9 * GIB }), 5);
    CHECK_I64(units_for(&cpu, (struct needs){ .memory_bytes = 1, .scratch_bytes = 17 * GIB }), 3);
    CHECK_I64(units_for(&gpu, (struct needs){ .gpus = 4, .cpu_millis = 8000 }), 4);
    CHECK_I64(units_for(&gpu, (struct needs){ .gpus = 1, .cpu_millis = 16001 }), 3);
}

TEST(what_no_number_of_units_brings_is_refused)
{
    CHECK_I64(units_for(&cpu, (struct needs){ .gpus = 1 }), -1);
    CHECK_I64(units_for(&cpu, (struct needs){ .memory_bytes = 2 * GIB * UNITS_MAX }), UNITS_MAX);
    CHECK_I64(units_for(&cpu, (struct needs){ .memory_bytes = 2 * GIB * UNITS_MAX + 1 }), -1);
    CHECK_I64(units_for(&cpu, (struct needs){ .memory_bytes = INT64_MAX }), -1);
    const struct pool bare = { .number = 3, .name = "bare", .unit = { .gpus = 1 }, .tick = { 1 } };
    CHECK_I64(units_for(&bare, (struct needs){ .gpus = 2 }), 2);
    CHECK_I64(units_for(&bare, (struct needs){ .cpu_millis = 1 }), -1);
    CHECK_I64(units_for(&bare, (struct needs){ .memory_bytes = 1 }), -1);
    CHECK_I64(units_for(&bare, (struct needs){ .scratch_bytes = 1 }), -1);
}

TEST(the_scarcest_share_decides_how_many_fit)
{
    const struct needs left = {
        .gpus = 8, .cpu_millis = 64000, .memory_bytes = 100 * GIB, .scratch_bytes = 1000 * GIB
    };

    CHECK_I64(pool_units_in(&gpu, &left), 3);
    CHECK_I64(pool_units_in(&cpu, &left), 50);
    CHECK_I64(pool_units_in(&gpu, &(struct needs){ 2, 64000, 999 * GIB, 999 * GIB }), 2);
    CHECK_I64(pool_units_in(&gpu, &(struct needs){ 8, 32000, 999 * GIB, 999 * GIB }), 4);
    CHECK_I64(pool_units_in(&gpu, &(struct needs){ 8, 64000, 999 * GIB, 320 * GIB }), 5);
}

TEST(nothing_fits_where_too_much_is_taken_already)
{
    const struct needs left = {
        .gpus = 1, .cpu_millis = 8000, .memory_bytes = -1, .scratch_bytes = 64 * GIB
    };

    CHECK_I64(pool_units_in(&gpu, &left), 0);
    CHECK_I64(pool_units_in(&cpu, &(struct needs){ 0 }), 0);
}

TEST(no_more_fit_than_an_order_may_have)
{
    const struct needs left = { .cpu_millis = INT32_MAX,
                                .memory_bytes = INT64_MAX,
                                .scratch_bytes = INT64_MAX };

    CHECK_I64(pool_units_in(&cpu, &left), UNITS_MAX);
}

TEST(a_price_is_a_positive_multiple_of_the_tick)
{
    CHECK(pool_on_tick(&cpu, (struct money){ 1000 }));
    CHECK(pool_on_tick(&cpu, (struct money){ 25000 }));
    CHECK(!pool_on_tick(&cpu, (struct money){ 0 }));
    CHECK(!pool_on_tick(&cpu, (struct money){ -1000 }));
    CHECK(!pool_on_tick(&cpu, (struct money){ 999 }));
    CHECK(!pool_on_tick(&cpu, (struct money){ 1001 }));
}

TESTS(T(who_wishes_nothing_gets_one_unit), T(the_largest_need_decides_and_is_rounded_up),
      T(what_no_number_of_units_brings_is_refused), T(the_scarcest_share_decides_how_many_fit),
      T(nothing_fits_where_too_much_is_taken_already), T(no_more_fit_than_an_order_may_have),
      T(a_price_is_a_positive_multiple_of_the_tick))
