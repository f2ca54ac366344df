/* SPDX-License-Identifier: Apache-2.0 */
/* What it costs to find the best order that serves, among many that do not.
 *
 *     bench_index [SEED]
 *
 * Up to a million asks rest at 4,096 prices in 64 cells: 8 regions, attested or not, 4 tiers. Bids
 * want some of the regions, a tier and above, 15 % of them attestation, and 1 to 8 units. Timed are
 * the search, and the search, the removal of what it found and a new ask; in blocks, of which the
 * median counts. In the `wall` book whatever is cheap is neither attested nor of a good tier, and
 * all bids want both. The reference is a chain of loads through 32 MiB in the same run, each of
 * which depends on the one before. A share of the answers is compared with a walk along all asks.
 * Prints one line of JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "base/str.h"
#include "domain/ladder.h"

#define ASKS_MAX 1000000
#define TICKS    4096
#define OWNERS   1000
#define BLOCKS   4000
#define BLOCK    16 /* operations that are timed together */
#define CHECKS   100
#define CHAIN    (32 << 20)

/* 64 bytes, one access, as the market's tables have it. */
struct ask {
    struct rung rung; /* the first member: a rung is its ask */
    int64_t price;
    uint64_t cells;
    int32_t size, owner;
    uint64_t unused;
};

struct wish {
    struct ladder_query query;
    int32_t owner;
};

struct book {
    struct ladder_room room;
    struct ladder ladder;
    struct ask *asks; /* in `memory`, from a multiple of 64 on */
    void *memory;
    size_t n;
    int64_t priority;
    bool wall;
};

struct figures {
    double best_ns, match_ns, group_ns, bytes;
};

static uint64_t dice;

static uint64_t roll(void) /* splitmix64 */
{
    uint64_t z = (dice += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static int32_t below(int32_t n)
{
    return (int32_t)(roll() % (uint64_t)n);
}

static double now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void *memory(size_t size)
{
    void *const p = mem_heap.resize(mem_heap.arg, NULL, size);

    if (!p) abort();
    return p;
}

static void release(void *p)
{
    (void)mem_heap.resize(mem_heap.arg, p, 0);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof(v[0]), by_value);
    return v[n / 2];
}

/* ---- the book ---- */

static int cell_of(int region, bool attested, int tier)
{
    return region * 8 + (attested ? 4 : 0) + tier;
}

static struct ladder_order draw_ask(struct book *b)
{
    const int64_t tick = below(TICKS);
    bool attested = below(2);
    const int tier = below(4);

    if (b->wall && tick < TICKS * 9 / 10) attested = attested && tier < 2;
    return (struct ladder_order){
        .price = 1000000 + tick * 1000,
        .cells = UINT64_C(1) << cell_of(below(8), attested, tier),
        .priority = ++b->priority,
        .size = 1 + below(8),
    };
}

static bool other_owner(void *arg, struct rung *r)
{
    return ((const struct ask *)r)->owner != ((const struct wish *)arg)->owner;
}

static void draw_wish(const struct book *b, struct wish *w)
{
    const int regions = 1 + below(255), tier = b->wall ? 2 : below(4);
    const bool attested = b->wall || below(100) < 15;
    uint64_t cells = 0;

    for (int region = 0; region < 8; region++)
        for (int t = tier; t < 4 && (regions >> region & 1); t++) {
            cells |= UINT64_C(1) << cell_of(region, true, t);
            if (!attested) cells |= UINT64_C(1) << cell_of(region, false, t);
        }
    w->query = (struct ladder_query){
        .cells = cells, .limit = INT64_MAX, .size = 1 + below(8), .serves = other_owner, .arg = w
    };
    w->owner = below(OWNERS);
}

static void put(struct book *b, struct ask *a, const struct ladder_order *o)
{
    a->price = o->price;
    a->cells = o->cells;
    a->size = o->size;
    if (!ladder_reserve(&b->room, 1)) abort();
    ladder_add(&b->ladder, &a->rung, o);
}

static void make_asks(struct book *b, size_t n)
{
    _Static_assert(sizeof(struct ask) == 64, "one line of the processor's cache");
    b->memory = memory((n + 1) * sizeof(struct ask));
    b->asks = (struct ask *)((char *)b->memory + (64 - (uintptr_t)b->memory % 64) % 64);
    b->n = n;
}

static void build(struct book *b, size_t n, bool wall)
{
    *b = (struct book){ .wall = wall };
    make_asks(b, n);
    ladder_room_init(&b->room, mem_heap);
    ladder_init(&b->ladder, &b->room, LADDER_ASKS, /* fit= */ true);
    for (size_t i = 0; i < n; i++) {
        const struct ladder_order o = draw_ask(b);
        b->asks[i].owner = below(OWNERS);
        put(b, &b->asks[i], &o);
    }
}

static void finish(struct book *b)
{
    ladder_check(&b->ladder);
    ladder_clear(&b->ladder);
    ladder_room_done(&b->room);
    release(b->memory);
}

/* All memory of the ladder for each of its orders: nodes, spare ones too, and the links in the
 * orders. Priority and number are the order's own, and stand in the rung and nowhere else. */
#define KEYS (sizeof(((struct rung *)NULL)->priority) + sizeof(((struct rung *)NULL)->number))

static double bytes_each(const struct book *b)
{
    return (double)b->room.bytes / (double)b->n + (double)(sizeof(struct rung) - KEYS);
}

/* ---- the walk that it is compared with ---- */

static bool before(const struct ask *a, const struct ask *b)
{
    if (a->price != b->price) return a->price < b->price;
    if (a->size != b->size) return a->size < b->size;
    return a->rung.priority < b->rung.priority;
}

static struct ask *naive_best(const struct book *b, struct wish *w)
{
    struct ask *best = NULL;

    for (size_t i = 0; i < b->n; i++) {
        struct ask *const a = &b->asks[i];
        if (!(a->cells & w->query.cells) || a->size < w->query.size) continue;
        if (!other_owner(w, &a->rung)) continue;
        if (!best || before(a, best)) best = a;
    }
    return best;
}

static void compare(struct book *b)
{
    for (int i = 0; i < CHECKS; i++) {
        static struct ladder_walk walk;
        struct wish w;
        draw_wish(b, &w);
        const struct ask *const got = (struct ask *)ladder_first(&b->ladder, &w.query, &walk);
        if (got != naive_best(b, &w)) {
            fprintf(stderr, "bench_index: not the best ask\n");
            exit(1);
        }
    }
}

/* ---- what is timed ---- */

static double time_best(struct book *b)
{
    static double took[BLOCKS];
    static struct ladder_walk walk;
    struct wish wishes[BLOCK];
    size_t found = 0;

    for (int i = 0; i < BLOCKS; i++) {
        for (int j = 0; j < BLOCK; j++)
            draw_wish(b, &wishes[j]);
        const double start = now_ns();
        for (int j = 0; j < BLOCK; j++)
            found += ladder_first(&b->ladder, &wishes[j].query, &walk) != NULL;
        took[i] = (now_ns() - start) / BLOCK;
    }
    if (found == 0) abort();
    return median(took, BLOCKS);
}

/* `group`: the new asks of a block are known before its first bid, as those of a group of commands
 * are. */
static double time_match(struct book *b, bool group)
{
    static double took[BLOCKS];
    static struct ladder_walk walk;
    struct wish wishes[BLOCK];
    struct ladder_order new[BLOCK];

    for (int i = 0; i < BLOCKS; i++) {
        for (int j = 0; j < BLOCK; j++) {
            draw_wish(b, &wishes[j]);
            new[j] = draw_ask(b);
        }
        const double start = now_ns();
        if (group) ladder_expect_adds(&b->ladder, new, BLOCK);
        for (int j = 0; j < BLOCK; j++) {
            struct ask *const a = (struct ask *)ladder_first(&b->ladder, &wishes[j].query, &walk);
            if (!a) continue;
            ladder_remove(&b->ladder, &a->rung);
            if (b->wall) { /* like for like, or the few good ones would soon be gone */
                new[j].price = a->price;
                new[j].cells = a->cells;
                new[j].size = a->size;
            }
            put(b, a, &new[j]);
        }
        took[i] = (now_ns() - start) / BLOCK;
    }
    return median(took, BLOCKS);
}

static double reference_ns(void)
{
    const uint32_t n = CHAIN / sizeof(uint32_t);
    uint32_t *const next = memory(CHAIN);
    static double took[200];
    uint32_t at = 0;

    for (uint32_t i = 0; i < n; i++)
        next[i] = i;
    for (uint32_t i = n - 1; i > 0; i--) { /* one cycle through all of them (Sattolo) */
        const uint32_t j = (uint32_t)below((int32_t)i);
        const uint32_t swap = next[i];
        next[i] = next[j];
        next[j] = swap;
    }
    for (int i = 0; i < 200; i++) {
        const double start = now_ns();
        for (int j = 0; j < 1000; j++)
            at = next[at];
        took[i] = (now_ns() - start) / 1000;
    }
    if (at == UINT32_MAX) abort();
    release(next);
    return median(took, 200);
}

static struct figures measure(size_t n, bool wall)
{
    struct book b;
    struct figures f;

    build(&b, n, wall);
    f.bytes = bytes_each(&b);
    compare(&b);
    f.best_ns = time_best(&b);
    f.match_ns = time_match(&b, false);
    f.group_ns = time_match(&b, true);
    compare(&b);
    finish(&b);
    return f;
}

/* A price for each ask, in no order. */
static double bytes_at_a_million_prices(void)
{
    struct book b;

    build(&b, 1, false);
    ladder_remove(&b.ladder, &b.asks[0].rung);
    release(b.memory);
    make_asks(&b, ASKS_MAX);
    for (int64_t i = 0; i < ASKS_MAX; i++) {
        struct ladder_order o = draw_ask(&b);
        o.price = i * 611953 % ASKS_MAX * INT64_C(1000000007); /* a prime: each comes once */
        put(&b, &b.asks[i], &o);
    }
    const double bytes = bytes_each(&b);
    finish(&b);
    return bytes;
}

int main(int argc, char **argv)
{
    int64_t seed = 1;

    if (argc > 2 || (argc == 2 && !str_i64(str_of(argv[1]), 0, INT64_MAX, &seed))) return 2;
    dice = (uint64_t)seed;
    const double reference = reference_ns();
    const struct figures few = measure(1000, false), many = measure(ASKS_MAX, false),
                         wall = measure(ASKS_MAX, true);
    const double far = bytes_at_a_million_prices();
    printf(
        "{\"bench\":\"index\",\"seed\":%" PRId64 ",\"asks\":%d,\"load_ns\":%.1f,"
        "\"best_ns\":%.1f,\"best_loads\":%.2f,\"best_growth\":%.2f,"
        "\"match_ns\":%.1f,\"match_loads\":%.2f,\"match_growth\":%.2f,"
        "\"match_in_group_ns\":%.1f,\"match_in_group_loads\":%.2f,\"match_in_group_growth\":%.2f,"
        "\"wall_best_ns\":%.1f,\"wall_match_ns\":%.1f,"
        "\"bytes\":%.1f,\"bytes_million_prices\":%.1f,\"bytes_of_keys\":%zu,\"agree\":true}\n",
        seed, ASKS_MAX, reference, many.best_ns, many.best_ns / reference,
        many.best_ns / few.best_ns, many.match_ns, many.match_ns / reference,
        many.match_ns / few.match_ns, many.group_ns, many.group_ns / reference,
        many.group_ns / few.group_ns, wall.best_ns, wall.match_ns, many.bytes, far, KEYS);
    return 0;
}
