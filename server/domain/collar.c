/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/collar.h"

#include <assert.h>

#include "domain/touch.h"

#define ALL_BPS 10000

bool collar_reference(const struct market *m, const struct book *book, struct money *out)
{
    struct money sorted[REFERENCE_TRADES];
    const int32_t n = book->state.recent_n;

    if (n == 0 || n < m->rules.collar_trades) return false;
    for (int32_t i = 0; i < n; i++) {
        int32_t at = i;
        for (; at > 0 && money_cmp(book->state.recent[i], sorted[at - 1]) < 0; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = book->state.recent[i];
    }
    *out = sorted[(n - 1) / 2];
    return true;
}

/* The reference that this event is held to; false: to none. */
static bool held_to(const struct step *s, const struct book *book, struct money *ref)
{
    return !s->no_collar && s->m->rules.collar_bps > 0 && collar_reference(s->m, book, ref);
}

enum collar_side collar_side(const struct step *s, const struct book *book, struct money price)
{
    const __int128 wide = ALL_BPS + (__int128)s->m->rules.collar_bps;
    struct money ref;

    if (!held_to(s, book, &ref)) return COLLAR_WITHIN;
    if ((__int128)price.micros * ALL_BPS > ref.micros * wide) return COLLAR_ABOVE;
    if (price.micros * wide < (__int128)ref.micros * ALL_BPS) return COLLAR_BELOW;
    return COLLAR_WITHIN;
}

bool collar_odd(const struct step *s, const struct book *book, struct money price)
{
    return collar_side(s, book, price) != COLLAR_WITHIN;
}

struct money collar_spare(const struct step *s, const struct ask_entry *a, struct money price)
{
    const __int128 wide = ALL_BPS + (__int128)s->m->rules.collar_bps;
    struct money ref;

    if (!held_to(s, a->book, &ref)) return price;
    __int128 most = ref.micros * wide / ALL_BPS;
    most -= most % a->book->pool.tick.micros;
    if (price.micros <= most || a->ask.spec.price.micros > most) return price;
    return (struct money){ (int64_t)most };
}

void collar_note(struct step *s, const struct ask_entry *a, struct money price)
{
    struct pool_state *const p = &a->book->state;
    const struct standing *const of = &a->node->account->standing;
    const int64_t seller = of->team != 0 ? of->team : of->account;
    int32_t out = 0; /* the place that is given up */

    while (out < p->recent_n && p->recent_sellers[out] != seller)
        out++;
    if (out == p->recent_n && p->recent_n == REFERENCE_TRADES) out = 0;
    if (out < p->recent_n) p->recent_n--;
    for (int32_t i = out; i < p->recent_n; i++) {
        p->recent[i] = p->recent[i + 1];
        p->recent_sellers[i] = p->recent_sellers[i + 1];
    }
    p->recent[p->recent_n] = price;
    p->recent_sellers[p->recent_n++] = seller;
    touch_pool(s->m, a->book);
}

static void set_call(struct step *s, struct book *book)
{
    if (book->state.call_us != 0) return;
    book->state.call_us = s->c->at_us + s->m->rules.call_seconds * US_PER_SECOND;
    touch_pool(s->m, book);
}

void collar_park_ask(struct step *s, struct ask_entry *a)
{
    assert(a->ask.state == ORDER_OPEN && a->ask.parked == 0);
    a->ask.parked = s->c->seq;
    touch_ask(s->m, a);
    set_call(s, a->book);
}

void collar_park_bid(struct step *s, struct bid_entry *b, struct book *book)
{
    assert(b->bid.state == ORDER_OPEN && b->bid.parked == 0);
    b->bid.parked = s->c->seq;
    b->bid.parked_pool = book->state.pool;
    touch_bid(s->m, b);
    set_call(s, book);
}
