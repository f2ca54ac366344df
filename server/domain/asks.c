/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/asks.h"

#include <assert.h>

#include "domain/index.h"
#include "domain/match.h"
#include "domain/room.h"
#include "domain/touch.h"

void ask_close(struct step *s, struct ask_entry *a, enum order_state state, enum reason reason)
{
    assert(a->ask.state == ORDER_OPEN);
    assert(state == ORDER_CANCELLED || state == ORDER_EXPIRED);

    a->ask.state = state;
    a->ask.reason = reason;
    touch_ask(s->m, a);
}

void ask_give_back(struct step *s, struct ask_entry *a, int32_t units)
{
    assert(units > 0 && units <= a->leased);

    a->leased -= units;
    if (a->ask.state != ORDER_OPEN) {
        index_ask(s->m, a); /* nothing that the store keeps has changed */
        return;
    }
    a->ask.free += units;
    a->ask.priority = s->c->seq;
    touch_ask(s->m, a);
}

/* What is wrong with the ask, wherever it stands; NULL: nothing. */
static const char *wrong_with(const struct ask_spec *a, const struct pool *pool, int64_t now_us)
{
    if (!pool_on_tick(pool, a->price)) return "The price is not a positive multiple of the tick.";
    if (!pool_on_tick(pool, a->floor)) return "The floor is not a positive multiple of the tick.";
    if (money_cmp(a->floor, a->price) > 0) return "The floor is above the price.";
    if (a->units < 1 || a->units > ORDER_UNITS_MAX) return "The units are out of range.";
    if (a->until_us <= now_us) return "The ask would have ended already.";
    if (a->seconds_min < DURATION_MIN_S) return "The shortest lease is too short.";
    if (a->seconds_max < a->seconds_min) return "The longest lease is below the shortest.";
    if (a->seconds_max > DURATION_MAX_S) return "The longest lease is too long.";
    return NULL;
}

bool apply_place_ask(struct step *s)
{
    const struct ask_spec *const spec = &s->c->u.place_ask;
    struct node_entry *const node = state_node(s->m, spec->node);
    struct book *const book = state_book(s->m, spec->pool);

    if (!node || node->node.account != s->c->account)
        return step_refuse(s, ERR_NOT_FOUND, "There is no such node.");
    if (!book) return step_refuse(s, ERR_NOT_FOUND, "There is no such pool.");
    const char *const wrong = wrong_with(spec, &book->pool, s->c->at_us);
    if (wrong) return step_refuse(s, ERR_VALIDATION_FAILED, wrong);
    if (!room_for(node, &book->pool, spec->units))
        return step_refuse(s, ERR_QUOTA_EXCEEDED, "The node does not have this much to offer.");
    if (!table_reserve(&s->m->asks, 1))
        return step_refuse(s, ERR_OVERLOADED, "There is no memory left for this.");
    if (!step_reserve(s, /* asks= */ 0, step_trades_max(book, spec->units))) return false;

    const struct ask ask = {
        .ask = s->c->seq,
        .account = s->c->account,
        .at_us = s->c->at_us,
        .priority = s->c->seq,
        .spec = *spec,
        .free = spec->units,
        .state = ORDER_OPEN,
        .touch.fresh = true,
    };
    struct ask_entry *const a = state_add_ask(s->m, &ask);
    touch_ask(s->m, a);
    match_ask(s, a);
    return true;
}

static void amend(struct step *s, struct ask_entry *a, struct money price, int32_t units)
{
    const int32_t more = units - a->ask.spec.units;

    if (money_cmp(price, a->ask.spec.price) == 0 && more == 0) return;
    if (money_cmp(price, a->ask.spec.price) != 0 || more > 0) a->ask.priority = s->c->seq;
    a->ask.spec.price = price;
    a->ask.spec.units = units;
    a->ask.free += more;
    touch_ask(s->m, a);
    match_ask(s, a);
}

bool apply_amend_ask(struct step *s)
{
    struct ask_entry *const a = state_ask(s->m, s->c->u.amend_ask.ask);
    const struct money price = s->c->u.amend_ask.price;
    const int32_t units = s->c->u.amend_ask.units;

    if (!a || a->ask.account != s->c->account)
        return step_refuse(s, ERR_NOT_FOUND, "There is no such ask.");
    if (a->ask.state != ORDER_OPEN)
        return step_refuse(s, ERR_WRONG_STATE, "The ask is no longer open.");
    if (!pool_on_tick(&a->book->pool, price))
        return step_refuse(s, ERR_VALIDATION_FAILED,
                           "The price is not a positive multiple of the tick.");
    if (money_cmp(price, a->ask.spec.floor) < 0)
        return step_refuse(s, ERR_VALIDATION_FAILED, "The price is below the floor.");
    if (units < 1 || units > ORDER_UNITS_MAX)
        return step_refuse(s, ERR_VALIDATION_FAILED, "The units are out of range.");
    if (units < a->leased)
        return step_refuse(s, ERR_VALIDATION_FAILED, "More units than this are under a lease.");
    if (!room_for(a->node, &a->book->pool, units - a->ask.spec.units))
        return step_refuse(s, ERR_QUOTA_EXCEEDED, "The node does not have this much to offer.");
    if (!step_reserve(s, /* asks= */ 0, step_trades_max(a->book, units))) return false;

    amend(s, a, price, units);
    return true;
}

bool apply_cancel_ask(struct step *s)
{
    struct ask_entry *const a = state_ask(s->m, s->c->u.order.order);
    const bool market = s->c->account == ACCOUNT_WORLD;

    if (!a || (a->ask.account != s->c->account && !market))
        return step_refuse(s, ERR_NOT_FOUND, "There is no such ask.");
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;

    if (a->ask.state == ORDER_OPEN)
        ask_close(s, a, ORDER_CANCELLED, market ? REASON_NODE_LOST : REASON_CANCELLED);
    return true;
}

bool apply_expire_ask(struct step *s, struct ask_entry *a)
{
    if (a->ask.state != ORDER_OPEN)
        return step_refuse(s, ERR_WRONG_STATE, "The ask is no longer open.");
    if (a->ask.spec.until_us > s->c->at_us)
        return step_refuse(s, ERR_WRONG_STATE, "The ask has not ended yet.");
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;

    ask_close(s, a, ORDER_EXPIRED, REASON_EXPIRED);
    return true;
}
