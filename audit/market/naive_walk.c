/* SPDX-License-Identifier: Apache-2.0 */
/* Walks along the lines of the naive market: from the best order on, passing over no more that do
 * not serve than the page allows. */
#include "market/naive.h"

#include <stdlib.h>

#include "base/mem.h"

/* ---- Lines ---- */

bool naive_ask_before(const struct ask *a, const struct ask *b)
{
    if (a->spec.price.micros != b->spec.price.micros)
        return a->spec.price.micros < b->spec.price.micros;
    if (a->free != b->free) return a->free < b->free;
    if (a->priority != b->priority) return a->priority < b->priority;
    return a->ask < b->ask;
}

bool naive_bid_before(const struct naive *n, const struct bid *a, const struct bid *b, int32_t pool)
{
    const int64_t la = naive_limit(n, a, naive_want_for(a, pool));
    const int64_t lb = naive_limit(n, b, naive_want_for(b, pool));
    if (la != lb) return la > lb;
    if (a->priority != b->priority) return a->priority < b->priority;
    return a->bid < b->bid;
}

static int cell_of(const struct ask *a)
{
    return a->traits.region * 8 + a->traits.tier * 2 + (a->traits.isolation == 4);
}

/* The set of cells that the wish allows: bit c for cell c. */
static uint64_t cells_of(const struct bid *b)
{
    const struct wish *w = &b->spec.wish;
    uint64_t cells = 0;
    for (int region = 0; region < 8; region++)
        for (int tier = w->tier_min; tier < 4; tier++)
            for (int attested = w->isolation_min == 4; attested < 2; attested++)
                if (w->regions == 0 || (w->regions >> region & 1))
                    cells |= UINT64_C(1) << (region * 8 + tier * 2 + attested);
    return cells;
}

static bool allows_cell(const struct bid *b, const struct ask *a)
{
    return cells_of(b) >> cell_of(a) & 1;
}

static int class_of(const struct bid *b, const struct want *w)
{
    const uint64_t x = cells_of(b) ^ ((uint64_t)w->units * UINT64_C(0xD6E8FEB86659FD93));
    return (int)((x * UINT64_C(0x9E3779B97F4A7C15)) >> 58);
}

/* ---- Along the asks ---- */

static int ask_order(const void *x, const void *y)
{
    const struct ask *a = ((const struct ask_stop *)x)->ask, *b = ((const struct ask_stop *)y)->ask;
    return naive_ask_before(a, b) ? -1 : naive_ask_before(b, a);
}

void naive_ask_walk_add(struct ask_walk *k, struct ask *a)
{
    k->stops[k->n++] = (struct ask_stop){ a, a->free, 0 };
}

void naive_ask_walk_sort(struct ask_walk *k)
{
    if (k->n > 1) qsort(k->stops, k->n, sizeof(*k->stops), ask_order);
}

void naive_ask_walk_begin(struct ask_walk *k, const struct bid *b, const struct want *w)
{
    for (size_t i = 0; i < k->n; i++)
        k->stops[i].passed = 0;
    k->at = k->level = 0;
    k->misses = 0;
    k->bid = b;
    k->want = w;
}

void naive_ask_walk_end(struct ask_walk *k)
{
    mem_free(k->stops);
    k->stops = NULL;
}

static bool same_level(const struct ask *a, const struct ask *b)
{
    return a->spec.price.micros == b->spec.price.micros && a->free == b->free;
}

/* The stop with which the line of the stop at i begins. */
static struct ask_stop *line_of(struct ask_walk *k, size_t i)
{
    const struct ask *a = k->stops[i].ask;
    if (!same_level(k->stops[k->level].ask, a)) k->level = i;
    size_t first = k->level;
    while (cell_of(k->stops[first].ask) != cell_of(a))
        first++;
    return &k->stops[first];
}

/* As if it were in the books with so many units left. */
static bool serves_with(const struct naive *n, const struct ask *a, int32_t left,
                        const struct bid *b, const struct want *w)
{
    struct ask x = *a;
    x.parked = 0;
    x.free = left;
    return naive_serves(n, &x, b, w, BUT_NOTHING);
}

struct ask *naive_ask_walk_next(const struct naive *n, struct ask_walk *k, int64_t limit,
                                int misses_most)
{
    while (k->at < k->n && k->misses < misses_most) {
        const size_t i = k->at++;
        struct ask *a = k->stops[i].ask;
        struct ask_stop *line = line_of(k, i);
        if (a->spec.price.micros > limit) return NULL;
        if (a->free < k->want->units || !allows_cell(k->bid, a)) continue; /* not looked at */
        if (line->passed > LINE_LOOK) continue;
        if (serves_with(n, a, k->stops[i].left, k->bid, k->want)) return a;
        line->passed++;
        k->misses++;
    }
    return NULL;
}

/* All that stand in the pool's books and are not too dear: those would end the walk. */
void naive_walk_asks(struct naive *n, struct ask_walk *k, const struct bid *b, const struct want *w)
{
    const int64_t limit = naive_limit(n, b, w);
    k->stops = mem_zalloc((n->asks_n + 1) * sizeof(*k->stops));
    k->n = 0;
    for (size_t i = 0; i < n->asks_n; i++)
        if (naive_ask_in_books(&n->asks[i]) && n->asks[i].spec.pool == w->pool &&
            n->asks[i].spec.price.micros <= limit)
            naive_ask_walk_add(k, &n->asks[i]);
    naive_ask_walk_sort(k);
    naive_ask_walk_begin(k, b, w);
}

/* ---- Along the bids ---- */

static int bid_order(const void *x, const void *y)
{
    const struct bid_stop *a = x, *b = y;
    if (a->limit != b->limit) return a->limit > b->limit ? -1 : 1;
    if (a->bid->priority != b->bid->priority) return a->bid->priority < b->bid->priority ? -1 : 1;
    return a->bid->bid < b->bid->bid ? -1 : a->bid->bid > b->bid->bid;
}

/* Those that could pay its price: the first that could not would end the walk. */
void naive_walk_bids(struct naive *n, struct bid_walk *k, const struct ask *a, int64_t from)
{
    const int32_t pool = a->spec.pool;
    k->stops = mem_zalloc((n->bids_n + 1) * sizeof(*k->stops));
    k->n = k->at = 0;
    k->limit = k->skipped = k->misses = 0;
    k->began = k->left = a->free;
    for (size_t i = 0; i < n->bids_n; i++) {
        struct bid *b = &n->bids[i];
        const struct want *w = naive_is_ordinary(b) ? naive_want_for(b, pool) : NULL;
        const int64_t limit = w != NULL ? naive_limit(n, b, w) : 0;
        if (w == NULL || limit > from || limit < a->spec.price.micros) continue;
        k->stops[k->n++] = (struct bid_stop){ b, w, limit };
    }
    if (k->n > 1) qsort(k->stops, k->n, sizeof(*k->stops), bid_order);
}

void naive_bid_walk_end(struct bid_walk *k)
{
    mem_free(k->stops);
    k->stops = NULL;
}

/* As if the ask still had what it had when the walk began. */
static bool served(const struct naive *n, const struct bid_walk *k, const struct ask *a,
                   const struct bid *b, const struct want *w)
{
    struct ask x = *a;
    x.free = k->began;
    return naive_serves(n, &x, b, w, BUT_NOTHING);
}

struct bid *naive_bid_walk_next(struct naive *n, struct bid_walk *k, const struct ask *a)
{
    while (k->at < k->n && k->misses < WALK_LOOK) {
        const struct bid_stop *stop = &k->stops[k->at++];
        if (stop->limit != k->limit) {
            for (int i = 0; i < 64; i++)
                k->passed[i] = 0;
            k->limit = stop->limit;
            k->skipped = 0;
        }
        if (stop->want->units > k->left || !allows_cell(stop->bid, a)) continue; /* not looked at */
        if (k->skipped >= LIMIT_SKIPS) continue;
        int *passed = &k->passed[class_of(stop->bid, stop->want)];
        if (*passed > LINE_LOOK) {
            k->skipped++;
        } else if (served(n, k, a, stop->bid, stop->want)) {
            return stop->bid;
        } else {
            ++*passed;
            k->misses++;
        }
    }
    return NULL;
}
