/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "tests/t.h"

TEST(memory_from_the_heap_is_made_moved_and_freed)
{
    char *p = mem_heap.resize(mem_heap.arg, NULL, 4);
    CHECK(p);
    memcpy(p, "abc", 4);
    p = mem_heap.resize(mem_heap.arg, p, 100000);
    CHECK(p);
    CHECK_STR(p, "abc");
    CHECK(!mem_heap.resize(mem_heap.arg, p, 0));
    CHECK(!mem_heap.resize(mem_heap.arg, NULL, 0));
}

TEST(long_lived_memory_is_zeroed_and_never_missing)
{
    static const char zeros[100];
    char *p = mem_zalloc(sizeof(zeros));
    CHECK(memcmp(p, zeros, sizeof(zeros)) == 0);
    mem_free(p);
    p = mem_zalloc(0);
    CHECK(p);
    mem_free(p);
    mem_free(NULL);
}

TESTS(T(memory_from_the_heap_is_made_moved_and_freed),
      T(long_lived_memory_is_zeroed_and_never_missing))
