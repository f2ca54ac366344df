/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/match.h"

#include <assert.h>

#include "domain/book.h"
#include "domain/eligible.h"
#include "domain/ledger.h"
#include "domain/settle.h"
#include "domain/touch.h"

/* At what price, and which of the two was there first. */
struct terms {
    struct money price;
    bool bid_rested;
};

static struct lease lease_of(const struct step *s, const struct bid *b, const struct ask *a,
                             struct money price)
{
    return (struct lease){
        .lease = s->c->seq * FILLS_MAX + s->out->trades_n,
        .bid = b->bid,
        .ask = a->ask,
        .node = a->spec.node,
        .buyer = b->account,
        .provider = a->account,
        .pool = a->spec.pool,
        .units = b->spec.units,
        .price = price,
        .seconds_max = (int32_t)money_seconds_for(b->hold, price, b->spec.units, b->spec.seconds),
        .hold = b->hold,
        .state = LEASE_OFFERED,
        .epoch = 1,
        .traded_us = s->c->at_us,
        .touch.fresh = true,
    };
}

static void note_trade(struct step *s, const struct lease *l, bool bid_rested)
{
    struct touches *const t = &s->m->touches;

    assert(t->trades_n < t->trades_cap);
    t->trades[t->trades_n++] = (struct trade){
        .trade = l->lease,
        .bid = l->bid,
        .ask = l->ask,
        .node = l->node,
        .buyer = l->buyer,
        .provider = l->provider,
        .pool = l->pool,
        .units = l->units,
        .price = l->price,
        .bid_rested = bid_rested,
        .at_us = l->traded_us,
    };
    s->out->trades_n++;
}

static void trade(struct step *s, struct bid_entry *b, struct ask_entry *a, struct terms terms)
{
    const int32_t units = b->bid.spec.units;

    assert(eligible(&a->ask, &b->bid, s->c->at_us) == ELIGIBLE_YES);
    assert(money_cmp(terms.price, b->bid.spec.limit) <= 0);
    assert(money_cmp(terms.price, a->ask.spec.price) >= 0);
    assert(s->out->trades_n < FILLS_MAX);

    ledger_hold(s, b, settle_hold_at(&b->bid, terms.price));
    const struct lease lease = lease_of(s, &b->bid, &a->ask, terms.price);
    touch_lease(s->m, state_add_lease(s->m, &lease));
    note_trade(s, &lease, terms.bid_rested);

    b->bid.state = ORDER_FILLED;
    b->bid.job = JOB_PLACED;
    b->bid.lease = lease.lease;
    b->bid.attempts++;
    touch_bid(s->m, b);

    a->ask.free -= units;
    a->leased += units;
    touch_ask(s->m, a);
}

struct ask_entry *match_ask_for(const struct bid_entry *b, int64_t now_us)
{
    const struct bid *const bid = &b->bid;
    struct ask_entry *a = book_best_ask(b->book);

    while (a && money_cmp(a->ask.spec.price, bid->spec.limit) <= 0) {
        if (a->ask.free < bid->spec.units)
            a = book_ask_from(b->book, a->ask.spec.price, bid->spec.units);
        else if (eligible(&a->ask, bid, now_us) != ELIGIBLE_YES)
            a = book_next_ask(a);
        else
            return a;
    }
    return NULL;
}

void match_bid(struct step *s, struct bid_entry *b)
{
    struct ask_entry *const a = match_ask_for(b, s->c->at_us);

    assert(b->bid.state == ORDER_OPEN);
    if (!a) return;
    trade(s, b, a, (struct terms){ .price = a->ask.spec.price, .bid_rested = false });
}

/* One walk down the bids is enough: units only become fewer, so a bid that was passed over stays
 * passed over. */
void match_ask(struct step *s, struct ask_entry *a)
{
    struct money limit = { INT64_MAX };
    int64_t priority = 0;

    while (a->ask.state == ORDER_OPEN && a->ask.free > 0) {
        struct bid_entry *const b = book_bid_from(a->book, limit, priority, a->ask.free);
        if (!b || money_cmp(a->ask.spec.price, b->bid.spec.limit) > 0) return;

        limit = b->bid.spec.limit; /* and on from just behind it */
        priority = b->bid.priority + 1;
        if (eligible(&a->ask, &b->bid, s->c->at_us) == ELIGIBLE_YES)
            trade(s, b, a, (struct terms){ .price = limit, .bid_rested = true });
    }
}
