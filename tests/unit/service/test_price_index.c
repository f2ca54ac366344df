/* SPDX-License-Identifier: Apache-2.0 */
/* The index against its definition, worked out slowly: one entry for each unit-second. Then what
 * must not move it. `test_price_index SEED` repeats a run. */
#include "service/price_index.h"

#include "base/random.h"
#include "tests/t.h"

#define MOST  60
#define SHARE 2000000

static struct delivery d[MOST * 2];
static struct delivery_weight scratch[MOST * 2];
static int64_t slow_prices[SHARE];
static uint64_t state, seed;

static int64_t roll(int64_t sides)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (int64_t)(state % (uint64_t)sides);
}

static struct delivery one(int64_t buyer, int64_t provider, int64_t price, int64_t seconds)
{
    return (struct delivery){ buyer, provider, price, 1, seconds, seconds };
}

static size_t random_deliveries(void)
{
    const size_t n = (size_t)(1 + roll(MOST));
    const int64_t owners = 3 + roll(12);

    for (size_t i = 0; i < n; i++) {
        const int64_t term = 600 + roll(4000);
        d[i] = (struct delivery){ 1 + roll(owners), 1 + roll(owners), 1 + roll(9),
                                  1 + roll(3),      roll(term + 1),   term };
    }
    return n;
}

/* ---- the slow way: no sorting by pair, no weights ---- */

static bool counts(const struct delivery *x)
{
    return x->buyer != x->provider && x->seconds >= 900 && 2 * x->seconds >= x->term_seconds;
}

static bool same_pair(const struct delivery *a, const struct delivery *b)
{
    return (a->buyer == b->buyer && a->provider == b->provider) ||
           (a->buyer == b->provider && a->provider == b->buyer);
}

static int64_t slow_volume_of_pair(size_t i, size_t n)
{
    int64_t sum = 0;

    for (size_t k = 0; k < n; k++)
        if (counts(&d[k]) && same_pair(&d[k], &d[i])) sum += d[k].units * d[k].seconds;
    return sum;
}

/* All pairs' volumes, each cut to c; the pair of a delivery that is not its first is skipped. */
static int64_t slow_cut_to(int64_t c, size_t n, int64_t *pairs, int64_t *least)
{
    int64_t sum = 0;

    *pairs = 0;
    *least = INT64_MAX;
    for (size_t i = 0; i < n; i++) {
        bool first = counts(&d[i]);
        for (size_t k = 0; k < i; k++)
            first = first && !(counts(&d[k]) && same_pair(&d[k], &d[i]));
        if (!first) continue;
        const int64_t volume = slow_volume_of_pair(i, n);
        *pairs += 1;
        *least = volume < *least ? volume : *least;
        sum += volume < c ? volume : c;
    }
    return sum;
}

/* By halving: the largest share that is a tenth of what counts. */
static int64_t slow_share(size_t n)
{
    int64_t pairs, least, low = 0, high = SHARE;

    (void)slow_cut_to(SHARE, n, &pairs, &least);
    if (pairs < 10) return pairs > 0 ? least : 0;
    if (10 * high <= slow_cut_to(high, n, &pairs, &least)) return high;
    while (high - low > 1) {
        const int64_t c = (low + high) / 2;
        if (10 * c <= slow_cut_to(c, n, &pairs, &least))
            low = c;
        else
            high = c;
    }
    return low;
}

/* What of delivery i counts: its weight, less what its pair is over the share by then. */
static int64_t slow_weight(size_t i, int64_t share)
{
    int64_t before = 0;

    if (!counts(&d[i])) return 0;
    for (size_t k = 0; k < i; k++)
        if (counts(&d[k]) && same_pair(&d[k], &d[i])) before += d[k].units * d[k].seconds;
    const int64_t room = share > before ? share - before : 0;
    const int64_t own = d[i].units * d[i].seconds;
    return own < room ? own : room;
}

static int64_t slow_owners(size_t n, int64_t share, bool buyers)
{
    int64_t count = 0;

    for (size_t i = 0; i < n; i++) {
        bool fresh = slow_weight(i, share) > 0;
        for (size_t k = 0; k < i; k++)
            if (slow_weight(k, share) > 0 &&
                (buyers ? d[k].buyer == d[i].buyer : d[k].provider == d[i].provider))
                fresh = false;
        count += fresh;
    }
    return count;
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static struct price_index slow(size_t n)
{
    struct price_index out = { .at_us = 0 };
    const int64_t share = slow_share(n);
    int64_t all = 0;

    for (size_t i = 0; i < n; i++) {
        const int64_t w = slow_weight(i, share);
        out.leases += w > 0;
        CHECK(all + w <= SHARE);
        for (int64_t k = 0; k < w; k++)
            slow_prices[all++] = d[i].price;
    }
    out.unit_seconds = all;
    out.buyers = slow_owners(n, share, true);
    out.providers = slow_owners(n, share, false);
    out.stale = out.buyers < 5 || out.providers < 5;
    if (out.stale) return out;
    qsort(slow_prices, (size_t)all, sizeof(int64_t), ascending);
    const int64_t cut = all / 10, rest = all - 2 * cut;
    out.low = slow_prices[cut];
    out.high = slow_prices[all - cut - 1];
    out.value = slow_prices[cut + (rest + 1) / 2 - 1];
    return out;
}

static void check_same(struct price_index got, struct price_index want)
{
    CHECK_I64(got.leases, want.leases);
    CHECK_I64(got.unit_seconds, want.unit_seconds);
    CHECK_I64(got.buyers, want.buyers);
    CHECK_I64(got.providers, want.providers);
    CHECK_I64(got.stale, want.stale);
    CHECK_I64(got.value, want.value);
    CHECK_I64(got.low, want.low);
    CHECK_I64(got.high, want.high);
    CHECK(got.stale || (got.low <= got.value && got.value <= got.high));
}

static struct price_index computed(size_t n)
{
    struct price_index out = { .at_us = 0 };

    price_index_compute(d, n, scratch, &out);
    return out;
}

TEST(the_index_is_its_definition)
{
    int64_t valued = 0;

    for (uint64_t i = 0; i < 300; i++) {
        state = (seed + i) * UINT64_C(0x9e3779b97f4a7c15) + 1;
        const size_t n = random_deliveries();
        const struct price_index got = computed(n);
        valued += !got.stale;
        check_same(got, slow(n));
    }
    CHECK(valued > 30); /* else this has shown little */
}

/* ---- what must not move it ---- */

/* A day of honest trade between ten buyers and ten providers. */
static size_t honest_day(void)
{
    for (size_t i = 0; i < 20; i++)
        d[i] = one(1 + (int64_t)(i % 10), 101 + (int64_t)(i * 7 % 10), 1000 + (int64_t)(i % 5) * 10,
                   3600);
    return 20;
}

TEST(excluded_leases_do_not_move_it)
{
    size_t n = honest_day();
    const struct price_index before = computed(n);

    CHECK(!before.stale);
    d[n] = one(500, 500, 999999, 86400);                                /* with oneself */
    d[n + 1] = one(500, 501, 999999, 899);                              /* too short */
    d[n + 2] = (struct delivery){ 502, 503, 999999, 4000, 3599, 7200 }; /* less than half */
    d[n + 3] = (struct delivery){ 502, 503, 999999, 4000, 0, 3600 };    /* not delivered at all */
    check_same(computed(n + 4), before);
}

TEST(a_pair_that_trades_with_itself_all_day_counts_for_a_tenth)
{
    const size_t n = honest_day();
    const struct price_index before = computed(n);
    size_t k = n;

    for (; k < 50; k++) /* fifteen times the honest volume, at a hundred times the price */
        d[k] = (struct delivery){ 900, 901, 100000, 10, 3600, 3600 };
    const struct price_index after = computed(k);
    CHECK(!after.stale);
    CHECK(after.value >= before.low && after.value <= before.high);
    CHECK(after.unit_seconds * 9 <= before.unit_seconds * 10);
}

TEST(the_direction_of_a_pair_does_not_help_it)
{
    const size_t n = honest_day();
    for (size_t k = n; k < 40; k++)
        d[k] = k % 2 ? one(900, 901, 100000, 7200) : one(901, 900, 100000, 7200);
    const int64_t there_and_back = computed(40).unit_seconds;
    for (size_t k = n; k < 40; k++)
        d[k] = one(900, 901, 100000, 7200);
    CHECK_I64(computed(40).unit_seconds, there_and_back);
}

TEST(four_owners_on_a_side_are_too_few)
{
    for (size_t i = 0; i < 40; i++)
        d[i] = one(1 + (int64_t)(i % 4), 101 + (int64_t)(i / 4), 1000, 3600);
    CHECK(computed(40).stale);
    CHECK_I64(computed(40).value, 0);
    for (size_t i = 0; i < 40; i++)
        d[i] = one(1 + (int64_t)(i % 5), 101 + (int64_t)(i / 5 % 5), 1000, 3600);
    CHECK(!computed(40).stale);
    CHECK_I64(computed(40).value, 1000);
}

TEST(a_day_without_leases_has_no_value)
{
    const struct price_index none = computed(0);
    CHECK(none.stale);
    CHECK_I64(none.value + none.low + none.high + none.leases + none.unit_seconds, 0);
}

int main(int argc, char **argv)
{
    seed = argc > 1 ? strtoull(argv[1], NULL, 10) : random_u64() >> 16;
    printf("seed %llu\n", (unsigned long long)seed);
    the_index_is_its_definition();
    excluded_leases_do_not_move_it();
    a_pair_that_trades_with_itself_all_day_counts_for_a_tenth();
    the_direction_of_a_pair_does_not_help_it();
    four_owners_on_a_side_are_too_few();
    a_day_without_leases_has_no_value();
    printf("ok\n");
    return 0;
}
