/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/displace.h"

#include <assert.h>

#include "domain/book.h"
#include "domain/eligible.h"
#include "domain/own.h"
#include "domain/settle.h"
#include "domain/touch.h"

#define ALL_BPS 10000

/* How far an interruptible bid must be above its victim: a part of it, at least a tick. */
static int64_t lead_over(const struct market *m, int64_t limit, struct money tick)
{
    const __int128 part = ((__int128)limit * m->rules.displace_bps + ALL_BPS - 1) / ALL_BPS;
    const int64_t lead = part < INT64_MAX ? (int64_t)part : INT64_MAX; /* with absurd rules */

    return lead > tick.micros ? lead : tick.micros;
}

/* What keeps the ask from serving, but for its free units, and for its price, which is another. */
static bool ask_fits(const struct ask_entry *a, const struct bid_entry *b, int32_t w,
                     int64_t now_us, uint32_t overlooked)
{
    const uint32_t out = (uint32_t)MISFIT_UNITS | (uint32_t)MISFIT_PRICE | overlooked;

    return a->ask.state == ORDER_OPEN && (eligible_misfits(a, b, w, now_us) & ~out) == 0;
}

static bool is_ripe(const struct lease_entry *v, const struct bid_entry *b, int32_t w)
{
    return v->lease.state == LEASE_RUNNING && v->lease.ripe && !v->heir &&
           v->lease.pool == b->bid.spec.wants[w].pool &&
           v->lease.units >= b->bid.spec.wants[w].units;
}

/* May the bid displace the lease on its owner's own machine? */
static bool own_victim(const struct market *m, const struct lease_entry *v,
                       const struct bid_entry *b, int32_t w, int64_t now_us)
{
    const struct ask_entry *const a = table_find(&m->asks, v->lease.ask);

    return is_ripe(v, b, w) && b->bid.spec.own != OWN_NEVER &&
           a->node->account->owner == b->buyer->owner && ask_fits(a, b, w, now_us, MISFIT_OWN) &&
           own_quota_allows(b, b->bid.spec.wants[w].units);
}

/* May it displace the lease on another's machine, and at what price? */
static bool victim(const struct market *m, const struct lease_entry *v, const struct bid_entry *b,
                   int32_t w, int64_t now_us, struct money *price)
{
    const struct ask_entry *const a = table_find(&m->asks, v->lease.ask);
    const struct bid_entry *const loser = table_find(&m->bids, v->lease.bid);
    const struct money tick = a->book->pool.tick, limit = b->lines[w].limit;
    const int32_t units = b->bid.spec.wants[w].units;

    if (!is_ripe(v, b, w) || loser->buyer->owner == b->buyer->owner) return false;
    if (!ask_fits(a, b, w, now_us, 0)) return false;
    if (b->bid.spec.interruptible && limit.micros - v->limit < lead_over(m, v->limit, tick))
        return false;
    *price = a->ask.spec.price;
    if (v->limit + tick.micros > price->micros) price->micros = v->limit + tick.micros;
    return money_cmp(*price, limit) <= 0 &&
           settle_seconds_max(&b->bid, *price, units) >= m->rules.min_run_seconds;
}

static void displace(struct step *s, struct lease_entry *v, struct bid_entry *b, int32_t w,
                     struct money price, struct how how)
{
    struct ask_entry *const a = state_ask(s->m, v->lease.ask);
    const struct plan plan = { .want = w, .n = 1, .picks = { { a, price } } };
    const bool may = lease_next(v->lease.state, LEASE_PREEMPT, &v->lease.state);

    assert(may && a);
    (void)may;
    v->lease.reason = REASON_DISPLACED;
    v->lease.stopping_us = s->c->at_us;
    touch_lease(s->m, v);
    how.victim = v;
    match_grant(s, b, &plan, how);
}

/* The lease that a bid would displace, by which want, and at what price. */
struct find {
    struct lease_entry *victim; /* NULL: none */
    int32_t want;
    struct money price;
    bool own;
};

/* Own machines first: free, whoever is on them. */
static bool find_own(const struct market *m, const struct bid_entry *b, int64_t now_us,
                     struct find *out)
{
    for (int32_t w = 0; w < b->bid.spec.wants_n; w++) {
        const struct place *p = b->lines[w].book->ripe.first;
        for (int i = 0; p && i < VICTIM_LOOK; p = p->next, i++) {
            if (!own_victim(m, p->owner, b, w, now_us)) continue;
            *out = (struct find){ .victim = p->owner, .want = w, .own = true };
            return true;
        }
    }
    return false;
}

static bool find_other(const struct market *m, const struct bid_entry *b, int64_t now_us,
                       struct find *out)
{
    struct money price;

    for (int32_t w = 0; w < b->bid.spec.wants_n; w++) {
        const struct place *p = b->lines[w].book->ripe.first;
        for (int i = 0; p && i < VICTIM_LOOK; p = p->next, i++) {
            if (!victim(m, p->owner, b, w, now_us, &price)) continue;
            *out = (struct find){ .victim = p->owner, .want = w, .price = price };
            return true;
        }
    }
    return false;
}

static bool find(const struct market *m, const struct bid_entry *b, int64_t now_us,
                 struct find *out)
{
    if (state_is_gang(&b->bid)) return false;
    if (find_own(m, b, now_us, out)) return true;
    return b->bid.spec.own != OWN_ONLY && find_other(m, b, now_us, out);
}

bool displace_would(const struct market *m, const struct bid_entry *b, int64_t now_us)
{
    struct find f;

    return find(m, b, now_us, &f);
}

void displace_for_bid(struct step *s, struct bid_entry *b)
{
    struct find f;

    if (!state_bid_in(b) || !find(s->m, b, s->c->at_us, &f)) return;
    displace(s, f.victim, b, f.want, f.price, (struct how){ .came = true, .own = f.own });
}

static bool displaced_by_owner(struct step *s, struct lease_entry *l)
{
    const struct ask_entry *const a = table_find(&s->m->asks, l->lease.ask);
    const struct place *p = a->node->account->owner->bids.first;

    for (int i = 0; p && i < VICTIM_LOOK; p = p->next, i++) {
        struct bid_entry *const b = p->owner;
        const int32_t w = own_want_for(b, l->lease.pool);
        if (w < 0 || !own_victim(s->m, l, b, w, s->c->at_us)) continue;
        displace(s, l, b, w, (struct money){ 0 }, (struct how){ .own = true });
        return true;
    }
    return false;
}

void displace_ripe(struct step *s, struct lease_entry *l)
{
    struct book *const book = state_book(s->m, l->lease.pool);
    struct ladder_walk walk;
    struct money price;

    if (displaced_by_owner(s, l)) return;
    struct bid_line *line = book_best_bid(&walk, book);
    for (int i = 0; line && i < VICTIM_LOOK; line = book_bid_after(&walk), i++) {
        struct bid_entry *const b = book_line_bid(line);
        if (!victim(s->m, l, b, line->want, s->c->at_us, &price)) continue;
        displace(s, l, b, line->want, price, (struct how){ 0 });
        return;
    }
}

void displace_hand_over(struct step *s, struct lease_entry *ended, struct ask_entry *a)
{
    struct lease_entry *const heir = ended->heir;

    if (!heir) return;
    ended->heir = NULL;
    a->heirs--;
    heir->lease.waits = 0;
    heir->lease.traded_us = s->c->at_us;
    touch_lease(s->m, heir);
    if (a->ask.state == ORDER_OPEN) {
        a->ask.free -= heir->lease.units;
        assert(a->ask.free >= 0);
    }
    a->leased += heir->lease.units;
}

void displace_forget(const struct market *m, const struct lease_entry *l, struct ask_entry *a)
{
    struct lease_entry *const v = table_find(&m->leases, l->lease.waits);

    assert(v && v->heir == l);
    v->heir = NULL;
    a->heirs--;
}
