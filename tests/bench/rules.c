/* SPDX-License-Identifier: Apache-2.0 */
/* How many commands a second the rules apply, in memory and on one core.
 *
 *     bench_rules [COMMANDS [SEED]]
 *
 * A stream of asks, jobs and cancellations around one price, settled in groups as the writer does.
 * The reference is a sort of as many random numbers in the same run: a machine that is twice as
 * fast shows twice the rate and the same ratio. Prints one line of JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "stream.h"

static int by_value(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Sort n pseudo-random numbers: microseconds, at least 1. */
static int64_t reference_us(size_t n, uint64_t seed)
{
    uint64_t *v = mem_zalloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    const int64_t start = clock_monotonic_us();
    qsort(v, n, sizeof(*v), by_value);
    const int64_t took = clock_monotonic_us() - start;
    mem_free(v);
    return took > 0 ? took : 1;
}

int main(int argc, char **argv)
{
    int64_t n = 500000, seed = 1;
    if (argc > 1 && !str_i64(str_of(argv[1]), 1, 100000000, &n)) return 2;
    if (argc > 2 && !str_i64(str_of(argv[2]), 0, INT64_MAX, &seed)) return 2;
    static struct stream s;
    const struct market_rules rules = stream_rules();
    s.dice = (uint64_t)seed;
    s.market = market_new(&mem_heap, &rules, &stream_pool, 1);
    if (!s.market) return 1;
    stream_begin(&s);
    s.applied = 0;

    const int64_t start = clock_monotonic_us();
    for (int64_t i = 0; i < n; i++)
        stream_next(&s);
    const int64_t took = clock_monotonic_us() - start;
    const int64_t sort = reference_us((size_t)n, (uint64_t)seed);
    printf("{\"bench\":\"rules\",\"commands\":%" PRId64 ",\"applied\":%" PRId64
           ",\"refused\":%" PRId64 ",\"trades\":%" PRId64
           ",\"commands_per_second\":%.0f,\"sort_of_as_many_takes\":%.3f,"
           "\"hash\":\"%016" PRIx64 "\"}\n",
           n, s.applied, s.refused, s.trades, (double)n * 1e6 / (double)(took > 0 ? took : 1),
           (double)sort / (double)(took > 0 ? took : 1), market_hash(s.market));
    market_free(s.market);
    return 0;
}
