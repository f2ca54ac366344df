/* SPDX-License-Identifier: Apache-2.0 */
/* Any coming and going on a ladder, against a sorted array that is walked from its beginning.
 *
 * Few prices, sizes and cells, so that everything collides; now and then so many orders that the
 * tree has several storeys. BOURSE_LADDER_COMMANDS says how many commands, BOURSE_LADDER_SEED where
 * to begin. */
#include "base/str.h"
#include "domain/ladder.h"

#include "tests/t.h"

#define COMMANDS   400000
#define PER_TRIAL  4000
#define ORDERS_MAX 3000

struct order {
    struct rung rung;
    struct ladder_order is;
    int temper; /* the predicate lets it pass when it is below the query's */
    bool on;
};

/* How one trial draws. */
struct world {
    uint64_t dice;
    int64_t base, prices; /* prices are from `base` on, so many of them */
    int32_t sizes, cells, orders;
    int tempers;
    bool bids, fit;
    struct ladder_room room;
    struct ladder ladder;
    struct order all[ORDERS_MAX];
    struct order *sorted[ORDERS_MAX]; /* those that are on, as they are served */
    size_t n;
    int64_t last; /* priority */
    int64_t allocations_left;
    uint64_t cuts;
    uint64_t walked, splits, cut_rows; /* what the run has seen of interest */
};

static struct world w;

static uint64_t roll(void)
{
    uint64_t z = (w.dice += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static int64_t below(int64_t n)
{
    return (int64_t)(roll() % (uint64_t)n);
}

static void *counted(void *arg, void *p, size_t size)
{
    (void)arg;
    if (size == 0) return mem_heap.resize(mem_heap.arg, p, 0);
    if (w.allocations_left-- <= 0) return NULL;
    return mem_heap.resize(mem_heap.arg, p, size);
}

/* ---- the naive ladder --------------------------------------------------------------------- */

static int by_number(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int row_order(const struct ladder_order *a, const struct ladder_order *b)
{
    if (a->price != b->price)
        return w.bids ? by_number(b->price, a->price) : by_number(a->price, b->price);
    return w.fit && !w.bids ? by_number(a->size, b->size) : 0;
}

static int order_of(const struct order *a, const struct order *b)
{
    const int row = row_order(&a->is, &b->is);
    if (row != 0) return row;
    if (a->is.priority != b->is.priority) return by_number(a->is.priority, b->is.priority);
    return by_number(a->is.number, b->is.number);
}

static void naive_add(struct order *o)
{
    size_t i = w.n++;

    for (; i > 0 && order_of(o, w.sorted[i - 1]) < 0; i--)
        w.sorted[i] = w.sorted[i - 1];
    w.sorted[i] = o;
}

static void naive_remove(const struct order *o)
{
    size_t i = 0;

    while (w.sorted[i] != o)
        i++;
    for (w.n--; i < w.n; i++)
        w.sorted[i] = w.sorted[i + 1];
}

struct ask_for {
    struct ladder_query query;
    int temper;
};

static bool is_calm(void *arg, struct rung *r)
{
    const struct order *const o = (const struct order *)r; /* the rung is its first member */
    return o->temper < ((const struct ask_for *)arg)->temper;
}

static bool may_serve(const struct ladder_query *q, const struct ladder_order *o)
{
    if (!(q->cells & o->cells)) return false;
    if (w.fit && (w.bids ? o->size > q->size : o->size < q->size)) return false;
    return w.bids ? o->price >= q->limit : o->price <= q->limit;
}

static unsigned alike(const struct ladder_order *o)
{
    if (!w.bids) return (unsigned)__builtin_ctzll(o->cells);
    const uint64_t size = w.fit ? (uint64_t)o->size : 1;
    const uint64_t mixed = o->cells ^ size * UINT64_C(0xD6E8FEB86659FD93);
    return (unsigned)(mixed * UINT64_C(0x9E3779B97F4A7C15) >> 58);
}

/* All that serve, in order; also counts the rows that are cut. */
static size_t naive_walk(const struct ask_for *f, struct order *out[ORDERS_MAX])
{
    const struct ladder_order *row = NULL;
    int looks[64] = { 0 }, skips = 0;
    size_t n = 0;

    for (size_t i = 0; i < w.n; i++) {
        struct order *const o = w.sorted[i];
        if (!may_serve(&f->query, &o->is)) continue;
        if (!f->query.serves) {
            out[n++] = o;
            continue;
        }
        if (!row || row_order(row, &o->is) != 0) {
            row = &o->is;
            memset(looks, 0, sizeof(looks));
            skips = 0;
        }
        if (skips == LADDER_SKIPS) continue;
        int *const missed = &looks[alike(&o->is)];
        if (*missed > LADDER_LOOKS) {
            if (w.bids && ++skips == LADDER_SKIPS) w.cuts++;
        } else if (o->temper < f->temper) {
            out[n++] = o;
        } else if (++*missed > LADDER_LOOKS) {
            w.cuts++;
        }
    }
    return n;
}

/* ---- commands ----------------------------------------------------------------------------- */

static struct order *pick(bool on)
{
    for (int tries = 0; tries < 20; tries++) {
        struct order *const o = &w.all[below(w.orders)];
        if (o->on == on) return o;
    }
    return NULL;
}

static uint64_t some_cells(void)
{
    uint64_t cells = UINT64_C(1) << below(w.cells);

    if (!w.bids) return cells;
    for (int64_t more = below(3); more > 0; more--)
        cells |= UINT64_C(1) << below(w.cells);
    return cells;
}

static struct ladder_order draw(void)
{
    const bool old = below(10) == 0;

    return (struct ladder_order){
        .price = w.base + below(w.prices),
        .cells = some_cells(),
        .priority = old ? below(w.last + 1) : (w.last += below(2)),
        .number = (int64_t)(roll() >> 1),
        .size = (int32_t)(1 + below(w.sizes)),
    };
}

static void put(struct order *o)
{
    o->is = draw();
    if (below(8) == 0) ladder_expect_adds(&w.ladder, &o->is, 1);
    o->temper = (int)below(w.tempers);
    o->on = true;
    ladder_add(&w.ladder, &o->rung, &o->is);
    naive_add(o);
}

static void add(void)
{
    const size_t n = below(50) == 0 ? (size_t)below(600) + 1 : 1;
    const size_t before = w.ladder.n;

    w.allocations_left = below(4) == 0 ? below(6) : INT64_MAX;
    if (!ladder_reserve(&w.room, n)) {
        ladder_check(&w.ladder);
        CHECK(w.ladder.n == before);
        return;
    }
    w.allocations_left = 0;
    for (size_t i = 0; i < n; i++) {
        struct order *const o = pick(false);
        if (o) put(o);
    }
}

static void take_off(void)
{
    struct order *const o = pick(true);

    if (!o) return;
    ladder_expect_remove(&o->rung);
    ladder_remove(&w.ladder, &o->rung);
    CHECK(!ladder_holds(&o->rung));
    naive_remove(o);
    o->on = false;
}

/* As the market does it: those that are served first leave. */
static void take_best(void)
{
    for (int64_t n = below(8); n > 0 && w.n > 0; n--) {
        struct order *const o = w.sorted[0];
        ladder_remove(&w.ladder, &o->rung);
        naive_remove(o);
        o->on = false;
    }
}

static void look(void)
{
    struct order *want[ORDERS_MAX];
    const uint64_t half = roll(); /* of the cells; a quarter of them are asked for */
    struct ask_for f = {
        .query = { .cells = below(4) == 0 ? UINT64_MAX : half & roll(),
                   .limit = w.base + below(w.prices + 2) - 1,
                   .size = (int32_t)(1 + below(w.sizes + 1)),
                   .serves = below(4) == 0 ? NULL : is_calm,
                   .arg = &f },
        .temper = (int)below(w.tempers + 1),
    };
    struct ladder_walk walk;
    const size_t n = naive_walk(&f, want);
    struct rung *r = ladder_first(&w.ladder, &f.query, &walk);

    for (size_t i = 0; i < n; i++) {
        CHECK(r == &want[i]->rung);
        r = ladder_next(&walk);
    }
    CHECK(!r);
    CHECK(!ladder_next(&walk));
    CHECK(w.ladder.cuts == w.cuts);
    w.walked += n;
}

static void trial(uint64_t seed, int64_t commands)
{
    static const int64_t bases[] = { 0, -3, -LADDER_PRICE_MAX, 1000000000000000,
                                     LADDER_PRICE_MAX - 4000 };
    static const int64_t spreads[] = { 1, 2, 5, 40, 3000 };
    static const int32_t sizes[] = { 1, 3, 8, 200 };

    memset(&w, 0, sizeof(w));
    w.dice = seed;
    w.base = bases[below(5)];
    w.prices = spreads[below(5)];
    w.sizes = sizes[below(4)];
    w.cells = (int32_t[]){ 1, 3, 64 }[below(3)];
    w.orders = below(2) ? 40 : 200;
    if (below(10) == 0) w.orders = ORDERS_MAX;
    w.tempers = (int)(1 + below(20));
    w.bids = below(2);
    w.fit = below(3) > 0;
    ladder_room_init(&w.room, (struct mem){ counted, NULL });
    ladder_init(&w.ladder, &w.room, w.bids ? LADDER_BIDS : LADDER_ASKS, w.fit);

    int64_t leaning = 0; /* to more or to fewer orders, for a while */
    for (int64_t i = 0; i < commands; i++) {
        if (i % 500 == 0) leaning = below(3);
        const int64_t what = below(10);
        if (what < 3 + (leaning == 0))
            add();
        else if (what < 6)
            take_off();
        else if (what < 6 + leaning)
            take_best();
        else if (w.n < 300 || below(20) == 0)
            look();
        if (w.n < 100 || i % 97 == 0) ladder_check(&w.ladder);
        CHECK(w.ladder.n == w.n);
    }
    ladder_clear(&w.ladder);
    ladder_check(&w.ladder);
    ladder_room_done(&w.room);
}

static int64_t setting(const char *name, int64_t otherwise)
{
    const char *const text = getenv(name);
    int64_t n = otherwise;

    if (text) CHECK(str_i64(str_of(text), 0, INT64_MAX, &n));
    return n;
}

TEST(any_coming_and_going_leaves_it_as_a_sorted_array_would_be)
{
    const int64_t commands = setting("BOURSE_LADDER_COMMANDS", COMMANDS);
    uint64_t seed = (uint64_t)setting("BOURSE_LADDER_SEED", 1);

    printf("%" PRId64 " commands from seed %" PRIu64 " on\n", commands, seed);
    for (int64_t done = 0; done < commands; done += PER_TRIAL) {
        printf("seed %" PRIu64 "\r", seed);
        trial(seed++, PER_TRIAL);
    }
}

TESTS(T(any_coming_and_going_leaves_it_as_a_sorted_array_would_be))
