/* SPDX-License-Identifier: Apache-2.0 */
/* Orders that were out of the books come back: asks whose node has changed its traits, and what
 * waited for a call. */
#include "domain/match.h"
#include "domain/touch.h"

static bool reenter_ask(struct step *s, struct ask_entry *a)
{
    const bool stale = a->ask.state == ORDER_OPEN && a->ask.stale;
    const bool called = a->ask.state == ORDER_OPEN && a->ask.parked != 0 &&
                        a->ask.parked < a->book->state.called_seq;

    if (!stale && !called) return step_refuse(s, ERR_WRONG_STATE, "The ask is where it belongs.");
    if (!step_reserve(s, /* asks= */ 0, step_trades_max(a, a->ask.spec.units, NULL))) return false;

    s->no_collar = called && !stale;
    a->ask.parked = 0;
    if (stale) {
        a->ask.traits = state_traits(a->node);
        a->ask.stale = false;
        a->ask.priority = s->c->seq;
    }
    touch_ask(s->m, a);
    match_ask(s, a);
    return true;
}

static bool reenter_bid(struct step *s, struct bid_entry *b)
{
    const bool called = b->bid.state == ORDER_OPEN && b->parked_in != NULL &&
                        b->bid.parked < b->parked_in->state.called_seq;

    if (!called) return step_refuse(s, ERR_WRONG_STATE, "The bid is where it belongs.");
    if (!step_reserve(s, /* asks= */ 0, step_trades_max(NULL, 0, b))) return false;

    s->no_collar = true;
    b->bid.parked = 0;
    b->bid.parked_pool = 0;
    touch_bid(s->m, b);
    match_bid(s, b);
    return true;
}

bool apply_reenter(struct step *s)
{
    struct ask_entry *const a = state_ask(s->m, s->c->u.order.order);
    struct bid_entry *const b = state_bid(s->m, s->c->u.order.order);

    if (a) return reenter_ask(s, a);
    if (b) return reenter_bid(s, b);
    return step_refuse(s, ERR_NOT_FOUND, "There is no such order.");
}
