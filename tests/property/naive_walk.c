/* SPDX-License-Identifier: Apache-2.0 */
/* Walks along the lines of the naive market: from the best order on, passing over no more that do
 * not serve than the page allows. */
#include "tests/property/naive.h"

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

void naive_ask_walk_add(struct ask_walk *k, struct ask *a, int32_t left)
{
    size_t at = k->n++;
    for (; at > 0 && naive_ask_before(a, k->asks[at - 1]); at--) {
        k->asks[at] = k->asks[at - 1];
        k->left[at] = k->left[at - 1];
    }
    k->asks[at] = a;
    k->left[at] = left;
}

void naive_ask_walk_begin(struct ask_walk *k, const struct bid *b, const struct want *w)
{
    for (size_t i = 0; i < k->n; i++)
        k->passed[i] = 0;
    k->at = 0;
    k->misses = 0;
    k->bid = b;
    k->want = w;
}

static bool same_line(const struct ask *a, const struct ask *b)
{
    return a->spec.price.micros == b->spec.price.micros && a->free == b->free &&
           cell_of(a) == cell_of(b);
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
        struct ask *a = k->asks[i];
        size_t line = 0;
        if (a->spec.price.micros > limit) return NULL;
        if (a->free < k->want->units || !allows_cell(k->bid, a)) continue; /* not looked at */
        while (!same_line(k->asks[line], a))
            line++;
        if (k->passed[line] > LINE_LOOK) continue;
        if (serves_with(n, a, k->left[i], k->bid, k->want)) return a;
        k->passed[line]++;
        k->misses++;
    }
    return NULL;
}

/* All that stand in the pool's books. */
void naive_walk_asks(struct naive *n, struct ask_walk *k, const struct bid *b, const struct want *w)
{
    k->n = 0;
    for (size_t i = 0; i < n->asks_n; i++)
        if (naive_ask_in_books(&n->asks[i]) && n->asks[i].spec.pool == w->pool)
            naive_ask_walk_add(k, &n->asks[i], n->asks[i].free);
    naive_ask_walk_begin(k, b, w);
}

/* ---- Along the bids ---- */

void naive_walk_bids(struct naive *n, struct bid_walk *k, const struct ask *a, int64_t from)
{
    const int32_t pool = a->spec.pool;
    k->n = k->at = 0;
    k->limit = k->skipped = k->misses = 0;
    k->began = k->left = a->free;
    for (size_t i = 0; i < n->bids_n; i++) {
        struct bid *b = &n->bids[i];
        const struct want *w = naive_want_for(b, pool);
        if (w == NULL || !naive_is_ordinary(b) || naive_limit(n, b, w) > from) continue;
        size_t at = k->n++;
        for (; at > 0 && naive_bid_before(n, b, k->bids[at - 1], pool); at--)
            k->bids[at] = k->bids[at - 1];
        k->bids[at] = b;
    }
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
        struct bid *b = k->bids[k->at++];
        const struct want *w = naive_want_for(b, a->spec.pool);
        const int64_t limit = naive_limit(n, b, w);
        if (limit < a->spec.price.micros) return NULL;
        if (limit != k->limit) {
            for (int i = 0; i < 64; i++)
                k->passed[i] = 0;
            k->limit = limit;
            k->skipped = 0;
        }
        if (w->units > k->left || !allows_cell(b, a)) continue; /* not looked at */
        if (k->skipped >= LIMIT_SKIPS) continue;
        int *passed = &k->passed[class_of(b, w)];
        if (*passed > LINE_LOOK) {
            k->skipped++;
        } else if (served(n, k, a, b, w)) {
            return b;
        } else {
            ++*passed;
            k->misses++;
        }
    }
    return NULL;
}
