/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "tests/t.h"

#include <stdalign.h>

static char trace[16];

static void note(void *arg)
{
    const size_t n = strlen(trace);
    snprintf(trace + n, sizeof(trace) - n, "%s", (const char *)arg);
}

TEST(what_it_gives_is_zeroed_and_aligned_for_any_type)
{
    static const char zeros[300];
    struct arena a;
    arena_init(&a, 1 << 20);
    for (size_t size = 1; size < 300; size++) {
        char *p = arena_alloc(&a, size);
        CHECK(p);
        CHECK((uintptr_t)p % alignof(max_align_t) == 0);
        CHECK(memcmp(p, zeros, size) == 0);
        memset(p, 0xff, size);
    }
    arena_done(&a);
}

TEST(allocations_do_not_overlap)
{
    struct arena a;
    char *all[200];
    arena_init(&a, 1 << 20);
    for (int i = 0; i < 200; i++) {
        all[i] = arena_alloc(&a, 100);
        CHECK(all[i]);
        memset(all[i], i, 100);
    }
    for (int i = 0; i < 200; i++)
        CHECK(all[i][0] == (char)i && all[i][99] == (char)i);
    arena_done(&a);
}

TEST(no_bytes_are_a_place_of_their_own)
{
    struct arena a;
    arena_init(&a, 100);
    const void *one = arena_alloc(&a, 0), *other = arena_alloc(&a, 0);
    CHECK(one && other && one != other);
    arena_done(&a);
}

TEST(the_maximum_itself_fits_and_one_more_does_not)
{
    struct arena a;
    arena_init(&a, 100);
    CHECK(!arena_alloc(&a, 101));
    CHECK(arena_alloc(&a, 100));
    CHECK(!arena_alloc(&a, 1));
    CHECK(!arena_alloc(&a, 0));
    arena_done(&a);
}

TEST(a_refusal_takes_nothing)
{
    struct arena a;
    arena_init(&a, 100);
    CHECK(arena_alloc(&a, 32));
    CHECK(!arena_alloc(&a, 69));
    CHECK(arena_alloc(&a, 68));
    CHECK(a.used == 100);
    arena_done(&a);
}

TEST(an_absurd_size_is_refused)
{
    struct arena a;
    arena_init(&a, PTRDIFF_MAX - 1);
    CHECK(!arena_alloc(&a, SIZE_MAX));
    CHECK(!arena_alloc(&a, SIZE_MAX - 15));
    CHECK(!arena_copy(&a, (struct str){ "a", SIZE_MAX }));
    CHECK(arena_alloc(&a, 1));
    CHECK(!arena_alloc(&a, SIZE_MAX - 15));
    arena_done(&a);
}

TEST(a_large_piece_does_not_end_the_block_in_use)
{
    struct arena a;
    arena_init(&a, 1 << 20);
    const char *first = arena_alloc(&a, 16);
    CHECK(arena_alloc(&a, 100000));
    const char *second = arena_alloc(&a, 16);
    CHECK(second == first + 16);
    arena_done(&a);
}

TEST(a_large_piece_may_come_first)
{
    struct arena a;
    arena_init(&a, 1 << 20);
    char *large = arena_alloc(&a, 100000);
    CHECK(large);
    memset(large, 1, 100000);
    char *small = arena_alloc(&a, 10);
    CHECK(small && small[0] == 0);
    arena_done(&a);
}

TEST(a_copy_has_a_nul_behind_it_and_keeps_nuls_within)
{
    struct arena a;
    arena_init(&a, 1000);
    CHECK_STR(arena_copy(&a, (struct str){ "abcdef", 3 }), "abc");
    CHECK_STR(arena_copy(&a, str_of(NULL)), "");
    CHECK(memcmp(arena_copy(&a, STR("a\0b")), "a\0b", 4) == 0);
    arena_done(&a);
}

TEST(a_formatted_text_is_whole_or_missing)
{
    struct arena a;
    arena_init(&a, 6);
    CHECK(!arena_fmt(&a, "%d", 123456));
    CHECK_STR(arena_fmt(&a, "%s%d", "a", 1234), "a1234");
    arena_done(&a);
}

TEST(a_copy_needs_room_for_its_nul)
{
    struct arena a;
    arena_init(&a, 5);
    CHECK(!arena_copy(&a, STR("12345")));
    CHECK_STR(arena_copy(&a, STR("1234")), "1234");
    arena_done(&a);
}

TEST(deferred_calls_run_at_the_end_newest_first)
{
    static char one[] = "1", two[] = "2", three[] = "3";
    struct arena a;
    trace[0] = '\0';
    arena_init(&a, 1000);
    CHECK(arena_defer(&a, note, one));
    CHECK(arena_defer(&a, note, two));
    CHECK(arena_defer(&a, note, three));
    CHECK_STR(trace, "");
    arena_done(&a);
    CHECK_STR(trace, "321");
    arena_done(&a);
    CHECK_STR(trace, "321");
}

TEST(a_deferred_call_still_sees_the_arenas_memory)
{
    struct arena a;
    trace[0] = '\0';
    arena_init(&a, 1000);
    char *text = arena_copy(&a, STR("here"));
    CHECK(arena_defer(&a, note, text));
    arena_done(&a);
    CHECK_STR(trace, "here");
}

TEST(a_call_that_cannot_be_deferred_runs_at_once)
{
    static char one[] = "1";
    struct arena a;
    trace[0] = '\0';
    arena_init(&a, 8);
    CHECK(!arena_defer(&a, note, one));
    CHECK_STR(trace, "1");
    arena_done(&a);
    CHECK_STR(trace, "1");
}

TEST(after_done_it_may_be_filled_again)
{
    struct arena a;
    arena_init(&a, 100);
    for (int i = 0; i < 3; i++) {
        CHECK(arena_alloc(&a, 100));
        arena_done(&a);
        CHECK(a.used == 0 && a.max == 100);
    }
}

TESTS(T(what_it_gives_is_zeroed_and_aligned_for_any_type), T(allocations_do_not_overlap),
      T(no_bytes_are_a_place_of_their_own), T(the_maximum_itself_fits_and_one_more_does_not),
      T(a_refusal_takes_nothing), T(an_absurd_size_is_refused),
      T(a_large_piece_does_not_end_the_block_in_use), T(a_large_piece_may_come_first),
      T(a_copy_has_a_nul_behind_it_and_keeps_nuls_within), T(a_formatted_text_is_whole_or_missing),
      T(a_copy_needs_room_for_its_nul), T(deferred_calls_run_at_the_end_newest_first),
      T(a_deferred_call_still_sees_the_arenas_memory),
      T(a_call_that_cannot_be_deferred_runs_at_once), T(after_done_it_may_be_filled_again))
