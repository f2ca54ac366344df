/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/book.h"

#include <assert.h>
#include <stddef.h>

#include "domain/eligible.h"

static struct ask_entry *ask_of(struct rung *r)
{
    return r ? (struct ask_entry *)((char *)r - offsetof(struct ask_entry, line)) : NULL;
}

static struct bid_line *line_of(struct rung *r)
{
    return r ? (struct bid_line *)((char *)r - offsetof(struct bid_line, rung)) : NULL;
}

struct bid_entry *book_line_bid(const struct bid_line *line)
{
    return line->bid;
}

/* Move `place` to `key` in `t`, or out of it. */
static void put_place(struct tree *t, struct place *p, bool in, const int64_t key[TREE_KEYS])
{
    if (p->height > 0) {
        if (in && tree_compare(p->key, key) == 0) return;
        tree_remove(t, p);
    }
    if (!in) return;
    for (int i = 0; i < TREE_KEYS; i++)
        p->key[i] = key[i];
    tree_add(t, p);
}

static bool is_same(const struct ladder_order *a, const struct ladder_order *b)
{
    return a->price == b->price && a->cells == b->cells && a->priority == b->priority &&
           a->size == b->size;
}

/* Nothing moves that stands right already. */
static void put_line(struct ladder *l, struct rung *r, bool in, const struct ladder_order *o,
                     struct ladder_order *stands)
{
    if (ladder_holds(r)) {
        if (in && is_same(o, stands)) return;
        ladder_remove(l, r);
    }
    if (!in) return;
    ladder_add(l, r, o);
    *stands = *o;
}

/* An order has one spot beside its place in the lines. */
static void put_spot(struct place *p, struct tree **in, struct tree *to,
                     const int64_t key[TREE_KEYS])
{
    if (*in && *in != to) put_place(*in, p, false, key);
    *in = to;
    if (to) put_place(to, p, true, key);
}

static void put_ask_spot(struct ask_entry *a, bool in)
{
    /* Pool and free units in one key: neither has more than 31 bits. */
    const int64_t own[TREE_KEYS] = { (int64_t)a->ask.spec.pool << 32 | a->ask.free, a->ask.priority,
                                     a->ask.ask };
    const int64_t parked[TREE_KEYS] = { a->ask.parked, a->ask.ask, 0 };
    const int64_t busy[TREE_KEYS] = { a->ask.spec.price.micros, a->ask.ask, 0 };
    const bool open = a->ask.state == ORDER_OPEN;

    if (in)
        put_spot(&a->spot, &a->spot_in, &a->node->account->owner->asks, own);
    else if (open && a->ask.parked != 0)
        put_spot(&a->spot, &a->spot_in, &a->book->parked, parked);
    else if (open && a->ask.free == 0)
        put_spot(&a->spot, &a->spot_in, &a->book->busy, busy);
    else
        put_spot(&a->spot, &a->spot_in, NULL, own);
}

void book_put_ask(struct ask_entry *a)
{
    const bool in = state_ask_in(a);
    const struct ladder_order o = {
        .price = a->ask.spec.price.micros,
        .cells = eligible_cell(&a->ask.traits),
        .priority = a->ask.priority,
        .number = a->ask.ask,
        .size = a->ask.free,
    };

    put_line(&a->book->asks, &a->line, in, &o, &a->stands);
    put_ask_spot(a, in);
}

static void put_bid_line(struct bid_entry *b, struct bid_line *line, bool in)
{
    const struct ladder_order o = {
        .price = line->limit.micros,
        .cells = b->cells,
        .priority = b->bid.priority,
        .number = b->bid.bid,
        .size = b->bid.spec.wants[line->want].units,
    };
    const int64_t key[TREE_KEYS] = { -line->limit.micros, b->bid.priority, b->bid.bid };
    const bool was = ladder_holds(&line->rung) || line->shelf.height > 0;
    struct ladder_order stands = o;

    if (was != in) line->book->resting_nodes += in ? b->bid.spec.nodes : -b->bid.spec.nodes;
    if (state_is_gang(&b->bid)) {
        if (line->shelf.height == 0) line->shelf.weight = o.size;
        put_place(&line->book->shelf, &line->shelf, in, key);
        return;
    }
    stands.price = line->stands_limit.micros;
    stands.priority = line->stands_priority;
    put_line(&line->book->bids, &line->rung, in, &o, &stands);
    line->stands_limit.micros = stands.price;
    line->stands_priority = stands.priority;
}

/* An own-only bid waits in no book: others' asks are not for it. */
void book_put_bid(struct market *m, struct bid_entry *b)
{
    const bool in = state_bid_in(b);
    const enum own own = b->bid.spec.own;
    const int64_t line[TREE_KEYS] = { b->bid.priority, b->bid.bid, 0 };
    const int64_t parked[TREE_KEYS] = { b->bid.parked, b->bid.bid, 0 };

    for (int32_t w = 0; w < b->bid.spec.wants_n; w++)
        put_bid_line(b, &b->lines[w], in && own != OWN_ONLY);
    b->parked_in =
        b->bid.state == ORDER_OPEN && b->bid.parked != 0 ? state_book(m, b->bid.parked_pool) : NULL;
    if (in && own != OWN_NEVER && !state_is_gang(&b->bid))
        put_spot(&b->spot, &b->spot_in, &b->buyer->owner->bids, line);
    else if (b->parked_in && !in)
        put_spot(&b->spot, &b->spot_in, &b->parked_in->parked, parked);
    else
        put_spot(&b->spot, &b->spot_in, NULL, line);
}

void book_put_ripe(struct market *m, struct lease_entry *l)
{
    const bool in = l->lease.state == LEASE_RUNNING && l->lease.ripe;
    const int64_t key[TREE_KEYS] = { l->limit, -l->lease.ready_us, -l->lease.lease };

    put_place(&state_book(m, l->lease.pool)->ripe, &l->ripe, in, key);
}

static bool serves_bid(void *arg, struct rung *r)
{
    const struct ask_walk *const w = arg;
    const struct ask_entry *const a = ask_of(r);
    const int32_t taken = w->call != 0 && a->plan == w->call ? a->taken : 0;

    return eligible_misfits(a, w->bid, w->want, w->now_us) == 0 &&
           a->ask.free - taken >= w->bid->bid.spec.wants[w->want].units;
}

static struct ask_entry *first_ask(struct ask_walk *w, const struct bid_entry *b,
                                   struct money limit, int32_t misses)
{
    const struct bid_line *const line = &b->lines[w->want];
    const struct ladder_query q = {
        .cells = b->cells,
        .limit = money_min(limit, line->limit).micros,
        .size = b->bid.spec.wants[w->want].units,
        .misses = misses,
        .serves = serves_bid,
        .arg = w,
    };

    w->bid = b;
    return ask_of(ladder_first(&line->book->asks, &q, &w->walk));
}

struct ask_entry *book_first_ask(struct ask_walk *w, const struct bid_entry *b, int32_t want,
                                 int64_t now_us)
{
    w->want = want;
    w->now_us = now_us;
    w->call = 0;
    return first_ask(w, b, b->lines[want].limit, WALK_LOOK);
}

struct ask_entry *book_call_ask(struct ask_walk *w, const struct bid_entry *b, int32_t want,
                                struct money price, int64_t now_us, uint64_t call, int32_t misses)
{
    w->want = want;
    w->now_us = now_us;
    w->call = call;
    return first_ask(w, b, price, misses);
}

struct ask_entry *book_next_ask(struct ask_walk *w)
{
    return ask_of(ladder_next(&w->walk));
}

static bool serves_ask(void *arg, struct rung *r)
{
    const struct bid_walk *const w = arg;
    const struct bid_line *const line = line_of(r);

    return eligible_misfits(w->ask, book_line_bid(line), line->want, w->now_us) == 0;
}

static struct bid_line *first_bid(struct bid_walk *w, const struct ask_entry *a, int64_t now_us,
                                  bool from, struct money limit, struct money least)
{
    const struct ladder_query q = {
        .cells = eligible_cell(&a->ask.traits),
        .limit = least.micros,
        .size = a->ask.free,
        .misses = WALK_LOOK,
        .from = from,
        .at = limit.micros,
        .serves = serves_ask,
        .arg = w,
    };

    if (a->ask.free == 0) return NULL;
    w->ask = a;
    w->now_us = now_us;
    return line_of(ladder_first(&a->book->bids, &q, &w->walk));
}

struct bid_line *book_first_bid(struct bid_walk *w, const struct ask_entry *a, int64_t now_us)
{
    return first_bid(w, a, now_us, false, (struct money){ 0 }, a->ask.spec.price);
}

struct bid_line *book_bid_from(struct bid_walk *w, const struct ask_entry *a, int64_t now_us,
                               struct money limit, struct money least)
{
    return first_bid(w, a, now_us, true, limit, least);
}

void book_narrow(struct bid_walk *w, int32_t units)
{
    ladder_narrow(&w->walk, units);
}

struct bid_line *book_next_bid(struct bid_walk *w)
{
    return line_of(ladder_next(&w->walk));
}

struct ask_entry *book_best_ask(struct ladder_walk *w, struct book *book)
{
    const struct ladder_query all = { .cells = UINT64_MAX, .limit = INT64_MAX, .size = 1 };

    return ask_of(ladder_first(&book->asks, &all, w));
}

struct ask_entry *book_ask_after(struct ladder_walk *w)
{
    return ask_of(ladder_next(w));
}

struct bid_line *book_best_bid(struct ladder_walk *w, struct book *book)
{
    const struct ladder_query all = { .cells = UINT64_MAX, .limit = 0, .size = INT32_MAX };

    return line_of(ladder_first(&book->bids, &all, w));
}

struct bid_line *book_bid_after(struct ladder_walk *w)
{
    return line_of(ladder_next(w));
}

struct bid_line *book_gang_after(const struct book *book, struct money limit, int64_t priority,
                                 int32_t units)
{
    const int64_t first[TREE_KEYS] = { INT64_MIN, 0, 0 };
    const int64_t key[TREE_KEYS] = { -limit.micros, priority, INT64_MAX };
    const struct place *const p = tree_from_light(&book->shelf, priority == 0 ? first : key, units);

    return p ? p->owner : NULL;
}
