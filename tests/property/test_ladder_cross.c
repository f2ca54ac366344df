/* SPDX-License-Identifier: Apache-2.0 */
/* Divisible goods, against a matcher that looks at every order for each fill: on any stream both
 * trade the same, order by order. BOURSE_LADDER_SEED says where to begin. */
#include "base/str.h"
#include "domain/cross.h"

#include "tests/t.h"

#define MESSAGES 3000
#define TRIALS   60

static struct cross_order all[MESSAGES + 1]; /* open 0: filled or cancelled */
static int64_t all_n;
static struct cross_fill want[MESSAGES], got[MESSAGES];
static uint64_t dice;

static int64_t below(int64_t n)
{
    uint64_t z = (dice += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (int64_t)((z ^ (z >> 31)) % (uint64_t)n);
}

static bool serves(const struct cross_order *maker, const struct cross_order *taker)
{
    if (maker->open == 0 || maker->bid == taker->bid || maker->owner == taker->owner) return false;
    if (!(maker->cells & taker->cells)) return false;
    return taker->bid ? maker->price <= taker->price : maker->price >= taker->price;
}

static bool better(const struct cross_order *a, const struct cross_order *b)
{
    if (a->price != b->price) return a->bid ? a->price > b->price : a->price < b->price;
    return a->order < b->order; /* which is when it came */
}

static size_t naive_place(struct cross_order *taker)
{
    size_t n = 0;

    while (taker->open > 0) {
        struct cross_order *best = NULL;
        for (int64_t i = 1; i <= all_n; i++)
            if (serves(&all[i], taker) && (!best || better(&all[i], best))) best = &all[i];
        if (!best) break;
        const int64_t quantity = best->open < taker->open ? best->open : taker->open;
        want[n++] = (struct cross_fill){
            .taker = taker->order,
            .maker = best->order,
            .buyer = taker->bid ? taker->owner : best->owner,
            .seller = taker->bid ? best->owner : taker->owner,
            .price = best->price,
            .quantity = quantity,
            .bid_rested = best->bid,
        };
        best->open -= quantity;
        taker->open -= quantity;
    }
    return n;
}

static bool same(const struct cross_fill *a, const struct cross_fill *b)
{
    return a->taker == b->taker && a->maker == b->maker && a->buyer == b->buyer &&
           a->seller == b->seller && a->price == b->price && a->quantity == b->quantity &&
           a->bid_rested == b->bid_rested;
}

static void place(struct cross *c, int64_t prices, int64_t cells, int64_t owners)
{
    struct cross_order o = {
        .order = ++all_n,
        .owner = below(owners),
        .price = 1000 + below(prices),
        .cells = UINT64_C(1) << below(cells),
        .open = 1 + below(20),
        .bid = below(2),
    };
    size_t n;

    if (o.bid) o.cells |= (uint64_t)below(1 << cells);
    all[all_n] = o;
    const size_t wanted = naive_place(&all[all_n]);
    CHECK(cross_reserve(c, 1));
    CHECK(cross_place(c, &o, got, MESSAGES, &n));
    CHECK_I64(n, wanted);
    for (size_t i = 0; i < n; i++)
        CHECK(same(&got[i], &want[i]));
    CHECK_I64(o.open, all[all_n].open);
}

static void cancel(struct cross *c)
{
    const int64_t order = 1 + below(all_n + 1);
    const bool rests = order <= all_n && all[order].open > 0;

    CHECK(cross_cancel(c, order) == rests);
    if (rests) all[order].open = 0;
}

/* So few orders of one owner stand in a row that none of them is looked at in vain 32 times. */
static void trial(void)
{
    const int64_t prices = 1 + below(60), cells = 1 + below(6), cancels = below(60);
    struct cross c;

    cross_init(&c, mem_heap);
    all_n = 0;
    for (int i = 0; i < MESSAGES; i++) {
        if (below(100) < cancels)
            cancel(&c);
        else
            place(&c, prices, cells, /* owners= */ 200);
        if (i % 100 == 0) {
            ladder_check(&c.sides[0]);
            ladder_check(&c.sides[1]);
        }
    }
    CHECK(c.sides[0].cuts == 0 && c.sides[1].cuts == 0);
    cross_done(&c);
}

TEST(any_stream_trades_as_it_would_order_by_order)
{
    const char *const text = getenv("BOURSE_LADDER_SEED");
    int64_t seed = 1;

    if (text) CHECK(str_i64(str_of(text), 0, INT64_MAX, &seed));
    printf("%d streams from seed %" PRId64 " on\n", TRIALS, seed);
    for (int i = 0; i < TRIALS; i++) {
        dice = (uint64_t)seed + (uint64_t)i;
        trial();
    }
}

TESTS(T(any_stream_trades_as_it_would_order_by_order))
