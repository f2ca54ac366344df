/* SPDX-License-Identifier: Apache-2.0 */
/* The call auction of a pool: after odd orders have waited for others to answer them, one price for
 * all who then trade. For each price that an order names, the pairs that it would make are counted;
 * the price with most units wins. Bounded: CALL_PRICES prices a side, CALL_TRADES pairs. */
#include <assert.h>

#include "domain/book.h"
#include "domain/collar.h"
#include "domain/match.h"
#include "domain/touch.h"

struct pair {
    struct ask_entry *a;
    struct bid_line *line;
};

struct pairs {
    struct pair v[CALL_TRADES];
    int32_t n;
    int64_t units;
};

static void take_units(struct market *m, struct ask_entry *a, int32_t units)
{
    if (a->plan != m->plan) a->taken = 0;
    a->plan = m->plan;
    a->taken += units;
}

static void make_pairs(struct market *m, struct book *book, struct money price, int64_t now_us,
                       struct pairs *out)
{
    struct ladder_walk walk;
    struct ask_walk asks;
    int32_t misses = CALL_MISSES;

    m->plan++;
    out->n = 0;
    out->units = 0;
    struct bid_line *line = book_best_bid(&walk, book);
    for (int i = 0; line && i < CALL_LOOK && misses > 0 && out->n < CALL_TRADES; i++) {
        const struct bid_entry *const b = book_line_bid(line);
        const int32_t units = b->bid.spec.wants[line->want].units;
        if (money_cmp(line->limit, price) < 0) return;

        struct ask_entry *const a =
            book_call_ask(&asks, b, line->want, price, now_us, m->plan, misses);
        misses -= asks.walk.misses;
        if (a) {
            take_units(m, a, units);
            out->v[out->n++] = (struct pair){ a, line };
            out->units += units;
        }
        line = book_bid_after(&walk);
    }
}

/* How many more units are asked for than offered at the price, or fewer. */
static int64_t imbalance(struct book *book, struct money price)
{
    struct ladder_walk walk;
    int64_t sum = 0;

    const struct bid_line *line = book_best_bid(&walk, book);
    for (int i = 0; line && i < CALL_LOOK && money_cmp(line->limit, price) >= 0; i++) {
        sum += book_line_bid(line)->bid.spec.wants[line->want].units;
        line = book_bid_after(&walk);
    }
    const struct ask_entry *a = book_best_ask(&walk, book);
    for (int i = 0; a && i < CALL_LOOK && money_cmp(a->ask.spec.price, price) <= 0; i++) {
        sum -= a->ask.free;
        a = book_ask_after(&walk);
    }
    return sum < 0 ? -sum : sum;
}

static int64_t distance(struct money a, struct money b)
{
    return a.micros < b.micros ? b.micros - a.micros : a.micros - b.micros;
}

struct choice {
    struct money price;
    int64_t units, imbalance, distance;
};

static bool better(const struct choice *a, const struct choice *b)
{
    if (a->units != b->units) return a->units > b->units;
    if (a->imbalance != b->imbalance) return a->imbalance < b->imbalance;
    if (a->distance != b->distance) return a->distance < b->distance;
    return money_cmp(a->price, b->price) < 0;
}

/* The different prices of the cheapest asks and of the highest bids. */
static int32_t list_prices(struct book *book, struct money out[2 * CALL_PRICES])
{
    struct ladder_walk walk;
    int32_t n = 0, asks;

    const struct ask_entry *a = book_best_ask(&walk, book);
    for (int i = 0; a && i < CALL_LOOK; a = book_ask_after(&walk), i++) {
        if (n > 0 && money_cmp(out[n - 1], a->ask.spec.price) == 0) continue;
        if (n == CALL_PRICES) break;
        out[n++] = a->ask.spec.price;
    }
    asks = n;
    const struct bid_line *line = book_best_bid(&walk, book);
    for (int i = 0; line && i < CALL_LOOK; line = book_bid_after(&walk), i++) {
        if (n > asks && money_cmp(out[n - 1], line->limit) == 0) continue;
        if (n == asks + CALL_PRICES) break;
        out[n++] = line->limit;
    }
    return n;
}

static struct choice choose(struct step *s, struct book *book, struct pairs *pairs)
{
    struct money prices[2 * CALL_PRICES], ref = { 0 };
    const int32_t n = list_prices(book, prices);
    struct choice best = { .units = -1 };

    if (!collar_reference(s->m, book, &ref)) ref = (struct money){ 0 };
    for (int32_t i = 0; i < n; i++) {
        make_pairs(s->m, book, prices[i], s->c->at_us, pairs);
        const struct choice c = {
            .price = prices[i],
            .units = pairs->units,
            .imbalance = imbalance(book, prices[i]),
            .distance = distance(prices[i], ref),
        };
        if (best.units < 0 || better(&c, &best)) best = c;
    }
    return best;
}

/* The orders that take part although they are parked. */
struct called {
    struct ask_entry *asks[CALL_PARKED];
    struct bid_entry *bids[CALL_PARKED];
    int32_t asks_n, bids_n;
};

static void list_parked(const struct market *m, const struct book *book, struct called *out)
{
    const struct place *p = book->parked.first;

    out->asks_n = out->bids_n = 0;
    for (int i = 0; p && i < CALL_PARKED; p = p->next, i++) {
        struct ask_entry *const a = table_find(&m->asks, p->key[1]);
        if (a && p == &a->spot)
            out->asks[out->asks_n++] = a;
        else
            out->bids[out->bids_n++] = p->owner;
    }
}

/* Parked orders stand in the books while the call is held; those that it leaves are parked until
 * they are re-entered. */
static void let_in(struct market *m, const struct called *c, bool in)
{
    for (int32_t i = 0; i < c->asks_n; i++) {
        c->asks[i]->called = in;
        book_put_ask(c->asks[i]);
    }
    for (int32_t i = 0; i < c->bids_n; i++) {
        c->bids[i]->called = in;
        book_put_bid(m, c->bids[i]);
    }
}

static void trade(struct step *s, const struct pairs *pairs, struct money price)
{
    for (int32_t i = 0; i < pairs->n; i++) {
        const struct bid_line *const line = pairs->v[i].line;
        const struct plan plan = {
            .want = line->want,
            .n = 1,
            .picks = { { pairs->v[i].a, price } },
        };
        match_grant(s, book_line_bid(line), &plan, (struct how){ 0 });
    }
}

bool apply_call(struct step *s)
{
    struct book *const book = state_book(s->m, s->c->u.call.pool);
    struct pairs pairs;
    struct called called;

    if (!book) return step_refuse(s, ERR_NOT_FOUND, "There is no such pool.");
    if (book->state.call_us == 0 || book->state.call_us > s->c->at_us)
        return step_refuse(s, ERR_WRONG_STATE, "No call of the pool is due.");
    if (!step_reserve(s, (size_t)CALL_PARKED * WANTS_MAX, CALL_TRADES)) return false;

    list_parked(s->m, book, &called);
    let_in(s->m, &called, true);
    const struct choice best = choose(s, book, &pairs);
    if (best.units > 0) {
        make_pairs(s->m, book, best.price, s->c->at_us, &pairs);
        trade(s, &pairs, best.price);
    }
    let_in(s->m, &called, false);
    book->state.call_us = 0;
    book->state.called_seq = s->c->seq;
    touch_pool(s->m, book);
    return true;
}
