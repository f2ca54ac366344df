/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed bids: for some seconds providers make offers for one job that nobody else sees. The
 * cheapest wins and gets the price of the next, so that it pays to offer what one would take; the
 * standing book competes. */
#include <assert.h>

#include "domain/collar.h"
#include "domain/displace.h"
#include "domain/eligible.h"
#include "domain/index.h"
#include "domain/match.h"
#include "domain/own.h"
#include "domain/touch.h"

/* Does the ask serve the sealed bid, but for its price? */
static bool serves(const struct ask_entry *a, const struct bid_entry *b, int32_t w, int64_t now_us)
{
    return a->ask.state == ORDER_OPEN && a->ask.free > 0 &&
           (eligible_misfits(a, b, w, now_us) & ~(uint32_t)MISFIT_PRICE) == 0;
}

static struct offer *offer_of(struct bid_entry *b, int64_t ask)
{
    for (int32_t i = 0; i < b->offers_n; i++)
        if (b->offers[i].ask == ask) return &b->offers[i];
    return NULL;
}

/* Room for the offers of a bid comes with the first one. */
static bool reserve_offers(struct step *s, struct bid_entry *b)
{
    if (b->offers) return true;
    b->offers = s->m->mem.resize(s->m->mem.arg, NULL, OFFERS_MAX * sizeof(*b->offers));
    if (b->offers) return true;
    return step_refuse(s, ERR_OVERLOADED, "There is no memory left for this.");
}

bool apply_offer(struct step *s)
{
    struct bid_entry *const b = state_bid(s->m, s->c->u.offer.bid);
    const struct ask_entry *const a = state_ask(s->m, s->c->u.offer.ask);
    const struct money price = s->c->u.offer.price;

    if (!b || b->bid.state != ORDER_OPEN || !b->bid.sealed)
        return step_refuse(s, ERR_NOT_FOUND, "There is no such sealed bid.");
    if (!a || a->ask.account != s->c->account)
        return step_refuse(s, ERR_NOT_FOUND, "There is no such ask.");
    if (!pool_on_tick(&a->book->pool, price))
        return step_refuse(s, ERR_VALIDATION_FAILED, "The price is not on the tick.");
    if (money_cmp(price, a->ask.spec.floor) < 0)
        return step_refuse(s, ERR_VALIDATION_FAILED, "The price is below the floor.");
    const int32_t w = own_want_for(b, a->ask.spec.pool);
    if (w < 0 || !serves(a, b, w, s->c->at_us))
        return step_refuse(s, ERR_WRONG_STATE, "The ask does not serve this bid.");
    struct offer *o = offer_of(b, a->ask.ask);
    if (!o && b->offers_n == OFFERS_MAX)
        return step_refuse(s, ERR_QUOTA_EXCEEDED, "The bid has as many offers as it can have.");
    if (!reserve_offers(s, b)) return false;
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;

    if (!o) o = &b->offers[b->offers_n++];
    *o = (struct offer){ .bid = b->bid.bid, .ask = a->ask.ask, .price = price, .seq = s->c->seq };
    touch_offer(s->m, o);
    return true;
}

/* Someone who would take the job. */
struct candidate {
    struct ask_entry *a; /* NULL: nobody */
    int32_t want;
    struct money price;
    int64_t seq; /* of the offer; the standing ask comes last */
};

/* Is `x` cheaper than `y`, or as cheap and earlier? By throughput when the bid ranks by value. */
static bool cheaper(const struct bid_entry *b, const struct candidate *x, const struct candidate *y)
{
    const bool value = b->bid.spec.rank == RANK_VALUE;
    const __int128 left =
        (__int128)x->price.micros * (value ? b->lines[y->want].book->pool.throughput : 1);
    const __int128 right =
        (__int128)y->price.micros * (value ? b->lines[x->want].book->pool.throughput : 1);

    return left != right ? left < right : x->seq < y->seq;
}

static void compete(const struct bid_entry *b, const struct candidate *c, struct candidate *best,
                    struct candidate *second)
{
    if (!best->a || cheaper(b, c, best)) {
        *second = *best;
        *best = *c;
    } else if (!second->a || cheaper(b, c, second)) {
        *second = *c;
    }
}

/* The price of the second in the winner's pool, on its tick; the limit when there is no second. */
static struct money price_of(const struct bid_entry *b, const struct candidate *best,
                             const struct candidate *second)
{
    const struct bid_line *const line = &b->lines[best->want];
    struct money price = line->limit;

    if (second->a) {
        __int128 p = second->price.micros;
        if (b->bid.spec.rank == RANK_VALUE)
            p = p * line->book->pool.throughput / b->lines[second->want].book->pool.throughput;
        p -= p % line->book->pool.tick.micros;
        if (p < price.micros) price.micros = (int64_t)p;
    }
    return money_cmp(price, best->price) < 0 ? best->price : price;
}

/* The offers that still stand, and the standing ask unless it has an offer of its own. */
static void hold_auction(struct step *s, struct bid_entry *b, struct candidate *best,
                         struct candidate *second)
{
    struct plan standing;

    for (int32_t i = 0; i < b->offers_n; i++) {
        struct ask_entry *const a = state_ask(s->m, b->offers[i].ask);
        const int32_t w = a ? own_want_for(b, a->ask.spec.pool) : -1;
        if (w < 0 || !serves(a, b, w, s->c->at_us)) continue;
        if (money_cmp(b->offers[i].price, b->lines[w].limit) > 0) continue;
        const struct candidate c = { a, w, b->offers[i].price, b->offers[i].seq };
        compete(b, &c, best, second);
    }
    match_plan(s->m, b, s->c->at_us, &standing);
    if (standing.n == 0 || offer_of(b, standing.picks[0].a->ask.ask)) return;
    struct ask_entry *const a = standing.picks[0].a;
    const struct candidate c = { a, standing.want, a->ask.spec.price, INT64_MAX };
    compete(b, &c, best, second);
}

bool apply_close_auction(struct step *s)
{
    struct bid_entry *const b = state_bid(s->m, s->c->u.order.order);
    struct candidate best = { 0 }, second = { 0 };

    if (!b) return step_refuse(s, ERR_NOT_FOUND, "There is no such bid.");
    if (b->bid.state != ORDER_OPEN || !b->bid.sealed)
        return step_refuse(s, ERR_WRONG_STATE, "The bid is not sealed.");
    if (index_auction_us(&b->bid) > s->c->at_us)
        return step_refuse(s, ERR_WRONG_STATE, "There is still time.");
    if (!step_reserve(s, /* asks= */ 0, step_trades_max(NULL, 0, b))) return false;

    b->bid.sealed = false;
    b->bid.priority = s->c->seq;
    touch_bid(s->m, b);
    if (!own_meet_asks(s, b)) {
        hold_auction(s, b, &best, &second);
        if (best.a && best.seq != INT64_MAX) {
            const struct plan plan = {
                .want = best.want,
                .n = 1,
                .picks = { { best.a, price_of(b, &best, &second) } },
            };
            if (match_odd(s, &plan))
                collar_park_bid(s, b, best.a->book);
            else
                match_grant(s, b, &plan, (struct how){ .came = true });
        } else {
            match_bid(s, b);
        }
    }
    if (state_bid_in(b)) displace_for_bid(s, b);
    return true;
}
